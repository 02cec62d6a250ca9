/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * renorm.c -- the chosen experts' scores, made to sum to 1 (Lepikhin et al. 2020, GShard, arXiv 2006.16668).
 *
 * With softmax scores this is the softmax over the chosen logits (Mixtral, arXiv 2401.04088).  Dropped choices take no
 * part.  With k = 1 every weight is `scale` and the router gets no gradient from the loss.
 */
#include <moesim/moesim.h>

struct renorm {
	double scale;
};

static const struct moe_opt options[] = {
	{ .name = "scale",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct renorm, scale),
	  .low = 1e-3,
	  .high = 1e3,
	  .preset = 1,
	  .help = "what a token's weights sum to (DeepSeek-V3: 2.5)" },
	{ .name = NULL },
};

static real score_of(const struct moe_route *route, uint32_t pair)
{
	const struct moe_plan *plan = route->plan;
	return route->scores[plan->token[pair] * route->call.experts + plan->expert[pair]];
}

/* The sum of the scores of token t's pairs. */
static real total(const struct moe_route *route, size_t t)
{
	const struct moe_plan *plan = route->plan;
	real sum = (real)1e-20;
	for (size_t i = plan->token_first[t]; i < plan->token_first[t + 1]; i++)
		sum += score_of(route, plan->by_token[i]);
	return sum;
}

static void forward(const struct moe_self *self, const struct moe_route *route, real *weight)
{
	const struct moe_plan *plan = route->plan;
	real scale = (real)((const struct renorm *)self->opt)->scale;
	for (size_t t = 0; t < route->call.tokens; t++) {
		real factor = scale / total(route, t);
		for (size_t i = plan->token_first[t]; i < plan->token_first[t + 1]; i++)
			weight[plan->by_token[i]] = factor * score_of(route, plan->by_token[i]);
	}
}

/* d_s = (scale d_g - <d_g, g>) / total */
static void backward(const struct moe_self *self, const struct moe_route *route, struct moe_grad *grad)
{
	const struct moe_plan *plan = route->plan;
	real scale = (real)((const struct renorm *)self->opt)->scale;
	for (size_t t = 0; t < route->call.tokens; t++) {
		real sum = total(route, t), dot = 0;
		for (size_t i = plan->token_first[t]; i < plan->token_first[t + 1]; i++)
			dot += plan->d_weight[plan->by_token[i]] * plan->weight[plan->by_token[i]];
		for (size_t i = plan->token_first[t]; i < plan->token_first[t + 1]; i++) {
			uint32_t p = plan->by_token[i];
			grad->scores[t * route->call.experts + plan->expert[p]] += (scale * plan->d_weight[p] - dot) / sum;
		}
	}
}

const struct moe_gate gate_renorm = {
	.part = { .kind = MOE_GATE,
			  .name = "renorm",
			  .summary = "the chosen scores, normalized to sum to 1",
			  .formula = "g_e = scale * s_e / sum of s over the chosen experts",
			  .cite = "Lepikhin et al. 2020, arXiv 2006.16668",
			  .opts = options,
			  .opts_size = sizeof(struct renorm),
			  .wants = MOE_SCORES },
	.forward = forward,
	.backward = backward,
};
