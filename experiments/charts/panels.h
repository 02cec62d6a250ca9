/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * panels.h -- a chart of matrices: one panel for each series and layer, of one run each.
 *
 * Experts are exchangeable, so a mean over seeds would blur what each of them became; the first seed stands for all.
 */
#ifndef EXPERIMENTS_CHARTS_PANELS_H
#define EXPERIMENTS_CHARTS_PANELS_H

#include "experiments/charts/chart.h"

enum { PANELS = 48 }; /* more would be too small to read */

/* What the scripts must know of each panel. */
struct panels {
	size_t n;
	const char *label[PANELS], *layer[PANELS];
	double first[PANELS], last[PANELS]; /* rows of the CSV, from 0 */
	double width[PANELS], height[PANELS];
	double scale[PANELS]; /* tokens of a bin, or the strength of what is shown */
	size_t layers;        /* most layers of a run */
	double rows;
	double most; /* the greatest value */
};

struct panels *panels_new(struct chart_sheet *sheet);
/* Begins a panel of width times height values, which the caller then writes as rows of the CSV; false when there is no
 * place left. */
bool panels_open(struct panels *panels, const char *label, const char *layer, size_t width, size_t height);
/* Fills shown[study->n] with the series that are shown and returns their number.  Of many, every strategy shows the
 * same number, so that each is there with the extremes of what was swept. */
size_t panels_choose_series(struct chart_sheet *sheet, size_t *shown);
/* The layers of a run that are shown: from which one on, of so many. */
size_t panels_first_layer(const struct chart_sheet *sheet, size_t layers);
/* Tells the script of all panels, and the reader which layers and which runs they show. */
void panels_put(struct chart_sheet *sheet, struct panels *panels);

#endif
