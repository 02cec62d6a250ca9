/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer_spread.c -- the values that each layer of an analysis has, and how they spread across the layers.
 */
#include <config.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "experiments/cli/layer_spread.h"
#include "experiments/host/table.h"
#include "experiments/study/spread.h"
#include "sim/base/text.h"

const char *layer_value_name(size_t which)
{
	return which < METRIC_COUNT ? metric_rows[which].name : "ep_imbalance";
}

void layer_values(const struct analysis_layer *layer, size_t n, size_t which, size_t ranks, double *scratch,
				  double *value)
{
	for (size_t i = 0; i < n; i++)
		if (which < METRIC_COUNT)
			value[i] = metric_value(&metric_rows[which], &layer[i].together);
		else
			value[i] = ranks > 0 ? analysis_ranks(&layer[i], ranks, scratch) : (double)NAN;
}

static const char *worst_layers(const struct analysis_layer *layer, const struct spread *spread)
{
	const char *worst = "";
	for (size_t w = 0; w < SPREAD_WORST && w < spread->n; w++)
		worst = text_keep_f("%s%s%" PRIu32, worst, *worst ? " " : "", layer[spread->worst[w]].layer);
	return worst;
}

/* What is worse the greater it is. */
static void add_model(struct table *table, const struct analysis_layer *layer, size_t n, size_t ranks, double *scratch,
					  double *value)
{
	static const size_t shown[] = { METRIC_maxvio, METRIC_cv, METRIC_dead_experts, METRIC_COUNT };
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
		layer_values(layer, n, shown[i], ranks, scratch, value);
		struct spread spread = spread_of(value, n);
		if (spread.n == 0)
			continue;
		table_cell(table, "%s", layer->model);
		table_cell(table, "%s", layer_value_name(shown[i]));
		for (size_t p = 0; p < SPREAD_POINTS; p++)
			table_number(table, spread.point[p], 3);
		table_cell(table, "%s", worst_layers(layer, &spread));
	}
}

void layer_spread_print(const struct analysis *analysis)
{
	static const char *const header[] = { "<model", "<metric", "min", "p50",           "p75",
										  "p90",    "p95",     "max", "<worst layers", NULL };
	struct arena arena = { 0 };
	double *scratch = ARENA_TAKE(&arena, analysis->ranks, double);
	double *value = ARENA_TAKE(&arena, analysis->layers, double);
	struct table table;
	table_begin(&table, header);
	for (size_t at = 0, n; at < analysis->layers; at += n) {
		n = analysis_model_layers(analysis, at);
		if (n > 1)
			add_model(&table, &analysis->layer[at], n, analysis->ranks, scratch, value);
	}
	if (table.cells > 0) {
		printf("\nacross layers:\n");
		table_end(&table, stdout);
	} else {
		table_free(&table);
	}
	arena_free(&arena);
}
