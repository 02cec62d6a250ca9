/* SPDX-License-Identifier: GPL-3.0-or-later
 * source.c -- the bytes of a file, unpacked as they are read.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/trace/source.h"

/* What is not read, by how it begins. */
static const struct {
	const char *magic;
	size_t length;
	const char *what;
} strangers[] = {
	{ "\xfd"
	  "7zXZ",
	  5, "is packed by xz, which is not read here (xz -dc FILE | moesim analyze -)" },
	{ "BZh", 3, "is packed by bzip2, which is not read here (bzip2 -dc FILE | moesim analyze -)" },
	{ "PK\x03\x04", 4,
	  "is a zip archive, as torch.save and numpy.savez write it (write it as JSON: json.dump(torch.load(FILE), out, "
	  "default=lambda x: x.tolist(), sort_keys=True))" },
	{ "\x93NUMPY", 6,
	  "is a NumPy array (write the counts as JSON: json.dump({'logical_count': array.tolist()}, out))" },
	{ "\x89HDF", 4, "is an HDF5 file (write its counts as CSV with the columns layer,expert,count)" },
	{ "GGUF", 4, "is a GGUF file of weights, not of routing (moe-trace of llama.cpp writes a CSV)" },
};

static const struct source_packing *const packings[] = { &source_gzip, &source_zstd };

static int read_file(int fd, char *to, size_t room, size_t *n, struct error *err)
{
	*n = 0;
	while (*n < room) {
		ssize_t got = read(fd, to + *n, room - *n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(err, errno == EISDIR ? ERROR_USER : ERROR_WORLD, "cannot be read: %s", strerror(errno));
		if (got == 0)
			break;
		*n += (size_t)got;
	}
	return 0;
}

/* The bytes as they are. */
static int read_raw(struct source *source, char *to, size_t room, size_t *n, struct error *err)
{
	if (source->fd >= 0)
		return read_file(source->fd, to, room, n, err);
	*n = source->size < room ? source->size : room;
	memcpy(to, source->bytes, *n);
	source->bytes += *n;
	source->size -= *n;
	return 0;
}

int source_fill_packed(struct source *source, bool *any, struct error *err)
{
	size_t left = source->packed_end - source->packed_begin, n;
	memmove(source->packed, source->packed + source->packed_begin, left);
	source->packed_begin = 0;
	source->packed_end = left;
	TRY(read_raw(source, source->packed + left, SOURCE_ROOM - left, &n, err));
	source->packed_end += n;
	*any = n > 0;
	return 0;
}

static int read_some(struct source *source, char *to, size_t room, size_t *n, struct error *err)
{
	if (source->packing == NULL)
		return read_raw(source, to, room, n, err);
	return source->packing->read(source->state, source, to, room, n, err);
}

int source_fill(struct source *source, struct error *err)
{
	size_t left = source->end - source->begin, n = 0;
	memmove(source->buffer, source->buffer + source->begin, left);
	source->begin = 0;
	source->end = left;
	if (!source->at_end)
		TRY(read_some(source, source->buffer + left, SOURCE_ROOM - left, &n, err));
	source->end += n;
	source->at_end = source->at_end || source->end < SOURCE_ROOM;
	memset(source->buffer + source->end, 0, SOURCE_BEHIND);
	return 0;
}

static bool begins_with(const struct source *source, const char *magic, size_t length)
{
	return source->end >= length && memcmp(source->buffer, magic, length) == 0;
}

static int refuse_strangers(const struct source *source, struct error *err)
{
	for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
		if (begins_with(source, strangers[i].magic, strangers[i].length))
			return fail(err, ERROR_USER, "%s", strangers[i].what);
	return 0;
}

/* The first bytes were read as they are; they go through the unpacker now. */
static int unpack(struct source *source, const struct source_packing *packing, struct error *err)
{
	if (packing->open == NULL)
		return fail(err, ERROR_USER,
					"is packed by %s, and this moesim was built without it (%s FILE | moesim analyze -)", packing->name,
					packing->unpacker);
	source->packed = malloc(SOURCE_ROOM);
	if (source->packed == NULL)
		error_no_memory("a packed file");
	memcpy(source->packed, source->buffer, source->end);
	source->packed_end = source->end;
	source->end = 0;
	source->at_end = false;
	source->packing = packing;
	source->state = packing->open();
	return source_fill(source, err);
}

static int begin(struct source *source, struct error *err)
{
	TRY(source_fill(source, err));
	for (size_t i = 0; i < sizeof packings / sizeof *packings; i++)
		if (begins_with(source, packings[i]->magic, strlen(packings[i]->magic)))
			return unpack(source, packings[i], err);
	return refuse_strangers(source, err);
}

static struct source *begun(struct source *source, struct error *err)
{
	if (begin(source, err) == 0)
		return source;
	source_close(source);
	return NULL;
}

static struct source *source_new(int fd)
{
	struct source *source = calloc(1, sizeof *source);
	if (source == NULL)
		error_no_memory("a file");
	source->fd = fd;
	return source;
}

struct source *source_open(const char *path, struct error *err)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return begun(source_new(fd), err);
	fail(err, errno == ENOENT || errno == ENOTDIR ? ERROR_USER : ERROR_WORLD, "cannot be opened: %s", strerror(errno));
	return NULL;
}

struct source *source_open_bytes(const void *bytes, size_t size, struct error *err)
{
	struct source *source = source_new(-1);
	source->bytes = bytes;
	source->size = size;
	return begun(source, err);
}

void source_close(struct source *source)
{
	if (source->packing != NULL)
		source->packing->close(source->state);
	if (source->fd > STDIN_FILENO)
		close(source->fd);
	free(source->packed);
	free(source);
}
