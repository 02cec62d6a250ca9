/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_positions.c -- the chart of what found no room, by the token's place in its sequence.
 */
#include <config.h>

#include <math.h>
#include <string.h>

#include "experiments/charts/curves.h"
#include "sim/base/text.h"

enum { POSITION_LAYERS = 3 }; /* layers that are shown, from the first */

/* One series: the drop rates of its runs at every place of one layer. */
struct places {
	size_t n, runs;
	double *rate; /* [n][runs]; NAN where nothing was chosen */
};

struct place_columns {
	int layer, position, assigned, kept;
};

static int find_columns(const struct csv_table *table, struct place_columns *at, struct error *err)
{
	TRY(run_folder_column(table, "layer", &at->layer, err));
	TRY(run_folder_column(table, "position", &at->position, err));
	TRY(run_folder_column(table, "assigned", &at->assigned, err));
	return run_folder_column(table, "kept", &at->kept, err);
}

/* Room for so many places; a run has the same number in every layer, and so have the runs of a series. */
static void make_room(struct chart_sheet *sheet, struct places *places, size_t n)
{
	if (n <= places->n)
		return;
	double *rate = ARENA_TAKE(&sheet->arena, n * places->runs, double);
	for (size_t i = 0; i < n * places->runs; i++)
		rate[i] = i < places->n * places->runs ? places->rate[i] : NAN;
	places->rate = rate;
	places->n = n;
}

static void read_layer(struct chart_sheet *sheet, const struct csv_table *table, const struct place_columns *at,
					   size_t number, size_t layer, struct places *places)
{
	double last = -1;
	for (size_t i = 0; i < table->rows; i++)
		if (csv_number(table, i, at->layer, NULL) == (double)layer)
			last = fmax(last, csv_number(table, i, at->position, NULL));
	if (last >= 0 && last < (double)table->rows)
		make_room(sheet, places, (size_t)last + 1);
	for (size_t i = 0; i < table->rows; i++) {
		double place = csv_number(table, i, at->position, NULL);
		if (csv_number(table, i, at->layer, NULL) == (double)layer && place >= 0 && place < (double)places->n)
			places->rate[(size_t)place * places->runs + number] =
				1 - csv_number(table, i, at->kept, NULL) / csv_number(table, i, at->assigned, NULL);
	}
}

static int read_run(struct chart_sheet *sheet, const struct run_folder *run, size_t number, size_t layer,
					struct places *places, bool *more, struct error *err)
{
	struct csv_table table;
	struct place_columns at;
	TRY(run_folder_table(run, "positions.csv", &table, err));
	int status = table.columns ? find_columns(&table, &at, err) : 0;
	if (status == 0 && table.rows) {
		read_layer(sheet, &table, &at, number, layer, places);
		*more |= csv_number(&table, table.rows - 1, at.layer, NULL) >= POSITION_LAYERS;
	}
	csv_table_free(&table);
	return status;
}

/* What was drawn, over all series. */
struct drawn {
	size_t layers, places, low_n, high_n;
	bool more; /* there are layers that are not shown */
};

static void put_places(struct chart_sheet *sheet, size_t place, const char *label, size_t layer,
					   const struct places *places, struct drawn *drawn)
{
	for (size_t i = 0; i < places->n; i++) {
		struct estimate value = estimate_of(&places->rate[i * places->runs], places->runs);
		if (value.n == 0)
			continue;
		csv_int(sheet->data, (int64_t)place);
		chart_put_text(sheet, label);
		csv_int(sheet->data, (int64_t)layer);
		csv_int(sheet->data, (int64_t)i);
		csv_int(sheet->data, (int64_t)value.n);
		chart_put_estimate(sheet, &value);
		chart_put_seeds(sheet, &places->rate[i * places->runs], places->runs);
		csv_row(sheet->data);
		drawn->low_n = drawn->low_n == 0 || value.n < drawn->low_n ? value.n : drawn->low_n;
		drawn->high_n = value.n > drawn->high_n ? value.n : drawn->high_n;
	}
	drawn->places = places->n > drawn->places ? places->n : drawn->places;
	drawn->layers = places->n && layer >= drawn->layers ? layer + 1 : drawn->layers;
}

/* Returns in *any whether the series has places at all. */
static int put_series(struct chart_sheet *sheet, const struct study_series *series, size_t place, bool *any,
					  struct drawn *drawn, struct error *err)
{
	*any = false;
	for (size_t layer = 0; layer < POSITION_LAYERS; layer++) {
		struct places places = { .runs = series->n };
		for (size_t i = 0; i < series->n; i++)
			TRY(read_run(sheet, series->run[i], i, layer, &places, &drawn->more, err));
		put_places(sheet, place, series->label, layer, &places, drawn);
		*any |= places.n > 0;
	}
	return 0;
}

static int describe(struct chart_sheet *sheet, size_t n, const size_t *shown, const struct drawn *drawn,
					struct error *err)
{
	static const char *const layer[POSITION_LAYERS] = { "0", "1", "2" };
	static const struct curve_chart chart = { .headline = "Dropped assignments by position in the sequence",
											  .about = "Lower is better, on the evaluation tokens after training.",
											  .measures = 1,
											  .measure = {
												  { "drops", "share of the assignments dropped", "zero", NULL } } };
	struct chart_groups groups;
	chart_set_series(sheet, n, shown);
	chart_set_groups(sheet, n, shown, &groups);
	chart_set_seeds(sheet, drawn->low_n, drawn->high_n);
	chart_set_number(sheet, "layers", (double)drawn->layers);
	chart_set_texts(sheet, "layer", drawn->layers, layer);
	chart_set_text(sheet, "x_column", "position");
	chart_set_text(sheet, "x_title", "position in the sequence");
	chart_set_number(sheet, "x_unit", 1);
	chart_set_number(sheet, "x_most", (double)drawn->places - 1);
	return curves_set_measures(sheet, &chart, &groups, err);
}

int fill_positions(struct chart_sheet *sheet, struct error *err)
{
	const struct study *study = sheet->study;
	size_t *shown = ARENA_TAKE(&sheet->arena, study->n, size_t), n = 0;
	struct drawn drawn = { 0 };
	for (size_t i = 0; i < study->n; i++) {
		bool any;
		TRY(put_series(sheet, &study->series[i], n + 1, &any, &drawn, err));
		if (any)
			shown[n++] = i;
	}
	if (n == 0 || drawn.high_n == 0) {
		sheet->missing = "no run has a capacity, so nothing was dropped";
		return 0;
	}
	if (drawn.more)
		chart_note(sheet, "only the first %d layers are shown", POSITION_LAYERS);
	if (n < study->n)
		chart_note(sheet, "%zu of %zu strategies or settings have no capacity", study->n - n, study->n);
	return describe(sheet, n, shown, &drawn, err);
}
