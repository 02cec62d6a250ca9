/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * curves.h -- curves over training: one line per series, the mean over its seeds.
 */
#ifndef EXPERIMENTS_CHARTS_CURVES_H
#define EXPERIMENTS_CHARTS_CURVES_H

#include "experiments/charts/chart_series.h"

enum { CURVE_VALUES = 3 };

/* Which cells make a curve. */
struct curve {
	const char *file;
	size_t values;
	const char *column[CURVE_VALUES];
	const char *layer, *scope; /* NULL: the table has neither */
	bool bare_last;            /* the last value is a reference without an interval */
};

/* One row of one run. */
struct sample {
	size_t run; /* its place in the series */
	double step, tokens, value[CURVE_VALUES];
};

struct samples {
	size_t n, runs;
	struct sample *row; /* in the sheet's arena */
};

/* What was written, for the prelude. */
struct extent {
	bool tokens_known;
	double most_tokens, most_steps;
	size_t low_n, high_n; /* seeds */
	double least[CURVE_VALUES], greatest[CURVE_VALUES];
	double last[CURVE_VALUES]; /* where the curve written last ended */
};
struct extent extent_new(void);

/* Reads the curve of all seeds of a series. */
int curves_read(struct chart_sheet *, const struct study_series *, const struct curve *, struct samples *,
				struct error *err);

/* Has any sample that value? */
bool curves_have(const struct samples *, size_t value);

/* Writes the rows of one curve and returns their number: place, label, layer where it has one, step, tokens, number of
 * seeds, and each value with its interval and of a few seeds each. */
size_t curves_put(struct chart_sheet *, size_t place, const char *label, const struct curve *, struct samples *,
				  struct extent *);

/* The series of a chart that have a curve, and where it ends. */
struct ending {
	double value;
	size_t place; /* in the chart, from 1 */
};

struct curve_list {
	size_t n, *series; /* [n] indices into study->series */
	struct ending *ending;
};
struct curve_list curve_list_new(struct chart_sheet *);
/* Appends the series whose curve was written last. */
void curve_list_add(struct curve_list *, size_t series, const struct extent *);

/* The prelude of the series: those of chart_set_series(), chart_set_groups(), chart_set_seeds() and chart_set_tokens(),
 * `x_most`, and `order[]`: the series' places, highest end first, so that a legend stands in the order of the lines'
 * ends. */
void curves_set_series(struct chart_sheet *, struct curve_list *, const struct extent *, struct chart_groups *);

/* What plots/curves.gp draws of the data. */
struct curve_chart {
	const char *headline, *about; /* about stands before what the lines are */
	size_t measures;
	struct {
		const char *column; /* of the chart's data, which has NAME_low and NAME_high as well */
		const char *heading;
		const char *scale; /* "loss", "excess", "violation", "zero": see curves.gp */
		const char *total; /* the column of summary.csv in which the curve ends, for the ceiling; NULL: no ceiling */
	} measure[CURVE_VALUES];
	const char *reference, *reference_title; /* a column drawn in gray with the first measure; NULL: none */
};

/* The prelude of the measures: `headline`, `about`, `measures`, `measure[]`, `heading[]`, `scale[]`,
 * `reference_column`, `reference_title`, `ceiling[]` (of each measure and group, the loss at which the best planted
 * router ends; NaN: none), `ceiling_title`. */
int curves_set_measures(struct chart_sheet *, const struct curve_chart *, const struct chart_groups *,
						struct error *err);

#endif
