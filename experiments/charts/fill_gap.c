/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_gap.c -- the share of the gap between random and planted routing that each strategy closes.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/charts/chart_series.h"
#include "experiments/charts/chart_totals.h"
#include "experiments/study/compare.h"

struct closed {
	size_t series, stream, row;
	struct ratio share;
};

struct closing {
	struct chart_streams streams;
	struct compare_page page; /* what compare says of the same runs */
	size_t n;
	struct closed *found; /* [n] */
	size_t rows;
	const char **row_label; /* [rows] */
};

static void find_shares(size_t stream, struct closing *closing)
{
	const struct contest *contest = &closing->page.contest[stream].series;
	const struct gap *gap = &closing->page.contest[stream].gap;
	for (size_t s = 0; s < contest->study.n; s++)
		if (isfinite(gap->share[s].value))
			closing->found[closing->n++] =
				(struct closed){ .series = contest->from[s], .stream = stream, .share = gap->share[s] };
}

static int by_share(const void *a, const void *b)
{
	const struct closed *x = a, *y = b;
	if (x->share.value != y->share.value)
		return x->share.value > y->share.value ? -1 : 1;
	return (x->series > y->series) - (x->series < y->series);
}

static void find_rows(struct chart_sheet *sheet, struct closing *closing)
{
	const char **label = ARENA_TAKE(&sheet->arena, closing->n, const char *);
	size_t *row = ARENA_TAKE(&sheet->arena, closing->n, size_t);
	for (size_t i = 0; i < closing->n; i++)
		label[i] = closing->streams.label[closing->found[i].series];
	closing->rows = chart_share_rows(sheet, closing->n, label, row, &closing->row_label);
	for (size_t i = 0; i < closing->n; i++)
		closing->found[i].row = row[i];
}

static void put_panels(struct chart_sheet *sheet, const struct closing *closing)
{
	double *panel_of = ARENA_TAKE(&sheet->arena, closing->n, double);
	for (size_t i = 0; i < closing->n; i++)
		panel_of[i] = (double)closing->found[i].stream + 1;
	chart_set_number(sheet, "panels", (double)closing->streams.n);
	chart_set_texts(sheet, "panel_title", closing->streams.n, closing->streams.title);
	chart_set_numbers(sheet, "panel_of", closing->n, panel_of);
}

static void put_shares(struct chart_sheet *sheet, const struct closing *closing)
{
	size_t *series = ARENA_TAKE(&sheet->arena, closing->n, size_t), low = 0, high = 0;
	double least = 0;
	for (size_t i = 0; i < closing->n; i++) {
		const struct closed *found = &closing->found[i];
		const struct estimate share = {
			.n = found->share.n, .mean = found->share.value, .low = found->share.low, .high = found->share.high
		};
		series[i] = found->series;
		chart_put_name(sheet, i + 1, found->series);
		csv_int(sheet->data, (int64_t)(closing->rows - found->row));
		csv_int(sheet->data, (int64_t)share.n);
		chart_put_estimate(sheet, &share);
		csv_row(sheet->data);
		chart_count_seeds(&share, &low, &high);
		least = fmin(least, fmax(isnan(share.low) ? share.mean : share.low, -0.25));
	}
	chart_set_series(sheet, closing->n, series);
	chart_set_labels(sheet, closing->rows, closing->row_label);
	chart_set_number(sheet, "rows", (double)closing->rows);
	chart_set_number(sheet, "least", 100 * least);
	chart_set_seeds(sheet, low, high);
}

static int draw(struct chart_sheet *sheet, struct closing *closing, struct error *err)
{
	const struct compare_request request = { .against = sheet->choice->against,
											 .margin = sheet->choice->margin,
											 .asides = true };
	TRY(compare_page(sheet->study, &request, &closing->page, err));
	for (size_t c = 0; c < closing->page.contests; c++)
		find_shares(c, closing);
	if (closing->n == 0) {
		sheet->missing = "it needs planted runs, and random or dense ones, on one stream";
		return 0;
	}
	if (closing->streams.n == 1)
		qsort(closing->found, closing->n, sizeof *closing->found, by_share);
	find_rows(sheet, closing);
	put_shares(sheet, closing);
	put_panels(sheet, closing);
	return 0;
}

int fill_gap(struct chart_sheet *sheet, struct error *err)
{
	struct closing closing = { .found = ARENA_TAKE(&sheet->arena, sheet->study->n, struct closed) };
	chart_split_streams(sheet, &closing.streams);
	int status = draw(sheet, &closing, err);
	compare_page_free(&closing.page);
	return status;
}
