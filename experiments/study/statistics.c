/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * statistics.c -- what a handful of paired differences allows to say.
 */
#include <config.h>

#include "experiments/study/statistics.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "sim/base/error.h"

double stats_equivalence(const struct estimate *difference, double margin)
{
	if (difference->n < 2)
		return NAN;
	double error = difference->sd / sqrt((double)difference->n);
	double room = margin - fabs(difference->mean); /* to the nearer end, whose test has the larger p */
	if (!(error > 0))
		return room > 0 || difference->mean == 0 ? 0 : 1;
	return gsl_cdf_tdist_Q(room / error, (double)(difference->n - 1));
}

static int compare_p(const void *a, const void *b)
{
	double x = **(double *const *)a, y = **(double *const *)b;
	return (x > y) - (x < y);
}

void stats_holm(double *p, size_t n)
{
	double **sorted = calloc(n + 1, sizeof *sorted), least = 0;
	size_t tests = 0;
	if (!sorted)
		error_no_memory("p values");
	for (size_t i = 0; i < n; i++)
		if (!isnan(p[i]))
			sorted[tests++] = &p[i];
	qsort(sorted, tests, sizeof *sorted, compare_p);
	for (size_t i = 0; i < tests; i++) {
		least = fmax(least, *sorted[i] * (double)(tests - i));
		*sorted[i] = fmin(least, 1);
	}
	free(sorted);
}

enum verdict stats_verdict(const struct estimate *difference, double p, double p_equivalence, double alpha)
{
	if (p_equivalence < alpha)
		return VERDICT_EQUIVALENT;
	if (p < alpha)
		return difference->mean < 0 ? VERDICT_LOWER : VERDICT_HIGHER;
	return VERDICT_UNDECIDED;
}

static bool beats(const double *a, const double *b, size_t axes)
{
	bool better = false;
	for (size_t i = 0; i < axes; i++) {
		if (!(a[i] <= b[i]))
			return false;
		better |= a[i] < b[i];
	}
	return better;
}

static bool is_known(const double *point, size_t axes)
{
	for (size_t i = 0; i < axes; i++)
		if (isnan(point[i]))
			return false;
	return true;
}

void stats_pareto(const double *point, size_t n, size_t axes, bool *best)
{
	for (size_t i = 0; i < n; i++) {
		best[i] = is_known(point + i * axes, axes);
		for (size_t j = 0; j < n && best[i]; j++)
			best[i] = !beats(point + j * axes, point + i * axes, axes);
	}
}
