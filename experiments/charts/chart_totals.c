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
#include "experiments/study/contest.h"
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

void chart_count_seeds(const struct estimate *value, size_t *low, size_t *high)
{
	if (value->n == 0)
		return;
	*low = *high == 0 || value->n < *low ? value->n : *low;
	*high = value->n > *high ? value->n : *high;
}

void chart_put_name(struct chart_sheet *sheet, size_t place, size_t series)
{
	csv_int(sheet->data, (int64_t)place);
	chart_put_text(sheet, sheet->study->series[series].label);
}

/* A strategy that chooses with later tokens in view has a loss that no causal model can have; the label says so. */
static const char *honest(const struct study_series *series, const char *label)
{
	for (size_t i = 0; i < series->n; i++)
		if (series->run[i]->sees_future)
			return text_keep_f("%s †", label);
	return label;
}

void chart_split_streams(struct chart_sheet *sheet, struct chart_streams *streams)
{
	struct contest *contest;
	size_t n = sheet->study->n;
	*streams = (struct chart_streams){ .n = contests_split(sheet->study, &sheet->arena, &contest) };
	streams->title = ARENA_TAKE(&sheet->arena, n, const char *);
	streams->of = ARENA_TAKE(&sheet->arena, n, size_t);
	streams->label = ARENA_TAKE(&sheet->arena, n, const char *);
	for (size_t i = 0; i < streams->n; i++) {
		streams->title[i] = contest[i].title;
		for (size_t s = 0; s < contest[i].study.n; s++) {
			const struct study_series *series = &contest[i].study.series[s];
			streams->of[contest[i].from[s]] = i;
			streams->label[contest[i].from[s]] = honest(series, series->label);
		}
	}
}

void chart_note_unfinished(struct chart_sheet *sheet, const struct study_series *series)
{
	for (size_t i = 0; i < series->n; i++) {
		if (strcmp(series->run[i]->status, "diverged") == 0)
			chart_note(sheet, "%s: it diverged", series->run[i]->name);
		else if (!series->run[i]->summed_up)
			chart_note(sheet, "%s: it is not finished", series->run[i]->name);
	}
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
			chart_note_unfinished(sheet, &sheet->study->series[i]);
			continue;
		}
		shown[n++] = i;
		chart_put_name(sheet, n, i);
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
	chart_put_name(sheet, place, place - 1);
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
		chart_count_seeds(&value, &low, &high);
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
