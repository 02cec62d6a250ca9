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

/* How far a file has been written: its bytes, which end with a row, and their hash. */
struct csv_place {
	int64_t size;
	uint64_t hash; /* text_hash_bytes() */
};

/* Creates the file `path` (place NULL), or continues it behind a place.  `header` is the comma-separated header line
 * without its end, of bare names; a new file gets it with the first flush.  A file is continued only when it has that
 * header and every byte up to the place; what stands behind the place stays until csv_cut(), so that several files can
 * be looked at before one is changed.  A symbolic link is refused.  NULL and *err on failure. */
struct csv_writer *csv_open(const char *path, const char *header, const struct csv_place *place, struct error *err);
/* Cuts away what stands behind the rows written so far; once, before the first row of a file that is continued. */
int csv_cut(struct csv_writer *, struct error *err);
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
/* Flushes, and has the rows survive a power cut: fsync. */
int csv_sync(struct csv_writer *, struct error *err);
struct csv_place csv_place(const struct csv_writer *); /* of what was handed over, after a flush */
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
 * not a number the result is NAN and *ok (may be NULL, never set to true here) is cleared. */
double csv_number(const struct csv_table *table, size_t row, int column, bool *ok);

#endif
