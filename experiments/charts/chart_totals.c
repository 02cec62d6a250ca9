/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart_totals.c -- how the runs of a series ended, for charts.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/charts/chart.h"
#include "experiments/charts/chart_totals.h"
#include "experiments/study/causality.h"
#include "experiments/study/contest.h"
#include "experiments/study/contrast.h"
#include "sim/base/text.h"

int chart_totals(struct chart_sheet *sheet, const struct study_series *series, const char *column, double **value,
				 struct error *err)
{
	*value = ARENA_TAKE(&sheet->arena, series->n, double);
	for (size_t i = 0; i < series->n; i++) {
		TRY(run_folder_summary(series->run[i], column, &(*value)[i], err));
		if (strcmp(series->run[i]->status, "diverged") == 0)
			(*value)[i] = NAN;
	}
	return 0;
}

int chart_end(struct chart_sheet *sheet, const struct study_series *series, const char *column, struct chart_end *end,
			  struct error *err)
{
	*end = (struct chart_end){ .n = series->n };
	TRY(chart_totals(sheet, series, column, &end->seed, err));
	end->of = estimate_of(end->seed, end->n);
	return 0;
}

int chart_total(struct chart_sheet *sheet, const struct study_series *series, const char *column,
				struct estimate *total, struct error *err)
{
	struct chart_end end;
	TRY(chart_end(sheet, series, column, &end, err));
	*total = end.of;
	return 0;
}

void chart_put_end(struct chart_sheet *sheet, const struct chart_end *end)
{
	chart_put_estimate(sheet, &end->of);
	chart_put_seeds(sheet, end->seed, end->n);
}

void chart_reach(const struct chart_end *end, double *low, double *high)
{
	if (end->n > CHART_SEEDS) {
		*low = fmin(*low, end->of.low);
		*high = fmax(*high, end->of.high);
	}
	for (size_t i = 0; i < end->n && end->n <= CHART_SEEDS; i++) {
		*low = fmin(*low, end->seed[i]);
		*high = fmax(*high, end->seed[i]);
	}
}

int chart_loss_column(struct chart_sheet *sheet, const char **column, struct error *err)
{
	static const char *const candidate[] = { "excess_loss", "eval_loss" };
	for (size_t c = 0; c < 2; c++) {
		size_t known = 0, any = 0;
		for (size_t i = 0; i < sheet->study->n; i++) {
			struct estimate total, other;
			TRY(chart_total(sheet, &sheet->study->series[i], candidate[c], &total, err));
			TRY(chart_total(sheet, &sheet->study->series[i], candidate[1], &other, err));
			known += total.n > 0;
			any += total.n > 0 || other.n > 0;
		}
		*column = candidate[c];
		if (known && known == any)
			break;
	}
	chart_set_text(sheet, "loss_title",
				   strcmp(*column, "excess_loss") == 0 ? "excess loss over Bayes (nats per token)"
													   : "evaluation loss (nats per token)");
	return 0;
}

void chart_count_seeds(const struct estimate *value, size_t *low, size_t *high)
{
	if (value->n == 0)
		return;
	*low = *high == 0 || value->n < *low ? value->n : *low;
	*high = value->n > *high ? value->n : *high;
}

size_t chart_share_rows(struct chart_sheet *sheet, size_t n, const char *const *label, size_t *row,
						const char ***shared)
{
	size_t rows = 0;
	*shared = ARENA_TAKE(&sheet->arena, n, const char *);
	for (size_t i = 0; i < n; i++) {
		for (row[i] = 0; row[i] < rows && strcmp((*shared)[row[i]], label[i]) != 0;)
			row[i]++;
		if (row[i] == rows)
			(*shared)[rows++] = label[i];
	}
	return rows;
}

void chart_put_name(struct chart_sheet *sheet, size_t place, size_t series)
{
	csv_int(sheet->data, (int64_t)place);
	chart_put_text(sheet, sheet->study->series[series].label);
}

void chart_split_streams(struct chart_sheet *sheet, struct chart_streams *streams)
{
	struct contest *contest;
	size_t n = sheet->study->n;
	*streams = (struct chart_streams){ .n = contests_split(sheet->study, &sheet->arena, &contest) };
	streams->title = ARENA_TAKE(&sheet->arena, n, const char *);
	streams->of = ARENA_TAKE(&sheet->arena, n, size_t);
	streams->label = ARENA_TAKE(&sheet->arena, n, const char *);
	for (size_t i = 0; i < streams->n; i++) {
		streams->title[i] = contest[i].title;
		for (size_t s = 0; s < contest[i].study.n; s++) {
			const struct study_series *series = &contest[i].study.series[s];
			streams->of[contest[i].from[s]] = i;
			streams->label[contest[i].from[s]] = causality_label(series, series->label);
		}
	}
}

void chart_note_unfinished(struct chart_sheet *sheet, const struct study_series *series)
{
	for (size_t i = 0; i < series->n; i++) {
		if (strcmp(series->run[i]->status, "diverged") == 0)
			chart_note(sheet, "%s: it diverged", series->run[i]->name);
		else if (!series->run[i]->summed_up)
			chart_note(sheet, "%s: it is not finished", series->run[i]->name);
	}
}

/* The mean of that reader's loss over all runs of the stream, less that of the Bayes filter for an excess loss. */
static int read_bag(struct chart_sheet *sheet, const struct study_series *series, bool excess, struct estimate *bag,
					struct error *err)
{
	double *loss, *bayes;
	TRY(chart_totals(sheet, series, "bag_loss", &loss, err));
	TRY(chart_totals(sheet, series, "bayes_loss", &bayes, err));
	for (size_t i = 0; excess && i < series->n; i++)
		loss[i] -= bayes[i];
	*bag = estimate_of(loss, series->n);
	return 0;
}

int chart_limits(struct chart_sheet *sheet, const struct chart_streams *streams, const char *column,
				 struct chart_limits *limits, struct error *err)
{
	*limits = (struct chart_limits){ .ceiling = ARENA_TAKE(&sheet->arena, streams->n, double),
									 .ceiling_label = ARENA_TAKE(&sheet->arena, streams->n, const char *),
									 .bag = ARENA_TAKE(&sheet->arena, streams->n, double) };
	for (size_t i = 0; i < streams->n; i++) {
		limits->ceiling[i] = limits->bag[i] = NAN;
		limits->ceiling_label[i] = "";
	}
	for (size_t s = 0; s < sheet->study->n; s++) {
		const struct study_series *series = &sheet->study->series[s];
		struct estimate total, reader;
		size_t at = streams->of[s];
		TRY(chart_total(sheet, series, column, &total, err));
		TRY(read_bag(sheet, series, strcmp(column, "excess_loss") == 0, &reader, err));
		limits->bag[at] = isnan(limits->bag[at]) ? reader.mean : limits->bag[at];
		if (contrast_role(series) == MOE_CEILING && !(total.mean >= limits->ceiling[at])) {
			limits->ceiling[at] = total.mean;
			limits->ceiling_label[at] = streams->label[s];
		}
	}
	return 0;
}
