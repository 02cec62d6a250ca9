/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * softmax.c -- scores that compete: s = softmax(z) over the experts (Shazeer et al. 2017, arXiv 1701.06538).
 */
#include <moesim/kit.h>

MOE_CLONED static void forward(const struct moe_self *self, const struct moe_route *route, real *scores)
{
	(void)self;
	size_t experts = route->call.experts;
	for (size_t t = 0; t < route->call.tokens; t++) {
		const real *z = route->logits + t * experts;
		moe_softmax(z, experts, 1, moe_max(z, experts), scores + t * experts);
	}
}

/* d_z = s (d_s - <d_s, s>) */
MOE_CLONED static void backward(const struct moe_self *self, const struct moe_route *route, struct moe_grad *grad)
{
	(void)self;
	size_t experts = route->call.experts;
	for (size_t t = 0; t < route->call.tokens; t++) {
		const real *s = route->scores + t * experts, *d_s = grad->scores + t * experts;
		real *d_z = grad->logits + t * experts, dot = (real)moe_dot(d_s, s, experts);
		for (size_t e = 0; e < experts; e++)
			d_z[e] += s[e] * (d_s[e] - dot);
	}
}

const struct moe_scorer scorer_softmax = {
	.part = { .kind = MOE_SCORER,
			  .name = "softmax",
			  .summary = "competing scores: they sum to 1 over the experts",
			  .formula = "s_e = exp(z_e) / sum_j exp(z_j)",
			  .cite = "Shazeer et al. 2017, arXiv 1701.06538",
			  .gives = MOE_SCORES,
			  .wants = MOE_LOGITS,
			  .reach = MOE_REACH_TOKEN },
	.forward = forward,
	.backward = backward,
};
