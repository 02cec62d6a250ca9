/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart_totals.h -- how the runs of a series ended, for charts.
 */
#ifndef EXPERIMENTS_CHARTS_CHART_TOTALS_H
#define EXPERIMENTS_CHARTS_CHART_TOTALS_H

#include "experiments/charts/chart.h"

/* A column of summary.csv for each run of the series; NAN for one that diverged or is not finished.  value[series->n]
 * lives in the sheet's arena. */
int chart_totals(struct chart_sheet *, const struct study_series *, const char *column, double **value,
				 struct error *err);

/* The same over the seeds. */
int chart_total(struct chart_sheet *, const struct study_series *, const char *column, struct estimate *,
				struct error *err);

/* Both. */
struct chart_end {
	struct estimate of;
	double *seed; /* [n] */
	size_t n;     /* runs of the series */
};
int chart_end(struct chart_sheet *, const struct study_series *, const char *column, struct chart_end *,
			  struct error *err);

/* Cells: mean, low, high, and of a few seeds each. */
void chart_put_end(struct chart_sheet *, const struct chart_end *);

/* What the picture shows of it: of a few seeds each of them, else the interval.  Both stay as they are where there is
 * nothing. */
void chart_reach(const struct chart_end *, double *low, double *high);

/* "excess_loss" where every run that has a loss has that one, else "eval_loss"; tells the script as `loss_title`. */
int chart_loss_column(struct chart_sheet *, const char **column, struct error *err);

/* The streams that the series saw: what the charts draw in panels of their own, as losses of two streams cannot be
 * compared.  Everything lives in the sheet's arena. */
struct chart_streams {
	size_t n;
	const char **title; /* [n]; "" when there is one */
	size_t *of;         /* [study->n] the stream of each series */
	const char **label; /* [study->n] what tells it from the others of its stream, as causality_label() */
};
void chart_split_streams(struct chart_sheet *, struct chart_streams *);

/* Panels of several streams share their rows, one for each label, so that the eye can follow a strategy across: row[i]
 * of label[i], from 0.  Returns the number of rows; (*shared)[] are their labels, in the sheet's arena. */
size_t chart_share_rows(struct chart_sheet *, size_t n, const char *const *label, size_t *row, const char ***shared);

/* Cells: the series' place in the chart, from 1, and its label. */
void chart_put_name(struct chart_sheet *, size_t place, size_t series);

/* Widens the range of how many seeds stand behind what is shown; both begin with 0. */
void chart_count_seeds(const struct estimate *value, size_t *low, size_t *high);

/* Notes which of its runs have no result, and why. */
void chart_note_unfinished(struct chart_sheet *, const struct study_series *);

/* What no routing is expected to beat on each stream, on the scale of a loss column; NaN: not known. */
struct chart_limits {
	double *ceiling;            /* [streams->n] the lowest mean of the stream's planted routers */
	const char **ceiling_label; /* [streams->n] whose mean that is */
	double *bag; /* [streams->n] an ideal reader of the bag of past tokens: a floor for models of one layer */
};
int chart_limits(struct chart_sheet *, const struct chart_streams *, const char *column, struct chart_limits *,
				 struct error *err);

#endif
