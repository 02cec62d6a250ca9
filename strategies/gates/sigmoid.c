/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sigmoid.c -- an expert's output is weighted by the sigmoid of its logit, whatever the scores are that chose it (Lewis
 * et al. 2021, BASE layers, arXiv 2103.16716, section 2.1).
 *
 * For routers whose selection reads something else than the weight: a balanced assignment of logits (BASE, Sinkhorn),
 * or the largest logits (Llama-4).  Unlike a renormalized weight it trains the router with one expert per token, too.
 */
#include <moesim/kit.h>

struct sigmoid {
	double scale;
};

static const struct moe_opt options[] = {
	{ .name = "scale",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct sigmoid, scale),
	  .low = 1e-3,
	  .high = 1e3,
	  .preset = 1,
	  .help = "factor on all weights" },
	{ .name = NULL },
};

static size_t place_of(const struct moe_route *route, size_t pair)
{
	return route->plan->token[pair] * route->call.experts + route->plan->expert[pair];
}

static void forward(const struct moe_self *self, const struct moe_route *route, real *weight)
{
	real scale = (real)((const struct sigmoid *)self->opt)->scale;
	for (size_t p = 0; p < route->plan->pairs; p++)
		weight[p] = scale / (1 + moe_exp(-route->logits[place_of(route, p)]));
}

/* d_z = d_g scale s (1 - s), with the weight scale s at hand */
static void backward(const struct moe_self *self, const struct moe_route *route, struct moe_grad *grad)
{
	const struct moe_plan *plan = route->plan;
	real scale = (real)((const struct sigmoid *)self->opt)->scale;
	for (size_t p = 0; p < plan->pairs; p++)
		grad->logits[place_of(route, p)] += plan->d_weight[p] * plan->weight[p] * (1 - plan->weight[p] / scale);
}

const struct moe_gate gate_sigmoid = {
	.part = { .kind = MOE_GATE,
			  .name = "sigmoid",
			  .summary = "the weight is the sigmoid of the logit",
			  .formula = "g_e = scale / (1 + exp(-z_e))",
			  .cite = "Lewis et al. 2021, arXiv 2103.16716",
			  .opts = options,
			  .opts_size = sizeof(struct sigmoid),
			  .wants = MOE_LOGITS },
	.forward = forward,
	.backward = backward,
};
