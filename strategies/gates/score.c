/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * score.c -- an expert's output is weighted by its raw score (Fedus et al. 2021, Switch, arXiv 2101.03961, eq. 2).
 */
#include <moesim/moesim.h>

struct score {
	double scale;
};

static const struct moe_opt options[] = {
	{ .name = "scale",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct score, scale),
	  .low = 1e-3,
	  .high = 1e3,
	  .preset = 1,
	  .help = "factor on all weights" },
	{ .name = NULL },
};

static void forward(const struct moe_self *self, const struct moe_route *route, real *weight)
{
	const struct moe_plan *plan = route->plan;
	real scale = (real)((const struct score *)self->opt)->scale;
	for (size_t p = 0; p < plan->pairs; p++)
		weight[p] = scale * route->scores[plan->token[p] * route->call.experts + plan->expert[p]];
}

static void backward(const struct moe_self *self, const struct moe_route *route, struct moe_grad *grad)
{
	const struct moe_plan *plan = route->plan;
	real scale = (real)((const struct score *)self->opt)->scale;
	for (size_t p = 0; p < plan->pairs; p++)
		grad->scores[plan->token[p] * route->call.experts + plan->expert[p]] += scale * plan->d_weight[p];
}

const struct moe_gate gate_score = {
	.part = { .kind = MOE_GATE,
			  .name = "score",
			  .summary = "the weight is the raw score",
			  .formula = "g_e = scale * s_e",
			  .cite = "Fedus et al. 2021, arXiv 2101.03961",
			  .opts = options,
			  .opts_size = sizeof(struct score),
			  .wants = MOE_SCORES },
	.forward = forward,
	.backward = backward,
};
