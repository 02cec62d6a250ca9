/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer_curves.c -- charts of curves with one panel per layer.
 */
#include <config.h>

#include "experiments/charts/layer_curves.h"

#include <string.h>

#include "sim/base/text.h"

enum { LAYERS_SHOWN = 3 }; /* side by side */

struct layer_list {
	size_t n;
	const char **name;
	bool evaluated; /* some row has the scope "eval" */
};

static void add_layer(struct chart_sheet *sheet, struct layer_list *layers, const char *name)
{
	for (size_t i = 0; i < layers->n; i++)
		if (strcmp(layers->name[i], name) == 0)
			return;
	if ((layers->n & (layers->n - 1)) == 0) { /* room doubles; the outgrown copy stays in the arena */
		const char **room = ARENA_TAKE(&sheet->arena, layers->n ? 2 * layers->n : 1, const char *);
		if (layers->n)
			memcpy(room, layers->name, layers->n * sizeof *room);
		layers->name = room;
	}
	layers->name[layers->n++] = text_keep(name);
}

static int add_layers(struct chart_sheet *sheet, const struct run_folder *run, struct layer_list *layers,
					  struct error *err)
{
	struct csv_table table;
	TRY(run_folder_table(run, "layers.csv", &table, err));
	int layer = csv_column(&table, "layer"), scope = csv_column(&table, "scope");
	for (size_t i = 0; layer >= 0 && scope >= 0 && i < table.rows; i++) {
		add_layer(sheet, layers, csv_cell(&table, i, layer));
		layers->evaluated |= strcmp(csv_cell(&table, i, scope), "eval") == 0;
	}
	csv_table_free(&table);
	return 0;
}

/* Of many layers the first, a middle and the last one are shown. */
static void choose_layers(struct chart_sheet *sheet, struct layer_list *layers)
{
	if (layers->n <= LAYERS_SHOWN)
		return;
	chart_note(sheet, "of %zu layers, only %s, %s and %s are shown", layers->n, layers->name[0],
			   layers->name[layers->n / 2], layers->name[layers->n - 1]);
	layers->name[1] = layers->name[layers->n / 2];
	layers->name[2] = layers->name[layers->n - 1];
	layers->n = LAYERS_SHOWN;
}

static int find_layers(struct chart_sheet *sheet, struct layer_list *layers, struct error *err)
{
	*layers = (struct layer_list){ .n = 0 };
	for (size_t i = 0; i < sheet->study->n; i++)
		TRY(add_layers(sheet, sheet->study->series[i].run[0], layers, err));
	choose_layers(sheet, layers);
	return 0;
}

static int put_series(struct chart_sheet *sheet, size_t series, size_t place, const struct layer_chart *chart,
					  const struct layer_list *layers, struct extent *extent, size_t *rows, struct error *err)
{
	*rows = 0;
	for (size_t l = 0; l < layers->n; l++) {
		struct curve curve = { .file = "layers.csv",
							   .values = chart->values,
							   .layer = layers->name[l],
							   .scope = layers->evaluated ? "eval" : "batch",
							   .bare_last = chart->bare_last };
		struct samples samples;
		memcpy(curve.column, chart->column, sizeof curve.column);
		TRY(curves_read(sheet, &sheet->study->series[series], &curve, &samples, err));
		*rows += curves_put(sheet, place, sheet->study->series[series].label, &curve, &samples, extent);
	}
	return 0;
}

static int put_all(struct chart_sheet *sheet, const struct layer_chart *chart, const struct layer_list *layers,
				   struct extent *extent, struct curve_list *list, struct error *err)
{
	const struct study *study = sheet->study;
	const char *silent = "";
	for (size_t i = 0; i < study->n; i++) {
		size_t rows;
		TRY(put_series(sheet, i, list->n + 1, chart, layers, extent, &rows, err));
		if (rows) {
			curve_list_add(list, i, extent);
			continue;
		}
		if (strcmp(silent, study->series[i].strategy) != 0) /* series of one strategy stand together */
			chart_note(sheet, "%s: not applicable", study->series[i].strategy);
		silent = study->series[i].strategy;
	}
	return 0;
}

static int describe(struct chart_sheet *sheet, const struct layer_chart *chart, const struct layer_list *layers,
					const struct extent *extent, struct curve_list *list, struct error *err)
{
	struct curve_chart drawn = chart->drawn;
	struct chart_groups groups;
	drawn.about = text_keep_f("%s  Measured %s.", drawn.about,
							  layers->evaluated ? "on the evaluation tokens" : "on each training batch");
	curves_set_series(sheet, list, extent, &groups);
	chart_set_number(sheet, "layers", (double)layers->n);
	chart_set_texts(sheet, "layer", layers->n, layers->name);
	return curves_set_measures(sheet, &drawn, &groups, err);
}

int layer_curves_fill(struct chart_sheet *sheet, const struct layer_chart *chart, struct error *err)
{
	struct layer_list layers;
	struct extent extent = extent_new();
	struct curve_list list = curve_list_new(sheet);
	TRY(find_layers(sheet, &layers, err));
	TRY(put_all(sheet, chart, &layers, &extent, &list, err));
	if (list.n == 0)
		sheet->missing = chart->missing;
	else if (chart->zero && !(extent.greatest[0] > 0))
		sheet->missing = chart->zero;
	return sheet->missing ? 0 : describe(sheet, chart, &layers, &extent, &list, err);
}
