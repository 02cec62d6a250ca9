/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare.c -- series of runs compared metric by metric.
 */
#include <config.h>

#include "experiments/study/compare.h"

#include <math.h>
#include <string.h>

const struct compare_metric compare_metrics[] = {
	{ "excess_loss", "nats/token", -1, 0.01, 4 },
	{ "eval_loss", "nats/token", -1, 0.01, 4 },
	{ "maxvio", "", -1, 0.1, 3 },
	{ "dead_experts", "experts", -1, 0.5, 1 },
	{ "drop_rate", "", -1, 0.005, 4 },
	{ "domain_mi", "nats", 0, 0.02, 3 },
	{ "flops_per_token", "FLOP", -1, 1, 0 },
	{ NULL, NULL, 0, 0, 0 },
};

static const double alpha = 0.05, size_tolerance = 0.01;

const char *compare_view_name(enum compare_view view)
{
	static const char *const name[] = { "end", "equal-flops", "equal-parameters" };
	return name[view];
}

const char *compare_verdict(const struct compare_metric *metric, enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_EQUIVALENT:
		return "equivalent";
	case VERDICT_LOWER:
		return metric->sense < 0 ? "better" : "lower";
	case VERDICT_HIGHER:
		return metric->sense < 0 ? "worse" : "higher";
	default:
		return "undecided";
	}
}

/* ---- numbers of runs ------------------------------------------------------------------------------------- */

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

static int read_values(struct comparison *of, double **value, struct error *err)
{
	for (size_t s = 0; s < of->study->n; s++) {
		const struct study_series *series = &of->study->series[s];
		value[s] = ARENA_TAKE(&of->arena, series->n, double);
		for (size_t i = 0; i < series->n; i++)
			TRY(run_value(of, series->run[i], &value[s][i], err));
		of->mean[s] = estimate_of(value[s], series->n);
	}
	return 0;
}

/* ---- pairs ----------------------------------------------------------------------------------------------- */

static struct estimate paired(const struct study *study, double **value, size_t a, size_t b, double *difference)
{
	const struct study_series *left = &study->series[a], *right = &study->series[b];
	size_t n = 0;
	for (size_t i = 0, j = 0; i < left->n && j < right->n;) { /* both are sorted by seed */
		int64_t x = left->run[i]->seed, y = right->run[j]->seed;
		if (x == y)
			difference[n++] = value[a][i] - value[b][j];
		i += x <= y;
		j += y <= x;
	}
	return estimate_of(difference, n);
}

static struct compare_pair test_pair(const struct comparison *of, double **value, size_t a, size_t b, double *room)
{
	struct compare_pair pair = { .a = a, .b = b, .margin = of->margin };
	pair.difference = paired(of->study, value, a, b, room);
	pair.t = pair.difference.mean / (pair.difference.sd / sqrt((double)pair.difference.n));
	pair.p = pair.p_holm = estimate_p_zero(&pair.difference);
	pair.p_equivalence = pair.p_equivalence_holm = stats_equivalence(&pair.difference, of->margin);
	return pair;
}

/* Holm's correction of one p value of every pair, found at this offset, into another. */
static void correct(struct comparison *of, size_t from, size_t into, double *room)
{
	for (size_t i = 0; i < of->pairs; i++)
		memcpy(&room[i], (char *)&of->pair[i] + from, sizeof *room);
	stats_holm(room, of->pairs);
	for (size_t i = 0; i < of->pairs; i++)
		memcpy((char *)&of->pair[i] + into, &room[i], sizeof *room);
}

static void judge(struct comparison *of)
{
	double *room = ARENA_TAKE(&of->arena, of->pairs + 1, double);
	correct(of, offsetof(struct compare_pair, p), offsetof(struct compare_pair, p_holm), room);
	correct(of, offsetof(struct compare_pair, p_equivalence), offsetof(struct compare_pair, p_equivalence_holm), room);
	for (size_t i = 0; i < of->pairs; i++) {
		struct compare_pair *pair = &of->pair[i];
		pair->verdict = stats_verdict(&pair->difference, pair->p_holm, pair->p_equivalence_holm, alpha);
	}
}

/* size[series]: mean total parameters.  Do two series belong into one comparison of this view? */
static bool comparable(const struct comparison *of, const double *size, size_t a, size_t b)
{
	return of->view != COMPARE_EQUAL_SIZE || fabs(size[a] - size[b]) <= size_tolerance * fmax(size[a], size[b]);
}

static int read_sizes(struct comparison *of, double *size, struct error *err)
{
	for (size_t s = 0; s < of->study->n; s++)
		TRY(run_folder_summary(of->study->series[s].run[0], "params_total", &size[s], err));
	return 0;
}

static int make_pairs(struct comparison *of, double **value, size_t baseline, struct error *err)
{
	size_t n = of->study->n, most = 0;
	double *size = ARENA_TAKE(&of->arena, n, double);
	for (size_t s = 0; s < n; s++)
		most = of->study->series[s].n > most ? of->study->series[s].n : most;
	double *room = ARENA_TAKE(&of->arena, most + 1, double);
	of->pair = ARENA_TAKE(&of->arena, n * n, struct compare_pair);
	TRY(read_sizes(of, size, err));
	for (size_t a = 0; a < n; a++)
		for (size_t b = baseline < n ? baseline : a + 1; b < (baseline < n ? baseline + 1 : n); b++)
			if (a != b && comparable(of, size, a, b))
				of->pair[of->pairs++] = test_pair(of, value, a, b, room);
	judge(of);
	return 0;
}

int compare_study(const struct study *study, enum compare_view view, const struct compare_metric *metric, double margin,
				  size_t baseline, struct comparison *out, struct error *err)
{
	*out = (struct comparison){ .study = study, .view = view, .metric = metric, .margin = margin, .flops = NAN };
	double **value = ARENA_TAKE(&out->arena, study->n, double *);
	out->mean = ARENA_TAKE(&out->arena, study->n, struct estimate);
	if ((view != COMPARE_EQUAL_FLOPS || least_flops(study, &out->flops, err) == 0) &&
		read_values(out, value, err) == 0 && make_pairs(out, value, baseline, err) == 0)
		return 0;
	compare_free(out);
	return -1;
}

void compare_free(struct comparison *comparison)
{
	arena_free(&comparison->arena);
}

/* ---- the Pareto set -------------------------------------------------------------------------------------- */

static const struct compare_metric *find_metric(const char *name)
{
	const struct compare_metric *metric = compare_metrics;
	while (metric->name && strcmp(metric->name, name) != 0)
		metric++;
	return metric;
}

/* A model without experts cannot be out of balance: no MaxVio counts as the best one. */
int compare_pareto(const struct study *study, const struct compare_metric *loss, bool *best, struct error *err)
{
	const struct compare_metric *axis[] = { loss, find_metric("maxvio"), find_metric("flops_per_token") };
	enum { AXES = 3 };
	struct arena arena = { .first = NULL };
	double *point = ARENA_TAKE(&arena, study->n * AXES, double);
	int status = 0;
	for (size_t i = 0; i < AXES && status == 0; i++) {
		struct comparison comparison;
		status = compare_study(study, COMPARE_END, axis[i], 0, study->n, &comparison, err);
		for (size_t s = 0; status == 0 && s < study->n; s++)
			point[s * AXES + i] = i == 1 && isnan(comparison.mean[s].mean) ? 0 : comparison.mean[s].mean;
		if (status == 0)
			compare_free(&comparison);
	}
	if (status == 0)
		stats_pareto(point, study->n, AXES, best);
	arena_free(&arena);
	return status;
}
