/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_csv.c -- any bytes as a CSV file; a table that is accepted is written and read back.
 */
#include <config.h>

#include <stdio.h>

#include "sim/base/csv.h"
#include "tests/fuzz/fuzz.h"

static void walk(const struct csv_table *table)
{
	for (size_t row = 0; row < table->rows; row++)
		for (size_t column = 0; column < table->columns; column++) {
			bool ok = true;
			FUZZ_EXPECT(csv_cell(table, row, (int)column));
			csv_number(table, row, (int)column, &ok);
			FUZZ_EXPECT(table->line[row] > (row == 0 ? 1 : table->line[row - 1]));
		}
	for (size_t column = 0; column < table->columns; column++)
		FUZZ_EXPECT(csv_column(table, table->header[column]) == (int)column);
}

/* The table under plain column names, "c,c,c..." made different by their number. */
static char *written(const struct csv_table *table, size_t *size)
{
	char *header = NULL, *text = NULL;
	size_t length;
	FILE *names = open_memstream(&header, &length), *to = open_memstream(&text, size);
	FUZZ_EXPECT(names && to);
	for (size_t column = 0; column < table->columns; column++)
		fprintf(names, "%sc%zu", column == 0 ? "" : ",", column);
	fclose(names);
	struct csv_writer *csv = csv_open_stream(to, header);
	for (size_t row = 0; row < table->rows; row++, csv_row(csv))
		for (size_t column = 0; column < table->columns; column++)
			csv_text(csv, csv_cell(table, row, (int)column));
	struct error err;
	FUZZ_EXPECT(csv_close(csv, false, &err) == 0);
	fclose(to);
	free(header);
	return text;
}

/* Equal, but for the apostrophe before a formula. */
static void compare(const struct csv_table *a, const struct csv_table *b)
{
	FUZZ_EXPECT(a->rows == b->rows && a->columns == b->columns);
	for (size_t i = 0; i < a->rows * a->columns; i++)
		FUZZ_EXPECT(strcmp(a->cell[i], b->cell[i] + (strcmp(a->cell[i], b->cell[i]) != 0 && *b->cell[i] == '\'')) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct csv_table table, again;
	struct error err = { .code = ERROR_NONE };
	int status = csv_read_bytes("fuzz.csv", bytes, size, &table, &err);
	fuzz_check(status, &err);
	if (status != 0)
		return 0;
	walk(&table);
	size_t length;
	char *text = written(&table, &length);
	FUZZ_EXPECT(csv_read_bytes("again.csv", text, length, &again, &err) == 0);
	compare(&table, &again);
	free(text);
	csv_table_free(&again);
	csv_table_free(&table);
	return 0;
}
