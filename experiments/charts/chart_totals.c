/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart_totals.c -- charts of how runs ended: one mark or bar per series, over its seeds.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/charts/chart.h"
#include "experiments/charts/chart_totals.h"
#include "experiments/study/statistics.h"
#include "sim/base/text.h"

/* ---- totals of a series ---------------------------------------------------------------------------------- */

int chart_totals(struct chart_sheet *sheet, const struct study_series *series, const char *column, double **value,
				 struct error *err)
{
	*value = ARENA_TAKE(&sheet->arena, series->n, double);
	for (size_t i = 0; i < series->n; i++) {
		TRY(run_folder_summary(series->run[i], column, &(*value)[i], err));
		if (strcmp(series->run[i]->status, "diverged") == 0)
			(*value)[i] = NAN;
	}
	return 0;
}

int chart_total(struct chart_sheet *sheet, const struct study_series *series, const char *column,
				struct estimate *total, struct error *err)
{
	double *value;
	TRY(chart_totals(sheet, series, column, &value, err));
	*total = estimate_of(value, series->n);
	return 0;
}

int chart_loss_column(struct chart_sheet *sheet, const char **column, struct error *err)
{
	static const char *const candidate[] = { "excess_loss", "eval_loss" };
	for (size_t c = 0; c < 2; c++) {
		size_t known = 0, any = 0;
		for (size_t i = 0; i < sheet->study->n; i++) {
			struct estimate total, other;
			TRY(chart_total(sheet, &sheet->study->series[i], candidate[c], &total, err));
			TRY(chart_total(sheet, &sheet->study->series[i], candidate[1], &other, err));
			known += total.n > 0;
			any += total.n > 0 || other.n > 0;
		}
		*column = candidate[c];
		if (known && known == any)
			break;
	}
	chart_set_text(sheet, "loss_title",
				   strcmp(*column, "excess_loss") == 0 ? "excess loss over Bayes (nats per token)"
													   : "evaluation loss (nats per token)");
	return 0;
}

/* How many seeds stand behind what is shown. */
static void count_seeds(const struct estimate *value, size_t *low, size_t *high)
{
	if (value->n == 0)
		return;
	*low = *high == 0 || value->n < *low ? value->n : *low;
	*high = value->n > *high ? value->n : *high;
}

static void put_name(struct chart_sheet *sheet, size_t place, size_t series)
{
	csv_int(sheet->data, (int64_t)place);
	chart_put_text(sheet, sheet->study->series[series].label);
}

static void note_unfinished(struct chart_sheet *sheet, const struct study_series *series)
{
	for (size_t i = 0; i < series->n; i++) {
		if (strcmp(series->run[i]->status, "diverged") == 0)
			chart_note(sheet, "%s: it diverged", series->run[i]->name);
		else if (!series->run[i]->summed_up)
			chart_note(sheet, "%s: it is not finished", series->run[i]->name);
	}
}

/* ---- trade-off ------------------------------------------------------------------------------------------- */

struct tradeoff {
	size_t n, *shown;
	struct estimate *loss, *maxvio;
	bool *pareto;
};

static int read_tradeoff(struct chart_sheet *sheet, struct tradeoff *t, struct error *err)
{
	const char *column;
	size_t most = sheet->study->n;
	*t = (struct tradeoff){ .shown = ARENA_TAKE(&sheet->arena, most, size_t),
							.loss = ARENA_TAKE(&sheet->arena, most, struct estimate),
							.maxvio = ARENA_TAKE(&sheet->arena, most, struct estimate),
							.pareto = ARENA_TAKE(&sheet->arena, most, bool) };
	TRY(chart_loss_column(sheet, &column, err));
	for (size_t i = 0; i < most; i++) {
		const struct study_series *series = &sheet->study->series[i];
		TRY(chart_total(sheet, series, column, &t->loss[t->n], err));
		TRY(chart_total(sheet, series, "maxvio", &t->maxvio[t->n], err));
		note_unfinished(sheet, series);
		if (t->loss[t->n].n)
			t->shown[t->n++] = i;
	}
	return 0;
}

static void find_pareto(struct chart_sheet *sheet, struct tradeoff *t)
{
	double(*point)[2] = arena_take(&sheet->arena, t->n, sizeof *point);
	for (size_t i = 0; i < t->n; i++) {
		point[i][0] = t->loss[i].mean;
		point[i][1] = t->maxvio[i].mean;
	}
	stats_pareto(&point[0][0], t->n, 2, t->pareto);
}

/* `front_x[]`, `front_y[]`: what no other series beats in both, from left to right. */
static void put_front(struct chart_sheet *sheet, const struct tradeoff *t)
{
	double *x = ARENA_TAKE(&sheet->arena, t->n, double), *y = ARENA_TAKE(&sheet->arena, t->n, double);
	size_t n = 0;
	for (size_t i = 0; i < t->n; i++) {
		if (!t->pareto[i])
			continue;
		size_t at = n++;
		for (; at > 0 && x[at - 1] > t->maxvio[i].mean; at--) {
			x[at] = x[at - 1];
			y[at] = y[at - 1];
		}
		x[at] = t->maxvio[i].mean;
		y[at] = t->loss[i].mean;
	}
	chart_set_number(sheet, "front", (double)n);
	chart_set_numbers(sheet, "front_x", n, x);
	chart_set_numbers(sheet, "front_y", n, y);
}

/* `flat[]`: the losses of series without routed experts, which have a place on one axis only; NaN for the others. */
static void put_flat(struct chart_sheet *sheet, const struct tradeoff *t)
{
	double *flat = ARENA_TAKE(&sheet->arena, t->n, double);
	for (size_t i = 0; i < t->n; i++)
		flat[i] = t->maxvio[i].n ? NAN : t->loss[i].mean;
	chart_set_numbers(sheet, "flat", t->n, flat);
}

static void put_tradeoff(struct chart_sheet *sheet, const struct tradeoff *t)
{
	size_t low = 0, high = 0;
	double most = 0, top = -INFINITY, bottom = INFINITY;
	for (size_t i = 0; i < t->n; i++) {
		put_name(sheet, i + 1, t->shown[i]);
		csv_int(sheet->data, (int64_t)t->loss[i].n);
		chart_put_estimate(sheet, &t->loss[i]);
		chart_put_estimate(sheet, &t->maxvio[i]);
		csv_int(sheet->data, t->pareto[i]);
		csv_row(sheet->data);
		count_seeds(&t->loss[i], &low, &high);
		if (t->maxvio[i].n) {
			/* intervals of two seeds are so wide that the marks would fall together */
			bool few = t->loss[i].n < 3;
			most = fmax(most, few ? t->maxvio[i].mean : t->maxvio[i].high);
			top = fmax(top, few ? t->loss[i].mean : t->loss[i].high);
			bottom = fmin(bottom, few ? t->loss[i].mean : t->loss[i].low);
		}
	}
	chart_set_series(sheet, t->n, t->shown);
	put_front(sheet, t);
	put_flat(sheet, t);
	chart_set_seeds(sheet, low, high);
	chart_set_number(sheet, "x_most", most);
	chart_set_number(sheet, "y_least", bottom);
	chart_set_number(sheet, "y_most", top);
}

/* Has any series both? */
static bool is_empty(const struct tradeoff *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->maxvio[i].n)
			return false;
	return true;
}

int chart_fill_tradeoff(struct chart_sheet *sheet, struct error *err)
{
	struct tradeoff t;
	TRY(read_tradeoff(sheet, &t, err));
	if (is_empty(&t)) {
		sheet->missing = "no finished run has both a loss and a MaxVio in its summary.csv";
		return 0;
	}
	find_pareto(sheet, &t);
	put_tradeoff(sheet, &t);
	return 0;
}

/* ---- cost ------------------------------------------------------------------------------------------------ */

struct cost {
	size_t n; /* seeds */
	double experts, alive, effective, params_active, params_total, flops_per_token, flops_total;
	double flops_all; /* forward, per token, if every expert ran for every token */
};

static int read_cost(struct chart_sheet *sheet, const struct study_series *series, struct cost *cost, struct error *err)
{
	double dead, layers;
	const struct {
		const char *column;
		double *into;
	} wanted[] = { { "params_active", &cost->params_active },
				   { "params_total", &cost->params_total },
				   { "flops_per_token", &cost->flops_per_token },
				   { "flops_total", &cost->flops_total },
				   { "experts", &cost->experts },
				   { "effective_experts", &cost->effective },
				   { "dead_experts", &dead },
				   { "layers", &layers } };
	cost->n = 0;
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		struct estimate total;
		TRY(chart_total(sheet, series, wanted[i].column, &total, err));
		*wanted[i].into = total.mean;
		cost->n = total.n > cost->n ? total.n : cost->n;
	}
	if (!isfinite(cost->effective)) /* nothing was routed */
		cost->experts = NAN;
	cost->alive = cost->experts - dead / layers;
	/* what a token does not meet are matrices: 2 FLOPs for each of their entries */
	cost->flops_all = cost->flops_per_token + 2 * (cost->params_total - cost->params_active);
	return 0;
}

static void put_cost(struct chart_sheet *sheet, const struct cost *cost)
{
	csv_int(sheet->data, (int64_t)cost->n);
	const double value[] = { cost->experts,      cost->alive,           cost->effective,   cost->params_active,
							 cost->params_total, cost->flops_per_token, cost->flops_total, cost->flops_all };
	for (size_t i = 0; i < sizeof value / sizeof *value; i++)
		chart_put(sheet, value[i]);
	csv_row(sheet->data);
}

int chart_fill_cost(struct chart_sheet *sheet, struct error *err)
{
	size_t *shown = ARENA_TAKE(&sheet->arena, sheet->study->n, size_t), n = 0;
	double most_experts = 0, most_params = 0, most_flops = 0;
	for (size_t i = 0; i < sheet->study->n; i++) {
		struct cost cost;
		TRY(read_cost(sheet, &sheet->study->series[i], &cost, err));
		if (cost.n == 0) {
			note_unfinished(sheet, &sheet->study->series[i]);
			continue;
		}
		shown[n++] = i;
		put_name(sheet, n, i);
		put_cost(sheet, &cost);
		most_experts = fmax(most_experts, cost.experts);
		most_params = fmax(most_params, cost.params_total);
		most_flops = fmax(most_flops, cost.flops_all);
	}
	if (n == 0) {
		sheet->missing = "no run is finished";
		return 0;
	}
	chart_set_series(sheet, n, shown);
	chart_set_number(sheet, "most_experts", most_experts);
	chart_set_number(sheet, "most_params", most_params);
	chart_set_number(sheet, "most_flops", most_flops);
	return 0;
}

/* ---- paired differences ---------------------------------------------------------------------------------- */

struct difference {
	size_t series;
	struct estimate value;
};

static int by_mean(const void *a, const void *b)
{
	const struct difference *x = a, *y = b;
	if (x->value.mean != y->value.mean)
		return x->value.mean < y->value.mean ? -1 : 1;
	return (x->series > y->series) - (x->series < y->series);
}

/* The series that the others are compared with: the one asked for; else plain top-k, the usual one; else the first. */
static size_t find_baseline(const struct study *study, const char *name)
{
	const char *wanted = *name ? name : "top-k";
	for (size_t i = 0; i < study->n; i++)
		if (strcmp(study->series[i].label, wanted) == 0)
			return i;
	for (size_t i = 0; i < study->n; i++)
		if (strcmp(study->series[i].strategy, wanted) == 0)
			return i;
	return *name ? SIZE_MAX : 0;
}

/* Under a sweep, the baseline's series with the same swept settings where there is one. */
static size_t baseline_for(const struct study *study, size_t baseline, size_t series)
{
	const struct study_series *of = &study->series[series];
	for (size_t i = 0; i < study->n; i++) {
		const struct study_series *candidate = &study->series[i];
		bool same = strcmp(candidate->strategy, study->series[baseline].strategy) == 0;
		for (size_t k = 0; same && k < study->keys; k++)
			same = strcmp(candidate->value[k], of->value[k]) == 0;
		if (same)
			return i;
	}
	return baseline;
}

/* The differences over the seeds that both have. */
static int pair(struct chart_sheet *sheet, size_t series, size_t baseline, const char *column, struct estimate *out,
				struct error *err)
{
	const struct study_series *a = &sheet->study->series[series], *b = &sheet->study->series[baseline];
	double *of_a, *of_b, *difference = ARENA_TAKE(&sheet->arena, a->n, double);
	size_t n = 0;
	TRY(chart_totals(sheet, a, column, &of_a, err));
	TRY(chart_totals(sheet, b, column, &of_b, err));
	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n; j++)
			if (a->run[i]->seed == b->run[j]->seed)
				difference[n++] = of_a[i] - of_b[j];
	*out = estimate_of(difference, n);
	return 0;
}

static int find_differences(struct chart_sheet *sheet, size_t baseline, struct difference *found, size_t *n,
							struct error *err)
{
	const char *column;
	TRY(chart_loss_column(sheet, &column, err));
	*n = 0;
	for (size_t i = 0; i < sheet->study->n; i++) {
		size_t against = baseline_for(sheet->study, baseline, i);
		struct estimate value;
		if (against == i)
			continue;
		TRY(pair(sheet, i, against, column, &value, err));
		if (value.n < 2)
			chart_note(sheet, "%s: fewer than two seeds in common with %s", sheet->study->series[i].label,
					   sheet->study->series[against].label);
		else
			found[(*n)++] = (struct difference){ i, value };
	}
	qsort(found, *n, sizeof *found, by_mean);
	return 0;
}

static void put_differences(struct chart_sheet *sheet, const struct difference *found, size_t n)
{
	size_t *shown = ARENA_TAKE(&sheet->arena, n, size_t), low = 0, high = 0;
	double least = 0, most = 0;
	double *p = ARENA_TAKE(&sheet->arena, n, double);
	for (size_t i = 0; i < n; i++)
		p[i] = estimate_p_zero(&found[i].value);
	stats_holm(p, n);
	for (size_t i = 0; i < n; i++) {
		const struct estimate *value = &found[i].value;
		shown[i] = found[i].series;
		put_name(sheet, i + 1, found[i].series);
		csv_int(sheet->data, (int64_t)(n - i));
		csv_int(sheet->data, (int64_t)value->n);
		chart_put_estimate(sheet, value);
		chart_put(sheet, p[i]);
		csv_row(sheet->data);
		count_seeds(value, &low, &high);
		least = fmin(least, value->low);
		most = fmax(most, value->high);
	}
	chart_set_series(sheet, n, shown);
	chart_set_seeds(sheet, low, high);
	chart_set_number(sheet, "x_least", least);
	chart_set_number(sheet, "x_most", most);
	chart_set_number(sheet, "margin", sheet->choice->margin);
}

int chart_fill_differences(struct chart_sheet *sheet, struct error *err)
{
	const char *asked = sheet->choice->baseline;
	size_t baseline = find_baseline(sheet->study, asked), n;
	if (baseline == SIZE_MAX)
		return fail(err, ERROR_USER, "no run has the baseline '%s' (give the label of one of the strategies)", asked);
	struct difference *found = ARENA_TAKE(&sheet->arena, sheet->study->n, struct difference);
	TRY(find_differences(sheet, baseline, found, &n, err));
	if (n == 0) {
		sheet->missing = "it needs two strategies with two seeds in common";
		return 0;
	}
	put_differences(sheet, found, n);
	chart_set_text(sheet, "baseline",
				   sheet->study->keys ? sheet->study->series[baseline].strategy : sheet->study->series[baseline].label);
	return 0;
}

/* ---- FLOPs to a target ----------------------------------------------------------------------------------- */

/* The training FLOPs after which the run's loss was first at the target, by a straight line between evaluations; NAN
 * when it never was.  Every step costs the same. */
static int flops_to(const struct run_folder *run, const char *column, double target, double *flops, struct error *err)
{
	struct csv_table table;
	double total, before = NAN, step_before = NAN;
	*flops = NAN;
	TRY(run_folder_summary(run, "flops_total", &total, err));
	TRY(run_folder_table(run, "steps.csv", &table, err));
	int step = csv_column(&table, "step"), loss = csv_column(&table, column);
	if (table.rows && step >= 0 && loss >= 0) {
		double per_step = total / csv_number(&table, table.rows - 1, step, NULL);
		for (size_t i = 0; i < table.rows && !isfinite(*flops); i++) {
			double now = csv_number(&table, i, loss, NULL), at = csv_number(&table, i, step, NULL);
			if (now <= target)
				*flops =
					per_step *
					(isfinite(before) ? step_before + (at - step_before) * (before - target) / (before - now) : at);
			if (isfinite(now)) {
				before = now;
				step_before = at;
			}
		}
	}
	csv_table_free(&table);
	return 0;
}

/* The loss that everybody should reach: the end of one series, seed by seed where the seeds agree. */
struct target {
	const char *column;
	const struct study_series *of;
	double *end; /* [of->n] */
	double mean;
};

static double target_of(const struct target *target, const struct run_folder *run)
{
	for (size_t i = 0; i < target->of->n; i++)
		if (target->of->run[i]->seed == run->seed && isfinite(target->end[i]))
			return target->end[i];
	return target->mean;
}

/* The end of the dense baseline where there is one, else the worst end. */
static int choose_target(struct chart_sheet *sheet, struct target *target, struct error *err)
{
	*target = (struct target){ .mean = NAN };
	TRY(chart_loss_column(sheet, &target->column, err));
	for (size_t i = 0; i < sheet->study->n; i++) {
		const struct study_series *series = &sheet->study->series[i];
		double *end;
		TRY(chart_totals(sheet, series, target->column, &end, err));
		struct estimate loss = estimate_of(end, series->n);
		bool dense = strcmp(series->strategy, "dense") == 0;
		if (loss.n && (dense || !(loss.mean <= target->mean)))
			*target = (struct target){ target->column, series, end, loss.mean };
		if (loss.n && dense)
			break;
	}
	return 0;
}

static int put_target(struct chart_sheet *sheet, size_t place, const struct target *target, struct estimate *value,
					  struct error *err)
{
	const struct study_series *of = &sheet->study->series[place - 1];
	double *flops = ARENA_TAKE(&sheet->arena, of->n, double);
	for (size_t i = 0; i < of->n; i++)
		TRY(flops_to(of->run[i], target->column, target_of(target, of->run[i]), &flops[i], err));
	*value = estimate_of(flops, of->n);
	put_name(sheet, place, place - 1);
	csv_int(sheet->data, (int64_t)place);
	csv_int(sheet->data, (int64_t)of->n);
	csv_int(sheet->data, (int64_t)value->n);
	chart_put_estimate(sheet, value);
	csv_row(sheet->data);
	return 0;
}

int chart_fill_target(struct chart_sheet *sheet, struct error *err)
{
	struct target target;
	double most = 0;
	size_t *shown = ARENA_TAKE(&sheet->arena, sheet->study->n, size_t), low = 0, high = 0;
	TRY(choose_target(sheet, &target, err));
	for (size_t i = 0; target.of && i < sheet->study->n; i++) {
		struct estimate value;
		TRY(put_target(sheet, i + 1, &target, &value, err));
		shown[i] = i;
		count_seeds(&value, &low, &high);
		most = fmax(most, value.n < 3 ? value.mean : value.high);
	}
	if (high == 0 || sheet->study->n < 2) {
		sheet->missing = "it needs two finished strategies with evaluations and FLOPs";
		return 0;
	}
	chart_set_series(sheet, sheet->study->n, shown);
	chart_set_seeds(sheet, low, high);
	chart_set_number(sheet, "target", target.mean);
	chart_set_text(sheet, "target_of", target.of->label);
	chart_set_number(sheet, "paired", high > 1);
	chart_set_number(sheet, "x_most", most);
	return 0;
}
