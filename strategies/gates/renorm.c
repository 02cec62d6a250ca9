/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * renorm.c -- the chosen experts' scores, made to sum to 1 (Lepikhin et al. 2020, GShard, arXiv 2006.16668).
 *
 * With softmax scores this is the softmax over the chosen logits (Mixtral, arXiv 2401.04088).  Where a capacity drops
 * choices, the sum is over the kept ones (Mesh-TensorFlow, DeepSpeed) or over all that were chosen, so that a token
 * that loses an expert gets less in all (GShard's algorithm 1, Megatron-LM).  With k = 1 every weight is `scale` and
 * the router gets no gradient from the loss.
 */
#include <moesim/moesim.h>

enum over { KEPT, CHOSEN };
static const char *const overs[] = { "kept", "chosen", NULL };

struct renorm {
	double scale;
	int over;
};

static const struct moe_opt options[] = {
	{ .name = "scale",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct renorm, scale),
	  .low = 1e-3,
	  .high = 1e3,
	  .preset = 1,
	  .help = "what a token's weights sum to (DeepSeek-V3: 2.5)" },
	{ .name = "over",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct renorm, over),
	  .high = 1,
	  .choices = overs,
	  .help = "sum over the choices that a capacity kept, or over all of them (GShard, Megatron-LM)" },
	{ .name = NULL },
};

static real score_of(const struct moe_route *route, uint32_t pair)
{
	const struct moe_plan *plan = route->plan;
	return route->scores[plan->token[pair] * route->call.experts + plan->expert[pair]];
}

static real pick_score(const struct moe_route *route, size_t i)
{
	return route->scores[route->picks->token[i] * route->call.experts + route->picks->expert[i]];
}

/* sum[t] = the scores of token t's choices */
static void add_choices(const struct moe_route *route, real *sum)
{
	for (size_t t = 0; t < route->call.tokens; t++)
		sum[t] = (real)1e-20;
	for (size_t i = 0; i < route->picks->n; i++)
		sum[route->picks->token[i]] += pick_score(route, i);
}

static void add_kept(const struct moe_route *route, real *sum)
{
	const struct moe_plan *plan = route->plan;
	for (size_t t = 0; t < route->call.tokens; t++) {
		sum[t] = (real)1e-20;
		for (size_t i = plan->token_first[t]; i < plan->token_first[t + 1]; i++)
			sum[t] += score_of(route, plan->by_token[i]);
	}
}

static real *totals(const struct moe_self *self, const struct moe_route *route)
{
	real *sum = self->scratch;
	if (((const struct renorm *)self->opt)->over == CHOSEN)
		add_choices(route, sum);
	else
		add_kept(route, sum);
	return sum;
}

static void forward(const struct moe_self *self, const struct moe_route *route, real *weight)
{
	const struct moe_plan *plan = route->plan;
	real scale = (real)((const struct renorm *)self->opt)->scale;
	const real *sum = totals(self, route);
	for (size_t t = 0; t < route->call.tokens; t++) {
		real factor = scale / sum[t];
		for (size_t i = plan->token_first[t]; i < plan->token_first[t + 1]; i++)
			weight[plan->by_token[i]] = factor * score_of(route, plan->by_token[i]);
	}
}

/* <d_g, g> over the kept pairs of token t: what the sum's gradient is made of. */
static real dot_of(const struct moe_plan *plan, size_t t)
{
	real dot = 0;
	for (size_t i = plan->token_first[t]; i < plan->token_first[t + 1]; i++)
		dot += plan->d_weight[plan->by_token[i]] * plan->weight[plan->by_token[i]];
	return dot;
}

/* d_s = (scale d_g - <d_g, g>) / total, where a dropped choice has the second part alone */
static void backward(const struct moe_self *self, const struct moe_route *route, struct moe_grad *grad)
{
	const struct moe_plan *plan = route->plan;
	const struct moe_picks *picks = route->picks;
	const struct renorm *opt = self->opt;
	size_t experts = route->call.experts;
	const real *sum = totals(self, route);
	for (size_t t = 0; t < route->call.tokens; t++) {
		real dot = opt->over == KEPT ? dot_of(plan, t) : 0;
		for (size_t i = plan->token_first[t]; i < plan->token_first[t + 1]; i++) {
			uint32_t p = plan->by_token[i];
			grad->scores[t * experts + plan->expert[p]] += ((real)opt->scale * plan->d_weight[p] - dot) / sum[t];
		}
	}
	for (size_t i = 0; opt->over == CHOSEN && i < picks->n; i++) {
		size_t t = picks->token[i];
		grad->scores[t * experts + picks->expert[i]] -= dot_of(plan, t) / sum[t];
	}
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->tokens * sizeof(real);
}

const struct moe_gate gate_renorm = {
	.part = { .kind = MOE_GATE,
			  .name = "renorm",
			  .summary = "the chosen scores, made to sum to 1",
			  .formula = "g_e = scale * s_e / sum of s over the kept (over=chosen: all chosen) experts",
			  .cite = "Lepikhin et al. 2020, arXiv 2006.16668",
			  .opts = options,
			  .opts_size = sizeof(struct renorm),
			  .wants = MOE_SCORES,
			  .scratch_size = scratch_size },
	.forward = forward,
	.backward = backward,
};
