/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gap.c -- how much of what routing could bring a strategy brings.
 */
#include <config.h>

#include "experiments/study/gap.h"

#include <math.h>

#include "experiments/study/contrast.h"

static double mean_loss(const struct study *study, double *const *loss, size_t series)
{
	return estimate_of(loss[series], study->series[series].n).mean;
}

static size_t find_floor(const struct study *study)
{
	size_t floor = contrast_series_of(study, MOE_FLOOR);
	return floor < study->n ? floor : contrast_series_of(study, MOE_DENSE);
}

static size_t find_ceiling(const struct study *study, double *const *loss)
{
	size_t best = study->n;
	for (size_t s = 0; s < study->n; s++)
		if (contrast_role(&study->series[s]) == MOE_CEILING &&
			(best == study->n || mean_loss(study, loss, s) < mean_loss(study, loss, best)))
			best = s;
	return best;
}

static double loss_at_seed(const struct study_series *series, const double *loss, int64_t seed)
{
	for (size_t i = 0; i < series->n; i++)
		if (series->run[i]->seed == seed)
			return loss[i];
	return NAN;
}

/* share[series] from the seeds that all three have; without a floor or a ceiling every number is NAN. */
static void measure(const struct study *study, double *const *loss, size_t s, struct gap *gap, struct arena *arena)
{
	const struct study_series *series = &study->series[s];
	bool known = gap->floor < study->n && gap->ceiling < study->n;
	double *closed = ARENA_TAKE(arena, series->n, double), *whole = ARENA_TAKE(arena, series->n, double);
	size_t floor = known ? contrast_counterpart(study, gap->floor, s) : s;
	size_t ceiling = known ? contrast_counterpart(study, gap->ceiling, s) : s;
	gap->of_run[s] = ARENA_TAKE(arena, series->n, double);
	for (size_t i = 0; i < series->n; i++) {
		int64_t seed = series->run[i]->seed;
		double top = known ? loss_at_seed(&study->series[floor], loss[floor], seed) : NAN;
		closed[i] = top - loss[s][i];
		whole[i] = top - (known ? loss_at_seed(&study->series[ceiling], loss[ceiling], seed) : NAN);
		gap->of_run[s][i] = whole[i] > 0 ? closed[i] / whole[i] : NAN;
	}
	gap->share[s] = stats_ratio(closed, whole, series->n);
}

void gap_measure(const struct study *study, double *const *loss, struct arena *arena, struct gap *gap)
{
	*gap = (struct gap){ .floor = find_floor(study), .ceiling = find_ceiling(study, loss) };
	gap->share = ARENA_TAKE(arena, study->n, struct ratio);
	gap->of_run = ARENA_TAKE(arena, study->n, double *);
	for (size_t s = 0; s < study->n; s++)
		measure(study, loss, s, gap, arena);
}
