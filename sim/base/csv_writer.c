/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * csv_writer.c -- CSV out: rows in memory, whole lines in the file.
 */
#include <config.h>

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/csv.h"
#include "sim/base/files.h"
#include "sim/base/memory.h"
#include "sim/base/text.h"

struct csv_writer {
	int fd;       /* or -1 */
	FILE *stream; /* or NULL */
	char *path;   /* for errors */
	size_t columns, cells;
	char *buffer;
	size_t used, room;
	size_t whole;           /* bytes of `buffer` that are whole rows */
	struct csv_place place; /* of what is in the file, all of it whole rows */
	bool unsynced;          /* something was written since the last fsync */
};

static char *reserve(struct csv_writer *csv, size_t more)
{
	if (csv->room - csv->used < more) {
		csv->room = 2 * csv->room + more;
		csv->buffer = memory_resize(csv->buffer, csv->room, 1, "a CSV table");
	}
	return csv->buffer + csv->used;
}

static void put(struct csv_writer *csv, const char *bytes, size_t n)
{
	memcpy(reserve(csv, n), bytes, n);
	csv->used += n;
}

static struct csv_writer *writer_new(int fd, FILE *stream, const char *path, const char *header)
{
	struct csv_writer *csv = memory_resize(NULL, 1, sizeof *csv, "a CSV table");
	*csv = (struct csv_writer){
		.fd = fd, .stream = stream, .path = memory_copy(path), .columns = 1, .place.hash = TEXT_HASH_START
	};
	for (const char *c = header; *c != 0; c++)
		csv->columns += *c == ',';
	return csv;
}

static void writer_free(struct csv_writer *csv)
{
	free(csv->path);
	free(csv->buffer);
	free(csv);
}

static void put_header(struct csv_writer *csv, const char *header)
{
	put(csv, header, strlen(header));
	put(csv, "\n", 1);
	csv->whole = csv->used;
}

static int cannot(const char *what, const char *path, struct error *err)
{
	fail(err, ERROR_WORLD, "cannot %s: %s", what, strerror(errno));
	return fail_at(err, path, 0, 0);
}

static int unfit(const char *why, const char *path, struct error *err)
{
	fail(err, ERROR_USER, "cannot be continued: %s (start over with --force)", why);
	return fail_at(err, path, 0, 0);
}

/* The hash of the first `size` bytes; a file that ends before them has another. */
static int hash_beginning(int fd, int64_t size, uint64_t *hash)
{
	char bytes[1 << 14];
	*hash = TEXT_HASH_START;
	for (int64_t at = 0; at < size;) {
		size_t left = (size_t)(size - at), part = left < sizeof bytes ? left : sizeof bytes;
		ssize_t n = pread(fd, bytes, part, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		*hash = text_hash_bytes(bytes, (size_t)n, *hash);
		at += n;
	}
	return 0;
}

static bool begins_with(int fd, const char *header)
{
	size_t n = strlen(header);
	char *begin = memory_resize(NULL, n + 1, 1, "a CSV table");
	bool same = pread(fd, begin, n + 1, 0) == (ssize_t)n + 1 && memcmp(begin, header, n) == 0 && begin[n] == '\n';
	free(begin);
	return same;
}

/* Only a file whose rows are still those that were written is continued. */
static int check_continued(int fd, const char *path, const char *header, const struct csv_place *place,
						   struct error *err)
{
	struct stat now;
	uint64_t hash;
	if (fstat(fd, &now) != 0 || hash_beginning(fd, place->size, &hash) != 0)
		return cannot("read", path, err);
	if (now.st_size < place->size)
		return unfit("the file is shorter than before", path, err);
	if (!begins_with(fd, header))
		return unfit("its columns have changed", path, err);
	return hash == place->hash ? 0 : unfit("its rows have changed", path, err);
}

static int cannot_open(const char *what, const char *path, struct error *err)
{
	if (errno != ELOOP)
		return cannot(what, path, err);
	fail(err, ERROR_USER, "is a symbolic link, which is not followed (remove it)");
	return fail_at(err, path, 0, 0);
}

struct csv_writer *csv_open(const char *path, const char *header, const struct csv_place *place, struct error *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (place ? 0 : O_CREAT | O_TRUNC), 0666);
	if (fd < 0) {
		place &&errno == ENOENT ? unfit("the file is missing", path, err)
								: cannot_open(place ? "continue" : "create", path, err);
		return NULL;
	}
	if (place && check_continued(fd, path, header, place, err) != 0) {
		close(fd);
		return NULL;
	}
	struct csv_writer *csv = writer_new(fd, NULL, path, header);
	if (place)
		csv->place = *place;
	else
		put_header(csv, header);
	return csv;
}

int csv_cut(struct csv_writer *csv, struct error *err)
{
	int64_t at = csv->place.size;
	if (ftruncate(csv->fd, at) != 0 || lseek(csv->fd, at, SEEK_SET) != at)
		return cannot("continue", csv->path, err);
	return 0;
}

struct csv_writer *csv_open_stream(FILE *to, const char *header)
{
	struct csv_writer *csv = writer_new(-1, to, "standard output", header);
	put_header(csv, header);
	return csv;
}

static void begin_cell(struct csv_writer *csv)
{
	if (csv->cells++ > 0)
		put(csv, ",", 1);
}

void csv_empty(struct csv_writer *csv)
{
	begin_cell(csv);
}

static void bare(struct csv_writer *csv, const char *text)
{
	begin_cell(csv);
	put(csv, text, strlen(text));
}

void csv_int(struct csv_writer *csv, int64_t value)
{
	char number[TEXT_NUMBER];
	snprintf(number, sizeof number, "%" PRId64, value);
	bare(csv, number);
}

void csv_double(struct csv_writer *csv, double value)
{
	char number[TEXT_NUMBER];
	bare(csv, text_of_double(value, number));
}

void csv_float(struct csv_writer *csv, double value)
{
	char number[TEXT_NUMBER];
	bare(csv, text_of_float((float)value, number));
}

/* Spreadsheets run a cell that begins so as a formula, quoted or not; an apostrophe makes it a text. */
static bool is_formula(const char *text)
{
	double number;
	return *text != 0 && strchr("=+-@\t\r", *text) != NULL && !text_to_real(text, &number);
}

static bool is_bare(const char *text)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/=+-@%";
	return text[strspn(text, safe)] == 0;
}

void csv_text(struct csv_writer *csv, const char *text)
{
	bool formula = is_formula(text);
	if (!formula && is_bare(text)) {
		bare(csv, text);
		return;
	}
	begin_cell(csv);
	char *plain = memory_copy(formula ? text_keep_f("'%s", text) : text);
	size_t n = strlen(plain), room = csv_write(NULL, 0, plain, n);
	csv->used += csv_write(reserve(csv, room), room, plain, n);
	free(plain);
}

void csv_row(struct csv_writer *csv)
{
	if (csv->cells != csv->columns)
		BUG("a CSV row with more or fewer cells than its header");
	/* An empty line is no row: the only cell of a narrow table must be seen even when it is empty. */
	if (csv->used == csv->whole)
		put(csv, "\"\"", 2);
	put(csv, "\n", 1);
	csv->whole = csv->used;
	csv->cells = 0;
}

static void count_whole(struct csv_writer *csv)
{
	csv->unsynced = true;
	csv->place.size += (int64_t)csv->whole;
	csv->place.hash = text_hash_bytes(csv->buffer, csv->whole, csv->place.hash);
}

/* Forgets the whole rows, which the file has now; a row that is under way stays. */
static void drop_whole(struct csv_writer *csv)
{
	csv->used -= csv->whole;
	memmove(csv->buffer, csv->buffer + csv->whole, csv->used);
	csv->whole = 0;
}

static int flush_stream(struct csv_writer *csv, struct error *err)
{
	int status = 0;
	errno = 0;
	if (fwrite(csv->buffer, 1, csv->whole, csv->stream) != csv->whole || fflush(csv->stream) != 0)
		status = cannot("write", csv->path, err);
	else
		count_whole(csv);
	drop_whole(csv);
	return status;
}

static int cut_back(struct csv_writer *csv, struct error *err)
{
	int status = cannot("write", csv->path, err);
	struct stat now;
	if (fstat(csv->fd, &now) == 0 && S_ISREG(now.st_mode) &&
		(ftruncate(csv->fd, csv->place.size) != 0 || lseek(csv->fd, csv->place.size, SEEK_SET) != csv->place.size))
		return cannot("write, nor remove the incomplete last line", csv->path, err);
	return status;
}

int csv_flush(struct csv_writer *csv, struct error *err)
{
	if (csv->whole == 0)
		return 0;
	if (csv->stream != NULL)
		return flush_stream(csv, err);
	if (file_write_all(csv->fd, csv->buffer, csv->whole) != 0)
		return cut_back(csv, err);
	count_whole(csv);
	drop_whole(csv);
	return 0;
}

int csv_sync(struct csv_writer *csv, struct error *err)
{
	TRY(csv_flush(csv, err));
	if (csv->unsynced && fsync(csv->fd) != 0)
		return cannot("write", csv->path, err);
	csv->unsynced = false;
	return 0;
}

struct csv_place csv_place(const struct csv_writer *csv)
{
	return csv->place;
}

int csv_close(struct csv_writer *csv, bool sync, struct error *err)
{
	int status = sync ? csv_sync(csv, err) : csv_flush(csv, err);
	if (csv->fd >= 0) {
		if (close(csv->fd) != 0 && status == 0)
			status = cannot("write", csv->path, err);
	}
	writer_free(csv);
	return status;
}
