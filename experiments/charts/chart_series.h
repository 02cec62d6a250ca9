/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart_series.h -- the series of a chart: their labels, looks and groups.
 */
#ifndef EXPERIMENTS_CHARTS_CHART_SERIES_H
#define EXPERIMENTS_CHARTS_CHART_SERIES_H

#include "experiments/charts/chart.h"

/* The groups in which plots/curves.gp draws the series, each with a panel of its own. */
struct chart_groups {
	size_t n;
	size_t *first; /* [n] a series of each: an index into study->series */
};

/* The prelude's `series`, `label[]`, `look[]`, `footnote`, which every chart of series needs.  shown[i] are indices
 * into study->series; rows then name a series by its place in `shown`, from 1. */
void chart_set_series(struct chart_sheet *, size_t n, const size_t *shown);

/* `groups`, `group_title[]`, `group_of[]` of each series; of the legend `lines`, `line_label[]`, `line_look[]`,
 * `line_of[]` each series.  The groups live in the sheet's arena. */
void chart_set_groups(struct chart_sheet *, size_t n, const size_t *shown, struct chart_groups *groups);

#endif
