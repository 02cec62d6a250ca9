/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * matrix.h -- a table of finite numbers, read from a CSV file or from an array that NumPy saved.
 */
#ifndef SIM_BASE_MATRIX_H
#define SIM_BASE_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/base/error.h"

struct matrix {
	size_t rows, columns; /* at least 1 each */
	bool flat;            /* an array of one dimension: a single row */
	double *value;        /* [rows][columns] */
	char **name;          /* [columns] of a CSV; NULL: the file names no columns */
	unsigned *line;       /* [rows] of a CSV: where each row begins; NULL: the file has no lines */
};

/* Reads the file, "-" being standard input; at most 1 GiB.  CSV: one line of column names, then numbers alone.  A file
 * that begins as NumPy's .npy (format 1.0 or 2.0) is one: little-endian float16, float32 or float64 in C order; an
 * array of one dimension is one row.  Every other file, number or array is refused in one line with the remedy, and so
 * is what is not finite.  On failure the matrix is empty and needs no matrix_free(). */
int matrix_read(const char *path, struct matrix *matrix, struct error *err);
/* The same from memory; `path` is what errors name. */
int matrix_read_bytes(const char *path, const void *bytes, size_t size, struct matrix *matrix, struct error *err);
void matrix_free(struct matrix *matrix);

/* Adds the place of a row to an error, as fail_at() does. */
int matrix_fail_at(const struct matrix *matrix, const char *path, size_t row, struct error *err);

/* Is this a file of NumPy's?  Then npy_read() reads it into an empty matrix. */
bool npy_begins(const void *bytes, size_t size);
int npy_read(const char *path, const void *bytes, size_t size, struct matrix *matrix, struct error *err);

#endif
