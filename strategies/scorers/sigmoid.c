/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sigmoid.c -- scores that stand alone: s = 1 / (1 + exp(-z)) (DeepSeek-V3, arXiv 2412.19437, section 2.1.2).
 */
#include <moesim/kit.h>

MOE_CLONED static void forward(const struct moe_self *self, const struct moe_route *route, real *scores)
{
	(void)self;
	for (size_t i = 0; i < route->call.tokens * route->call.experts; i++)
		scores[i] = 1 / (1 + moe_exp(-route->logits[i]));
}

MOE_CLONED static void backward(const struct moe_self *self, const struct moe_route *route, struct moe_grad *grad)
{
	(void)self;
	for (size_t i = 0; i < route->call.tokens * route->call.experts; i++)
		grad->logits[i] += grad->scores[i] * route->scores[i] * (1 - route->scores[i]);
}

const struct moe_scorer scorer_sigmoid = {
	.part = { .kind = MOE_SCORER,
			  .name = "sigmoid",
			  .summary = "independent scores: each is between 0 and 1",
			  .formula = "s_e = 1 / (1 + exp(-z_e))",
			  .cite = "DeepSeek-AI 2024, arXiv 2412.19437",
			  .gives = MOE_SCORES,
			  .wants = MOE_LOGITS,
			  .reach = MOE_REACH_TOKEN },
	.forward = forward,
	.backward = backward,
};
