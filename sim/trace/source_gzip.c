/* SPDX-License-Identifier: GPL-3.0-or-later
 * source_gzip.c -- unpacks what gzip packed, over zlib.
 */
#include <config.h>

#include "sim/trace/source.h"

#ifdef HAVE_ZLIB

#include <stdlib.h>
#include <zlib.h>

struct unpacker {
	z_stream stream;
	bool in_member; /* a file may have several, one behind the other */
};

static void *gzip_open(void)
{
	struct unpacker *unpacker = calloc(1, sizeof *unpacker);
	if (unpacker == NULL || inflateInit2(&unpacker->stream, 15 + 16 /* a gzip header */) != Z_OK)
		error_no_memory("unpacking");
	unpacker->in_member = true;
	return unpacker;
}

/* One call of zlib on what was read. */
static int step(struct unpacker *unpacker, struct source *from, struct error *err)
{
	z_stream *stream = &unpacker->stream;
	stream->next_in = (unsigned char *)from->packed + from->packed_begin;
	stream->avail_in = (unsigned)(from->packed_end - from->packed_begin);
	if (!unpacker->in_member) {
		inflateReset(stream);
		unpacker->in_member = true;
	}
	int status = inflate(stream, Z_NO_FLUSH);
	from->packed_begin = from->packed_end - stream->avail_in;
	if (status == Z_MEM_ERROR)
		error_no_memory("unpacking");
	if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
		return fail(err, ERROR_USER, "the gzip file is damaged: %s", stream->msg ? stream->msg : "a bad header");
	unpacker->in_member = status != Z_STREAM_END;
	return 0;
}

static int gzip_read(void *state, struct source *from, char *to, size_t room, size_t *n, struct error *err)
{
	struct unpacker *unpacker = state;
	bool any = true;
	unpacker->stream.next_out = (unsigned char *)to;
	unpacker->stream.avail_out = (unsigned)room;
	while (unpacker->stream.avail_out > 0) {
		unsigned before = unpacker->stream.avail_out;
		if (from->packed_begin == from->packed_end)
			TRY(source_fill_packed(from, &any, err));
		if (!any && !unpacker->in_member)
			break;
		TRY(step(unpacker, from, err));
		if (!any && unpacker->in_member && unpacker->stream.avail_out == before)
			return fail(err, ERROR_USER, "the gzip file ends in the middle (is it still being written?)");
	}
	*n = room - unpacker->stream.avail_out;
	return 0;
}

static void gzip_close(void *state)
{
	struct unpacker *unpacker = state;
	inflateEnd(&unpacker->stream);
	free(unpacker);
}

const struct source_packing source_gzip = { "gzip", "\x1f\x8b", "gzip -dc", gzip_open, gzip_read, gzip_close };
#else
const struct source_packing source_gzip = { .name = "gzip", .magic = "\x1f\x8b", .unpacker = "gzip -dc" };
#endif
