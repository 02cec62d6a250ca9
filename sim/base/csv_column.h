/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * csv_column.h -- the columns of a CSV file as a table: each row holds a column's name and the function that writes it.
 *
 * A *.def file has one row a column, COLUMN(file, name, unit, meaning, KIND, VALUE...), where VALUE is an expression in
 * `row`, the struct that a line of the file is about.  COLUMN_PUT() makes a function of it and COLUMN_ROW() an entry of
 * the table, so that header, cells, lists and checks come from one place and cannot be out of step.
 */
#ifndef SIM_BASE_CSV_COLUMN_H
#define SIM_BASE_CSV_COLUMN_H

#include <math.h>

#include "sim/base/csv.h"
#include "sim/base/real.h"

/* What a column's cells may hold; "" is "not measured" in all of them. */
enum csv_kind {
	CSV_TEXT,
	CSV_NUMBER, /* a number */
	CSV_RESULT, /* a number, or the nan that a computation came to */
	CSV_BY_NAME /* a number that is looked up by the name of its column */
};

struct csv_column {
	int file; /* which of several files of one table */
	const char *name, *unit, *meaning;
	enum csv_kind kind;
	void (*put)(struct csv_writer *to, const void *row, const char *name);
};

/* The KINDs of a row: the kind that readers check, and how the value is written. */
#define CELL_TEXT(to, value) csv_text((to), (value))
#define CELL_INT(to, value) csv_int((to), (int64_t)(value))
#define CELL_NUMBER(to, value) csv_measured((to), (value))
#define CELL_RESULT(to, value) csv_double((to), (value))
#define CELL_RESULT_IF(to, is_there, value) ((is_there) ? csv_double((to), (value)) : csv_empty(to))
#define CELL_REAL_IF(to, is_there, value) ((is_there) ? csv_real((to), (value)) : csv_empty(to))
enum {
	KIND_OF_TEXT = CSV_TEXT,
	KIND_OF_INT = CSV_NUMBER,
	KIND_OF_NUMBER = CSV_NUMBER,
	KIND_OF_RESULT = CSV_RESULT,
	KIND_OF_RESULT_IF = CSV_RESULT,
	KIND_OF_REAL_IF = CSV_RESULT
};

#define COLUMN_PUT(type, file, column, kind, ...)                                                     \
	static void put_##file##_##column(struct csv_writer *to, const void *about, const char *own_name) \
	{                                                                                                 \
		const struct type *row = about;                                                               \
		(void)own_name;                                                                               \
		CELL_##kind(to, __VA_ARGS__);                                                                 \
	}
#define COLUMN_ROW(number, file, column, unit, meaning, kind) \
	{ (number), #column, (unit), (meaning), (enum csv_kind)KIND_OF_##kind, put_##file##_##column },

/* A number, or an empty cell for NAN. */
void csv_measured(struct csv_writer *to, double value);

/* The header line of those columns of a table (which ends with name = NULL) that are of that file; lives as long as the
 * program. */
const char *csv_columns_header(const struct csv_column *columns, int file);
/* Their cells; the row is not ended yet. */
void csv_columns_put(const struct csv_column *columns, int file, struct csv_writer *to, const void *row);
/* The column of that file and name, or NULL. */
const struct csv_column *csv_columns_find(const struct csv_column *columns, int file, const char *name);

/* Holds every cell of the table what its column may hold?  A column that the list does not know may hold anything. */
int csv_columns_check(const struct csv_column *columns, int file, const struct csv_table *table, struct error *err);

#endif
