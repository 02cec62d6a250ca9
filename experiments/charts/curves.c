/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * curves.c -- curves over training: read from the runs, averaged over seeds, and described to plots/curves.gp.
 */
#include <config.h>

#include "experiments/charts/curves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/charts/chart_totals.h"
#include "sim/base/text.h"

enum { CURVE_POINTS = 200 }; /* more points than a chart has pixels for are averaged in groups */

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

/* Averages groups of neighbours until CURVE_POINTS are enough; a group stands at its last step. */
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
			row[into->n + n++].run = into->runs;
	csv_table_free(&table);
	into->n += n ? thin(&row[into->n], n, curve) : 0;
	into->row = row;
	into->runs++;
	return 0;
}

static int by_step(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	if (x->step != y->step)
		return x->step > y->step ? 1 : -1;
	return (x->run > y->run) - (x->run < y->run);
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

/* The cells of one value over the seeds of a step; a run that has ended keeps its column empty. */
static void put_value(struct chart_sheet *sheet, const struct samples *samples, size_t from, size_t to, size_t value,
					  const struct estimate *mean)
{
	double seed[CHART_SEEDS] = { NAN, NAN, NAN, NAN };
	for (size_t i = from; i < to; i++)
		if (samples->row[i].run < CHART_SEEDS)
			seed[samples->row[i].run] = samples->row[i].value[value];
	chart_put_estimate(sheet, mean);
	chart_put_seeds(sheet, seed, samples->runs);
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

size_t curves_put(struct chart_sheet *sheet, size_t place, const char *label, const struct curve *curve,
				  struct samples *samples, struct extent *extent)
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
		for (size_t v = 0; v + curve->bare_last < curve->values; v++)
			put_value(sheet, samples, from, to, v, &value[v]);
		if (curve->bare_last)
			chart_put(sheet, value[curve->values - 1].mean);
		csv_row(sheet->data);
		widen(extent, &samples->row[from], value, curve->bare_last ? curve->values - 1 : curve->values);
		rows++;
	}
	return rows;
}

struct extent extent_new(void)
{
	struct extent extent = { .tokens_known = true, .low_n = SIZE_MAX };
	for (size_t v = 0; v < CURVE_VALUES; v++) {
		extent.least[v] = INFINITY;
		extent.greatest[v] = -INFINITY;
	}
	return extent;
}

static void set_extent(struct chart_sheet *sheet, const struct extent *extent)
{
	double most = extent->tokens_known ? extent->most_tokens : extent->most_steps;
	chart_set_tokens(sheet, most, extent->tokens_known);
	chart_set_seeds(sheet, extent->low_n, extent->high_n);
	chart_set_number(sheet, "x_most", most > 0 ? most : 1);
}

int curves_read(struct chart_sheet *sheet, const struct study_series *series, const struct curve *curve,
				struct samples *samples, struct error *err)
{
	*samples = (struct samples){ .n = 0 };
	for (size_t i = 0; i < series->n; i++)
		TRY(read_curve(sheet, series->run[i], curve, samples, err));
	return 0;
}

bool curves_have(const struct samples *samples, size_t value)
{
	for (size_t i = 0; i < samples->n; i++)
		if (isfinite(samples->row[i].value[value]))
			return true;
	return false;
}

static int by_ending(const void *a, const void *b)
{
	const struct ending *x = a, *y = b;
	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return (x->place > y->place) - (x->place < y->place);
}

static void set_order(struct chart_sheet *sheet, struct ending *ending, size_t n)
{
	double *order = ARENA_TAKE(&sheet->arena, n, double);
	qsort(ending, n, sizeof *ending, by_ending);
	for (size_t i = 0; i < n; i++)
		order[i] = (double)ending[i].place;
	chart_set_numbers(sheet, "order", n, order);
}

struct curve_list curve_list_new(struct chart_sheet *sheet)
{
	return (struct curve_list){ .series = ARENA_TAKE(&sheet->arena, sheet->study->n, size_t),
								.ending = ARENA_TAKE(&sheet->arena, sheet->study->n, struct ending) };
}

void curve_list_add(struct curve_list *list, size_t series, const struct extent *extent)
{
	list->series[list->n++] = series;
	list->ending[list->n - 1] = (struct ending){ extent->last[0], list->n };
}

void curves_set_series(struct chart_sheet *sheet, struct curve_list *list, const struct extent *extent,
					   struct chart_groups *groups)
{
	chart_set_series(sheet, list->n, list->series);
	chart_set_groups(sheet, list->n, list->series, groups);
	set_order(sheet, list->ending, list->n);
	set_extent(sheet, extent);
}

static void set_looks(struct chart_sheet *sheet, const struct curve_chart *chart)
{
	const char *column[CURVE_VALUES], *heading[CURVE_VALUES], *scale[CURVE_VALUES];
	for (size_t m = 0; m < chart->measures; m++) {
		column[m] = chart->measure[m].column;
		heading[m] = chart->measure[m].heading;
		scale[m] = chart->measure[m].scale;
	}
	chart_set_text(sheet, "headline", chart->headline);
	chart_set_text(sheet, "about", chart->about);
	chart_set_number(sheet, "measures", (double)chart->measures);
	chart_set_texts(sheet, "measure", chart->measures, column);
	chart_set_texts(sheet, "heading", chart->measures, heading);
	chart_set_texts(sheet, "scale", chart->measures, scale);
	chart_set_text(sheet, "reference_column", chart->reference ? chart->reference : "");
	chart_set_text(sheet, "reference_title", chart->reference ? chart->reference_title : "");
}

/* "ceiling: planted-context", or "ceiling" where streams have different ones; "" where none has one. */
static const char *ceiling_title(const struct chart_streams *streams, const struct chart_limits *limits)
{
	const char *label = NULL;
	for (size_t i = 0; i < streams->n; i++) {
		if (isnan(limits->ceiling[i]))
			continue;
		if (label && strcmp(label, limits->ceiling_label[i]) != 0)
			return "ceiling";
		label = limits->ceiling_label[i];
	}
	return label ? text_keep_f("ceiling: %s", label) : "";
}

int curves_set_measures(struct chart_sheet *sheet, const struct curve_chart *chart, const struct chart_groups *groups,
						struct error *err)
{
	struct chart_streams streams;
	double *ceiling = ARENA_TAKE(&sheet->arena, chart->measures * groups->n, double);
	const char *title = "";
	set_looks(sheet, chart);
	chart_split_streams(sheet, &streams);
	for (size_t m = 0; m < chart->measures; m++) {
		struct chart_limits limits;
		const char *column = chart->measure[m].total;
		if (column)
			TRY(chart_limits(sheet, &streams, column, &limits, err));
		for (size_t g = 0; g < groups->n; g++)
			ceiling[m * groups->n + g] = column ? limits.ceiling[streams.of[groups->first[g]]] : NAN;
		title = column ? ceiling_title(&streams, &limits) : title;
	}
	chart_set_numbers(sheet, "ceiling", chart->measures * groups->n, ceiling);
	chart_set_text(sheet, "ceiling_title", title);
	return 0;
}
