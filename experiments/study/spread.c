/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * spread.c -- how a metric spreads over the layers of a model.
 */
#include <config.h>

#include "experiments/study/spread.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/error.h"

const char *const spread_names[SPREAD_POINTS] = { "min", "p50", "p75", "p90", "p95", "max" };
static const double fractions[SPREAD_POINTS] = { 0, 0.5, 0.75, 0.9, 0.95, 1 };

/* Puts `at` among the worst so far, of which there are n. */
static void rank(const double *value, size_t at, size_t *worst, size_t n)
{
	size_t place = n < SPREAD_WORST ? n : SPREAD_WORST;
	while (place > 0 && value[at] > value[worst[place - 1]])
		place--;
	if (place == SPREAD_WORST)
		return;
	memmove(worst + place + 1, worst + place, (SPREAD_WORST - place - 1) * sizeof *worst);
	worst[place] = at;
}

struct spread spread_of(const double *value, size_t n)
{
	struct spread spread = { .n = 0 };
	double *sorted = calloc(n + 1, sizeof *sorted);
	if (sorted == NULL)
		error_no_memory("percentiles");
	for (size_t i = 0; i < n; i++)
		if (!isnan(value[i])) {
			rank(value, i, spread.worst, spread.n);
			sorted[spread.n++] = value[i];
		}
	gsl_sort(sorted, 1, spread.n);
	for (size_t p = 0; p < SPREAD_POINTS; p++)
		spread.point[p] =
			spread.n > 0 ? gsl_stats_quantile_from_sorted_data(sorted, 1, spread.n, fractions[p]) : (double)NAN;
	free(sorted);
	return spread;
}
