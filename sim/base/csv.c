/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * csv.c -- CSV out and in, over libcsv.
 */
#include <config.h>

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/base/csv.h"
#include "sim/base/files.h"
#include "sim/base/text.h"

static void *sized(void *old, size_t n, size_t size)
{
	void *fresh = reallocarray(old, n, size);
	if (fresh == NULL)
		error_no_memory("a CSV table");
	return fresh;
}

static char *copied(const char *text)
{
	char *copy = strdup(text);
	if (copy == NULL)
		error_no_memory("a file name");
	return copy;
}

/* ---- out ----------------------------------------------------------------------------------------------------- */

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
		csv->buffer = sized(csv->buffer, csv->room, 1);
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
	struct csv_writer *csv = sized(NULL, 1, sizeof *csv);
	*csv = (struct csv_writer){
		.fd = fd, .stream = stream, .path = copied(path), .columns = 1, .place.hash = TEXT_HASH_START
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
	fail(err, ERROR_USER, "cannot be continued: %s (begin anew with --force)", why);
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
	char *begin = sized(NULL, n + 1, 1);
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
		return unfit("it is shorter than it was", path, err);
	if (!begins_with(fd, header))
		return unfit("it has other columns", path, err);
	return hash == place->hash ? 0 : unfit("its rows are not those that were written", path, err);
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
		place &&errno == ENOENT ? unfit("it is gone", path, err)
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
	char *plain = copied(formula ? text_keep_f("'%s", text) : text);
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
		return cannot("write, nor cut away the broken last line", csv->path, err);
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

/* ---- in ------------------------------------------------------------------------------------------------------ */

/* A table being read.  libcsv hands over cells and ends of rows; the cells are put back, each with a final 0, over the
 * front of the text that they came from.  A cell is never longer than what stood for it, and its 0 falls on the comma
 * or line end after it at the latest: so writing never overtakes reading, and the table needs no other memory. */
struct reader {
	const char *path;
	struct error *err;
	struct csv_table *table;
	char **cell; /* [cells] header and rows in one */
	size_t cells, room;
	char *write;   /* where the next cell goes */
	size_t in_row; /* cells of the row under way */
	unsigned header_line;
	unsigned line, begun; /* where the text stands now; where the row under way began */
	size_t rows, line_room;
	bool failed;
};

static void reader_fail(struct reader *in, const char *text)
{
	fail(in->err, ERROR_USER, "%s", text);
	fail_at(in->err, in->path, in->begun, 0);
	in->failed = true;
}

static void on_cell(void *bytes, size_t n, void *reader)
{
	struct reader *in = reader;
	if (in->failed)
		return;
	if (in->cells == in->room) {
		in->room = 2 * in->room + 64;
		in->cell = sized(in->cell, in->room, sizeof *in->cell);
	}
	in->cell[in->cells++] = in->write;
	in->in_row++;
	memcpy(in->write, bytes, n);
	in->write[n] = 0;
	in->write += n + 1;
}

static void end_header(struct reader *in)
{
	in->table->columns = in->in_row;
	in->header_line = in->begun;
	for (size_t i = 0; i < in->cells && !in->failed; i++)
		if (*in->cell[i] == 0)
			reader_fail(in, text_keep_f("column %zu has no name", i + 1));
}

static void end_row(struct reader *in)
{
	if (in->in_row != in->table->columns) {
		reader_fail(in, text_keep_f("the row has %zu cell%s, the header has %zu", in->in_row,
									in->in_row == 1 ? "" : "s", in->table->columns));
		return;
	}
	if (in->rows == in->line_room) {
		in->line_room = 2 * in->line_room + 64;
		in->table->line = sized(in->table->line, in->line_room, sizeof *in->table->line);
	}
	in->table->line[in->rows++] = in->begun;
}

static void on_row(int end, void *reader)
{
	struct reader *in = reader;
	(void)end;
	if (in->failed)
		return;
	if (in->table->columns == 0)
		end_header(in);
	else
		end_row(in);
	in->in_row = 0;
	in->begun = 0;
}

/* The bytes of one line with its end: LF, CRLF or a bare CR. */
static size_t line_length(const char *at, const char *end)
{
	const char *c = at;
	while (c < end && *c != '\n' && *c != '\r')
		c++;
	if (c < end && *c == '\r' && c + 1 < end && c[1] == '\n')
		c++;
	return (size_t)(c - at) + (c < end);
}

/* Besides a quote that stands wrong, only memory can be what libcsv complains of. */
static void check_memory(struct csv_parser *parser)
{
	if (csv_error(parser) != CSV_EPARSE)
		error_no_memory("a CSV cell");
}

static void quote_misplaced(struct reader *in, size_t column)
{
	fail(in->err, ERROR_USER, "a quote is out of place (quote the whole cell and write each quote inside it twice)");
	fail_at(in->err, in->path, in->line, (unsigned)column);
	in->failed = true;
}

/* libcsv passes over blank lines between rows without a word. */
static bool is_blank(const char *at, size_t n)
{
	while (n > 0 && strchr(" \t\r\n", at[n - 1]) != NULL)
		n--;
	return n == 0;
}

/* Feeds the text line by line, since libcsv tells no places. */
static void read_lines(struct reader *in, struct csv_parser *parser, const char *at, const char *end)
{
	for (in->line = 1; at < end && !in->failed; in->line++) {
		size_t n = line_length(at, end);
		if (in->begun == 0 && !is_blank(at, n))
			in->begun = in->line;
		size_t done = csv_parse(parser, at, n, on_cell, on_row, in);
		if (done != n && !in->failed) {
			check_memory(parser);
			quote_misplaced(in, done + 1);
		}
		at += n;
	}
	if (!in->failed && csv_fini(parser, on_cell, on_row, in) != 0) {
		check_memory(parser);
		reader_fail(in, "a quoted cell is never closed (the row begins here)");
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int check_doubled(struct reader *in)
{
	size_t n = in->table->columns;
	char **name = sized(NULL, n, sizeof *name);
	memcpy(name, in->cell, n * sizeof *name);
	qsort(name, n, sizeof *name, by_text);
	for (size_t i = 1; i < n && !in->failed; i++)
		if (strcmp(name[i - 1], name[i]) == 0) {
			fail(in->err, ERROR_USER, "two columns are called '%s'", name[i]);
			fail_at(in->err, in->path, in->header_line, 0);
			in->failed = true;
		}
	free(name);
	return in->failed ? -1 : 0;
}

static int check_binary(const char *path, const char *text, size_t size, struct error *err)
{
	const char *zero = memchr(text, 0, size);
	if (zero == NULL)
		return 0;
	unsigned line = 1;
	const char *begin = text;
	for (const char *c = text; c < zero; c++)
		if (*c == '\n') {
			line++;
			begin = c + 1;
		}
	fail(err, ERROR_USER, "is no text file: it holds a zero byte");
	return fail_at(err, path, line, (unsigned)(zero - begin) + 1);
}

static int parse(struct reader *in, const char *begin, const char *end)
{
	struct csv_parser parser;
	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
		BUG("csv_init");
	csv_set_blk_size(&parser, 1 << 12);
	read_lines(in, &parser, begin, end);
	csv_free(&parser);
	if (in->failed)
		return -1;
	if (in->table->columns == 0) {
		in->begun = 0;
		reader_fail(in, "is empty (a CSV file begins with a line of column names)");
		return -1;
	}
	return check_doubled(in);
}

/* Takes over `text`, which has room for one byte more. */
static int read_text(const char *path, char *text, size_t size, struct csv_table *table, struct error *err)
{
	*table = (struct csv_table){ .path = copied(path), .text = text };
	struct reader in = { .path = path, .err = err, .table = table, .write = text };
	size_t mark = size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	int status = check_binary(path, text, size, err);
	if (status == 0)
		status = parse(&in, text + mark, text + size);
	table->header = in.cell;
	if (status != 0) {
		csv_table_free(table);
		return -1;
	}
	table->cell = in.cell + table->columns;
	table->rows = in.rows;
	return 0;
}

enum { LIMIT = 1 << 30 };

int csv_read(const char *path, struct csv_table *table, struct error *err)
{
	char *text;
	size_t size;
	*table = (struct csv_table){ 0 };
	TRY(file_read(path, LIMIT, &text, &size, err));
	return read_text(path, text, size, table, err);
}

int csv_read_bytes(const char *path, const void *bytes, size_t size, struct csv_table *table, struct error *err)
{
	char *text = sized(NULL, size + 1, 1);
	if (size > 0)
		memcpy(text, bytes, size);
	text[size] = 0;
	return read_text(path, text, size, table, err);
}

void csv_table_free(struct csv_table *table)
{
	free(table->path);
	free(table->header);
	free(table->line);
	free(table->text);
	*table = (struct csv_table){ 0 };
}

int csv_column(const struct csv_table *table, const char *name)
{
	for (size_t i = 0; i < table->columns; i++)
		if (strcmp(table->header[i], name) == 0)
			return (int)i;
	return -1;
}

const char *csv_cell(const struct csv_table *table, size_t row, int column)
{
	if (row >= table->rows || column < 0 || (size_t)column >= table->columns)
		BUG("a CSV cell that does not exist");
	return table->cell[row * table->columns + (size_t)column];
}

double csv_number(const struct csv_table *table, size_t row, int column, bool *ok)
{
	const char *text = csv_cell(table, row, column);
	double value;
	if (*text == 0 || strcmp(text, "nan") == 0)
		return NAN;
	if (strcmp(text, "inf") == 0)
		return INFINITY;
	if (strcmp(text, "-inf") == 0)
		return -INFINITY;
	if (text_to_real(text, &value))
		return value;
	if (ok != NULL)
		*ok = false;
	return NAN;
}
