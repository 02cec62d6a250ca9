/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * round_robin.c -- in turn: the tokens of a batch take k experts each, one after the other, so that the load is equal
 * and says nothing (the forced load balance of TorchTitan, Liang et al. 2024, arXiv 2410.06511).
 *
 * A floor beside random routing: no knowledge, and no imbalance either.
 */
#include <moesim/kit.h>

static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	(void)self;
	for (size_t t = 0; t < call->tokens; t++)
		for (size_t rank = 0; rank < call->k; rank++)
			moe_pick(picks, t, (t * call->k + rank) % call->experts, rank);
}

const struct moe_selector selector_round_robin = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "round-robin",
			  .summary = "the tokens of a batch take the experts in turn: equal load without any knowledge",
			  .formula = "S_t = the experts t k, ..., t k + k - 1 modulo E, t counted over the batch",
			  .cite = "Liang et al. 2024, arXiv 2410.06511" },
	.select = choose,
};
