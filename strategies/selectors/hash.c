/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hash.c -- the token id alone decides (Roller et al. 2021, Hash Layers, arXiv 2106.04426).
 *
 * Each id has k different experts, the first k of a deck that a Philox hash of (seed, layer, id) shuffles.
 */
#include <moesim/kit.h>

static struct moe_rng stream_of(const struct moe_self *self, uint32_t id)
{
	struct moe_rng rng = *self->table;
	rng.counter[2] = id;
	return rng;
}

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t kept = *a;
	*a = *b;
	*b = kept;
}

/* k steps of a Fisher-Yates shuffle, which are then taken back, so that every token finds the same deck. */
static void draw(struct moe_rng rng, const struct moe_call *call, size_t token, uint32_t *deck, uint32_t *from,
				 struct moe_picks *picks)
{
	for (size_t rank = 0; rank < call->k; rank++) {
		from[rank] = (uint32_t)(rank + moe_below(&rng, call->experts - rank));
		swap(&deck[rank], &deck[from[rank]]);
		moe_pick(picks, token, deck[rank], rank);
	}
	for (size_t rank = call->k; rank-- > 0;)
		swap(&deck[rank], &deck[from[rank]]);
}

static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	uint32_t *deck = self->scratch, *from = deck + call->experts;
	for (size_t e = 0; e < call->experts; e++)
		deck[e] = (uint32_t)e;
	for (size_t t = 0; t < call->tokens; t++)
		draw(stream_of(self, route->of.id[t]), call, t, deck, from, picks);
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return (call->experts + call->k) * sizeof(uint32_t);
}

const struct moe_selector selector_hash = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "hash",
			  .summary = "routes by token id, via a random table drawn from the seed",
			  .formula = "S_t = { h_1(id_t), ..., h_k(id_t) }, all distinct",
			  .cite = "Roller et al. 2021, arXiv 2106.04426",
			  .wants = MOE_IDS,
			  .scratch_size = scratch_size },
	.select = choose,
};
