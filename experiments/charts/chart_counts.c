/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart_counts.c -- charts of expert counts and routing traces: models side by side, layer by layer.
 */
#include <config.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "experiments/charts/chart.h"
#include "experiments/charts/labels.h"
#include "experiments/charts/ranks.h"
#include "experiments/study/analysis.h"
#include "sim/base/text.h"

enum {
	MODELS = 12,  /* rows of a grid; more would be too small to read */
	COLUMNS = 4,  /* layers of a model that a grid shows */
	DOMAINS = 64, /* rows of a matrix */
	LOOKS = 10
};

/* The order in which models take the colours of style.gp: blue, vermilion, green, orange, ... */
static const double looks[LOOKS] = { 5, 4, 6, 7, 3, 8, 9, 10, 1, 2 };

/* ---- models and their layers ----------------------------------------------------------------------------------- */

struct shown_model {
	const char *name;
	const struct analysis_layer *layer; /* [layers] */
	size_t layers;
};

static size_t find_models(const struct chart_sheet *sheet, struct shown_model *model)
{
	const struct analysis *analysis = sheet->analysis;
	size_t n = 0;
	for (size_t i = 0; i < analysis->layers; i++) {
		const struct analysis_layer *layer = &analysis->layer[i];
		if (n > 0 && strcmp(model[n - 1].name, layer->model) == 0)
			model[n - 1].layers++;
		else if (n == MODELS)
			return n;
		else
			model[n++] = (struct shown_model){ layer->model, layer, 1 };
	}
	return n;
}

/* Models of more experts than one; a router of one has nothing to choose. */
static size_t take_models(struct chart_sheet *sheet, struct shown_model *model)
{
	size_t found = find_models(sheet, model), n = 0;
	for (size_t i = 0; i < found; i++)
		if (model[i].layer->experts > 1)
			model[n++] = model[i];
		else
			chart_note(sheet, "%s: one expert, so nothing to choose", model[i].name);
	const struct analysis *analysis = sheet->analysis;
	if (found == MODELS && strcmp(analysis->layer[analysis->layers - 1].model, model[n - 1].name) != 0)
		chart_note(sheet, "only the first %d models are shown", MODELS);
	if (n == 0)
		sheet->missing = "no model has experts to choose from";
	return n;
}

static void set_models(struct chart_sheet *sheet, size_t n, const struct shown_model *model)
{
	const char *name[MODELS];
	for (size_t i = 0; i < n; i++)
		name[i] = model[i].name;
	chart_set_number(sheet, "series", (double)n);
	chart_set_labels(sheet, n, name);
	chart_set_numbers(sheet, "look", n, looks);
}

static const char *layer_text(const struct analysis_layer *layer)
{
	return text_keep_f("%" PRIu32, layer->layer);
}

/* ---- grids: a row for each model, a column for each layer; models of one layer share rows ------------------------ */

/* What the scripts must know of each panel. */
struct grid {
	size_t n, lines_put; /* panels; rows of the CSV so far */
	const struct analysis_layer *of[MODELS * COLUMNS];
	const char *layer[MODELS * COLUMNS];
	double model[MODELS * COLUMNS], row[MODELS * COLUMNS], column[MODELS * COLUMNS], first[MODELS * COLUMNS];
	double experts[MODELS * COLUMNS], lines[MODELS * COLUMNS];
};

static bool same_domains(const struct analysis_layer *a, const struct analysis_layer *b)
{
	for (size_t d = 0; a->domains == b->domains && d < a->domains; d++)
		if (strcmp(a->domain[d], b->domain[d]) != 0)
			return false;
	return a->domains == b->domains;
}

/* May the model stand beside the one before it, as both have one layer and the same domains? */
static bool stands_beside(const struct grid *grid, const struct shown_model *model)
{
	size_t last = grid->n - 1;
	return grid->n > 0 && model->layers == 1 && model[-1].layers == 1 && grid->column[last] < COLUMNS &&
		   same_domains(grid->of[last], model->layer);
}

/* Of many layers the first, the last and some between stand for all. */
static void add_model(struct chart_sheet *sheet, struct grid *grid, size_t number, const struct shown_model *model)
{
	size_t columns = model->layers < COLUMNS ? model->layers : COLUMNS;
	bool beside = stands_beside(grid, model);
	double row = grid->n ? grid->row[grid->n - 1] + !beside : 1;
	double left = beside ? grid->column[grid->n - 1] : 0;
	for (size_t c = 0; c < columns; c++, grid->n++) {
		size_t at = columns > 1 ? c * (model->layers - 1) / (columns - 1) : 0;
		grid->of[grid->n] = &model->layer[at];
		grid->layer[grid->n] = layer_text(&model->layer[at]);
		grid->model[grid->n] = (double)number + 1;
		grid->row[grid->n] = row;
		grid->column[grid->n] = left + (double)c + 1;
		grid->experts[grid->n] = (double)model->layer[at].experts;
	}
	if (model->layers > COLUMNS)
		chart_note(sheet, "%s: %d of %zu layers", model->name, COLUMNS, model->layers);
}

static size_t most_columns(const struct grid *grid)
{
	double most = 0;
	for (size_t p = 0; p < grid->n; p++)
		most = fmax(most, grid->column[p]);
	return (size_t)most;
}

static void set_grid(struct chart_sheet *sheet, const struct grid *grid)
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

static void put_place(struct chart_sheet *sheet, size_t panel, const struct analysis_layer *layer)
{
	csv_int(sheet->data, (int64_t)panel + 1);
	chart_put_text(sheet, layer->model);
	csv_int(sheet->data, layer->layer);
}

/* ---- experts: the load of each, sorted -------------------------------------------------------------------------- */

static void put_line(struct chart_sheet *sheet, struct grid *grid, size_t panel, const char *domain, size_t line,
					 const double *share)
{
	const struct analysis_layer *layer = grid->of[panel];
	struct ranked *order = ARENA_TAKE(&sheet->arena, layer->experts, struct ranked);
	ranks_by_value(share, layer->experts, order);
	for (size_t r = 0; r < layer->experts; r++, grid->lines_put++) {
		put_place(sheet, panel, layer);
		chart_put_text(sheet, domain);
		csv_int(sheet->data, (int64_t)line);
		csv_int(sheet->data, (int64_t)r + 1);
		csv_int(sheet->data, (int64_t)order[r].id);
		chart_put(sheet, order[r].value * (double)layer->experts);
		csv_row(sheet->data);
	}
}

/* The domain whose fullest expert is fullest. */
static size_t worst_domain(const struct analysis_layer *layer)
{
	size_t worst = 0;
	for (size_t d = 1; d < layer->domains; d++)
		if (layer->alone[d].maxvio > layer->alone[worst].maxvio || isnan(layer->alone[worst].maxvio))
			worst = d;
	return worst;
}

static void put_lines(struct chart_sheet *sheet, struct grid *grid, size_t panel)
{
	const struct analysis_layer *layer = grid->of[panel];
	bool alone = layer->domains > 1;
	grid->first[panel] = (double)grid->lines_put;
	grid->lines[panel] = alone ? (double)layer->domains + 1 : 1;
	for (size_t d = 0; alone && d < layer->domains; d++)
		put_line(sheet, grid, panel, layer->domain[d], d + 1, layer->share + d * layer->experts);
	put_line(sheet, grid, panel, "pooled", 0, layer->pool);
}

static void set_worst(struct chart_sheet *sheet, const struct grid *grid)
{
	const char *name[MODELS * COLUMNS];
	double load[MODELS * COLUMNS], pooled[MODELS * COLUMNS], most = 1;
	for (size_t p = 0; p < grid->n; p++) {
		const struct analysis_layer *layer = grid->of[p];
		size_t worst = worst_domain(layer);
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

int chart_fill_experts(struct chart_sheet *sheet, struct error *err)
{
	struct shown_model model[MODELS];
	struct grid *grid = ARENA_TAKE(&sheet->arena, 1, struct grid);
	size_t n = take_models(sheet, model);
	(void)err;
	for (size_t i = 0; i < n; i++)
		add_model(sheet, grid, i, &model[i]);
	for (size_t p = 0; p < grid->n; p++)
		put_lines(sheet, grid, p);
	set_models(sheet, n, model);
	set_grid(sheet, grid);
	set_worst(sheet, grid);
	return 0;
}

/* ---- matrix: domain by expert ----------------------------------------------------------------------------------- */

static void put_matrix(struct chart_sheet *sheet, struct grid *grid, size_t panel)
{
	const struct analysis_layer *layer = grid->of[panel];
	struct ranked *order = ARENA_TAKE(&sheet->arena, layer->experts, struct ranked);
	ranks_by_domain(layer->share, layer->domains, layer->experts, order);
	grid->first[panel] = (double)grid->lines_put;
	grid->lines[panel] = (double)layer->domains;
	for (size_t d = 0; d < layer->domains; d++)
		for (size_t c = 0; c < layer->experts; c++, grid->lines_put++) {
			put_place(sheet, panel, layer);
			chart_put_text(sheet, layer->domain[d]);
			csv_int(sheet->data, (int64_t)d);
			csv_int(sheet->data, (int64_t)order[c].id);
			csv_int(sheet->data, (int64_t)c);
			chart_put(sheet, layer->share[d * layer->experts + order[c].id] * (double)layer->experts);
			csv_row(sheet->data);
		}
}

/* The domains of all models one behind the other; those of a model are the same in each of its layers. */
static void set_domains(struct chart_sheet *sheet, size_t n, const struct shown_model *model)
{
	double first[MODELS], count[MODELS];
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

static void set_information(struct chart_sheet *sheet, const struct grid *grid)
{
	double nmi[MODELS * COLUMNS];
	for (size_t p = 0; p < grid->n; p++)
		nmi[p] = grid->of[p]->together.domain_nmi;
	chart_set_numbers(sheet, "nmi", grid->n, nmi);
}

static size_t keep_domains(struct chart_sheet *sheet, size_t n, struct shown_model *model)
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

int chart_fill_matrix(struct chart_sheet *sheet, struct error *err)
{
	struct shown_model model[MODELS];
	struct grid *grid = ARENA_TAKE(&sheet->arena, 1, struct grid);
	size_t n = keep_domains(sheet, take_models(sheet, model), model);
	(void)err;
	for (size_t i = 0; i < n; i++)
		add_model(sheet, grid, i, &model[i]);
	for (size_t p = 0; p < grid->n; p++)
		put_matrix(sheet, grid, p);
	set_models(sheet, n, model);
	set_grid(sheet, grid);
	set_domains(sheet, n, model);
	set_information(sheet, grid);
	return 0;
}

/* ---- depth: bars of every layer -----------------------------------------------------------------------------------
 */

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
	chart_put(sheet, layer->domains > 1 ? layer->alone[worst_domain(layer)].maxvio : NAN);
	chart_put(sheet, m->effective_experts / (double)layer->experts);
	chart_put(sheet, m->domain_mi);
	chart_put(sheet, m->domain_nmi);
	chart_put(sheet, m->domain_mi_floor);
	csv_row(sheet->data);
}

/* The greatest value of a metric over everything shown; 0 when it was nowhere measured. */
enum greatest { POOLED, ALONE, NMI };
static double greatest(size_t n, const struct shown_model *model, enum greatest what)
{
	double most = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t l = 0; l < model[i].layers; l++) {
			const struct analysis_layer *layer = &model[i].layer[l];
			double value = what == POOLED  ? layer->together.maxvio
						   : what == ALONE ? layer->alone[worst_domain(layer)].maxvio
										   : layer->together.domain_nmi;
			most = value > most ? value : most;
		}
	return most;
}

/* Bars stand from 1 up, with a gap of one between two models. */
static void set_places(struct chart_sheet *sheet, size_t n, const struct shown_model *model)
{
	double begin[MODELS], count[MODELS], at = 1, domains = 0;
	for (size_t i = 0; i < n; i++) {
		begin[i] = at;
		count[i] = (double)model[i].layers;
		at += count[i] + 1;
		domains += model[i].layer->domains > 1;
	}
	const char **name = ARENA_TAKE(&sheet->arena, (size_t)at, const char *);
	for (size_t i = 0, place = 0; i < n; i++) {
		for (size_t l = 0; l < model[i].layers; l++)
			name[place++] = layer_text(&model[i].layer[l]);
		name[place++] = "";
	}
	chart_set_texts(sheet, "layer_name", (size_t)at - 1, name);
	chart_set_numbers(sheet, "begin", n, begin);
	chart_set_numbers(sheet, "layers", n, count);
	chart_set_number(sheet, "places", at - 2);
	chart_set_number(sheet, "with_domains", domains);
	chart_set_number(sheet, "most_pooled", greatest(n, model, POOLED));
	chart_set_number(sheet, "most_alone", greatest(n, model, ALONE));
	chart_set_number(sheet, "most_nmi", greatest(n, model, NMI));
}

int chart_fill_depth(struct chart_sheet *sheet, struct error *err)
{
	struct shown_model model[MODELS];
	size_t n = take_models(sheet, model), place = 1;
	(void)err;
	for (size_t i = 0; i < n; i++, place++)
		for (size_t l = 0; l < model[i].layers; l++)
			put_layer(sheet, i, place++, &model[i].layer[l]);
	set_models(sheet, n, model);
	set_places(sheet, n, model);
	return 0;
}

/* ---- versus: MaxVio against NMI --------------------------------------------------------------------------------- */

/* A panel in pixels, and the greatest values on its axes.  MaxVio stands on a scale that is straight near 0 and
 * logarithmic beyond 0.1. */
struct panel {
	double wide, high, right, top;
};

static double x_pixel(const struct panel *panel, double maxvio)
{
	return panel->wide * asinh(maxvio / 0.1) / asinh(panel->right / 0.1);
}

static double x_value(const struct panel *panel, double pixel)
{
	return 0.1 * sinh(pixel / panel->wide * asinh(panel->right / 0.1));
}

static double maxvio_of(const struct analysis_layer *layer, bool alone)
{
	return alone ? layer->alone[worst_domain(layer)].maxvio : layer->together.maxvio;
}

/* Of many layers only the first and the last are told by their number. */
static bool is_told(size_t l, size_t layers)
{
	return layers < 7 || l == 0 || l + 1 == layers;
}

/* A number that found no place near its mark would say nothing. */
static bool is_near(const struct label *label)
{
	enum { NEAR = 36 };
	return label->wide > 0 && hypot(label->edge_x - label->x, label->edge_y - label->y) < NEAR;
}

static void put_mark(struct chart_sheet *sheet, size_t series, bool alone, const struct analysis_layer *layer,
					 const struct panel *panel, const struct label *label)
{
	csv_int(sheet->data, (int64_t)series + 1);
	chart_put_text(sheet, layer->model);
	csv_int(sheet->data, layer->layer);
	csv_int(sheet->data, alone ? 2 : 1);
	chart_put(sheet, maxvio_of(layer, alone));
	chart_put(sheet, layer->together.domain_nmi);
	chart_put_text(sheet, is_near(label) ? layer_text(layer) : "");
	chart_put(sheet, x_value(panel, label->begin_x));
	chart_put(sheet, label->at_y / panel->high * panel->top);
	csv_int(sheet->data, label->side);
	csv_row(sheet->data);
}

static size_t count_layers(size_t n, const struct shown_model *model)
{
	size_t layers = 0;
	for (size_t i = 0; i < n; i++)
		layers += model[i].layers;
	return layers;
}

static void put_panel(struct chart_sheet *sheet, size_t n, const struct shown_model *model, bool alone,
					  const struct panel *panel)
{
	size_t layers = count_layers(n, model), at = 0;
	struct label *label = ARENA_TAKE(&sheet->arena, layers, struct label);
	for (size_t i = 0; i < n; i++)
		for (size_t l = 0; l < model[i].layers; l++)
			label[at++] = (struct label){
				.x = x_pixel(panel, maxvio_of(&model[i].layer[l], alone)),
				.y = panel->high * model[i].layer[l].together.domain_nmi / panel->top,
				.wide = is_told(l, model[i].layers) ? labels_width(layer_text(&model[i].layer[l])) : 0,
				.high = LABEL_HIGH,
			};
	labels_place(label, layers, panel->wide, panel->high);
	at = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t l = 0; l < model[i].layers; l++)
			put_mark(sheet, i, alone, &model[i].layer[l], panel, &label[at++]);
}

int chart_fill_versus(struct chart_sheet *sheet, struct error *err)
{
	struct shown_model model[MODELS];
	struct panel panel = { .wide = 340, .high = 300 };
	size_t n = keep_domains(sheet, take_models(sheet, model), model);
	double right[2], nmi = greatest(n, model, NMI);
	(void)err;
	panel.top = nmi > 0 ? 1.15 * nmi : 1;
	for (int alone = 0; alone < 2; alone++) {
		panel.right = right[alone] = 1.5 * fmax(greatest(n, model, alone ? ALONE : POOLED), 0.3);
		put_panel(sheet, n, model, alone, &panel);
	}
	set_models(sheet, n, model);
	chart_set_number(sheet, "wide", panel.wide);
	chart_set_number(sheet, "high", panel.high);
	chart_set_number(sheet, "top", panel.top);
	chart_set_numbers(sheet, "right", 2, right);
	return 0;
}
