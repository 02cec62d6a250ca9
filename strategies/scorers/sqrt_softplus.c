/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sqrt_softplus.c -- scores that grow without bound: s = sqrt(ln(1 + exp(z))) (DeepSeek-AI 2026, DeepSeek-V4).
 */
#include <moesim/kit.h>

MOE_CLONED static void forward(const struct moe_self *self, const struct moe_route *route, real *scores)
{
	(void)self;
	for (size_t i = 0; i < route->call.tokens * route->call.experts; i++)
		scores[i] = (real)sqrt((double)moe_softplus(route->logits[i]));
}

/* ds/dz = sigmoid(z) / (2 s); where s is 0 to the working precision, so is its slope */
MOE_CLONED static void backward(const struct moe_self *self, const struct moe_route *route, struct moe_grad *grad)
{
	(void)self;
	for (size_t i = 0; i < route->call.tokens * route->call.experts; i++) {
		real s = route->scores[i], sigmoid = 1 / (1 + moe_exp(-route->logits[i]));
		grad->logits[i] += s > 0 ? grad->scores[i] * sigmoid / (2 * s) : 0;
	}
}

const struct moe_scorer scorer_sqrt_softplus = {
	.part = { .kind = MOE_SCORER,
			  .name = "sqrt-softplus",
			  .summary = "independent scores that grow like the root of the logit",
			  .formula = "s_e = sqrt(ln(1 + exp(z_e)))",
			  .cite = "DeepSeek-AI 2026, DeepSeek-V4, inference/model.py",
			  .gives = MOE_SCORES,
			  .wants = MOE_LOGITS,
			  .reach = MOE_REACH_TOKEN },
	.forward = forward,
	.backward = backward,
};
