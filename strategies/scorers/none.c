/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * none.c -- no scores: the selector needs none, and the router has no weights (Roller et al. 2021, arXiv 2106.04426).
 */
#include <moesim/moesim.h>

const struct moe_scorer scorer_none = {
	.part = { .kind = MOE_SCORER,
			  .name = "none",
			  .summary = "no scores and no router weights, for hash and random routing",
			  .formula = "no s_e",
			  .cite = "Roller et al. 2021, arXiv 2106.04426" },
};
