/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * expert_top.c -- expert choice: each expert takes its best tokens of the group (Zhou et al. 2022, arXiv 2202.09368).
 *
 * With the group's T tokens, E experts and k experts per token on average every expert takes ceil(k T / E) tokens, so
 * that the load is equal by construction.  Whether a token is taken depends on all tokens of the group, also on later
 * ones: not causal.
 */
#include "bids.h"

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
	  .help = "the tokens that an expert chooses from" },
	{ .name = NULL },
};

static size_t group_tokens(const struct moe_call *call, const void *opt)
{
	return ((const struct expert_top *)opt)->group == SEQUENCE ? call->length : call->tokens;
}

static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	size_t tokens = group_tokens(&route->call, self->opt);
	for (size_t first = 0; first < route->call.tokens; first += tokens)
		bids_settle(route, first, tokens, self->scratch, picks);
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	return bids_size(group_tokens(call, opt));
}

static size_t max_picks(const struct moe_call *call, const void *opt)
{
	size_t tokens = group_tokens(call, opt);
	return call->tokens / tokens * call->experts * bids_share(call, tokens);
}

/* Shares of sequences are rounded up one by one. */
static bool equal(const void *opt)
{
	return ((const struct expert_top *)opt)->group == BATCH;
}

const struct moe_selector selector_expert_top = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "expert-top",
			  .summary = "expert choice: each expert takes its best tokens, so the load is equal by construction",
			  .formula = "T_e = the ceil(k T / E) tokens in the group with the largest choice c_e(t)",
			  .cite = "Zhou et al. 2022, arXiv 2202.09368",
			  .opts = options,
			  .opts_size = sizeof(struct expert_top),
			  .wants = MOE_SCORES,
			  .scratch_size = scratch_size },
	.select = choose,
	.max_picks = max_picks,
	.by_expert = true,
	.equal = equal,
};
