/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_specialisation.c -- do experts become specialists as training goes on?
 */
#include <config.h>

#include "experiments/charts/layer_curves.h"

int fill_specialisation(struct chart_sheet *sheet, struct error *err)
{
	static const struct layer_chart chart = {
		.values = 1,
		.column = { "domain_nmi" },
		.missing = "the tokens of these runs carry no domain labels",
		.drawn = { .headline = "Specialization of the experts over training",
				   .about = "0: the domain says nothing about the expert; 1: everything.",
				   .measures = 1,
				   .measure = { { "nmi", "NMI of domain and expert", "zero", NULL } } }
	};
	return layer_curves_fill(sheet, &chart, err);
}
