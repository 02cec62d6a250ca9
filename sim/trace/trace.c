/* SPDX-License-Identifier: GPL-3.0-or-later
 * trace.c -- reads a file piece by piece in the format that its first character tells.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/text.h"
#include "sim/trace/trace.h"

enum { PIECE = 1 << 16 };

int trace_fail_empty(const struct trace_options *options, struct error *err)
{
	if (options->step != TRACE_ALL_STEPS)
		return fail(err, ERROR_USER, "has no row of step %" PRId64, options->step);
	return fail(err, ERROR_USER, "has a header, but no rows");
}

/* A piece of the file, of at least four bytes unless the file is shorter: enough to see its format. */
struct source {
	int fd; /* or -1: from memory */
	const char *bytes;
	size_t size;
	char piece[PIECE];
};

static int fill(struct source *from, size_t *n, struct error *err)
{
	*n = 0;
	if (from->fd < 0) {
		*n = from->size < PIECE ? from->size : PIECE;
		memcpy(from->piece, from->bytes, *n);
		from->bytes += *n;
		from->size -= *n;
		return 0;
	}
	while (*n < PIECE) {
		ssize_t got = read(from->fd, from->piece + *n, PIECE - *n);
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

static size_t mark_length(const char *bytes, size_t n)
{
	return n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static const struct trace_format *format_of(const char *bytes, size_t n)
{
	size_t at = 0;
	while (at < n && strchr(" \t\r\n", bytes[at]) != NULL && bytes[at] != 0)
		at++;
	return at < n && bytes[at] == '{' ? &trace_jsonl : &trace_csv;
}

static int feed_all(struct source *from, const struct trace_format *format, void *reader, size_t skip, size_t n,
					struct error *err)
{
	while (n > 0) {
		TRY(format->feed(reader, from->piece + skip, n - skip, err));
		skip = 0;
		TRY(fill(from, &n, err));
	}
	return format->end(reader, err);
}

static int read_source(struct source *from, const char *name, const struct trace_options *options, struct tally *tally,
					   struct error *err)
{
	size_t n;
	if (fill(from, &n, err) != 0)
		return fail_at(err, name, 0, 0);
	size_t mark = mark_length(from->piece, n);
	const struct trace_format *format = format_of(from->piece + mark, n - mark);
	void *reader = format->open(name, options, tally);
	int status = feed_all(from, format, reader, mark, n, err);
	format->close(reader);
	return status == 0 ? 0 : fail_at(err, name, 0, 0);
}

int trace_read_bytes(const char *name, const void *bytes, size_t size, const struct trace_options *options,
					 struct tally *tally, struct error *err)
{
	struct source from = { .fd = -1, .bytes = bytes, .size = size };
	return read_source(&from, text_keep(name), options, tally, err);
}

int trace_read(const char *path, const struct trace_options *options, struct tally *tally, struct error *err)
{
	if (strcmp(path, "-") == 0) {
		struct source input = { .fd = STDIN_FILENO };
		return read_source(&input, "(standard input)", options, tally, err);
	}
	struct source from = { .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (from.fd < 0) {
		fail(err, errno == ENOENT || errno == ENOTDIR ? ERROR_USER : ERROR_WORLD, "cannot be opened: %s",
			 strerror(errno));
		return fail_at(err, path, 0, 0);
	}
	int status = read_source(&from, text_keep(path), options, tally, err);
	close(from.fd);
	return status;
}
