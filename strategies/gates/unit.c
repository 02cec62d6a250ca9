/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * unit.c -- every chosen expert counts alike, with weight 1 (Roller et al. 2021, arXiv 2106.04426).
 */
#include <moesim/moesim.h>

static void forward(const struct moe_self *self, const struct moe_route *route, real *weight)
{
	(void)self;
	for (size_t p = 0; p < route->plan->pairs; p++)
		weight[p] = 1;
}

const struct moe_gate gate_unit = {
	.part = { .kind = MOE_GATE,
			  .name = "unit",
			  .summary = "every chosen expert has weight 1",
			  .formula = "g_e = 1",
			  .cite = "Roller et al. 2021, arXiv 2106.04426" },
	.forward = forward,
};
