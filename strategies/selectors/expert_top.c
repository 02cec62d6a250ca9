/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * expert_top.c -- expert choice: each expert takes its best tokens of the group (Zhou et al. 2022, arXiv 2202.09368).
 *
 * With the group's T tokens, E experts and k experts per token on average every expert takes ceil(k T / E) tokens, so
 * that the load is equal by construction.  Whether a token is taken depends on all tokens of the group, also on later
 * ones: not causal.
 *
 * Nothing keeps a token from being taken by many experts.  The paper also caps them, by a linear program whose smoothed
 * solution, once rounded, may exceed the cap.  Here, with `most`, a token keeps the experts that give most for it, and
 * those that it refuses look further, until nobody is refused (Gale & Shapley 1962): as if all pairs were gone through
 * by falling choice and each was taken for which both sides have room.  The nearer `most` is to k, the longer that
 * takes.
 */
#include <string.h>

#include "bids.h"

enum group { BATCH, SEQUENCE };
static const char *const groups[] = { "batch", "sequence", NULL };

struct expert_top {
	int group;
	int64_t most;
};

static const struct moe_opt options[] = {
	{ .name = "group",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct expert_top, group),
	  .high = 1,
	  .choices = groups,
	  .help = "the tokens that an expert chooses from" },
	{ .name = "most",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct expert_top, most),
	  .low = 1,
	  .high = 65536,
	  .preset = 0,
	  .zero = "all",
	  .unit = "experts",
	  .help = "experts that take a token at most" },
	{ .name = NULL },
};

static bool check(const struct moe_call *call, const void *opt, char *complaint, size_t size)
{
	long long most = ((const struct expert_top *)opt)->most, experts = (long long)call->experts;
	if (most > experts)
		snprintf(complaint, size, "most = %lld: there are only %lld experts", most, experts);
	else if (most > 0 && most < (long long)call->k)
		snprintf(complaint, size, "most = %lld: top-k %zu is what a token has on average (raise most)", most, call->k);
	else
		return true;
	return false;
}

static size_t group_tokens(const struct moe_call *call, const void *opt)
{
	return ((const struct expert_top *)opt)->group == SEQUENCE ? call->length : call->tokens;
}

/* A market of the group's tokens.  A bid that a token has refused is lower than all others. */
static const bid refused = -MOE_ORDER_MAX - 1;
struct market {
	const struct moe_route *route;
	size_t first, tokens, most;
	bid *bids;       /* [experts][bids_stride(tokens)] */
	uint32_t *count; /* [tokens] experts that hold the token */
	uint8_t *held;   /* [experts][tokens] */
	uint8_t *looks;  /* [experts] has it been refused, so that it looks for another token? */
};

/* The expert holds its share of the tokens that have not refused it, the best ones; of equals, the earlier tokens.
 * What it held before is among them. */
static void hold(const struct market *market, size_t expert)
{
	size_t n = market->tokens, want = bids_share(&market->route->call, n);
	const bid *list = market->bids + expert * bids_stride(n);
	uint8_t *held = market->held + expert * n;
	bid price = bids_price(list, n, want);
	for (size_t t = 0; t < n; t++)
		want -= list[t] > price;
	for (size_t t = 0; t < n; t++) {
		bool takes = list[t] != refused && (list[t] > price || (list[t] == price && want > 0 && want--));
		market->count[t] += takes && !held[t];
		held[t] = takes;
	}
}

/* Of a token's experts the one that gives least for it; the higher one of equals. */
static size_t least_of(const struct market *market, size_t token)
{
	size_t experts = market->route->call.experts, n = market->tokens, least = experts;
	const bid *bids = market->bids + token;
	for (size_t e = 0; e < experts; e++)
		if (market->held[e * n + token] &&
			(least == experts || bids[e * bids_stride(n)] <= bids[least * bids_stride(n)]))
			least = e;
	return least;
}

/* Tokens that too many experts hold refuse; returns whether anybody was. */
static bool refuse(const struct market *market)
{
	bool any = false;
	for (size_t t = 0; t < market->tokens; t++)
		for (; market->count[t] > market->most; market->count[t]--) {
			size_t least = least_of(market, t);
			market->bids[least * bids_stride(market->tokens) + t] = refused;
			market->held[least * market->tokens + t] = false;
			market->looks[least] = any = true;
		}
	return any;
}

static void trade(const struct market *market, struct moe_picks *picks)
{
	size_t experts = market->route->call.experts, n = market->tokens;
	memset(market->count, 0, n * sizeof *market->count);
	memset(market->held, 0, n * experts);
	memset(market->looks, true, experts);
	bids_collect(market->route, market->first, n, 0, experts, market->bids);
	do {
		for (size_t e = 0; e < experts; e++) {
			if (market->looks[e])
				hold(market, e);
			market->looks[e] = false;
		}
	} while (refuse(market));
	for (size_t i = 0; i < experts * n; i++)
		if (market->held[i])
			moe_pick(picks, market->first + i % n, i / n, 0);
}

static struct market market_of(const struct moe_self *self, const struct moe_route *route, size_t first)
{
	size_t tokens = group_tokens(&route->call, self->opt), experts = route->call.experts;
	struct market market = { .route = route, .first = first, .tokens = tokens, .bids = self->scratch };
	market.most = (size_t)((const struct expert_top *)self->opt)->most;
	market.count = (uint32_t *)(market.bids + experts * bids_stride(tokens));
	market.held = (uint8_t *)(market.count + tokens);
	market.looks = market.held + experts * tokens;
	return market;
}

static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	size_t tokens = group_tokens(&route->call, self->opt);
	for (size_t first = 0; first < route->call.tokens; first += tokens) {
		struct market market = market_of(self, route, first);
		if (market.most > 0)
			trade(&market, picks);
		else
			bids_settle(route, first, tokens, self->scratch, picks);
	}
}

static enum moe_reach reach_with(const struct moe_call *call, const void *opt)
{
	(void)call;
	return ((const struct expert_top *)opt)->group == SEQUENCE ? MOE_REACH_SEQUENCE : MOE_REACH_BATCH;
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	size_t tokens = group_tokens(call, opt), choosing = bids_size(tokens);
	size_t bids = call->experts * bids_stride(tokens) * sizeof(bid);
	size_t trading = bids + call->experts * (tokens + 1) + tokens * sizeof(uint32_t);
	return ((const struct expert_top *)opt)->most > 0 && trading > choosing ? trading : choosing;
}

static size_t max_picks(const struct moe_call *call, const void *opt)
{
	size_t tokens = group_tokens(call, opt);
	return call->tokens / tokens * call->experts * bids_share(call, tokens);
}

/* Shares of sequences are rounded up one by one, and an expert may find too few tokens that have room for it. */
static bool equal(const void *opt)
{
	const struct expert_top *top = opt;
	return top->group == BATCH && top->most == 0;
}

const struct moe_selector selector_expert_top = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "expert-top",
			  .summary = "expert choice: each expert takes its best tokens, so the load is equal by construction",
			  .formula = "T_e = the ceil(k T / E) tokens in the group with the largest choice c_e(t);\n"
						 "with most, pairs are taken by falling c_e(t) while expert and token have room",
			  .cite = "Zhou et al. 2022, arXiv 2202.09368",
			  .opts = options,
			  .opts_size = sizeof(struct expert_top),
			  .wants = MOE_SCORES,
			  .check = check,
			  .scratch_size = scratch_size,
			  .reach_with = reach_with },
	.select = choose,
	.max_picks = max_picks,
	.by_expert = true,
	.equal = equal,
};
