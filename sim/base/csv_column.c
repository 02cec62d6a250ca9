/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * csv_column.c -- the columns of a CSV file as a table: each row holds a column's name and the function that writes it.
 */
#include <config.h>

#include "sim/base/csv_column.h"

#include <string.h>

#include "sim/base/text.h"

void csv_measured(struct csv_writer *to, double value)
{
	if (isnan(value))
		csv_empty(to);
	else
		csv_double(to, value);
}

const char *csv_columns_header(const struct csv_column *columns, int file)
{
	const char *header = "";
	for (const struct csv_column *column = columns; column->name; column++)
		if (column->file == file)
			header = text_keep_f("%s%s%s", header, *header ? "," : "", column->name);
	return header;
}

void csv_columns_put(const struct csv_column *columns, int file, struct csv_writer *to, const void *row)
{
	for (const struct csv_column *column = columns; column->name; column++)
		if (column->file == file)
			column->put(to, row, column->name);
}

const struct csv_column *csv_columns_find(const struct csv_column *columns, int file, const char *name)
{
	for (const struct csv_column *column = columns; column->name; column++)
		if (column->file == file && strcmp(column->name, name) == 0)
			return column;
	return NULL;
}

static int check_cell(const struct csv_column *column, const struct csv_table *table, size_t row, int at,
					  struct error *err)
{
	bool is_number = true;
	double value = csv_number(table, row, at, &is_number);
	const char *text = csv_cell(table, row, at);
	if (is_number && (column->kind == CSV_RESULT || !isnan(value) || *text == '\0'))
		return 0;
	fail(err, ERROR_USER, "'%s' is not a number (column '%s'; run it again)", text, column->name);
	return fail_at(err, table->path, table->line[row], 0);
}

int csv_columns_check(const struct csv_column *columns, int file, const struct csv_table *table, struct error *err)
{
	for (size_t c = 0; c < table->columns; c++) {
		const struct csv_column *column = csv_columns_find(columns, file, table->header[c]);
		for (size_t row = 0; column && column->kind != CSV_TEXT && row < table->rows; row++)
			TRY(check_cell(column, table, row, (int)c, err));
	}
	return 0;
}
