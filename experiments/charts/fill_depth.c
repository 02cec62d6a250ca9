/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_depth.c -- balance and specialization, layer by layer.
 */
#include <config.h>

#include <math.h>

#include "experiments/charts/counts.h"

/* Of the ranks of expert parallelism; NAN where there are none. */
static double imbalance_of(struct chart_sheet *sheet, const struct analysis_layer *layer)
{
	size_t ranks = sheet->analysis->ranks;
	return ranks > 0 ? analysis_ranks(layer, ranks, ARENA_TAKE(&sheet->arena, ranks, double)) : (double)NAN;
}

static void put_layer(struct chart_sheet *sheet, size_t number, size_t place, const struct analysis_layer *layer)
{
	const struct metrics *m = &layer->together;
	csv_int(sheet->data, (int64_t)number + 1);
	chart_put_text(sheet, layer->model);
	csv_int(sheet->data, layer->layer);
	csv_int(sheet->data, (int64_t)place);
	csv_int(sheet->data, (int64_t)layer->experts);
	chart_put(sheet, m->maxvio);
	chart_put(sheet, m->maxvio_floor);
	chart_put(sheet, layer->domains > 1 ? layer->alone[counts_worst_domain(layer)].maxvio : NAN);
	chart_put(sheet, m->effective_experts / (double)layer->experts);
	chart_put(sheet, m->domain_mi);
	chart_put(sheet, m->domain_nmi);
	chart_put(sheet, m->domain_mi_floor);
	chart_put(sheet, imbalance_of(sheet, layer));
	csv_row(sheet->data);
}

/* Bars stand from 1 up, with a gap of one between two models. */
static void set_places(struct chart_sheet *sheet, size_t n, const struct counted_model *model)
{
	double begin[COUNTS_MODELS], count[COUNTS_MODELS], at = 1, domains = 0;
	for (size_t i = 0; i < n; i++) {
		begin[i] = at;
		count[i] = (double)model[i].layers;
		at += count[i] + 1;
		domains += model[i].layer->domains > 1;
	}
	const char **name = ARENA_TAKE(&sheet->arena, (size_t)at, const char *);
	for (size_t i = 0, place = 0; i < n; i++) {
		for (size_t l = 0; l < model[i].layers; l++)
			name[place++] = counts_layer(&model[i].layer[l]);
		name[place++] = "";
	}
	chart_set_texts(sheet, "layer_name", (size_t)at - 1, name);
	chart_set_numbers(sheet, "begin", n, begin);
	chart_set_numbers(sheet, "layers", n, count);
	chart_set_number(sheet, "places", at - 2);
	chart_set_number(sheet, "with_domains", domains);
	chart_set_number(sheet, "ranks", (double)sheet->analysis->ranks);
	chart_set_number(sheet, "most_pooled", counts_greatest(n, model, COUNTS_POOLED));
	chart_set_number(sheet, "most_alone", counts_greatest(n, model, COUNTS_ALONE));
	chart_set_number(sheet, "most_nmi", counts_greatest(n, model, COUNTS_NMI));
}

int fill_depth(struct chart_sheet *sheet, struct error *err)
{
	struct counted_model model[COUNTS_MODELS];
	size_t n = counts_models(sheet, model), place = 1;
	(void)err;
	for (size_t i = 0; i < n; i++, place++)
		for (size_t l = 0; l < model[i].layers; l++)
			put_layer(sheet, i, place++, &model[i].layer[l]);
	counts_set_models(sheet, n, model);
	set_places(sheet, n, model);
	return 0;
}
