/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_saturation.c -- how sure the router is of its choice.
 */
#include <config.h>

#include "experiments/charts/layer_curves.h"

int fill_saturation(struct chart_sheet *sheet, struct error *err)
{
	static const struct layer_chart chart = {
		.values = 1,
		.column = { "top1_prob" },
		.missing = "no run has measured its router's scores (top1_prob)",
		.drawn = { .headline = "How sure the router is, over training",
				   .about = "Near 1 the router is saturated and hardly learns any more.",
				   .measures = 1,
				   .measure = { { "top1", "mean share of the first choice in the scores", "zero", NULL } } }
	};
	return layer_curves_fill(sheet, &chart, err);
}
