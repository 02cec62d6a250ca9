/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * straight_through.c -- every chosen expert has weight 1, and the router learns as if the weight were the score
 * (Bengio, Leonard & Courville 2013, arXiv 1308.3432, section 2.3: the straight-through estimator).
 *
 * What flows back is not the derivative of the weight, which is none, but that of the score: an estimator.
 */
#include <moesim/moesim.h>

static void forward(const struct moe_self *self, const struct moe_route *route, real *weight)
{
	(void)self;
	for (size_t p = 0; p < route->plan->pairs; p++)
		weight[p] = 1;
}

static void backward(const struct moe_self *self, const struct moe_route *route, struct moe_grad *grad)
{
	const struct moe_plan *plan = route->plan;
	(void)self;
	for (size_t p = 0; p < plan->pairs; p++)
		grad->scores[plan->token[p] * route->call.experts + plan->expert[p]] += plan->d_weight[p];
}

const struct moe_gate gate_straight_through = {
	.part = { .kind = MOE_GATE,
			  .name = "straight-through",
			  .summary = "weight 1, with the gradient of the score: an estimator",
			  .formula = "g_e = 1,   d g_e / d s_e := 1",
			  .cite = "Bengio, Leonard & Courville 2013, arXiv 1308.3432",
			  .gives = MOE_ESTIMATE,
			  .wants = MOE_SCORES },
	.forward = forward,
	.backward = backward,
};
