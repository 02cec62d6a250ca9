/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gap.c -- how much of what routing could bring a strategy brings.
 */
#include <config.h>

#include "experiments/study/gap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/study/compare.h"
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
	const struct run_folder *const *run = study_run(series, seed);
	return run ? loss[run - series->run] : NAN;
}

/* Whose losses are 0% and 100% for each series, by its settings; NULL where there is no floor or no ceiling. */
struct limits {
	const size_t *floor, *ceiling;
};

/* share[series] from the seeds that all three have; without a floor or a ceiling every number is NAN. */
static void measure(const struct study *study, double *const *loss, size_t s, const struct limits *limits,
					struct gap *gap, struct arena *arena)
{
	const struct study_series *series = &study->series[s];
	bool known = limits->floor && limits->ceiling;
	double *closed = ARENA_TAKE(arena, series->n, double), *whole = ARENA_TAKE(arena, series->n, double);
	size_t floor = known ? limits->floor[s] : s, ceiling = known ? limits->ceiling[s] : s;
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
	struct limits limits = { .floor = NULL };
	*gap = (struct gap){ .floor = find_floor(study), .ceiling = find_ceiling(study, loss) };
	gap->share = ARENA_TAKE(arena, study->n, struct ratio);
	gap->of_run = ARENA_TAKE(arena, study->n, double *);
	if (gap->floor < study->n && gap->ceiling < study->n)
		limits = (struct limits){ contrast_counterparts(study, gap->floor, arena),
								  contrast_counterparts(study, gap->ceiling, arena) };
	for (size_t s = 0; s < study->n; s++)
		measure(study, loss, s, &limits, gap, arena);
}

/* ---- the runs of a folder -------------------------------------------------------------------------------- */

static int compare_runs(const void *a, const void *b)
{
	return strcmp(((const struct gap_of_run *)a)->run, ((const struct gap_of_run *)b)->run);
}

static void add_contest(const struct compare_contest *contest, struct gap_list *list)
{
	const struct study *study = &contest->series.study;
	for (size_t s = 0; s < study->n; s++)
		for (size_t i = 0; i < study->series[s].n; i++)
			list->run[list->n++] =
				(struct gap_of_run){ study->series[s].run[i]->name, contest->gap.of_run[s][i], contest->gap.share[s] };
}

void gap_list_fill(const struct compare_page *page, struct gap_list *list)
{
	*list = (struct gap_list){ .run = calloc(page->study->runs.n + 1, sizeof *list->run) };
	if (!list->run)
		error_no_memory("shares of a gap");
	for (size_t c = 0; c < page->contests; c++)
		add_contest(&page->contest[c], list);
	qsort(list->run, list->n, sizeof *list->run, compare_runs);
}

const struct gap_of_run *gap_list_find(const struct gap_list *list, const char *run)
{
	const struct gap_of_run wanted = { .run = run };
	return list->n ? bsearch(&wanted, list->run, list->n, sizeof wanted, compare_runs) : NULL;
}

void gap_list_free(struct gap_list *list)
{
	free(list->run);
	*list = (struct gap_list){ .n = 0 };
}
