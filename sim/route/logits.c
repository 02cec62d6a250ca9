/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * logits.c -- router logits from a file, with the biases and token ids that may come beside them.
 */
#include <config.h>

#include "sim/route/logits.h"

#include <math.h>
#include <string.h>

#include "sim/base/matrix.h"
#include "sim/base/real.h"
#include "sim/base/text.h"

/* To the working precision, in which a large number may be none. */
static int to_real(const struct matrix *matrix, const char *path, real *to, struct error *err)
{
	for (size_t i = 0; i < matrix->rows * matrix->columns; i++) {
		to[i] = (real)matrix->value[i];
		if (isfinite(to[i]))
			continue;
		char number[TEXT_NUMBER];
		fail(err, ERROR_USER, "%s is beyond %s precision, in which moesim computes",
			 text_of_double(matrix->value[i], number), REAL_NAME);
		return matrix_fail_at(matrix, path, i / matrix->columns, err);
	}
	return 0;
}

static int column_of(const struct matrix *matrix, const char *name)
{
	for (size_t i = 0; matrix->name && i < matrix->columns; i++)
		if (strcmp(matrix->name[i], name) == 0)
			return (int)i;
	return -1;
}

/* The number as an index below `most`. */
static int index_of(const struct matrix *matrix, const char *path, size_t row, size_t column, double most, uint32_t *to,
					struct error *err)
{
	double value = matrix->value[row * matrix->columns + column];
	char number[TEXT_NUMBER];
	if (value >= 0 && value < most && floor(value) == value) {
		*to = (uint32_t)value;
		return 0;
	}
	fail(err, ERROR_USER, "%s must be an integer from 0 to %.0f", text_of_double(value, number), most - 1);
	return matrix_fail_at(matrix, path, row, err);
}

static int refuse_bias(const struct matrix *matrix, const char *path, size_t experts, struct error *err)
{
	fail(err, ERROR_USER,
		 "%zu row%s and %zu column%s are no biases of %zu experts (columns expert,bias, or a column or row of them)",
		 matrix->rows, matrix->rows == 1 ? "" : "s", matrix->columns, matrix->columns == 1 ? "" : "s", experts);
	return matrix_fail_at(matrix, path, 0, err);
}

/* Rows expert,bias; all experts, each once. */
static int bias_by_expert(const struct matrix *matrix, const char *path, size_t experts, size_t bias, size_t expert,
						  real *to, struct error *err)
{
	uint32_t at = 0;
	if (matrix->rows != experts)
		return refuse_bias(matrix, path, experts, err);
	for (size_t e = 0; e < experts; e++)
		to[e] = (real)NAN;
	for (size_t row = 0; row < experts; row++) {
		TRY(index_of(matrix, path, row, expert, (double)experts, &at, err));
		if (!isnan(to[at])) {
			fail(err, ERROR_USER, "expert %u has two biases", (unsigned)at);
			return matrix_fail_at(matrix, path, row, err);
		}
		to[at] = (real)matrix->value[row * matrix->columns + bias];
	}
	return 0;
}

static int bias_in_order(const struct matrix *matrix, const char *path, size_t experts, size_t bias, real *to,
						 struct error *err)
{
	bool one_row = matrix->rows == 1 && matrix->columns == experts, one_column = matrix->rows == experts;
	if (!one_row && !one_column)
		return refuse_bias(matrix, path, experts, err);
	for (size_t e = 0; e < experts; e++)
		to[e] = (real)matrix->value[one_row ? e : e * matrix->columns + bias];
	return 0;
}

static int place_bias(const struct matrix *matrix, const char *path, size_t experts, real *to, struct error *err)
{
	int bias = column_of(matrix, "bias"), expert = column_of(matrix, "expert");
	if (bias >= 0 && expert >= 0)
		return bias_by_expert(matrix, path, experts, (size_t)bias, (size_t)expert, to, err);
	if (bias < 0 && matrix->columns > 1 && !(matrix->rows == 1 && matrix->columns == experts))
		return refuse_bias(matrix, path, experts, err);
	return bias_in_order(matrix, path, experts, bias < 0 ? 0 : (size_t)bias, to, err);
}

int logits_read_bias(struct logits *logits, const char *path, struct arena *arena, struct error *err)
{
	size_t experts = logits->experts;
	struct matrix matrix;
	TRY(matrix_read(path, &matrix, err));
	logits->offset = ARENA_TAKE(arena, experts, real);
	int status = place_bias(&matrix, path, experts, logits->offset, err);
	for (size_t e = 0; status == 0 && e < experts; e++)
		if (!isfinite(logits->offset[e])) {
			fail(err, ERROR_USER, "the bias of expert %zu is beyond %s precision", e, REAL_NAME);
			status = matrix_fail_at(&matrix, path, 0, err);
		}
	matrix_free(&matrix);
	return status;
}

static int place_ids(struct logits *logits, const struct matrix *matrix, const char *path, struct error *err)
{
	size_t tokens = logits->tokens;
	int named = column_of(matrix, "id");
	if (named < 0 && matrix->columns != 1 && !matrix->flat) {
		fail(err, ERROR_USER, "which of %zu columns has the token ids? (call it 'id')", matrix->columns);
		return matrix_fail_at(matrix, path, 0, err);
	}
	size_t n = matrix->flat ? matrix->columns : matrix->rows;
	if (n != tokens) {
		fail(err, ERROR_USER, "%zu token ids for %zu rows of logits", n, tokens);
		return fail_at(err, path, 0, 0);
	}
	for (size_t t = 0; t < tokens; t++) {
		TRY(index_of(matrix, path, matrix->flat ? 0 : t,
					 matrix->flat ? t
					 : named < 0  ? 0
								  : (size_t)named,
					 0x1p32, &logits->id[t], err));
		if (logits->id[t] >= logits->vocabulary)
			logits->vocabulary = (size_t)logits->id[t] + 1;
	}
	return 0;
}

int logits_read_ids(struct logits *logits, const char *path, struct arena *arena, struct error *err)
{
	struct matrix matrix;
	TRY(matrix_read(path, &matrix, err));
	logits->id = ARENA_TAKE(arena, logits->tokens, uint32_t);
	int status = place_ids(logits, &matrix, path, err);
	matrix_free(&matrix);
	return status;
}

static bool is_distribution(const real *row, size_t n)
{
	double sum = 0;
	for (size_t e = 0; e < n; e++) {
		if (row[e] < 0)
			return false;
		sum += (double)row[e];
	}
	return fabs(sum - 1) < 1e-3;
}

bool logits_sum_to_one(const struct logits *logits)
{
	size_t t = 0;
	while (t < logits->tokens && is_distribution(logits->value + t * logits->experts, logits->experts))
		t++;
	return t == logits->tokens;
}

int logits_read(struct logits *logits, const char *path, struct arena *arena, struct error *err)
{
	struct matrix matrix;
	*logits = (struct logits){ .tokens = 0 };
	TRY(matrix_read(path, &matrix, err));
	if (matrix.flat) {
		matrix_free(&matrix);
		fail(err, ERROR_USER, "the array has 1 dimension, not 2 (reshape it to tokens and experts)");
		return fail_at(err, path, 0, 0);
	}
	logits->tokens = matrix.rows;
	logits->experts = matrix.columns;
	logits->value = ARENA_TAKE(arena, matrix.rows * matrix.columns, real);
	int status = to_real(&matrix, path, logits->value, err);
	matrix_free(&matrix);
	return status;
}
