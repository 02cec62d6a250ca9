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
	  .help = "the tokens that an expert chooses from" },
	{ .name = NULL },
};

/* Numbers of the type of `key` stand in the order of the reals that they are made from. */
#ifdef MOE_DOUBLE
typedef int64_t key;
typedef uint64_t distance;
#define KEY_MAX INT64_MAX
#else
typedef int32_t key;
typedef uint32_t distance;
#define KEY_MAX INT32_MAX
#endif

static inline key key_of(real x)
{
	union {
		real x;
		key bits;
	} as = { .x = x + 0 }; /* -0 becomes 0 */
	return as.bits < 0 ? as.bits ^ KEY_MAX : as.bits;
}

enum { TOGETHER = 16 }; /* experts whose choices are read at a time: those of a token share a line of the cache */

/* bid[e][t] = what expert first_expert + e would give for the t-th token of the group that begins at first_token */
MOE_CLONED static void collect(const struct moe_route *route, size_t first_token, size_t tokens, size_t first_expert,
							   size_t experts, key *bid)
{
	for (size_t t = 0; t < tokens; t++) {
		const real *choice = route->choice + (first_token + t) * route->call.experts + first_expert;
		for (size_t e = 0; e < experts; e++)
			bid[e * tokens + t] = key_of(choice[e]);
	}
}

/* The want-th largest of n bids: the largest number that at least `want` bids reach, by bisection. */
MOE_CLONED static key find_price(const key *bid, size_t n, size_t want)
{
	key low = bid[0], high = bid[0];
	for (size_t i = 1; i < n; i++) {
		low = bid[i] < low ? bid[i] : low;
		high = bid[i] > high ? bid[i] : high;
	}
	while (low < high) {
		distance apart = (distance)high - (distance)low;
		key middle = (key)((distance)low + (apart - apart / 2)), reach = 0;
		for (size_t i = 0; i < n; i++)
			reach += bid[i] >= middle;
		if ((size_t)reach >= want)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* Takes the `want` best of n bids; of those at the price, the earlier tokens. */
static void take(const key *bid, size_t n, size_t want, size_t first_token, size_t expert, struct moe_picks *picks)
{
	key price = find_price(bid, n, want);
	for (size_t t = 0; t < n; t++)
		want -= bid[t] > price;
	for (size_t t = 0; t < n; t++)
		if (bid[t] > price || (bid[t] == price && want > 0 && want--))
			moe_pick(picks, first_token + t, expert, 0);
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
	size_t tokens = group_tokens(call, self->opt), share = room(call, tokens);
	key *bid = self->scratch;
	for (size_t first = 0; first < call->tokens; first += tokens)
		for (size_t e = 0; e < call->experts; e += TOGETHER) {
			size_t n = call->experts - e < TOGETHER ? call->experts - e : TOGETHER;
			collect(route, first, tokens, e, n, bid);
			for (size_t i = 0; i < n; i++)
				take(bid + i * tokens, tokens, share, first, e + i, picks);
		}
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	return TOGETHER * group_tokens(call, opt) * sizeof(key);
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
			  .formula = "T_e = the ceil(k T / E) tokens in the group with the largest choice c_e(t)",
			  .cite = "Zhou et al. 2022, arXiv 2202.09368",
			  .opts = options,
			  .opts_size = sizeof(struct expert_top),
			  .wants = MOE_SCORES,
			  .scratch_size = scratch_size },
	.select = choose,
	.max_picks = max_picks,
};
