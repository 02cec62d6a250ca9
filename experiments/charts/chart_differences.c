/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart_differences.c -- which strategies differ from a baseline on the same stream, paired by seed.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/charts/chart_totals.h"
#include "experiments/study/statistics.h"

struct difference {
	size_t series, stream, row;
	struct estimate value;
	double p; /* Holm-corrected over the rows of the stream */
};

struct forest {
	struct chart_streams streams;
	size_t n;
	struct difference *found; /* [n] */
	size_t rows;
	const char **row_label; /* [rows] */
};

/* ---- the baseline ---------------------------------------------------------------------------------------- */

/* The series that the others are compared with: the one asked for; else plain top-k, the usual one; else the first. */
static size_t find_baseline(const struct study *study, const struct chart_streams *streams, const char *name)
{
	const char *wanted = *name ? name : "top-k";
	for (size_t i = 0; i < study->n; i++)
		if (strcmp(study->series[i].label, wanted) == 0 || strcmp(streams->label[i], wanted) == 0)
			return i;
	for (size_t i = 0; i < study->n; i++)
		if (strcmp(study->series[i].strategy, wanted) == 0)
			return i;
	return *name ? SIZE_MAX : 0;
}

/* On how many swept keys do the two agree? */
static size_t likeness(const struct study *study, const struct study_series *a, const struct study_series *b)
{
	size_t same = 0;
	for (size_t k = 0; k < study->keys; k++)
		same += strcmp(a->value[k], b->value[k]) == 0;
	return same;
}

/* The baseline that saw the series' stream.  Under a sweep that is the series of the baseline's strategy with the same
 * swept settings; where there is none, the baseline itself, or in another stream than its own the one most like it.
 * SIZE_MAX when the stream has none. */
static size_t baseline_for(const struct study *study, const struct chart_streams *streams, size_t baseline,
						   size_t series)
{
	const struct study_series *base = &study->series[baseline];
	size_t nearest = SIZE_MAX, most = 0;
	for (size_t i = 0; i < study->n; i++) {
		const struct study_series *candidate = &study->series[i];
		if (streams->of[i] != streams->of[series] || strcmp(candidate->strategy, base->strategy) != 0)
			continue;
		if (likeness(study, candidate, &study->series[series]) == study->keys)
			return i;
		if (nearest == SIZE_MAX || likeness(study, candidate, base) > most) {
			most = likeness(study, candidate, base);
			nearest = i;
		}
	}
	return nearest;
}

/* ---- differences ----------------------------------------------------------------------------------------- */

/* The differences over the seeds that both have. */
static int pair(struct chart_sheet *sheet, size_t series, size_t baseline, const char *column, struct estimate *out,
				struct error *err)
{
	const struct study_series *a = &sheet->study->series[series], *b = &sheet->study->series[baseline];
	double *of_a, *of_b, *difference = ARENA_TAKE(&sheet->arena, a->n, double);
	size_t n = 0;
	TRY(chart_totals(sheet, a, column, &of_a, err));
	TRY(chart_totals(sheet, b, column, &of_b, err));
	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n; j++)
			if (a->run[i]->seed == b->run[j]->seed)
				difference[n++] = of_a[i] - of_b[j];
	*out = estimate_of(difference, n);
	return 0;
}

static int find_differences(struct chart_sheet *sheet, size_t baseline, struct forest *forest, struct error *err)
{
	const struct study *study = sheet->study;
	const char *column;
	TRY(chart_loss_column(sheet, &column, err));
	for (size_t i = 0; i < study->n; i++) {
		size_t against = baseline_for(study, &forest->streams, baseline, i);
		struct difference difference = { .series = i, .stream = forest->streams.of[i] };
		if (against == i)
			continue;
		if (against == SIZE_MAX) {
			chart_note(sheet, "%s: nothing to compare with on its stream", study->series[i].label);
			continue;
		}
		TRY(pair(sheet, i, against, column, &difference.value, err));
		difference.p = estimate_p_zero(&difference.value);
		if (difference.value.n < 2)
			chart_note(sheet, "%s: fewer than two seeds in common with %s", study->series[i].label,
					   study->series[against].label);
		else
			forest->found[forest->n++] = difference;
	}
	return 0;
}

/* Every stream is a family of tests. */
static void correct(struct chart_sheet *sheet, struct forest *forest)
{
	double *p = ARENA_TAKE(&sheet->arena, forest->n, double);
	for (size_t stream = 0; stream < forest->streams.n; stream++) {
		size_t n = 0;
		for (size_t i = 0; i < forest->n; i++)
			if (forest->found[i].stream == stream)
				p[n++] = forest->found[i].p;
		stats_holm(p, n);
		n = 0;
		for (size_t i = 0; i < forest->n; i++)
			if (forest->found[i].stream == stream)
				forest->found[i].p = p[n++];
	}
}

/* ---- rows ------------------------------------------------------------------------------------------------ */

static int by_mean(const void *a, const void *b)
{
	const struct difference *x = a, *y = b;
	if (x->value.mean != y->value.mean)
		return x->value.mean < y->value.mean ? -1 : 1;
	return (x->series > y->series) - (x->series < y->series);
}

/* Panels of several streams share their rows, one for each label, so that the eye can follow a strategy across.  A
 * single strategy has its streams as rows, in one panel. */
static void find_rows(struct chart_sheet *sheet, struct forest *forest)
{
	forest->row_label = ARENA_TAKE(&sheet->arena, forest->n, const char *);
	for (size_t i = 0; i < forest->n; i++) {
		struct difference *found = &forest->found[i];
		const char *label = forest->streams.label[found->series];
		while (found->row < forest->rows && strcmp(forest->row_label[found->row], label) != 0)
			found->row++;
		if (found->row == forest->rows)
			forest->row_label[forest->rows++] = label;
	}
	if (forest->streams.n == 1 || forest->rows > 1)
		return;
	for (forest->rows = 0; forest->rows < forest->n; forest->rows++) {
		forest->found[forest->rows].row = forest->rows;
		forest->row_label[forest->rows] = forest->streams.title[forest->found[forest->rows].stream];
	}
}

static void put_panels(struct chart_sheet *sheet, const struct forest *forest)
{
	bool one = forest->streams.n == 1 || forest->row_label[0] == forest->streams.title[forest->found[0].stream];
	double *panel_of = ARENA_TAKE(&sheet->arena, forest->n, double);
	for (size_t i = 0; i < forest->n; i++)
		panel_of[i] = one ? 1 : (double)forest->found[i].stream + 1;
	chart_set_number(sheet, "panels", one ? 1 : (double)forest->streams.n);
	chart_set_texts(sheet, "panel_title", forest->streams.n, forest->streams.title);
	chart_set_numbers(sheet, "panel_of", forest->n, panel_of);
	chart_set_number(sheet, "streams", (double)forest->streams.n);
	chart_set_text(sheet, "subject",
				   one && forest->streams.n > 1 ? forest->streams.label[forest->found[0].series] : "");
}

static void put_differences(struct chart_sheet *sheet, const struct forest *forest)
{
	size_t *shown = ARENA_TAKE(&sheet->arena, forest->n, size_t), low = 0, high = 0;
	double least = 0, most = 0;
	for (size_t i = 0; i < forest->n; i++) {
		const struct difference *found = &forest->found[i];
		shown[i] = found->series;
		chart_put_name(sheet, i + 1, found->series);
		csv_int(sheet->data, (int64_t)(forest->rows - found->row));
		csv_int(sheet->data, (int64_t)found->value.n);
		chart_put_estimate(sheet, &found->value);
		chart_put(sheet, found->p);
		csv_row(sheet->data);
		chart_count_seeds(&found->value, &low, &high);
		least = fmin(least, found->value.low);
		most = fmax(most, found->value.high);
	}
	chart_set_series(sheet, forest->n, shown);
	chart_set_labels(sheet, forest->rows, forest->row_label);
	chart_set_number(sheet, "rows", (double)forest->rows);
	chart_set_seeds(sheet, low, high);
	chart_set_number(sheet, "x_least", least);
	chart_set_number(sheet, "x_most", most);
	chart_set_number(sheet, "margin", sheet->choice->margin);
}

int chart_fill_differences(struct chart_sheet *sheet, struct error *err)
{
	const char *asked = sheet->choice->baseline;
	struct forest forest = { .found = ARENA_TAKE(&sheet->arena, sheet->study->n, struct difference) };
	chart_split_streams(sheet, &forest.streams);
	size_t baseline = find_baseline(sheet->study, &forest.streams, asked);
	if (baseline == SIZE_MAX)
		return fail(err, ERROR_USER, "no run has the baseline '%s' (give the label of one of the strategies)", asked);
	TRY(find_differences(sheet, baseline, &forest, err));
	if (forest.n == 0) {
		sheet->missing = "it needs two strategies with two seeds in common";
		return 0;
	}
	correct(sheet, &forest);
	if (forest.streams.n == 1)
		qsort(forest.found, forest.n, sizeof *forest.found, by_mean);
	find_rows(sheet, &forest);
	put_differences(sheet, &forest);
	put_panels(sheet, &forest);
	chart_set_text(sheet, "baseline",
				   sheet->study->keys ? sheet->study->series[baseline].strategy : sheet->study->series[baseline].label);
	return 0;
}
