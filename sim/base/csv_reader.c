/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * csv_reader.c -- CSV in: a file read whole by libcsv, with places for errors.
 */
#include <config.h>

#include <csv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/csv.h"
#include "sim/base/files.h"
#include "sim/base/memory.h"
#include "sim/base/text.h"

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
		in->cell = memory_resize(in->cell, in->room, sizeof *in->cell, "a CSV table");
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
		in->table->line = memory_resize(in->table->line, in->line_room, sizeof *in->table->line, "a CSV table");
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

/* Besides a misplaced quote, libcsv can only fail for lack of memory. */
static void check_memory(struct csv_parser *parser)
{
	if (csv_error(parser) != CSV_EPARSE)
		error_no_memory("a CSV cell");
}

static void quote_misplaced(struct reader *in, size_t column)
{
	fail(in->err, ERROR_USER, "misplaced quote (quote the whole cell and double each quote inside it)");
	fail_at(in->err, in->path, in->line, (unsigned)column);
	in->failed = true;
}

/* libcsv skips blank lines between rows silently. */
static bool is_blank(const char *at, size_t n)
{
	while (n > 0 && strchr(" \t\r\n", at[n - 1]) != NULL)
		n--;
	return n == 0;
}

/* Feeds the text line by line, since libcsv reports no positions. */
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
		reader_fail(in, "unterminated quoted cell (the row begins here)");
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int check_doubled(struct reader *in)
{
	size_t n = in->table->columns;
	char **name = memory_resize(NULL, n, sizeof *name, "a CSV table");
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
	fail(err, ERROR_USER, "not a text file (NUL byte)");
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
	*table = (struct csv_table){ .path = memory_copy(path), .text = text };
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
	char *text = memory_resize(NULL, size + 1, 1, "a CSV table");
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
