/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * json_rows.c -- rows of a table as JSON: an array of objects with the columns' names.
 */
#include <config.h>

#include "experiments/host/json_rows.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

static json_t *json_cell(const char *cell)
{
	int64_t whole;
	double number;
	if (*cell == 0 || strcmp(cell, "nan") == 0)
		return json_null();
	if (strspn(cell, "-0123456789") == strlen(cell) && text_to_int(cell, &whole))
		return json_integer(whole);
	return text_to_real(cell, &number) ? json_real(number) : json_string(cell);
}

json_t *json_rows(const struct csv_table *table)
{
	json_t *array = json_array();
	for (size_t r = 0; r < table->rows; r++) {
		json_t *row = json_object();
		for (size_t c = 0; c < table->columns; c++)
			if (json_object_set_new(row, table->header[c], json_cell(csv_cell(table, r, (int)c))) != 0)
				error_no_memory("JSON");
		if (json_array_append_new(array, row) != 0)
			error_no_memory("JSON");
	}
	return array;
}

int json_rows_of(const struct memory_file *text, json_t **rows, struct error *err)
{
	struct csv_table table;
	TRY(csv_read_bytes("JSON", text->text, text->size, &table, err));
	*rows = json_rows(&table);
	csv_table_free(&table);
	return 0;
}

int json_print(json_t *json, struct error *err)
{
	int status = json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
	json_decref(json);
	putchar('\n');
	return status == 0 ? 0 : fail(err, ERROR_WORLD, "cannot write JSON to standard output");
}

void row_printer_begin(struct row_printer *printer, bool json, const char *header)
{
	*printer = (struct row_printer){ .json = json };
	if (json)
		memory_file_open(&printer->memory);
	printer->rows = csv_open_stream(json ? printer->memory.to : stdout, header);
}

int row_printer_end(struct row_printer *printer, struct error *err)
{
	json_t *rows;
	int status = csv_close(printer->rows, false, err);
	if (!printer->json)
		return status;
	memory_file_close(&printer->memory);
	if (status == 0)
		status = json_rows_of(&printer->memory, &rows, err);
	free(printer->memory.text);
	return status == 0 ? json_print(rows, err) : -1;
}
