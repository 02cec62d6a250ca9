/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * positive.c -- a token goes to every expert whose score is above 0 (Wang, Zhu & Chen 2024, ReMoE, arXiv 2412.14711,
 * eq. 5).
 *
 * Made for scores that are often 0, such as those of relu, whose share of zeros the balancer l1 moves until k experts a
 * token are left; with scores that never are 0 every token goes to all experts.  Each expert is taken or not whatever
 * the others have, so that the router has a gradient where an expert comes or goes, too, and none is chosen before
 * another.
 */
#include <moesim/kit.h>

static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	(void)self;
	for (size_t t = 0; t < call->tokens; t++)
		for (size_t e = 0; e < call->experts; e++)
			if (route->choice[t * call->experts + e] > 0)
				moe_pick(picks, t, e, 0);
}

static size_t max_picks(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->tokens * call->experts;
}

const struct moe_selector selector_positive = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "positive",
			  .summary = "every expert whose score is above 0, so that how many a token gets is learned",
			  .formula = "S_t = { e : c_e(t) > 0 }\n"
						 "how many experts a token gets differs; balance=l1 leads their average to top-k",
			  .cite = "Wang, Zhu & Chen 2024, arXiv 2412.14711",
			  .wants = MOE_SCORES },
	.select = choose,
	.max_picks = max_picks,
	.varies = true,
};
