/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * group_quota.c -- a token goes to equally many experts of each group, its best ones there, so that devices that hold a
 * group each have the same load (Tang et al. 2025, Pangu Pro MoE, arXiv 2505.21411, section 2.2).
 *
 * Experts stand in groups of equal size, in their order.  The opposite of group-top, which keeps a token within few
 * groups: here it visits all.
 */
#include <moesim/kit.h>
#include <stdio.h>

struct group_quota {
	int64_t groups;
};

static const struct moe_opt options[] = {
	{ .name = "groups",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct group_quota, groups),
	  .low = 1,
	  .high = 65536,
	  .preset = 8,
	  .help = "number of groups of equal size; each gives a token top-k / groups experts" },
	{ .name = NULL },
};

static bool check(const struct moe_call *call, const void *opt, char *complaint, size_t size)
{
	long long groups = ((const struct group_quota *)opt)->groups;
	if (!moe_groups_fit(call, groups, 1, complaint, size))
		return false;
	if ((long long)call->k % groups != 0)
		snprintf(complaint, size, "top-k %lld cannot be shared equally by %lld groups (use a multiple)",
				 (long long)call->k, groups);
	else
		return true;
	return false;
}

/* The token's best `each` experts of every group, then all of them by falling choice: rank 0 is the best of all. */
MOE_CLONED static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	size_t groups = (size_t)((const struct group_quota *)self->opt)->groups;
	size_t size = call->experts / groups, each = call->k / groups;
	real *value = self->scratch;
	uint32_t *found = (uint32_t *)(value + call->k), *order = found + call->k;
	for (size_t t = 0; t < call->tokens; t++) {
		const real *choice = route->choice + t * call->experts;
		for (size_t g = 0; g < groups; g++)
			moe_top_k(choice + g * size, size, each, found + g * each);
		for (size_t i = 0; i < call->k; i++) {
			found[i] += (uint32_t)(i / each * size);
			value[i] = choice[found[i]];
		}
		moe_top_k(value, call->k, call->k, order);
		for (size_t rank = 0; rank < call->k; rank++)
			moe_pick(picks, t, found[order[rank]], rank);
	}
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->k * (sizeof(real) + 2 * sizeof(uint32_t));
}

const struct moe_selector selector_group_quota = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "group-quota",
			  .summary = "token choice with equally many experts of each group, so that the groups' load is equal",
			  .formula = "S_t = in each of the groups, its k / groups experts with the largest choice c_e(t)",
			  .cite = "Tang et al. 2025, arXiv 2505.21411",
			  .opts = options,
			  .opts_size = sizeof(struct group_quota),
			  .wants = MOE_SCORES,
			  .check = check,
			  .scratch_size = scratch_size,
			  .reach = MOE_REACH_TOKEN },
	.select = choose,
};
