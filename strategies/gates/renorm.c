/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * renorm.c -- the chosen experts' scores, normalized to sum to 1 (Lepikhin et al. 2020, GShard, arXiv 2006.16668).
 *
 * With softmax scores this is the softmax over the chosen logits (Mixtral, arXiv 2401.04088).  Where a capacity drops
 * choices, the sum is over the kept ones (DeepSpeed, Mesh-TensorFlow at first) or over all that were chosen, so that a
 * token that loses an expert gets less in all (Megatron-LM).  GShard's algorithm 1 and Mesh-TensorFlow's _top_2_gating
 * divide by the k best scores even where chance leaves the second expert out.  With k = 1 every weight is `scale` and
 * the router gets no gradient from the loss.
 */
#include <moesim/kit.h>

enum over { KEPT, CHOSEN, BEST };
static const char *const overs[] = { "kept", "chosen", "best", NULL };

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
	  .high = 2,
	  .choices = overs,
	  .help = "sum over the choices that a capacity kept, over all of them (Megatron-LM), or over the k best scores, "
			  "chosen or not (GShard)" },
	{ .name = NULL },
};

static inline real score_of(const struct moe_route *route, uint32_t pair)
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

/* best[k] of token t: the experts that the selection would take if chance had no say */
MOE_INLINE const uint32_t *best_of(const struct moe_self *self, const struct moe_route *route, size_t t)
{
	uint32_t *best = (uint32_t *)((real *)self->scratch + route->call.tokens);
	moe_top_k(route->choice + t * route->call.experts, route->call.experts, route->call.k, best);
	return best;
}

MOE_CLONED static void add_best(const struct moe_self *self, const struct moe_route *route, real *sum)
{
	for (size_t t = 0; t < route->call.tokens; t++) {
		const uint32_t *best = best_of(self, route, t);
		sum[t] = (real)1e-20;
		for (size_t i = 0; i < route->call.k; i++)
			sum[t] += route->scores[t * route->call.experts + best[i]];
	}
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
	int over = ((const struct renorm *)self->opt)->over;
	if (over == CHOSEN)
		add_choices(route, sum);
	else if (over == BEST)
		add_best(self, route, sum);
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
static inline real dot_of(const struct moe_plan *plan, size_t t)
{
	real dot = 0;
	for (size_t i = plan->token_first[t]; i < plan->token_first[t + 1]; i++)
		dot += plan->d_weight[plan->by_token[i]] * plan->weight[plan->by_token[i]];
	return dot;
}

/* d_s = (scale d_g - <d_g, g>) / total, where what is dropped, or only summed, has the second part alone */
MOE_CLONED static void backward(const struct moe_self *self, const struct moe_route *route, struct moe_grad *grad)
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
	for (size_t t = 0; opt->over == BEST && t < route->call.tokens; t++) {
		const uint32_t *best = best_of(self, route, t);
		for (size_t i = 0; i < route->call.k; i++)
			grad->scores[t * experts + best[i]] -= dot_of(plan, t) / sum[t];
	}
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->tokens * sizeof(real) + call->k * sizeof(uint32_t);
}

const struct moe_gate gate_renorm = {
	.part = { .kind = MOE_GATE,
			  .name = "renorm",
			  .summary = "the chosen scores, normalized to sum to 1",
			  .formula =
				  "g_e = scale * s_e / sum of s over the kept (over=chosen: all chosen, over=best: the k best) experts",
			  .cite = "Lepikhin et al. 2020, arXiv 2006.16668",
			  .opts = options,
			  .opts_size = sizeof(struct renorm),
			  .wants = MOE_SCORES,
			  .scratch_size = scratch_size },
	.forward = forward,
	.backward = backward,
};
