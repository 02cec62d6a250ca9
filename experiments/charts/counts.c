/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * counts.c -- what the charts of expert counts and routing traces share.
 */
#include <config.h>

#include "experiments/charts/counts.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "sim/base/text.h"

enum { DOMAINS = 64 }; /* rows of a matrix; more would be too small to read */

enum { LOOKS = 10 };

/* The order in which models take the colours of style.gp: blue, vermilion, green, orange, ... */
static const double looks[LOOKS] = { 5, 4, 6, 7, 3, 8, 9, 10, 1, 2 };

static size_t find_models(const struct chart_sheet *sheet, struct counted_model *model)
{
	const struct analysis *analysis = sheet->analysis;
	size_t n = 0;
	for (size_t i = 0; i < analysis->layers; i++) {
		const struct analysis_layer *layer = &analysis->layer[i];
		if (n > 0 && strcmp(model[n - 1].name, layer->model) == 0)
			model[n - 1].layers++;
		else if (n == COUNTS_MODELS)
			return n;
		else
			model[n++] = (struct counted_model){ layer->model, layer, 1 };
	}
	return n;
}

size_t counts_models(struct chart_sheet *sheet, struct counted_model *model)
{
	size_t found = find_models(sheet, model), n = 0;
	const char *last = found > 0 ? model[found - 1].name : "";
	for (size_t i = 0; i < found; i++)
		if (model[i].layer->experts > 1)
			model[n++] = model[i];
		else
			chart_note(sheet, "%s: one expert, so nothing to choose", model[i].name);
	const struct analysis *analysis = sheet->analysis;
	if (found == COUNTS_MODELS && strcmp(analysis->layer[analysis->layers - 1].model, last) != 0)
		chart_note(sheet, "only the first %d models are shown", COUNTS_MODELS);
	if (n == 0)
		sheet->missing = "no model has experts to choose from";
	return n;
}

void counts_set_models(struct chart_sheet *sheet, size_t n, const struct counted_model *model)
{
	const char *name[COUNTS_MODELS];
	double look[COUNTS_MODELS];
	for (size_t i = 0; i < n; i++) {
		name[i] = model[i].name;
		look[i] = looks[i % LOOKS] + (double)(LOOKS * (i / LOOKS)); /* the same colors in another variant */
	}
	chart_set_number(sheet, "series", (double)n);
	chart_set_labels(sheet, n, name);
	chart_set_numbers(sheet, "look", n, look);
}

const char *counts_layer(const struct analysis_layer *layer)
{
	return text_keep_f("%" PRIu32, layer->layer);
}

static bool same_domains(const struct analysis_layer *a, const struct analysis_layer *b)
{
	for (size_t d = 0; a->domains == b->domains && d < a->domains; d++)
		if (strcmp(a->domain[d], b->domain[d]) != 0)
			return false;
	return a->domains == b->domains;
}

/* May the model stand beside the one before it, as both have one layer and the same domains? */
static bool stands_beside(const struct counts_grid *grid, const struct counted_model *model)
{
	size_t last = grid->n - 1;
	return grid->n > 0 && model->layers == 1 && model[-1].layers == 1 && grid->column[last] < COUNTS_COLUMNS &&
		   same_domains(grid->of[last], model->layer);
}

void counts_add_model(struct chart_sheet *sheet, struct counts_grid *grid, size_t number,
					  const struct counted_model *model)
{
	size_t columns = model->layers < COUNTS_COLUMNS ? model->layers : COUNTS_COLUMNS;
	bool beside = stands_beside(grid, model);
	double row = grid->n ? grid->row[grid->n - 1] + !beside : 1;
	double left = beside ? grid->column[grid->n - 1] : 0;
	for (size_t c = 0; c < columns; c++, grid->n++) {
		size_t at = columns > 1 ? c * (model->layers - 1) / (columns - 1) : 0;
		grid->of[grid->n] = &model->layer[at];
		grid->layer[grid->n] = counts_layer(&model->layer[at]);
		grid->model[grid->n] = (double)number + 1;
		grid->row[grid->n] = row;
		grid->column[grid->n] = left + (double)c + 1;
		grid->experts[grid->n] = (double)model->layer[at].experts;
	}
	if (model->layers > COUNTS_COLUMNS)
		chart_note(sheet, "%s: %d of %zu layers", model->name, COUNTS_COLUMNS, model->layers);
}

static size_t most_columns(const struct counts_grid *grid)
{
	double most = 0;
	for (size_t p = 0; p < grid->n; p++)
		most = fmax(most, grid->column[p]);
	return (size_t)most;
}

void counts_set_grid(struct chart_sheet *sheet, const struct counts_grid *grid)
{
	chart_set_number(sheet, "panels", (double)grid->n);
	chart_set_number(sheet, "across", (double)most_columns(grid));
	chart_set_texts(sheet, "layer", grid->n, grid->layer);
	chart_set_numbers(sheet, "model_of", grid->n, grid->model);
	chart_set_number(sheet, "rows", grid->n ? grid->row[grid->n - 1] : 0);
	chart_set_numbers(sheet, "row_of", grid->n, grid->row);
	chart_set_numbers(sheet, "column_of", grid->n, grid->column);
	chart_set_numbers(sheet, "experts", grid->n, grid->experts);
	chart_set_numbers(sheet, "first", grid->n, grid->first);
	chart_set_numbers(sheet, "lines", grid->n, grid->lines);
}

void counts_put_layer(struct chart_sheet *sheet, size_t panel, const struct analysis_layer *layer)
{
	csv_int(sheet->data, (int64_t)panel + 1);
	chart_put_text(sheet, layer->model);
	csv_int(sheet->data, layer->layer);
}

size_t counts_worst_domain(const struct analysis_layer *layer)
{
	size_t worst = 0;
	for (size_t d = 1; d < layer->domains; d++)
		if (layer->alone[d].maxvio > layer->alone[worst].maxvio || isnan(layer->alone[worst].maxvio))
			worst = d;
	return worst;
}

size_t counts_with_domains(struct chart_sheet *sheet, size_t n, struct counted_model *model)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++)
		if (model[i].layer->domains < 2)
			chart_note(sheet, "%s: no tokens of several domains", model[i].name);
		else if (model[i].layer->domains > DOMAINS)
			chart_note(sheet, "%s: %zu domains are more than can be shown", model[i].name, model[i].layer->domains);
		else
			model[kept++] = model[i];
	if (kept == 0 && !sheet->missing)
		sheet->missing = "no model has tokens of several domains";
	return kept;
}

double counts_greatest(size_t n, const struct counted_model *model, enum counts_measure what)
{
	double most = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t l = 0; l < model[i].layers; l++) {
			const struct analysis_layer *layer = &model[i].layer[l];
			double value = what == COUNTS_POOLED  ? layer->together.maxvio
						   : what == COUNTS_ALONE ? layer->alone[counts_worst_domain(layer)].maxvio
												  : layer->together.domain_nmi;
			most = value > most ? value : most;
		}
	return most;
}
