/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * renorm.c -- the chosen experts' scores, normalized to sum to 1 (Lepikhin et al. 2020, GShard, arXiv 2006.16668).
 *
 * With softmax scores this is the softmax over the chosen logits (Mixtral, arXiv 2401.04088).  Where a capacity drops
 * choices, the sum is over the kept ones (DeepSpeed, Mesh-TensorFlow at first) or over all that were chosen, so that a
 * token that loses an expert gets less in all (Megatron-LM).  GShard's algorithm 1 and Mesh-TensorFlow's _top_2_gating
 * divide by the k best scores even where chance leaves the second expert out.  With k = 1 every weight is `scale` and
 * the router gets no gradient from the loss.
 *
 * Where some experts return nothing, MoE++'s code (arXiv 2410.07348) gives these the weight 0 and divides by the
 * others, while TC-MoE (Yan et al. 2025) divides by the others and all that return nothing, chosen or not: they take
 * part of the weight from every token.
 */
#include <moesim/kit.h>
#include <stdio.h>

enum over { KEPT, CHOSEN, BEST, NONZERO, NULLS };
static const char *const overs[] = { "kept", "chosen", "best", "nonzero", "nulls", NULL };

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
	  .high = NULLS,
	  .choices = overs,
	  .help = "sum over the choices that a capacity kept, over all of them (Megatron-LM), or over the k best scores, "
			  "chosen or not (GShard); over the kept ones that return something (MoE++), or those and all experts that "
			  "return nothing (TC-MoE)" },
	{ .name = NULL },
};

static bool check(const struct moe_call *call, const void *opt, char *complaint, size_t size)
{
	int over = ((const struct renorm *)opt)->over;
	if (call->zero > 0 || over < NONZERO)
		return true;
	snprintf(complaint, size, "over=%s has no effect, as no expert returns nothing (use over=kept, or give zero)",
			 overs[over]);
	return false;
}

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

/* Is the pair one of those that sum and weights leave out? */
static bool is_left_out(const struct moe_route *route, int over, uint32_t pair)
{
	return over >= NONZERO && moe_is_null(&route->call, route->plan->expert[pair]);
}

static void add_kept(const struct moe_route *route, int over, real *sum)
{
	const struct moe_plan *plan = route->plan;
	for (size_t t = 0; t < route->call.tokens; t++) {
		sum[t] = (real)1e-20;
		for (size_t i = plan->token_first[t]; i < plan->token_first[t + 1]; i++)
			if (!is_left_out(route, over, plan->by_token[i]))
				sum[t] += score_of(route, plan->by_token[i]);
	}
}

static void add_nulls(const struct moe_route *route, real *sum)
{
	const struct moe_call *call = &route->call;
	const real *null = route->scores + call->experts - call->bare;
	for (size_t t = 0; t < call->tokens; t++, null += call->experts)
		for (size_t e = 0; e < call->zero; e++)
			sum[t] += null[e];
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
		add_kept(route, over, sum);
	if (over == NULLS)
		add_nulls(route, sum);
	return sum;
}

static void forward(const struct moe_self *self, const struct moe_route *route, real *weight)
{
	const struct moe_plan *plan = route->plan;
	const struct renorm *opt = self->opt;
	const real *sum = totals(self, route);
	for (size_t t = 0; t < route->call.tokens; t++) {
		real factor = (real)opt->scale / sum[t];
		for (size_t i = plan->token_first[t]; i < plan->token_first[t + 1]; i++) {
			uint32_t p = plan->by_token[i];
			weight[p] = is_left_out(route, opt->over, p) ? 0 : factor * score_of(route, p);
		}
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

/* What a score that is only summed adds to: d_s -= <d_g, g> / total. */
static void add_to_summed(const struct moe_self *self, const struct moe_route *route, const real *sum, real *d_scores)
{
	const struct moe_picks *picks = route->picks;
	const struct moe_call *call = &route->call;
	int over = ((const struct renorm *)self->opt)->over;
	for (size_t i = 0; over == CHOSEN && i < picks->n; i++) {
		size_t t = picks->token[i];
		d_scores[t * call->experts + picks->expert[i]] -= dot_of(route->plan, t) / sum[t];
	}
	for (size_t t = 0; over == BEST && t < call->tokens; t++) {
		const uint32_t *best = best_of(self, route, t);
		for (size_t i = 0; i < call->k; i++)
			d_scores[t * call->experts + best[i]] -= dot_of(route->plan, t) / sum[t];
	}
	for (size_t t = 0; over == NULLS && t < call->tokens; t++)
		for (size_t e = call->experts - call->bare; moe_is_null(call, e); e++)
			d_scores[t * call->experts + e] -= dot_of(route->plan, t) / sum[t];
}

/* d_s = (scale d_g - <d_g, g>) / total, where what is dropped, or only summed, has the second part alone */
MOE_CLONED static void backward(const struct moe_self *self, const struct moe_route *route, struct moe_grad *grad)
{
	const struct moe_plan *plan = route->plan;
	const struct renorm *opt = self->opt;
	size_t experts = route->call.experts;
	const real *sum = totals(self, route);
	bool of_pairs = opt->over == KEPT || opt->over >= NONZERO;
	for (size_t t = 0; t < route->call.tokens; t++) {
		real dot = of_pairs ? dot_of(plan, t) : 0;
		for (size_t i = plan->token_first[t]; i < plan->token_first[t + 1]; i++) {
			uint32_t p = plan->by_token[i];
			if (!is_left_out(route, opt->over, p))
				grad->scores[t * experts + plan->expert[p]] += ((real)opt->scale * plan->d_weight[p] - dot) / sum[t];
		}
	}
	add_to_summed(self, route, sum, grad->scores);
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
				  "g_e = scale * s_e / sum of s over the kept (over=chosen: all chosen, over=best: the k best) "
				  "experts;\n"
				  "over=nonzero, over=nulls: those of the kept that return something, for nulls with all that do not",
			  .cite = "Lepikhin et al. 2020, arXiv 2006.16668",
			  .opts = options,
			  .opts_size = sizeof(struct renorm),
			  .wants = MOE_SCORES,
			  .check = check,
			  .scratch_size = scratch_size },
	.forward = forward,
	.backward = backward,
};
