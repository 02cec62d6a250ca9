/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_balance.c -- MaxVio and dead experts over training.
 */
#include <config.h>

#include "experiments/charts/layer_curves.h"

int fill_balance(struct chart_sheet *sheet, struct error *err)
{
	static const struct layer_chart chart = {
		.values = 3,
		.column = { "maxvio", "dead_experts", "maxvio_floor" },
		.bare_last = true,
		.missing = "no run has routed experts",
		.drawn = { .headline = "Balance of the experts over training",
				   .about = "Lower is better.",
				   .measures = 2,
				   .measure = { { "maxvio", "MaxVio: load of the fullest expert over the fair share, minus 1",
								  "violation", NULL },
								{ "dead", "dead experts (load below 1% of the fair share)", "zero", NULL } },
				   .reference = "floor",
				   .reference_title = "MaxVio of chance" }
	};
	return layer_curves_fill(sheet, &chart, err);
}
