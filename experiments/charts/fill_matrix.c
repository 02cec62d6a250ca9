/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_matrix.c -- domain by expert, in models side by side.
 */
#include <config.h>

#include "experiments/charts/counts.h"
#include "experiments/charts/ranks.h"

static void put_matrix(struct chart_sheet *sheet, struct counts_grid *grid, size_t panel)
{
	const struct analysis_layer *layer = grid->of[panel];
	struct ranked *order = ARENA_TAKE(&sheet->arena, layer->experts, struct ranked);
	ranks_by_domain(layer->share, layer->domains, layer->experts, order);
	grid->first[panel] = (double)grid->lines_put;
	grid->lines[panel] = (double)layer->domains;
	for (size_t d = 0; d < layer->domains; d++)
		for (size_t c = 0; c < layer->experts; c++, grid->lines_put++) {
			counts_put_layer(sheet, panel, layer);
			chart_put_text(sheet, layer->domain[d]);
			csv_int(sheet->data, (int64_t)d);
			csv_int(sheet->data, (int64_t)order[c].id);
			csv_int(sheet->data, (int64_t)c);
			chart_put(sheet, layer->share[d * layer->experts + order[c].id] * (double)layer->experts);
			csv_row(sheet->data);
		}
}

/* The domains of all models one behind the other; those of a model are the same in each of its layers. */
static void set_domains(struct chart_sheet *sheet, size_t n, const struct counted_model *model)
{
	double first[COUNTS_MODELS], count[COUNTS_MODELS];
	size_t total = 0;
	for (size_t i = 0; i < n; i++) {
		first[i] = (double)total;
		count[i] = (double)model[i].layer->domains;
		total += model[i].layer->domains;
	}
	const char **name = ARENA_TAKE(&sheet->arena, total, const char *);
	for (size_t i = 0, at = 0; i < n; i++)
		for (size_t d = 0; d < model[i].layer->domains; d++)
			name[at++] = model[i].layer->domain[d];
	chart_set_texts(sheet, "domain", total, name);
	chart_set_numbers(sheet, "first_domain", n, first);
	chart_set_numbers(sheet, "domains", n, count);
}

static void set_information(struct chart_sheet *sheet, const struct counts_grid *grid)
{
	double nmi[COUNTS_MODELS * COUNTS_COLUMNS];
	for (size_t p = 0; p < grid->n; p++)
		nmi[p] = grid->of[p]->together.domain_nmi;
	chart_set_numbers(sheet, "nmi", grid->n, nmi);
}

int fill_matrix(struct chart_sheet *sheet, struct error *err)
{
	struct counted_model model[COUNTS_MODELS];
	struct counts_grid *grid = ARENA_TAKE(&sheet->arena, 1, struct counts_grid);
	size_t n = counts_with_domains(sheet, counts_models(sheet, model), model);
	(void)err;
	for (size_t i = 0; i < n; i++)
		counts_add_model(sheet, grid, i, &model[i]);
	for (size_t p = 0; p < grid->n; p++)
		put_matrix(sheet, grid, p);
	counts_set_models(sheet, n, model);
	counts_set_grid(sheet, grid);
	set_domains(sheet, n, model);
	set_information(sheet, grid);
	return 0;
}
