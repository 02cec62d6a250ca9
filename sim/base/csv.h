/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * csv.h -- CSV out and in, over libcsv.
 *
 * Out: a writer holds rows in memory and hands whole lines to the file; a file never ends in half a line.  Numbers
 * and names stand bare, any other text is quoted by libcsv; text that a spreadsheet would run as a formula gets an
 * apostrophe before it.
 * In: columns are found by name; errors carry file, line and column.
 */
#ifndef SIM_BASE_CSV_H
#define SIM_BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/base/error.h"

struct csv_writer;

/* Creates the file `path` (append_at < 0), or cuts it to its first append_at bytes and continues it.  `header` is the
 * comma-separated header line without its end, of bare names; a new or empty file gets it with the first flush, a
 * continued one must begin with it and have been cut at the end of a line.  NULL and *err on failure. */
struct csv_writer *csv_open(const char *path, const char *header, int64_t append_at, struct error *err);
/* The same onto an open stream (stdout); the stream stays open. */
struct csv_writer *csv_open_stream(FILE *to, const char *header);

void csv_int(struct csv_writer *, int64_t value);
void csv_double(struct csv_writer *, double value); /* shortest text that reads back exactly */
void csv_float(struct csv_writer *, double value);  /* the same for a value computed as float */
void csv_text(struct csv_writer *, const char *text);
void csv_empty(struct csv_writer *); /* "not measured" */
/* Ends the row; a BUG() when its number of cells is not the header's. */
void csv_row(struct csv_writer *);

/* Hands all whole rows to the file.  After a failed write the file is cut back to where it ended before, and the rows
 * are kept for another try (on a stream they are lost). */
int csv_flush(struct csv_writer *, struct error *err);
int64_t csv_size(const struct csv_writer *); /* bytes handed over, after a flush */
/* Flushes and closes; with sync also fsync.  The writer is gone afterwards even on failure. */
int csv_close(struct csv_writer *, bool sync, struct error *err);

/* A table read whole; cells are text. */
struct csv_table {
	char *path;
	size_t columns, rows;
	char **header;  /* [columns] */
	char **cell;    /* [rows][columns], never NULL */
	unsigned *line; /* [rows] the line on which each row begins */
	char *text;     /* where all cells live */
};

/* Refuses binary files, ragged rows, an empty file and a doubled or missing column name.  A byte order mark, CRLF and
 * blank lines are understood.  On failure the table is empty and needs no csv_table_free(). */
int csv_read(const char *path, struct csv_table *table, struct error *err);
/* The same from memory; `path` is what errors name. */
int csv_read_bytes(const char *path, const void *bytes, size_t size, struct csv_table *table, struct error *err);
/* (csv_free() belongs to libcsv.) */
void csv_table_free(struct csv_table *table);
/* The column's number, or -1. */
int csv_column(const struct csv_table *table, const char *name);
/* The cell; row and column must exist. */
const char *csv_cell(const struct csv_table *table, size_t row, int column);
/* The cell as a number; an empty cell is NAN, and nan, inf and -inf are read as csv_double() writes them.  When it is
 * no number the result is NAN and *ok (may be NULL, never set to true here) is cleared. */
double csv_number(const struct csv_table *table, size_t row, int column, bool *ok);

#endif
