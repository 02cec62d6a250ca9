/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_differences.c -- which strategies differ from a baseline on the same stream, paired by seed.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/charts/chart_series.h"
#include "experiments/charts/chart_totals.h"
#include "experiments/study/compare.h"

struct difference {
	size_t series, stream, row;
	const struct compare_pair *pair;
};

struct forest {
	struct chart_streams streams;
	struct compare_page page; /* what compare says of the same runs, with the same p */
	size_t n;
	struct difference *found; /* [n] */
	size_t rows;
	const char **row_label; /* [rows] */
};

static void add(struct chart_sheet *sheet, size_t stream, const struct compare_pair *pair, struct forest *forest)
{
	const struct contest *contest = &forest->page.contest[stream].series;
	if (pair->difference.n < 2)
		chart_note(sheet, "%s: fewer than two seeds in common with %s", contest->study.series[pair->a].label,
				   contest->study.series[pair->b].label);
	else
		forest->found[forest->n++] =
			(struct difference){ .series = contest->from[pair->a], .stream = stream, .pair = pair };
}

static int find_differences(struct chart_sheet *sheet, struct forest *forest, struct error *err)
{
	const struct compare_request request = { .against = sheet->choice->against,
											 .margin = sheet->choice->margin,
											 .asides = true };
	TRY(compare_page(sheet->study, &request, &forest->page, err));
	for (size_t c = 0; c < forest->page.contests; c++) {
		const struct comparison *loss = &forest->page.contest[c].metric[0];
		if (loss->pairs == 0)
			chart_note(sheet, "%s: nothing to compare with on its stream", loss->study->series[0].label);
		for (size_t i = 0; i < loss->pairs; i++)
			if (!loss->pair[i].aside)
				add(sheet, c, &loss->pair[i], forest);
	}
	return 0;
}

static int by_mean(const void *a, const void *b)
{
	const struct difference *x = a, *y = b;
	if (x->pair->difference.mean != y->pair->difference.mean)
		return x->pair->difference.mean < y->pair->difference.mean ? -1 : 1;
	return (x->series > y->series) - (x->series < y->series);
}

/* A single strategy has its streams as rows, in one panel. */
static void find_rows(struct chart_sheet *sheet, struct forest *forest)
{
	const char **label = ARENA_TAKE(&sheet->arena, forest->n, const char *);
	size_t *row = ARENA_TAKE(&sheet->arena, forest->n, size_t);
	for (size_t i = 0; i < forest->n; i++)
		label[i] = forest->streams.label[forest->found[i].series];
	forest->rows = chart_share_rows(sheet, forest->n, label, row, &forest->row_label);
	for (size_t i = 0; i < forest->n; i++)
		forest->found[i].row = row[i];
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

/* Tests on the logarithm are drawn as they are read: as shares. */
static bool in_shares(const struct forest *forest)
{
	for (size_t i = 0; i < forest->n; i++)
		if (!forest->page.contest[forest->found[i].stream].metric[0].logarithmic)
			return false;
	return true;
}

/* An exact difference has no interval but itself. */
static struct estimate shown(const struct compare_pair *pair)
{
	struct estimate e = pair->difference;
	e.low = pair->exact ? e.mean : pair->low;
	e.high = pair->exact ? e.mean : pair->high;
	return e;
}

static struct estimate shown_share(const struct compare_pair *pair)
{
	struct estimate e = { .n = pair->difference.n, .mean = pair->relative };
	if (pair->test.verdict == VERDICT_EQUAL)
		e.mean = 0;
	e.low = isnan(pair->relative_low) ? e.mean : pair->relative_low;
	e.high = isnan(pair->relative_high) ? e.mean : pair->relative_high;
	return e;
}

/* Of each seed that both have, in the order of a's runs. */
static void put_seeds(struct chart_sheet *sheet, const struct comparison *of, const struct compare_pair *pair,
					  bool share)
{
	const struct study_series *a = &of->study->series[pair->a], *b = &of->study->series[pair->b];
	double *seed = ARENA_TAKE(&sheet->arena, a->n, double);
	size_t n = 0;
	for (size_t i = 0; i < a->n; i++) {
		size_t j = 0;
		while (j < b->n && b->run[j]->seed != a->run[i]->seed)
			j++;
		double x = of->value[pair->a][i], y = j < b->n ? of->value[pair->b][j] : NAN;
		if (isfinite(x) && isfinite(y))
			seed[n++] = share ? x / y - 1 : x - y;
	}
	chart_put_seeds(sheet, seed, n);
}

static void put_difference(struct chart_sheet *sheet, const struct forest *forest, size_t place)
{
	const struct difference *found = &forest->found[place];
	const struct compare_pair *pair = found->pair;
	const struct estimate difference = shown(pair), share = shown_share(pair);
	const struct comparison *of = &forest->page.contest[found->stream].metric[0];
	chart_put_name(sheet, place + 1, found->series);
	csv_int(sheet->data, (int64_t)(forest->rows - found->row));
	csv_int(sheet->data, (int64_t)difference.n);
	chart_put_estimate(sheet, &difference);
	put_seeds(sheet, of, pair, false);
	chart_put(sheet, pair->difference.low);
	chart_put(sheet, pair->difference.high);
	chart_put_estimate(sheet, &share);
	put_seeds(sheet, of, pair, true);
	chart_put(sheet, pair->test.p);
	chart_put_text(sheet, compare_verdict(of->metric, pair->test.verdict));
	csv_row(sheet->data);
}

/* The intervals of few seeds would leave no room for the marks: where they reach far beyond all of them, they are cut.
 */
static void put_range(struct chart_sheet *sheet, const struct forest *forest, double scale)
{
	enum { BEYOND = 3 };
	double least = 0, most = 0, reach = 0;
	for (size_t i = 0; i < forest->n; i++) {
		const struct compare_pair *pair = forest->found[i].pair;
		const struct estimate e = scale > 1 ? shown_share(pair) : shown(pair);
		reach = fmax(reach, fabs(e.mean));
		least = fmin(least, e.low);
		most = fmax(most, e.high);
	}
	chart_set_number(sheet, "x_least", scale * fmax(least, -BEYOND * reach));
	chart_set_number(sheet, "x_most", scale * fmin(most, BEYOND * reach));
	chart_set_number(sheet, "cut", least < -BEYOND * reach || most > BEYOND * reach);
}

static void put_differences(struct chart_sheet *sheet, const struct forest *forest)
{
	size_t *series = ARENA_TAKE(&sheet->arena, forest->n, size_t), low = 0, high = 0;
	bool shares = in_shares(forest);
	for (size_t i = 0; i < forest->n; i++) {
		series[i] = forest->found[i].series;
		put_difference(sheet, forest, i);
		chart_count_seeds(&forest->found[i].pair->difference, &low, &high);
	}
	chart_set_series(sheet, forest->n, series);
	chart_set_labels(sheet, forest->rows, forest->row_label);
	chart_set_number(sheet, "rows", (double)forest->rows);
	chart_set_seeds(sheet, low, high);
	chart_set_number(sheet, "tests", (double)forest->page.tests);
	chart_set_number(sheet, "shares", shares);
	put_range(sheet, forest, shares ? 100 : 1);
	chart_set_number(sheet, "margin", sheet->choice->margin);
}

static void put_baseline(struct chart_sheet *sheet, const struct forest *forest)
{
	const struct compare_contest *first = &forest->page.contest[forest->found[0].stream];
	const struct study_series *baseline = &first->series.study.series[first->baseline];
	bool loss = strcmp(forest->page.metric[0]->name, "excess_loss") == 0;
	chart_set_text(sheet, "baseline", sheet->study->keys ? baseline->strategy : baseline->label);
	chart_set_text(sheet, "loss_title",
				   loss ? "excess loss over Bayes (nats per token)" : "evaluation loss (nats per token)");
}

static int draw(struct chart_sheet *sheet, struct forest *forest, struct error *err)
{
	TRY(find_differences(sheet, forest, err));
	if (forest->n == 0) {
		sheet->missing = "it needs two strategies with two seeds in common";
		return 0;
	}
	if (forest->streams.n == 1)
		qsort(forest->found, forest->n, sizeof *forest->found, by_mean);
	find_rows(sheet, forest);
	put_differences(sheet, forest);
	put_panels(sheet, forest);
	put_baseline(sheet, forest);
	return 0;
}

int fill_differences(struct chart_sheet *sheet, struct error *err)
{
	struct forest forest = { .found = ARENA_TAKE(&sheet->arena, sheet->study->n, struct difference) };
	chart_split_streams(sheet, &forest.streams);
	int status = draw(sheet, &forest, err);
	compare_page_free(&forest.page);
	return status;
}
