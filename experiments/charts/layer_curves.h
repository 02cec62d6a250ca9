/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer_curves.h -- charts of curves with one panel per layer.
 */
#ifndef EXPERIMENTS_CHARTS_LAYER_CURVES_H
#define EXPERIMENTS_CHARTS_LAYER_CURVES_H

#include "experiments/charts/curves.h"

struct layer_chart {
	size_t values;
	const char *column[CURVE_VALUES]; /* of layers.csv */
	bool bare_last;                   /* the last value is a reference */
	const char *missing;              /* why there is nothing to draw where no run has the first value */
	const char *zero;                 /* the same where it is 0 throughout; NULL: 0 is worth drawing */
	struct curve_chart drawn;
};

int layer_curves_fill(struct chart_sheet *, const struct layer_chart *, struct error *err);

#endif
