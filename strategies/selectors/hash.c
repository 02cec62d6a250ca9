/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hash.c -- the token id alone decides (Roller et al. 2021, Hash Layers, arXiv 2106.04426).
 *
 * Each id has k different experts, drawn once: the first by a Philox hash of (id, draw), a repeated one drawn anew.
 * The draws of all layers differ.
 */
#include <moesim/kit.h>

/* A stream that starts at the same place for the same layer and id, in every step. */
static struct moe_rng stream_of(const struct moe_call *call, uint32_t id)
{
	return (struct moe_rng){ .key = { 0x68617368u, (uint32_t)call->layer }, .counter = { 0, 0, id, 0 }, .used = 4 };
}

static bool holds(const uint32_t *list, size_t n, uint32_t value)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == value)
			return true;
	return false;
}

static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	uint32_t *mine = self->scratch;
	for (size_t t = 0; t < call->tokens; t++) {
		struct moe_rng rng = stream_of(call, route->id[t]);
		for (size_t rank = 0; rank < call->k; rank++) {
			do
				mine[rank] = (uint32_t)moe_below(&rng, call->experts);
			while (holds(mine, rank, mine[rank]));
			moe_pick(picks, t, mine[rank], rank);
		}
	}
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->k * sizeof(uint32_t);
}

const struct moe_selector selector_hash = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "hash",
			  .summary = "the token id decides, by a fixed random table",
			  .formula = "S_t = { h_1(id_t), ..., h_k(id_t) }, different from one another",
			  .cite = "Roller et al. 2021, arXiv 2106.04426",
			  .scratch_size = scratch_size },
	.select = choose,
};
