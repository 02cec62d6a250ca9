/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * l1.c -- an L1 loss on the scores whose weight is adapted until k experts a token are active (Wang, Zhu & Chen 2024,
 * ReMoE, arXiv 2412.14711, eq. 6-9).
 *
 *   L = 1/T sum_t sum_e f_e s_e(t)      f_e = E / (k T) tokens that chose e;  with even=no, f = 1
 *   after a step:  weight *= factor^sign(experts chosen by the mean token - k)
 *
 * It is made for a selector that takes as many experts as have a score to speak of; with k for every token the weight
 * stays where it begins.  The f makes the loss push harder on experts that have more than their share.  The paper has
 * one weight for all layers, from their mean; here each layer has its own, so that each of them comes to k.
 */
#include <moesim/kit.h>
#include <string.h>

struct l1 {
	double weight, factor;
	bool even;
};

static const struct moe_opt options[] = {
	{ .name = "weight",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct l1, weight),
	  .low = 1e-30,
	  .high = 1e3,
	  .preset = 1e-8,
	  .help = "weight of the loss in the first step" },
	{ .name = "factor",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct l1, factor),
	  .low = 1,
	  .high = 10,
	  .preset = 1.2,
	  .help = "what a step with too many experts multiplies the weight by, and one with too few divides it by" },
	{ .name = "even",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct l1, even),
	  .high = 1,
	  .preset = 1,
	  .help = "weigh each expert by its load, so that the loads become even" },
	{ .name = NULL },
};

/* The weight stays within these, or a k that cannot be reached would send it to infinity. */
static const double least = 1e-30, most = 1e6;

/* State: the weight; 0 before the first step. */
static size_t state_size(const struct moe_call *call, const void *opt)
{
	(void)call, (void)opt;
	return sizeof(double);
}

static double weight_now(const struct moe_self *self)
{
	double kept = *(const double *)self->state;
	return kept > 0 ? kept : ((const struct l1 *)self->opt)->weight;
}

/* Scratch: f of each expert. */
static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->experts * sizeof(double);
}

static void set_factors(const struct moe_route *route, bool even, double *factor)
{
	const struct moe_call *call = &route->call;
	for (size_t e = 0; e < call->experts; e++)
		factor[e] = even ? 0 : 1;
	for (size_t i = 0; even && i < route->picks->n; i++)
		factor[route->picks->expert[i]] += (double)call->experts / (double)(call->k * call->tokens);
}

MOE_CLONED static void loss(const struct moe_self *self, const struct moe_route *route, struct moe_term *term,
							struct moe_grad *grad)
{
	size_t experts = route->call.experts, tokens = route->call.tokens;
	double *factor = self->scratch, weight = weight_now(self), sum = 0;
	set_factors(route, ((const struct l1 *)self->opt)->even, factor);
	for (size_t t = 0; t < tokens; t++) {
		double row;
		const real *s = route->scores + t * experts;
		MOE_SUM(row, experts, e, (double)s[e] * factor[e]);
		sum += row;
		for (size_t e = 0; grad && e < experts; e++)
			grad->scores[t * experts + e] += (real)(weight * factor[e] / (double)tokens);
	}
	*term = (struct moe_term){ sum / (double)tokens, weight };
}

static void settle(const struct moe_self *self, const struct moe_route *route)
{
	size_t chosen = route->picks->n, wanted = route->call.k * route->call.tokens;
	double factor = ((const struct l1 *)self->opt)->factor, weight = weight_now(self);
	weight *= chosen > wanted ? factor : chosen < wanted ? 1 / factor : 1;
	*(double *)self->state = fmin(fmax(weight, least), most);
}

const struct moe_balancer balancer_l1 = {
	.part = { .kind = MOE_BALANCER,
			  .name = "l1",
			  .summary = "adaptive L1 loss: lowers the scores until k experts a token are chosen",
			  .formula = "L = weight * mean over tokens of sum_e f_e s_e      at balance: weight * mean of sum_e s_e\n"
						 "f_e = E / (k T) * tokens that chose e;\n"
						 "after a step  weight *= factor^sign(experts chosen by the mean token - k)",
			  .cite = "Wang, Zhu & Chen 2024, arXiv 2412.14711",
			  .opts = options,
			  .opts_size = sizeof(struct l1),
			  .wants = MOE_SCORES,
			  .state_size = state_size,
			  .scratch_size = scratch_size,
			  .settle = settle },
	.column = "l1_loss",
	.loss = loss,
};
