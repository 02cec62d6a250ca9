/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_experts.c -- the load of every expert, sorted.
 */
#include <config.h>

#include <math.h>

#include "experiments/charts/counts.h"
#include "experiments/charts/ranks.h"

static void put_line(struct chart_sheet *sheet, struct counts_grid *grid, size_t panel, const char *domain, size_t line,
					 const double *share)
{
	const struct analysis_layer *layer = grid->of[panel];
	struct ranked *order = ARENA_TAKE(&sheet->arena, layer->experts, struct ranked);
	ranks_by_value(share, layer->experts, order);
	for (size_t r = 0; r < layer->experts; r++, grid->lines_put++) {
		counts_put_layer(sheet, panel, layer);
		chart_put_text(sheet, domain);
		csv_int(sheet->data, (int64_t)line);
		csv_int(sheet->data, (int64_t)r + 1);
		csv_int(sheet->data, (int64_t)order[r].id);
		chart_put(sheet, order[r].value * (double)layer->experts);
		csv_row(sheet->data);
	}
}

static void put_lines(struct chart_sheet *sheet, struct counts_grid *grid, size_t panel)
{
	const struct analysis_layer *layer = grid->of[panel];
	bool alone = layer->domains > 1;
	grid->first[panel] = (double)grid->lines_put;
	grid->lines[panel] = alone ? (double)layer->domains + 1 : 1;
	for (size_t d = 0; alone && d < layer->domains; d++)
		put_line(sheet, grid, panel, layer->domain[d], d + 1, layer->share + d * layer->experts);
	put_line(sheet, grid, panel, "pooled", 0, layer->pool);
}

static void set_worst(struct chart_sheet *sheet, const struct counts_grid *grid)
{
	const char *name[COUNTS_MODELS * COUNTS_COLUMNS];
	double load[COUNTS_MODELS * COUNTS_COLUMNS], pooled[COUNTS_MODELS * COUNTS_COLUMNS], most = 1;
	for (size_t p = 0; p < grid->n; p++) {
		const struct analysis_layer *layer = grid->of[p];
		size_t worst = counts_worst_domain(layer);
		name[p] = layer->domain[worst];
		load[p] = layer->alone[worst].max_load;
		pooled[p] = layer->together.max_load;
		most = fmax(most, fmax(load[p], pooled[p]));
	}
	chart_set_texts(sheet, "worst", grid->n, name);
	chart_set_numbers(sheet, "worst_load", grid->n, load);
	chart_set_numbers(sheet, "pooled_load", grid->n, pooled);
	chart_set_number(sheet, "most", most);
}

int fill_experts(struct chart_sheet *sheet, struct error *err)
{
	struct counted_model model[COUNTS_MODELS];
	struct counts_grid *grid = ARENA_TAKE(&sheet->arena, 1, struct counts_grid);
	size_t n = counts_models(sheet, model);
	(void)err;
	for (size_t i = 0; i < n; i++)
		counts_add_model(sheet, grid, i, &model[i]);
	for (size_t p = 0; p < grid->n; p++)
		put_lines(sheet, grid, p);
	counts_set_models(sheet, n, model);
	counts_set_grid(sheet, grid);
	set_worst(sheet, grid);
	return 0;
}
