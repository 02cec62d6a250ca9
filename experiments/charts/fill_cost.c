/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_cost.c -- what a strategy uses of what it has.
 */
#include <config.h>

#include <math.h>

#include "experiments/charts/chart_series.h"
#include "experiments/charts/chart_totals.h"

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

int fill_cost(struct chart_sheet *sheet, struct error *err)
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
