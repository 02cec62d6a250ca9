/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart_curves.c -- charts of something over training: one line per series, the mean over its seeds.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/charts/chart.h"
#include "sim/base/text.h"

enum {
	CURVE_VALUES = 3,
	CURVE_POINTS = 200, /* more points than a chart has pixels for are averaged in groups */
	CURVE_LAYERS = 3    /* layers shown side by side */
};

/* Which cells make a curve. */
struct curve {
	const char *file;
	size_t values;
	const char *column[CURVE_VALUES];
	const char *layer, *scope; /* NULL: the table has neither */
};

/* One row of one run. */
struct sample {
	double step, tokens, value[CURVE_VALUES];
};

struct samples {
	size_t n;
	struct sample *row; /* in the sheet's arena */
};

/* What was drawn: for the prelude. */
struct extent {
	bool tokens_known;
	double most_tokens, most_steps;
	size_t low_n, high_n; /* seeds */
	double least[CURVE_VALUES], greatest[CURVE_VALUES];
	double last[CURVE_VALUES]; /* where the curve written last ended */
};

/* ---- reading --------------------------------------------------------------------------------------------- */

struct columns {
	int step, tokens, layer, scope, value[CURVE_VALUES];
};

static int find_columns(const struct csv_table *table, const struct curve *curve, struct columns *at, struct error *err)
{
	TRY(run_folder_column(table, "step", &at->step, err));
	at->tokens = csv_column(table, "tokens");
	if (curve->layer)
		TRY(run_folder_column(table, "layer", &at->layer, err));
	if (curve->scope)
		TRY(run_folder_column(table, "scope", &at->scope, err));
	for (size_t i = 0; i < curve->values; i++)
		at->value[i] = csv_column(table, curve->column[i]);
	return 0;
}

static bool is_wanted(const struct csv_table *table, size_t row, const struct curve *curve, const struct columns *at)
{
	return (!curve->layer || strcmp(csv_cell(table, row, at->layer), curve->layer) == 0) &&
		   (!curve->scope || strcmp(csv_cell(table, row, at->scope), curve->scope) == 0);
}

/* False when the row measured none of the values. */
static bool read_sample(const struct csv_table *table, size_t row, const struct curve *curve, const struct columns *at,
						double pace, struct sample *sample)
{
	bool any = false;
	sample->step = csv_number(table, row, at->step, NULL);
	sample->tokens = at->tokens >= 0 ? csv_number(table, row, at->tokens, NULL) : pace * sample->step;
	for (size_t i = 0; i < curve->values; i++) {
		sample->value[i] = at->value[i] >= 0 ? csv_number(table, row, at->value[i], NULL) : NAN;
		any |= isfinite(sample->value[i]) != 0;
	}
	return any && isfinite(sample->step);
}

static double mean_of(const struct sample *row, size_t n, size_t value)
{
	double sum = 0;
	size_t counted = 0;
	for (size_t i = 0; i < n; i++)
		if (isfinite(row[i].value[value])) {
			sum += row[i].value[value];
			counted++;
		}
	return counted ? sum / (double)counted : NAN;
}

/* Averages groups of neighbors until CURVE_POINTS are enough; a group stands at its last step. */
static size_t thin(struct sample *row, size_t n, const struct curve *curve)
{
	size_t group = (n + CURVE_POINTS - 1) / CURVE_POINTS, kept = 0;
	for (size_t from = 0; group > 1 && from < n; from += group, kept++) {
		size_t size = n - from < group ? n - from : group;
		struct sample mean = row[from + size - 1];
		for (size_t v = 0; v < curve->values; v++)
			mean.value[v] = mean_of(&row[from], size, v);
		row[kept] = mean;
	}
	return group > 1 ? kept : n;
}

static int read_curve(struct chart_sheet *sheet, const struct run_folder *run, const struct curve *curve,
					  struct samples *into, struct error *err)
{
	struct csv_table table;
	struct columns at;
	TRY(run_folder_table(run, curve->file, &table, err));
	if (table.columns && find_columns(&table, curve, &at, err) != 0) {
		csv_table_free(&table);
		return -1;
	}
	struct sample *row = ARENA_TAKE(&sheet->arena, into->n + table.rows, struct sample);
	if (into->n)
		memcpy(row, into->row, into->n * sizeof *row);
	size_t n = 0;
	for (size_t i = 0; i < table.rows; i++)
		if (is_wanted(&table, i, curve, &at) &&
			read_sample(&table, i, curve, &at, run->tokens_per_step, &row[into->n + n]))
			n++;
	csv_table_free(&table);
	into->n += n ? thin(&row[into->n], n, curve) : 0;
	into->row = row;
	return 0;
}

/* ---- averaging ------------------------------------------------------------------------------------------- */

static int by_step(const void *a, const void *b)
{
	double x = ((const struct sample *)a)->step, y = ((const struct sample *)b)->step;
	return (x > y) - (x < y);
}

static void widen(struct extent *extent, const struct sample *at, const struct estimate *value, size_t values)
{
	extent->tokens_known &= isfinite(at->tokens) != 0;
	extent->most_tokens = fmax(extent->most_tokens, at->tokens);
	extent->most_steps = fmax(extent->most_steps, at->step);
	for (size_t v = 0; v < values; v++) {
		if (value[v].n == 0)
			continue;
		extent->low_n = value[v].n < extent->low_n ? value[v].n : extent->low_n;
		extent->high_n = value[v].n > extent->high_n ? value[v].n : extent->high_n;
		extent->least[v] = fmin(extent->least[v], value[v].mean);
		extent->greatest[v] = fmax(extent->greatest[v], value[v].mean);
		extent->last[v] = value[v].mean;
	}
}

/* The values of one step over the seeds. */
static void average(const struct sample *row, size_t n, size_t values, struct estimate *out, double *scratch)
{
	for (size_t v = 0; v < values; v++) {
		for (size_t i = 0; i < n; i++)
			scratch[i] = row[i].value[v];
		out[v] = estimate_of(scratch, n);
	}
}

/* The cells in front of the values. */
static void put_place(struct chart_sheet *sheet, size_t place, const char *label, const char *layer,
					  const struct sample *at, size_t n)
{
	csv_int(sheet->data, (int64_t)place);
	chart_put_text(sheet, label);
	if (layer)
		chart_put_text(sheet, layer);
	chart_put(sheet, at->step);
	chart_put(sheet, at->tokens);
	csv_int(sheet->data, (int64_t)n);
}

/* Writes one curve; the last value is a reference without an interval where `bare_last` says so.  Returns the number
 * of rows. */
static size_t put_curve(struct chart_sheet *sheet, size_t place, const char *label, const struct curve *curve,
						struct samples *samples, bool bare_last, struct extent *extent)
{
	double *scratch = ARENA_TAKE(&sheet->arena, samples->n, double);
	size_t rows = 0;
	if (samples->n)
		qsort(samples->row, samples->n, sizeof *samples->row, by_step);
	for (size_t from = 0, to; from < samples->n; from = to) {
		for (to = from; to < samples->n && samples->row[to].step == samples->row[from].step;)
			to++;
		struct estimate value[CURVE_VALUES] = { { 0 } };
		average(&samples->row[from], to - from, curve->values, value, scratch);
		if (value[0].n == 0)
			continue;
		put_place(sheet, place, label, curve->layer, &samples->row[from], value[0].n);
		for (size_t v = 0; v + bare_last < curve->values; v++)
			chart_put_estimate(sheet, &value[v]);
		if (bare_last)
			chart_put(sheet, value[curve->values - 1].mean);
		csv_row(sheet->data);
		widen(extent, &samples->row[from], value, bare_last ? curve->values - 1 : curve->values);
		rows++;
	}
	return rows;
}

static struct extent extent_new(void)
{
	struct extent extent = { .tokens_known = true, .low_n = SIZE_MAX };
	for (size_t v = 0; v < CURVE_VALUES; v++) {
		extent.least[v] = INFINITY;
		extent.greatest[v] = -INFINITY;
	}
	return extent;
}

static void put_extent(struct chart_sheet *sheet, const struct extent *extent)
{
	double most = extent->tokens_known ? extent->most_tokens : extent->most_steps;
	chart_set_tokens(sheet, most, extent->tokens_known);
	chart_set_seeds(sheet, extent->low_n, extent->high_n);
	chart_set_number(sheet, "x_most", most > 0 ? most : 1);
}

struct ending {
	double value;
	size_t place;
};

static int by_ending(const void *a, const void *b)
{
	const struct ending *x = a, *y = b;
	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return (x->place > y->place) - (x->place < y->place);
}

/* `order[]`: places of the series, highest end first, so that a legend stands in the order of the lines' ends. */
static void put_order(struct chart_sheet *sheet, struct ending *ending, size_t n)
{
	double *order = ARENA_TAKE(&sheet->arena, n, double);
	qsort(ending, n, sizeof *ending, by_ending);
	for (size_t i = 0; i < n; i++)
		order[i] = (double)ending[i].place;
	chart_set_numbers(sheet, "order", n, order);
}

/* ---- loss ------------------------------------------------------------------------------------------------ */

/* All seeds of a series. */
static int read_series(struct chart_sheet *sheet, const struct study_series *series, const struct curve *curve,
					   struct samples *samples, struct error *err)
{
	*samples = (struct samples){ .n = 0 };
	for (size_t i = 0; i < series->n; i++)
		TRY(read_curve(sheet, series->run[i], curve, samples, err));
	return 0;
}

static bool has_value(const struct samples *samples, size_t value)
{
	for (size_t i = 0; i < samples->n; i++)
		if (isfinite(samples->row[i].value[value]))
			return true;
	return false;
}

/* Draws what the curve says of every series that has it. */
static int put_loss(struct chart_sheet *sheet, const struct curve *curve, struct extent *extent, struct error *err)
{
	const struct study *study = sheet->study;
	size_t *shown = ARENA_TAKE(&sheet->arena, study->n, size_t), n = 0;
	struct ending *ending = ARENA_TAKE(&sheet->arena, study->n, struct ending);
	for (size_t i = 0; i < study->n; i++) {
		struct samples samples;
		TRY(read_series(sheet, &study->series[i], curve, &samples, err));
		if (!has_value(&samples, 0))
			continue;
		shown[n++] = i;
		put_curve(sheet, n, study->series[i].label, curve, &samples, true, extent);
		ending[n - 1] = (struct ending){ extent->last[0], n };
	}
	if (n) {
		chart_set_series(sheet, n, shown);
		put_order(sheet, ending, n);
	}
	return 0;
}

int chart_fill_loss(struct chart_sheet *sheet, struct error *err)
{
	static const struct curve evaluated = { .file = "steps.csv",
											.values = 3,
											.column = { "eval_loss", "excess_loss", "bayes_loss" } };
	static const struct curve trained = { .file = "steps.csv", .values = 3, .column = { "lm_loss", "", "" } };
	struct extent extent = extent_new();
	TRY(put_loss(sheet, &evaluated, &extent, err));
	bool has_evaluation = extent.high_n > 0;
	if (!has_evaluation)
		TRY(put_loss(sheet, &trained, &extent, err));
	if (extent.high_n == 0) {
		sheet->missing = "no run has a loss in its steps.csv";
		return 0;
	}
	put_extent(sheet, &extent);
	chart_set_text(sheet, "loss_title",
				   has_evaluation ? "evaluation loss (nats per token)" : "training loss (nats per token)");
	chart_set_number(sheet, "has_excess", extent.least[1] < INFINITY);
	chart_set_number(sheet, "excess_positive", extent.least[1] > 0);
	if (!(extent.least[1] < INFINITY))
		chart_note(sheet, "excess loss: the stream's Bayes loss is not known");
	return 0;
}

/* ---- per layer ------------------------------------------------------------------------------------------- */

struct layer_list {
	size_t n;
	const char *name[1024];
	bool evaluated; /* some row has the scope "eval" */
};

static void add_layer(struct layer_list *layers, const char *name)
{
	for (size_t i = 0; i < layers->n; i++)
		if (strcmp(layers->name[i], name) == 0)
			return;
	if (layers->n < sizeof layers->name / sizeof *layers->name)
		layers->name[layers->n++] = text_keep(name);
}

static int add_layers(const struct run_folder *run, struct layer_list *layers, struct error *err)
{
	struct csv_table table;
	TRY(run_folder_table(run, "layers.csv", &table, err));
	int layer = csv_column(&table, "layer"), scope = csv_column(&table, "scope");
	for (size_t i = 0; layer >= 0 && scope >= 0 && i < table.rows; i++) {
		add_layer(layers, csv_cell(&table, i, layer));
		layers->evaluated |= strcmp(csv_cell(&table, i, scope), "eval") == 0;
	}
	csv_table_free(&table);
	return 0;
}

/* Of many layers the first, a middle and the last one are shown. */
static void choose_layers(struct chart_sheet *sheet, struct layer_list *layers)
{
	if (layers->n <= CURVE_LAYERS)
		return;
	chart_note(sheet, "of %zu layers, only %s, %s and %s are shown", layers->n, layers->name[0],
			   layers->name[layers->n / 2], layers->name[layers->n - 1]);
	layers->name[1] = layers->name[layers->n / 2];
	layers->name[2] = layers->name[layers->n - 1];
	layers->n = CURVE_LAYERS;
}

static int find_layers(struct chart_sheet *sheet, struct layer_list *layers, struct error *err)
{
	*layers = (struct layer_list){ .n = 0 };
	for (size_t i = 0; i < sheet->study->n; i++)
		TRY(add_layers(sheet->study->series[i].run[0], layers, err));
	choose_layers(sheet, layers);
	return 0;
}

/* A chart of curves with one panel per layer. */
struct layer_chart {
	size_t values;
	const char *column[CURVE_VALUES];
	bool bare_last;      /* the last value is a reference */
	bool zero_is_boring; /* nothing to see when the first value is 0 throughout */
	const char *missing, *boring;
};

static int put_series_layers(struct chart_sheet *sheet, size_t series, size_t place, const struct layer_chart *chart,
							 const struct layer_list *layers, struct extent *extent, size_t *rows, struct error *err)
{
	*rows = 0;
	for (size_t l = 0; l < layers->n; l++) {
		struct curve curve = { .file = "layers.csv",
							   .values = chart->values,
							   .layer = layers->name[l],
							   .scope = layers->evaluated ? "eval" : "batch" };
		memcpy(curve.column, chart->column, sizeof curve.column);
		struct samples samples;
		TRY(read_series(sheet, &sheet->study->series[series], &curve, &samples, err));
		*rows +=
			put_curve(sheet, place, sheet->study->series[series].label, &curve, &samples, chart->bare_last, extent);
	}
	return 0;
}

static void put_layer_prelude(struct chart_sheet *sheet, const struct layer_list *layers, const struct extent *extent)
{
	static const char *const name[CURVE_VALUES] = { "y_most", "y2_most", "y3_most" };
	put_extent(sheet, extent);
	chart_set_number(sheet, "layers", (double)layers->n);
	chart_set_texts(sheet, "layer", layers->n, layers->name);
	chart_set_text(sheet, "scope", layers->evaluated ? "on the evaluation tokens" : "on each training batch");
	for (size_t v = 0; v < CURVE_VALUES; v++)
		chart_set_number(sheet, name[v], extent->greatest[v]);
}

static int fill_layers(struct chart_sheet *sheet, const struct layer_chart *chart, struct error *err)
{
	const struct study *study = sheet->study;
	struct layer_list layers;
	struct extent extent = extent_new();
	const char *silent = "";
	size_t *shown = ARENA_TAKE(&sheet->arena, study->n, size_t), n = 0;
	struct ending *ending = ARENA_TAKE(&sheet->arena, study->n, struct ending);
	TRY(find_layers(sheet, &layers, err));
	for (size_t i = 0; i < study->n; i++) {
		size_t rows;
		TRY(put_series_layers(sheet, i, n + 1, chart, &layers, &extent, &rows, err));
		if (!rows) {
			if (strcmp(silent, study->series[i].strategy) != 0) /* series of one strategy stand together */
				chart_note(sheet, "%s: has nothing of this", study->series[i].strategy);
			silent = study->series[i].strategy;
			continue;
		}
		shown[n++] = i;
		ending[n - 1] = (struct ending){ extent.last[0], n };
	}
	if (n == 0)
		sheet->missing = chart->missing;
	else if (chart->zero_is_boring && !(extent.greatest[0] > 0))
		sheet->missing = chart->boring;
	if (sheet->missing)
		return 0;
	chart_set_series(sheet, n, shown);
	put_order(sheet, ending, n);
	put_layer_prelude(sheet, &layers, &extent);
	return 0;
}

int chart_fill_balance(struct chart_sheet *sheet, struct error *err)
{
	static const struct layer_chart chart = { .values = 3,
											  .column = { "maxvio", "dead_experts", "maxvio_floor" },
											  .bare_last = true,
											  .missing = "no run has routed experts" };
	return fill_layers(sheet, &chart, err);
}

int chart_fill_specialisation(struct chart_sheet *sheet, struct error *err)
{
	static const struct layer_chart chart = { .values = 1,
											  .column = { "domain_nmi" },
											  .missing = "the tokens of these runs carry no domain labels" };
	return fill_layers(sheet, &chart, err);
}

int chart_fill_saturation(struct chart_sheet *sheet, struct error *err)
{
	static const struct layer_chart chart = { .values = 1,
											  .column = { "top1_prob" },
											  .missing = "no run has measured its router's scores (top1_prob)" };
	return fill_layers(sheet, &chart, err);
}

int chart_fill_drops(struct chart_sheet *sheet, struct error *err)
{
	static const struct layer_chart chart = { .values = 1,
											  .column = { "drop_rate" },
											  .zero_is_boring = true,
											  .missing = "no run has routed experts",
											  .boring = "nothing was dropped in any run" };
	return fill_layers(sheet, &chart, err);
}
