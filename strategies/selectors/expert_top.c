/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * expert_top.c -- expert choice: each expert takes its best tokens of the group (Zhou et al. 2022, arXiv 2202.09368).
 *
 * With the group's T tokens, E experts and k experts per token on average every expert takes ceil(k T / E) tokens, so
 * that the load is equal by construction.  Whether a token is taken depends on all tokens of the group, also on later
 * ones: not causal.
 */
#include <moesim/kit.h>

enum group { BATCH, SEQUENCE };
static const char *const groups[] = { "batch", "sequence", NULL };

struct expert_top {
	int group;
};

static const struct moe_opt options[] = {
	{ .name = "group",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct expert_top, group),
	  .high = 1,
	  .choices = groups,
	  .help = "the tokens among which an expert chooses" },
	{ .name = NULL },
};

struct bid {
	real choice;
	uint32_t token;
};

static bool better(const struct bid *a, const struct bid *b)
{
	return a->choice > b->choice || (a->choice == b->choice && a->token < b->token);
}

/* Hoare's partition of bid[low .. high] around the middle bid: returns j < high with no bid of low .. j worse than one
 * of j + 1 .. high. */
static size_t partition(struct bid *bid, size_t low, size_t high)
{
	const struct bid pivot = bid[low + (high - low) / 2];
	for (size_t i = low, j = high;; i++, j--) {
		while (better(&bid[i], &pivot))
			i++;
		while (better(&pivot, &bid[j]))
			j--;
		if (i >= j)
			return j;
		struct bid swap = bid[i];
		bid[i] = bid[j];
		bid[j] = swap;
	}
}

/* Moves the `want` best of n bids to the front, in no order (quickselect: linear time on average). */
static void keep_best(struct bid *bid, size_t n, size_t want)
{
	size_t low = 0, high = n - 1;
	while (low < high) {
		size_t j = partition(bid, low, high);
		if (want <= j + 1)
			high = j;
		else
			low = j + 1;
	}
}

static size_t group_tokens(const struct moe_call *call, const void *opt)
{
	return ((const struct expert_top *)opt)->group == SEQUENCE ? call->length : call->tokens;
}

/* What each expert takes of a group: its fair share, rounded up. */
static size_t room(const struct moe_call *call, size_t tokens)
{
	size_t share = (call->k * tokens + call->experts - 1) / call->experts;
	return share < tokens ? share : tokens;
}

static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	size_t tokens = group_tokens(call, self->opt), take = room(call, tokens);
	struct bid *bid = self->scratch;
	for (size_t first = 0; first < call->tokens; first += tokens)
		for (size_t e = 0; e < call->experts; e++) {
			for (size_t t = 0; t < tokens; t++)
				bid[t] = (struct bid){ route->choice[(first + t) * call->experts + e], (uint32_t)(first + t) };
			keep_best(bid, tokens, take);
			for (size_t i = 0; i < take; i++)
				moe_pick(picks, bid[i].token, e, 0);
		}
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	return group_tokens(call, opt) * sizeof(struct bid);
}

static size_t max_picks(const struct moe_call *call, const void *opt)
{
	size_t tokens = group_tokens(call, opt);
	return call->tokens / tokens * call->experts * room(call, tokens);
}

const struct moe_selector selector_expert_top = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "expert-top",
			  .summary = "expert choice: each expert takes its best tokens, so the load is equal by construction",
			  .formula = "T_e = the ceil(k T / E) tokens of the group with the largest choice c_e(t)",
			  .cite = "Zhou et al. 2022, arXiv 2202.09368",
			  .opts = options,
			  .opts_size = sizeof(struct expert_top),
			  .wants = MOE_SCORES,
			  .scratch_size = scratch_size },
	.select = choose,
	.max_picks = max_picks,
};
