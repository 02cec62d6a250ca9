/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bias.c -- loss-free balancing: a bias per expert moves the selection, never the weights (Wang et al. 2024,
 * arXiv 2408.15664).
 *
 * After each training step the bias of an expert with less than the mean load rises by `rate` and that of one with more
 * falls: selection always uses the counts of earlier steps, so that it is causal.  The sum of the biases has no meaning
 * for the selection; `centre` takes their mean away so that they do not drift.
 */
#include <moesim/kit.h>

struct bias {
	double rate;
	bool centre;
};

static const struct moe_opt options[] = {
	{ .name = "rate",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct bias, rate),
	  .low = 0,
	  .high = 10,
	  .preset = 1e-3,
	  .help = "size of the bias update after each training step; compare it with the spread of the scores" },
	{ .name = "centre",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct bias, centre),
	  .high = 1,
	  .preset = 0,
	  .help = "keep the mean of the biases at 0" },
	{ .name = NULL },
};

MOE_CLONED static void adjust(const struct moe_self *self, const struct moe_route *route, real *choice)
{
	const real *bias = self->state;
	size_t experts = route->call.experts;
	for (size_t t = 0; t < route->call.tokens; t++)
		for (size_t e = 0; e < experts; e++)
			choice[t * experts + e] += bias[e];
}

static void settle(const struct moe_self *self, const struct moe_route *route)
{
	const struct bias *opt = self->opt;
	real *bias = self->state;
	size_t experts = route->call.experts;
	double total = 0, mean = 0;
	for (size_t e = 0; e < experts; e++)
		total += route->plan->assigned[e];
	for (size_t e = 0; e < experts; e++) {
		double short_of = total - (double)route->plan->assigned[e] * (double)experts;
		bias[e] += (real)(opt->rate * ((short_of > 0) - (short_of < 0)));
		mean += (double)bias[e] / (double)experts;
	}
	for (size_t e = 0; opt->centre && e < experts; e++)
		bias[e] -= (real)mean;
}

static size_t state_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->experts * sizeof(real);
}

static const real *offsets(const struct moe_self *self)
{
	return self->state;
}

const struct moe_balancer balancer_bias = {
	.part = { .kind = MOE_BALANCER,
			  .name = "bias",
			  .summary = "loss-free: a bias per expert moves the selection after every step",
			  .formula = "c_e = s_e + b_e;   after a step  b_e += rate * sign(mean load - load_e)",
			  .cite = "Wang et al. 2024, arXiv 2408.15664",
			  .opts = options,
			  .opts_size = sizeof(struct bias),
			  .wants = MOE_SCORES,
			  .state_size = state_size,
			  .settle = settle },
	.adjust = adjust,
	.offsets = offsets,
};
