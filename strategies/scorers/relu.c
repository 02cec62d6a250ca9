/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * relu.c -- scores that are 0 or the logit itself: s = max(z, 0) (Wang et al. 2024, ReMoE, arXiv 2412.14711).
 */
#include <moesim/kit.h>

MOE_CLONED static void forward(const struct moe_self *self, const struct moe_route *route, real *scores)
{
	(void)self;
	for (size_t i = 0; i < route->call.tokens * route->call.experts; i++)
		scores[i] = route->logits[i] > 0 ? route->logits[i] : 0;
}

MOE_CLONED static void backward(const struct moe_self *self, const struct moe_route *route, struct moe_grad *grad)
{
	(void)self;
	for (size_t i = 0; i < route->call.tokens * route->call.experts; i++)
		grad->logits[i] += route->logits[i] > 0 ? grad->scores[i] : 0;
}

const struct moe_scorer scorer_relu = {
	.part = { .kind = MOE_SCORER,
			  .name = "relu",
			  .summary = "independent scores: the logit where it is positive, else 0",
			  .formula = "s_e = max(z_e, 0)",
			  .cite = "Wang et al. 2024, arXiv 2412.14711",
			  .gives = MOE_SCORES,
			  .wants = MOE_LOGITS,
			  .reach = MOE_REACH_TOKEN },
	.forward = forward,
	.backward = backward,
};
