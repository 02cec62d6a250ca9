/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * matrix.c -- a table of finite numbers, read from a CSV file or from an array that NumPy saved.
 */
#include <config.h>

#include "sim/base/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/csv.h"
#include "sim/base/files.h"
#include "sim/base/memory.h"
#include "sim/base/text.h"

enum { LIMIT = 1 << 30 };

/* Does the line of names look like a row that came without one?  Whole numbers may be names: pandas gives those. */
static bool has_no_names(const struct csv_table *table)
{
	bool whole = true;
	for (size_t i = 0; i < table->columns; i++) {
		double value;
		if (!text_to_real(table->header[i], &value))
			return false;
		whole = whole && strspn(table->header[i], "0123456789") == strlen(table->header[i]);
	}
	return !whole;
}

static int check_shape(const struct csv_table *table, struct error *err)
{
	if (has_no_names(table)) {
		fail(err, ERROR_USER, "the first line holds numbers (put a line of column names above them)");
		return fail_at(err, table->path, 1, 0);
	}
	if (table->rows == 0) {
		fail(err, ERROR_USER, "there is no row under the column names");
		return fail_at(err, table->path, 0, 0);
	}
	return 0;
}

static int read_cells(const struct csv_table *table, double *value, struct error *err)
{
	for (size_t row = 0; row < table->rows; row++)
		for (size_t i = 0; i < table->columns; i++) {
			const char *cell = csv_cell(table, row, (int)i);
			if (text_to_real(cell, value++))
				continue;
			fail(err, ERROR_USER, "column '%s': '%s' is not a finite number", table->header[i], cell);
			return fail_at(err, table->path, table->line[row], 0);
		}
	return 0;
}

static void keep_names(const struct csv_table *table, struct matrix *matrix)
{
	matrix->name = memory_resize(NULL, table->columns, sizeof *matrix->name, "column names");
	for (size_t i = 0; i < table->columns; i++)
		matrix->name[i] = memory_copy(table->header[i]);
}

static int from_csv(const struct csv_table *table, struct matrix *matrix, struct error *err)
{
	TRY(check_shape(table, err));
	matrix->rows = table->rows;
	matrix->columns = table->columns;
	matrix->value = memory_resize(NULL, table->rows * table->columns, sizeof *matrix->value, "a matrix");
	matrix->line = memory_resize(NULL, table->rows, sizeof *matrix->line, "a matrix");
	memcpy(matrix->line, table->line, table->rows * sizeof *matrix->line);
	keep_names(table, matrix);
	return read_cells(table, matrix->value, err);
}

int matrix_read_bytes(const char *path, const void *bytes, size_t size, struct matrix *matrix, struct error *err)
{
	struct csv_table table;
	*matrix = (struct matrix){ 0 };
	int status;
	if (size >= 4 && memcmp(bytes, "PK\x03\x04", 4) == 0) {
		fail(err, ERROR_USER, "this is an archive, as .npz and .pt are (save one array with numpy.save)");
		return fail_at(err, path, 0, 0);
	}
	if (npy_begins(bytes, size)) {
		status = npy_read(path, bytes, size, matrix, err);
	} else {
		TRY(csv_read_bytes(path, bytes, size, &table, err));
		status = from_csv(&table, matrix, err);
		csv_table_free(&table);
	}
	if (status != 0)
		matrix_free(matrix);
	return status;
}

int matrix_read(const char *path, struct matrix *matrix, struct error *err)
{
	char *bytes;
	size_t size;
	bool standard_input = strcmp(path, "-") == 0;
	*matrix = (struct matrix){ 0 };
	TRY(file_read(standard_input ? "/dev/stdin" : path, LIMIT, &bytes, &size, err));
	int status = matrix_read_bytes(standard_input ? "standard input" : path, bytes, size, matrix, err);
	free(bytes);
	return status;
}

void matrix_free(struct matrix *matrix)
{
	for (size_t i = 0; matrix->name && i < matrix->columns; i++)
		free(matrix->name[i]);
	free(matrix->name);
	free(matrix->line);
	free(matrix->value);
	*matrix = (struct matrix){ 0 };
}

int matrix_fail_at(const struct matrix *matrix, const char *path, size_t row, struct error *err)
{
	return fail_at(err, strcmp(path, "-") == 0 ? "standard input" : path, matrix->line ? matrix->line[row] : 0, 0);
}
