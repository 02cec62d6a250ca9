/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare_values.c -- the values of series of runs, at their end or at equal FLOPs.
 */
#include <config.h>

#include <math.h>
#include <string.h>

#include "experiments/study/compare_pairs.h"

const char *compare_view_name(enum compare_view view)
{
	return view == COMPARE_END ? "end" : "equal-flops";
}

static bool diverged(const struct run_folder *run)
{
	return strcmp(run->status, "diverged") == 0;
}

size_t compare_diverged(const struct study_series *series)
{
	size_t n = 0;
	for (size_t i = 0; i < series->n; i++)
		n += diverged(series->run[i]);
	return n;
}

/* The column at so many training FLOPs, on the line between the evaluations before and after; NAN outside them. */
static int value_at_flops(const struct run_folder *run, const char *column, double flops, double *value,
						  struct error *err)
{
	struct csv_table table;
	double x0 = NAN, y0 = NAN;
	*value = NAN;
	TRY(run_folder_table(run, "steps.csv", &table, err));
	int x = csv_column(&table, "flops"), y = csv_column(&table, column);
	for (size_t row = 0; x >= 0 && y >= 0 && row < table.rows; row++) {
		double x1 = csv_number(&table, row, x, NULL), y1 = csv_number(&table, row, y, NULL);
		if (isnan(x1) || isnan(y1))
			continue;
		if (x1 == flops)
			*value = y1;
		else if (x0 < flops && flops < x1)
			*value = y0 + (y1 - y0) * (flops - x0) / (x1 - x0);
		x0 = x1;
		y0 = y1;
	}
	csv_table_free(&table);
	return 0;
}

static int run_value(const struct comparison *of, const struct run_folder *run, double *value, struct error *err)
{
	*value = NAN;
	if (diverged(run) || !run->summed_up)
		return 0;
	if (of->view == COMPARE_EQUAL_FLOPS)
		return value_at_flops(run, of->metric->name, of->flops, value, err);
	return run_folder_summary(run, of->metric->name, value, err);
}

/* The training FLOPs of the run that had the fewest; INFINITY when no run tells. */
static int least_flops(const struct study *study, double *flops, struct error *err)
{
	*flops = INFINITY;
	for (size_t s = 0; s < study->n; s++)
		for (size_t i = 0; i < study->series[s].n; i++) {
			double value;
			if (diverged(study->series[s].run[i]))
				continue;
			TRY(run_folder_summary(study->series[s].run[i], "flops_total", &value, err));
			*flops = fmin(*flops, value);
		}
	return 0;
}

static int read_values(struct comparison *of, struct arena *arena, struct error *err)
{
	for (size_t s = 0; s < of->study->n; s++) {
		const struct study_series *series = &of->study->series[s];
		of->value[s] = ARENA_TAKE(arena, series->n, double);
		for (size_t i = 0; i < series->n; i++)
			TRY(run_value(of, series->run[i], &of->value[s][i], err));
		of->mean[s] = estimate_of(of->value[s], series->n);
	}
	return 0;
}

int compare_means(const struct study *study, enum compare_view view, const struct compare_metric *metric,
				  struct arena *arena, struct comparison *out, struct error *err)
{
	*out = (struct comparison){ .study = study,
								.view = view,
								.metric = metric,
								.margin = metric->margin,
								.flops = NAN,
								.detectable = NAN,
								.scatter = NAN };
	out->value = ARENA_TAKE(arena, study->n, double *);
	out->mean = ARENA_TAKE(arena, study->n, struct estimate);
	if (view == COMPARE_EQUAL_FLOPS)
		TRY(least_flops(study, &out->flops, err));
	return read_values(out, arena, err);
}

/* In how many runs this metric has a number. */
int compare_known(const struct study *study, const struct compare_metric *metric, size_t *known, struct error *err)
{
	*known = 0;
	for (size_t s = 0; s < study->n; s++)
		for (size_t i = 0; i < study->series[s].n; i++) {
			double value;
			TRY(run_folder_summary(study->series[s].run[i], metric->name, &value, err));
			*known += isnan(value) ? 0 : 1;
		}
	return 0;
}

int compare_loss(const struct study *study, const struct compare_metric **loss, struct error *err)
{
	const struct compare_metric *excess = compare_metric("excess_loss"), *plain = compare_metric("eval_loss");
	size_t known, all;
	TRY(compare_known(study, excess, &known, err));
	TRY(compare_known(study, plain, &all, err));
	*loss = known < all ? plain : excess;
	return 0;
}
