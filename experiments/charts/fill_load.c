/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_load.c -- the load of every expert while a model trains, as heat maps.
 */
#include <config.h>

#include <math.h>

#include "experiments/charts/ids.h"
#include "experiments/charts/panels.h"
#include "experiments/charts/ranks.h"

enum { LOAD_BINS = 64 }; /* columns of a heat map */

/* experts.csv by number: assigned[layer][step][expert]. */
struct loads {
	struct ids layers, steps, experts;
	double *assigned;
	double *step; /* [steps] */
};

static double *load_at(const struct loads *l, size_t layer, size_t step, size_t expert)
{
	return &l->assigned[(layer * l->steps.n + step) * l->experts.n + expert];
}

/* The number of each row's layer, step and expert; the file's own mistakes are the user's error. */
static int number_rows(const struct csv_table *table, struct loads *l, const int *column, size_t (*id)[3],
					   struct error *err)
{
	for (size_t i = 0; i < table->rows; i++) {
		id[i][0] = ids_of(&l->layers, csv_cell(table, i, column[0]));
		id[i][1] = ids_of(&l->steps, csv_cell(table, i, column[1]));
		id[i][2] = ids_of(&l->experts, csv_cell(table, i, column[2]));
		if (id[i][0] == SIZE_MAX || id[i][1] == SIZE_MAX || id[i][2] == SIZE_MAX) {
			fail(err, ERROR_USER, "more than %d different layers, steps or experts", IDS_LIMIT);
			return fail_at(err, table->path, table->line[i], 0);
		}
	}
	return 0;
}

static int take_loads(struct arena *arena, const struct csv_table *table, struct loads *l, struct error *err)
{
	int column[3], assigned;
	static const char *const name[] = { "layer", "step", "expert" };
	for (int i = 0; i < 3; i++)
		TRY(run_folder_column(table, name[i], &column[i], err));
	TRY(run_folder_column(table, "assigned", &assigned, err));
	size_t(*id)[3] = arena_take(arena, table->rows, sizeof *id);
	TRY(number_rows(table, l, column, id, err));
	l->assigned = arena_take(arena, l->layers.n * l->steps.n, l->experts.n * sizeof(double));
	l->step = ARENA_TAKE(arena, l->steps.n, double);
	for (size_t i = 0; i < table->rows; i++) {
		double tokens = csv_number(table, i, assigned, NULL);
		if (isfinite(tokens))
			*load_at(l, id[i][0], id[i][1], id[i][2]) = tokens;
		l->step[id[i][1]] = csv_number(table, i, column[1], NULL);
	}
	return 0;
}

static int read_loads(struct arena *arena, const struct run_folder *run, struct loads *l, struct error *err)
{
	struct csv_table table;
	TRY(run_folder_table(run, "experts.csv", &table, err));
	ids_start(&l->layers, arena, &table);
	ids_start(&l->steps, arena, &table);
	ids_start(&l->experts, arena, &table);
	int failed = table.rows ? take_loads(arena, &table, l, err) : 0;
	csv_table_free(&table);
	return failed;
}

/* The layer's load in each bin, in units of the fair share: load[bin][expert]. */
static void bin_loads(const struct loads *l, size_t layer, size_t bins, double *load)
{
	for (size_t b = 0; b < bins; b++) {
		double *row = &load[b * l->experts.n], sum = 0;
		size_t from = b * l->steps.n / bins, to = (b + 1) * l->steps.n / bins;
		for (size_t s = from < to ? from : 0; s < (from < to ? to : 1); s++)
			for (size_t e = 0; e < l->experts.n; e++)
				row[e] += *load_at(l, layer, s, e);
		for (size_t e = 0; e < l->experts.n; e++)
			sum += row[e];
		for (size_t e = 0; e < l->experts.n; e++)
			row[e] = sum > 0 ? row[e] * (double)l->experts.n / sum : 0;
	}
}

/* Experts by their load in the last eighth of training, the fullest first. */
static void rank_experts(const double *load, size_t bins, size_t experts, struct ranked *order)
{
	for (size_t e = 0; e < experts; e++) {
		order[e] = (struct ranked){ .value = 0, .id = e };
		for (size_t b = bins - (bins + 7) / 8; b < bins; b++)
			order[e].value += load[b * experts + e];
	}
	ranks_sort(order, experts);
}

static void put_load_row(struct chart_sheet *sheet, const struct panels *panels, const char *label, const char *expert,
						 size_t rank, size_t bin, double tokens, double load)
{
	csv_int(sheet->data, (int64_t)panels->n);
	chart_put_text(sheet, label);
	chart_put_text(sheet, panels->layer[panels->n - 1]);
	csv_int(sheet->data, (int64_t)rank);
	chart_put_text(sheet, expert);
	csv_int(sheet->data, (int64_t)bin);
	chart_put(sheet, tokens);
	chart_put(sheet, load);
	csv_row(sheet->data);
}

static void put_load_panel(struct chart_sheet *sheet, struct panels *panels, const struct study_series *series,
						   const struct loads *l, size_t layer)
{
	/* gnuplot draws no image of one column */
	size_t experts = l->experts.n, bins = l->steps.n < 2 ? 2 : l->steps.n < LOAD_BINS ? l->steps.n : LOAD_BINS;
	double *load = arena_take(&sheet->arena, bins, experts * sizeof *load);
	struct ranked *order = ARENA_TAKE(&sheet->arena, experts, struct ranked);
	if (!panels_open(panels, series->label, l->layers.name[layer], bins, experts))
		return;
	bin_loads(l, layer, bins, load);
	rank_experts(load, bins, experts, order);
	double end =
		l->step[l->steps.n - 1] * (isfinite(series->run[0]->tokens_per_step) ? series->run[0]->tokens_per_step : 1);
	panels->scale[panels->n - 1] = end / (double)bins;
	for (size_t r = 0; r < experts; r++)
		for (size_t b = 0; b < bins; b++) {
			double value = load[b * experts + order[r].id];
			panels->most = fmax(panels->most, value);
			put_load_row(sheet, panels, series->label, l->experts.name[order[r].id], r, b,
						 end * ((double)b + 0.5) / (double)bins, value);
		}
}

static int put_load_series(struct chart_sheet *sheet, struct panels *panels, const struct study_series *series,
						   struct error *err)
{
	struct loads l = { .assigned = NULL };
	TRY(read_loads(&sheet->arena, series->run[0], &l, err));
	if (l.experts.n < 2) {
		chart_note(sheet, "%s: no experts to choose from", series->label);
		return 0;
	}
	panels->layers = panels->layers > l.layers.n ? panels->layers : l.layers.n;
	for (size_t i = panels_first_layer(sheet, l.layers.n); i < l.layers.n; i++)
		put_load_panel(sheet, panels, series, &l, i);
	return 0;
}

int fill_load(struct chart_sheet *sheet, struct error *err)
{
	struct panels *panels = panels_new(sheet);
	size_t *shown = ARENA_TAKE(&sheet->arena, sheet->study->n, size_t), n = panels_choose_series(sheet, shown);
	double most = 0;
	bool known = true;
	for (size_t i = 0; i < n; i++)
		TRY(put_load_series(sheet, panels, &sheet->study->series[shown[i]], err));
	if (panels->n == 0) {
		sheet->missing = "no run has experts to choose from";
		return 0;
	}
	for (size_t p = 0; p < panels->n; p++)
		most = fmax(most, panels->scale[p] * panels->width[p]);
	for (size_t i = 0; i < sheet->study->n; i++)
		known &= isfinite(sheet->study->series[i].run[0]->tokens_per_step) != 0;
	panels_put(sheet, panels);
	chart_set_tokens(sheet, most, known);
	return 0;
}
