/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * json_rows.h -- rows of a table as JSON: an array of objects with the columns' names.
 */
#ifndef EXPERIMENTS_HOST_JSON_ROWS_H
#define EXPERIMENTS_HOST_JSON_ROWS_H

#include <jansson.h>

#include "sim/base/csv.h"
#include "sim/base/memory_file.h"

/* Cells that are numbers are numbers, empty ones and nan null, all others texts; infinities are the texts "inf" and
 * "-inf".  To be freed by json_decref(). */
json_t *json_rows(const struct csv_table *table);

/* The same of the text of a CSV file. */
int json_rows_of(const struct memory_file *text, json_t **rows, struct error *err);

/* Prints it to standard output and frees it. */
int json_print(json_t *json, struct error *err);

/* Rows for standard output, as CSV or, from the same cells, as JSON. */
struct row_printer {
	struct csv_writer *rows; /* to be filled by csv_text(), csv_row() and so on */
	bool json;
	struct memory_file memory;
};

void row_printer_begin(struct row_printer *printer, bool json, const char *header);
int row_printer_end(struct row_printer *printer, struct error *err);

#endif
