/* SPDX-License-Identifier: GPL-3.0-or-later
 * information.c -- how much the expert says about something else.
 */
#include <config.h>

#include <math.h>

#include "sim/metrics/information.h"

/* Sums of rows and columns; returns the sum of all. */
static double marginals(const double *joint, size_t rows, size_t columns, double *row, double *column)
{
	double total = 0;
	for (size_t c = 0; c < columns; c++)
		column[c] = 0;
	for (size_t r = 0; r < rows; r++) {
		row[r] = 0;
		for (size_t c = 0; c < columns; c++) {
			row[r] += joint[r * columns + c];
			column[c] += joint[r * columns + c];
		}
		total += row[r];
	}
	return total;
}

static double entropy_of(const double *sum, size_t n, double total, size_t *occupied)
{
	double entropy = 0;
	*occupied = 0;
	for (size_t i = 0; i < n; i++) {
		if (!(sum[i] > 0))
			continue;
		entropy -= sum[i] / total * log(sum[i] / total);
		++*occupied;
	}
	return entropy;
}

/* sum n ln(n N / (n_r n_c)) / N: of an independent table each logarithm is that of 1, so that no difference of large
 * entropies blurs a small value. */
static double mutual_of(const double *joint, size_t rows, size_t columns, const double *row, const double *column,
						double total, size_t *cells)
{
	double mutual = 0;
	*cells = 0;
	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < columns; c++) {
			double n = joint[r * columns + c];
			if (!(n > 0))
				continue;
			mutual += n / total * log((n / row[r]) * (total / column[c]));
			++*cells;
		}
	return fmax(mutual, 0);
}

static double purity_of(const double *joint, size_t rows, size_t columns, double total)
{
	double purity = 0;
	for (size_t c = 0; c < columns; c++) {
		double most = 0;
		for (size_t r = 0; r < rows; r++)
			most = fmax(most, joint[r * columns + c]);
		purity += most / total;
	}
	return purity;
}

struct information information_of_table(const double *joint, size_t rows, size_t columns, double *scratch)
{
	double *row = scratch, *column = scratch + rows;
	double total = marginals(joint, rows, columns, row, column);
	struct information of = { NAN, NAN, NAN, NAN, NAN, 0, 0, 0 };
	if (!(total > 0))
		return of;
	of.row_entropy = entropy_of(row, rows, total, &of.rows);
	of.column_entropy = entropy_of(column, columns, total, &of.columns);
	of.mutual = mutual_of(joint, rows, columns, row, column, total, &of.cells);
	double scale = sqrt(of.row_entropy * of.column_entropy);
	of.normalized = scale > 0 ? of.mutual / scale : 0;
	of.purity = purity_of(joint, rows, columns, total);
	return of;
}

double information_conditional(const double *joint, size_t strata, size_t rows, size_t columns, double *scratch)
{
	double *row = scratch, *column = scratch + rows;
	double total = 0, sum = 0;
	size_t cells;
	for (size_t s = 0; s < strata; s++) {
		const double *table = joint + s * rows * columns;
		double weight = marginals(table, rows, columns, row, column);
		if (!(weight > 0))
			continue;
		sum += weight * mutual_of(table, rows, columns, row, column, weight, &cells);
		total += weight;
	}
	return total > 0 ? sum / total : NAN;
}

double information_bias(const struct information *of, double samples)
{
	if (!(samples > 0) || of->cells == 0)
		return NAN;
	return ((double)of->cells - (double)of->rows - (double)of->columns + 1) / (2 * samples);
}

static double sum_of(const double *value, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += value[i];
	return sum;
}

double information_noise(const double *joint, const double *tokens, size_t rows, size_t columns, double k)
{
	double total = sum_of(joint, rows * columns), noise = 0;
	if (!(total > 0) || !(k > 0) || !(k <= (double)columns))
		return NAN;
	for (size_t r = 0; r < rows; r++) {
		double weight = sum_of(joint + r * columns, columns) / total;
		if (weight > 0 && !(tokens[r] > 0))
			return NAN;
		if (weight > 0)
			noise += weight * (1 - weight) * ((double)columns - k) / (2 * k * tokens[r]);
	}
	return noise;
}

void information_level(double *joint, size_t rows, size_t columns)
{
	for (size_t r = 0; r < rows; r++) {
		double sum = sum_of(joint + r * columns, columns);
		for (size_t c = 0; c < columns && sum > 0; c++)
			joint[r * columns + c] /= sum;
	}
}

void information_coactivate(double *pair, size_t experts, const uint32_t *expert, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			pair[expert[i] * experts + expert[j]] += 1;
}
