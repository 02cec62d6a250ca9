/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * z.c -- the router z-loss keeps logits small (Zoph et al. 2022, ST-MoE, arXiv 2202.08906, eq. 5).
 *
 * With of=chosen the sum goes over a token's chosen experts alone, before any is dropped, so that the logits of experts
 * that were not used are left as they are.
 */
#include <moesim/kit.h>

enum of { ALL, CHOSEN };
static const char *const ofs[] = { "all", "chosen", NULL };

struct z {
	double weight;
	int per, of;
};

static const struct moe_opt options[] = {
	{ .name = "weight",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct z, weight),
	  .low = 0,
	  .high = 1e3,
	  .preset = 1e-3,
	  .help = "weight of the loss" },
	MOE_PER_ROW(offsetof(struct z, per)),
	{ .name = "of",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct z, of),
	  .high = CHOSEN,
	  .choices = ofs,
	  .help = "the logits that are summed over: of all experts, or of a token's chosen ones" },
	{ .name = NULL },
};

/* L = mean_t l_t^2 with l_t = ln sum_e exp(z_e(t));  dL / dz_e = 2 l_t softmax(z)_e / T.  Returns sum_t l_t^2. */
MOE_CLONED static double over_all(const struct moe_route *route, double weight, struct moe_grad *grad)
{
	size_t tokens = route->call.tokens, experts = route->call.experts;
	double sum = 0;
	for (size_t t = 0; t < tokens; t++) {
		const real *z = route->logits + t * experts;
		double l = moe_log_sum_exp(z, experts);
		sum += l * l;
		real scale = (real)(weight * 2 * l / (double)tokens);
		for (size_t e = 0; grad && e < experts; e++)
			grad->logits[t * experts + e] += scale * moe_exp(z[e] - (real)l);
	}
	return sum;
}

/* The logit of pick i. */
static inline real logit_of(const struct moe_route *route, size_t i)
{
	return route->logits[route->picks->token[i] * route->call.experts + route->picks->expert[i]];
}

/* Scratch of of=chosen: the largest chosen logit of each token, then l_t; a token without experts has none. */
static void sum_chosen(const struct moe_route *route, double *top, double *l)
{
	const struct moe_picks *picks = route->picks;
	for (size_t t = 0; t < route->call.tokens; t++)
		top[t] = -INFINITY, l[t] = 0;
	for (size_t i = 0; i < picks->n; i++)
		top[picks->token[i]] = fmax(top[picks->token[i]], (double)logit_of(route, i));
	for (size_t i = 0; i < picks->n; i++)
		l[picks->token[i]] += exp((double)logit_of(route, i) - top[picks->token[i]]);
	for (size_t t = 0; t < route->call.tokens; t++)
		l[t] = l[t] > 0 ? top[t] + log(l[t]) : 0;
}

static double over_chosen(const struct moe_route *route, double weight, double *scratch, struct moe_grad *grad)
{
	const struct moe_picks *picks = route->picks;
	size_t tokens = route->call.tokens, experts = route->call.experts;
	double *l = scratch + tokens, sum = 0;
	sum_chosen(route, scratch, l);
	for (size_t t = 0; t < tokens; t++)
		sum += l[t] * l[t];
	for (size_t i = 0; grad && i < picks->n; i++) {
		double own = l[picks->token[i]], share = exp((double)logit_of(route, i) - own);
		grad->logits[picks->token[i] * experts + picks->expert[i]] += (real)(weight * 2 * own * share / (double)tokens);
	}
	return sum;
}

static void loss(const struct moe_self *self, const struct moe_route *route, struct moe_term *term,
				 struct moe_grad *grad)
{
	const struct z *opt = self->opt;
	double weight = moe_weight_of_layer(&route->call, opt->weight, opt->per);
	double sum = opt->of == CHOSEN ? over_chosen(route, weight, self->scratch, grad) : over_all(route, weight, grad);
	*term = (struct moe_term){ sum / (double)route->call.tokens, weight };
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	return ((const struct z *)opt)->of == CHOSEN ? 2 * call->tokens * sizeof(double) : 0;
}

const struct moe_balancer balancer_z = {
	.part = { .kind = MOE_BALANCER,
			  .name = "z",
			  .summary = "router z-loss: keeps the logits small",
			  .formula = "L = weight * mean over tokens of (ln sum_e exp(z_e))^2      at equal logits 0: (ln E)^2,\n"
						 "    with of=chosen: (ln k)^2",
			  .cite = "Zoph et al. 2022, arXiv 2202.08906",
			  .opts = options,
			  .opts_size = sizeof(struct z),
			  .wants = MOE_LOGITS,
			  .scratch_size = scratch_size },
	.column = "z_loss",
	.loss = loss,
};
