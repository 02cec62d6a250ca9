/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * top_k.c -- token choice: each token goes to its k best experts (Shazeer et al. 2017, arXiv 1701.06538, eq. 4-5).
 *
 * GShard (arXiv 2006.16668, algorithm 1) sends a token to its second expert only with a probability that grows with
 * that expert's share of the two, min(1, 2 share); `second` is the share from which on it always goes: 0.5 there, 0.2
 * in ST-MoE (arXiv 2202.08906).
 */
#include <moesim/kit.h>
#include <stdio.h>

struct top_k {
	double second;
};

static const struct moe_opt options[] = {
	{ .name = "second",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct top_k, second),
	  .low = 0,
	  .high = 1,
	  .preset = 0,
	  .zero = "none",
	  .help =
		  "share of the top-2 weight below which the second expert is used only at random (GShard: 0.5, ST-MoE: 0.2)" },
	{ .name = NULL },
};

static bool check(const struct moe_call *call, const void *opt, char *complaint, size_t size)
{
	double second = ((const struct top_k *)opt)->second;
	if (second <= 0 || call->k > 1)
		return true;
	snprintf(complaint, size, "second=%g has no effect with top-k 1 (use second=none, or more experts per token)",
			 second);
	return false;
}

/* Is the choice of that rank taken?  The first always; with `second`, later ones with probability
 * min(1, share / second), share = s_rank / (s_0 + s_rank). */
static bool taken(const struct moe_self *self, const real *scores, const uint32_t *best, size_t rank)
{
	const struct top_k *opt = self->opt;
	if (opt->second <= 0 || rank == 0)
		return true;
	double first = (double)scores[best[0]], later = (double)scores[best[rank]];
	return moe_uniform(self->rng) * opt->second < later / (first + later + 1e-9);
}

static size_t draws(const struct moe_call *call, const void *opt)
{
	return ((const struct top_k *)opt)->second > 0 ? call->k - 1 : 0;
}

MOE_CLONED static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	uint32_t *best = self->scratch;
	for (size_t t = 0; t < call->tokens; t++) {
		moe_top_k(route->choice + t * call->experts, call->experts, call->k, best);
		for (size_t rank = 0; rank < call->k; rank++)
			if (taken(self, route->scores + t * call->experts, best, rank))
				moe_pick(picks, t, best[rank], rank);
	}
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->k * sizeof(uint32_t);
}

const struct moe_selector selector_top_k = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "top-k",
			  .summary = "token choice: each token goes to its k best experts",
			  .formula = "S_t = the k experts with the largest choice c_e(t)",
			  .cite = "Shazeer et al. 2017, arXiv 1701.06538",
			  .opts = options,
			  .opts_size = sizeof(struct top_k),
			  .wants = MOE_SCORES,
			  .check = check,
			  .scratch_size = scratch_size,
			  .reach = MOE_REACH_TOKEN,
			  .draws = draws },
	.select = choose,
};
