/* SPDX-License-Identifier: GPL-3.0-or-later
 * source_zstd.c -- unpacks what zstd packed, over libzstd.
 */
#include <config.h>

#include "sim/trace/source.h"

#define MAGIC "\x28\xb5\x2f\xfd"

#ifdef HAVE_ZSTD

#include <stdlib.h>
#include <zstd.h>

struct unpacker {
	ZSTD_DStream *stream;
	bool in_frame; /* a file may have several, one behind the other */
};

static void *zstd_open(void)
{
	struct unpacker *unpacker = calloc(1, sizeof *unpacker);
	if (unpacker == NULL || (unpacker->stream = ZSTD_createDStream()) == NULL)
		error_no_memory("unpacking");
	unpacker->in_frame = true;
	return unpacker;
}

static int step(struct unpacker *unpacker, struct source *from, ZSTD_outBuffer *out, struct error *err)
{
	ZSTD_inBuffer in = { from->packed, from->packed_end, from->packed_begin };
	size_t status = ZSTD_decompressStream(unpacker->stream, out, &in);
	from->packed_begin = in.pos;
	if (ZSTD_isError(status))
		return fail(err, ERROR_USER, "the zstd file is damaged: %s", ZSTD_getErrorName(status));
	unpacker->in_frame = status != 0;
	return 0;
}

static int zstd_read(void *state, struct source *from, char *to, size_t room, size_t *n, struct error *err)
{
	struct unpacker *unpacker = state;
	ZSTD_outBuffer out = { to, room, 0 };
	bool any = true;
	while (out.pos < room) {
		size_t before = out.pos;
		if (from->packed_begin == from->packed_end)
			TRY(source_fill_packed(from, &any, err));
		if (!any && !unpacker->in_frame)
			break;
		TRY(step(unpacker, from, &out, err));
		if (!any && unpacker->in_frame && out.pos == before)
			return fail(err, ERROR_USER, "the zstd file ends in the middle (is it still being written?)");
	}
	*n = out.pos;
	return 0;
}

static void zstd_close(void *state)
{
	struct unpacker *unpacker = state;
	ZSTD_freeDStream(unpacker->stream);
	free(unpacker);
}

const struct source_packing source_zstd = { "zstd", MAGIC, "zstd -dc", zstd_open, zstd_read, zstd_close };
#else
const struct source_packing source_zstd = { .name = "zstd", .magic = MAGIC, .unpacker = "zstd -dc" };
#endif
