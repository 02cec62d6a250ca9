/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bids.h -- experts choose tokens: each takes those that it would give most for.
 */
#ifndef STRATEGIES_SELECTORS_BIDS_H
#define STRATEGIES_SELECTORS_BIDS_H

#include <moesim/kit.h>

typedef moe_order bid;

enum { BIDS_TOGETHER = 16 }; /* experts whose choices are read at a time: those of a token share a line of the cache */

/* From the bids of one expert to those of the next: a whole page apart they would fall into the same places of the
 * cache.
 */
static inline size_t bids_stride(size_t tokens)
{
	return tokens + 16;
}

/* Bytes of the scratch of bids_settle(). */
static inline size_t bids_size(size_t tokens)
{
	return BIDS_TOGETHER * bids_stride(tokens) * sizeof(bid);
}

/* to[e][t] = what expert first_expert + e would give for the t-th token of the group that begins at first_token */
MOE_CLONED static void bids_collect(const struct moe_route *route, size_t first_token, size_t tokens,
									size_t first_expert, size_t experts, bid *to)
{
	for (size_t t = 0; t < tokens; t++) {
		const real *choice = route->choice + (first_token + t) * route->call.experts + first_expert;
		for (size_t e = 0; e < experts; e++)
			to[e * bids_stride(tokens) + t] = moe_order_of(choice[e]);
	}
}

/* The want-th largest of n bids, 1 <= want <= n: the largest number that at least `want` bids reach, by bisection. */
MOE_CLONED static bid bids_price(const bid *list, size_t n, size_t want)
{
	bid low = list[0], high = list[0];
	for (size_t i = 1; i < n; i++) {
		low = list[i] < low ? list[i] : low;
		high = list[i] > high ? list[i] : high;
	}
	while (low < high) {
		bid middle = moe_middle(low, high), reach = 0;
		for (size_t i = 0; i < n; i++)
			reach += list[i] >= middle;
		if ((size_t)reach >= want)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* Takes the `want` best of n bids; of those at the price, the earlier tokens. */
static inline void bids_take(const bid *list, size_t n, size_t want, size_t first_token, size_t expert,
							 struct moe_picks *picks)
{
	bid price = bids_price(list, n, want);
	for (size_t t = 0; t < n; t++)
		want -= list[t] > price;
	for (size_t t = 0; t < n; t++)
		if (list[t] > price || (list[t] == price && want > 0 && want--))
			moe_pick(picks, first_token + t, expert, 0);
}

/* What each expert takes of so many tokens: its fair share k T / E, rounded up. */
static inline size_t bids_share(const struct moe_call *call, size_t tokens)
{
	size_t share = (call->k * tokens + call->experts - 1) / call->experts;
	return share < tokens ? share : tokens;
}

/* Each expert takes its share of the group's tokens; scratch has bids_size(tokens). */
static inline void bids_settle(const struct moe_route *route, size_t first_token, size_t tokens, bid *scratch,
							   struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	size_t share = bids_share(call, tokens);
	for (size_t e = 0; e < call->experts; e += BIDS_TOGETHER) {
		size_t n = call->experts - e < BIDS_TOGETHER ? call->experts - e : BIDS_TOGETHER;
		bids_collect(route, first_token, tokens, e, n, scratch);
		for (size_t i = 0; i < n; i++)
			bids_take(scratch + i * bids_stride(tokens), tokens, share, first_token, e + i, picks);
	}
}

#endif
