/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_drops.c -- how much found no capacity at its expert.
 */
#include <config.h>

#include "experiments/charts/layer_curves.h"

int fill_drops(struct chart_sheet *sheet, struct error *err)
{
	static const struct layer_chart chart = {
		.values = 1,
		.column = { "drop_rate" },
		.missing = "no run has routed experts",
		.zero = "nothing was dropped in any run",
		.drawn = { .headline = "Dropped assignments over training",
				   .about = "Lower is better.",
				   .measures = 1,
				   .measure = { { "drops", "share of the assignments dropped", "zero", NULL } } }
	};
	return layer_curves_fill(sheet, &chart, err);
}
