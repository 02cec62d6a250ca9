/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sampled.c -- chance decides by the scores: k different experts, drawn one after the other with chances in proportion
 * to what the selection reads (Kool, van Hoof & Welling 2019, arXiv 1903.06059: the Gumbel-top-k trick).
 *
 * The k largest of ln c_e - ln X_e, X_e exponential, are such a sample without replacement; the order is the same by
 * c_e / X_e.  Draws are a training matter: in evaluation the k best are taken, unless `evaluate` says otherwise.
 */
#include <moesim/kit.h>

enum evaluate { GREEDY, SAMPLED };
static const char *const ways[] = { "greedy", "sampled", NULL };

struct sampled {
	int evaluate;
};

static const struct moe_opt options[] = {
	{ .name = "evaluate",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct sampled, evaluate),
	  .high = 1,
	  .choices = ways,
	  .help = "in evaluation take the k best, or draw as in training" },
	{ .name = NULL },
};

/* key[e] = c_e / X_e.  What is not above 0 has no chance while there is another. */
static void draw_keys(struct moe_rng *rng, const real *choice, size_t experts, real *key)
{
	for (size_t e = 0; e < experts; e++) {
		double x = -log((moe_bits(rng) + 0.5) * 0x1p-32);
		key[e] = choice[e] > 0 ? (real)((double)choice[e] / x) : 0;
	}
}

MOE_CLONED static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	bool drawn = call->training || ((const struct sampled *)self->opt)->evaluate == SAMPLED;
	real *key = self->scratch;
	uint32_t *best = (uint32_t *)(key + call->experts);
	for (size_t t = 0; t < call->tokens; t++) {
		const real *choice = route->choice + t * call->experts;
		if (drawn)
			draw_keys(self->rng, choice, call->experts, key);
		moe_top_k(drawn ? key : choice, call->experts, call->k, best);
		for (size_t rank = 0; rank < call->k; rank++)
			moe_pick(picks, t, best[rank], rank);
	}
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->experts * sizeof(real) + call->k * sizeof(uint32_t);
}

const struct moe_selector selector_sampled = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "sampled",
			  .summary = "k different experts at random, by their scores; in evaluation the k best",
			  .formula = "S_t = the k experts with the largest ln c_e(t) + G_e, G_e standard Gumbel, drawn anew",
			  .cite = "Kool, van Hoof & Welling 2019, arXiv 1903.06059",
			  .opts = options,
			  .opts_size = sizeof(struct sampled),
			  .wants = MOE_SCORES,
			  .scratch_size = scratch_size },
	.select = choose,
};
