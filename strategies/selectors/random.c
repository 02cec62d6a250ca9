/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * random.c -- chance decides, anew in every step: the null router (as in THOR, Zuo et al. 2021, arXiv 2110.04260).
 */
#include <moesim/kit.h>

/* k different experts of E by the first k steps of a Fisher-Yates shuffle. */
static void draw(struct moe_rng *rng, uint32_t *deck, size_t experts, size_t k)
{
	for (size_t i = 0; i < k; i++) {
		size_t j = i + moe_below(rng, experts - i);
		uint32_t swap = deck[i];
		deck[i] = deck[j];
		deck[j] = swap;
	}
}

static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	uint32_t *deck = self->scratch;
	for (size_t e = 0; e < call->experts; e++)
		deck[e] = (uint32_t)e;
	for (size_t t = 0; t < call->tokens; t++) {
		draw(self->rng, deck, call->experts, call->k);
		for (size_t rank = 0; rank < call->k; rank++)
			moe_pick(picks, t, deck[rank], rank);
	}
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->experts * sizeof(uint32_t);
}

const struct moe_selector selector_random = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "random",
			  .summary = "k distinct experts at random, redrawn at every step",
			  .formula = "S_t = k of E, uniformly at random",
			  .cite = "Zuo et al. 2021, arXiv 2110.04260",
			  .scratch_size = scratch_size },
	.select = choose,
};
