/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * near_best.c -- in training each choice of a token is drawn, by the softmax of the logits, among the experts that are
 * nearly its best; in evaluation it is the best (Liu et al. 2024, GRIN, arXiv 2409.12136, section 2.1).
 *
 * The sampling of SparseMixer-v2, whose weights and gradient are the gate sparsemixer.  Each later choice is drawn in
 * the same way among the experts that are left, so that with few experts near the best it is close to top-k.
 */
#include <moesim/kit.h>

struct near_best {
	double noise;
};

static const struct moe_opt options[] = {
	{ .name = "noise",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct near_best, noise),
	  .low = 0,
	  .high = 1e6,
	  .preset = 0.01,
	  .help = "an expert is near the best where its logit is within twice this share of it (Phi-3.5-MoE: 0.01)" },
	{ .name = NULL },
};

/* The largest of ln p + Gumbel, among those near the best (the Gumbel-max trick). */
static size_t drawn_of(struct moe_rng *rng, const real *left, size_t experts, size_t best, double noise)
{
	size_t found = best;
	double most = -INFINITY;
	for (size_t e = 0; e < experts; e++) {
		if (!moe_nearly(left[e], left[best], noise))
			continue;
		double key = (double)left[e] - log(-log((moe_bits(rng) + 0.5) * 0x1p-32));
		if (key > most) {
			most = key;
			found = e;
		}
	}
	return found;
}

MOE_CLONED static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	double noise = ((const struct near_best *)self->opt)->noise;
	real *left = self->scratch; /* the logits of those not chosen yet */
	for (size_t t = 0; t < call->tokens; t++) {
		for (size_t e = 0; e < call->experts; e++)
			left[e] = route->logits[t * call->experts + e];
		for (size_t rank = 0; rank < call->k; rank++) {
			uint32_t best;
			moe_top_k(left, call->experts, 1, &best);
			size_t taken = call->training ? drawn_of(self->rng, left, call->experts, best, noise) : best;
			moe_pick(picks, t, taken, rank);
			left[taken] = -(real)INFINITY;
		}
	}
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->experts * sizeof(real);
}

const struct moe_selector selector_near_best = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "near-best",
			  .summary = "draws each choice among the experts that are nearly a token's best; in evaluation the k best",
			  .formula =
				  "k times: the e with the largest z_e + G_e, G_e standard Gumbel, of those not chosen yet with\n"
				  "(m - z_e) / max(|z_e|, m) <= 2 noise,   m the largest z of those not chosen yet",
			  .cite = "Liu et al. 2024, arXiv 2409.12136",
			  .opts = options,
			  .opts_size = sizeof(struct near_best),
			  .wants = MOE_LOGITS,
			  .scratch_size = scratch_size },
	.select = choose,
};
