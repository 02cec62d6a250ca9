/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * group_top.c -- group-limited token choice: a token goes to its k best experts inside its best groups of experts, so
 * that it reaches few devices (DeepSeek-AI 2024, DeepSeek-V2, arXiv 2405.04434, section 2.2.2).
 *
 * Experts stand in groups of equal size, in their order, as a device holds them.  DeepSeek-V2 ranks a group by its best
 * expert, DeepSeek-V3 (arXiv 2412.19437, section 2.1.2) by the sum of its two best, both read from what the selection
 * reads, biases included.  With `quota` a token takes equally many experts of each of its groups (T-Route of
 * TerraceMoE, arXiv 2608.27874), so that a device it is sent to always computes as much.
 */
#include <moesim/kit.h>
#include <stdio.h>

enum group_score { BEST, TWO_BEST, EVEN };
static const char *const scores[] = { "best", "two-best", "even", NULL };

struct group_top {
	int64_t groups, chosen;
	int score;
	bool quota;
};

static const struct moe_opt options[] = {
	{ .name = "groups",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct group_top, groups),
	  .low = 1,
	  .high = 65536,
	  .preset = 8,
	  .help = "number of groups of equal size that the experts are divided into" },
	{ .name = "group-top-k",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct group_top, chosen),
	  .low = 1,
	  .high = 65536,
	  .preset = 4,
	  .unit = "groups",
	  .help = "number of groups that a token may use" },
	{ .name = "group-score",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct group_top, score),
	  .high = 2,
	  .preset = TWO_BEST,
	  .choices = scores,
	  .help =
		  "score of a group: its best expert (DeepSeek-V2), the sum of its two best (DeepSeek-V3), or of as many as a "
		  "token takes on average from a group it uses, k / group-top-k rounded down (Megatron-LM)" },
	{ .name = "quota",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct group_top, quota),
	  .high = 1,
	  .help =
		  "take the best top-k / group-top-k experts of each group that a token uses, in place of the best of all" },
	{ .name = NULL },
};

static bool check(const struct moe_call *call, const void *opt, char *complaint, size_t size)
{
	const struct group_top *group = opt;
	long long experts = (long long)call->experts, groups = group->groups, chosen = group->chosen;
	if (!moe_groups_fit(call, groups, chosen, complaint, size))
		return false;
	if (group->quota && (long long)call->k % chosen != 0)
		snprintf(complaint, size, "quota: top-k %lld cannot be shared equally by %lld groups (use a multiple)",
				 (long long)call->k, chosen);
	else if (chosen * (experts / groups) < (long long)call->k)
		snprintf(complaint, size, "top-k %lld exceeds the %lld experts of %lld groups of %lld (raise group-top-k)",
				 (long long)call->k, chosen * (experts / groups), chosen, experts / groups);
	else if (group->score == EVEN && chosen > (long long)call->k)
		snprintf(complaint, size, "group-score=even: top-k %lld leaves some of %lld groups without an expert",
				 (long long)call->k, chosen);
	else
		return true;
	return false;
}

/* The value of a group of n experts: its best, or the sum of its two best where it has two. */
static inline real value_of(const real *choice, size_t n, int score)
{
	real best = choice[0], second = -(real)INFINITY;
	for (size_t e = 1; e < n; e++) {
		real less = choice[e] < best ? choice[e] : best;
		best = choice[e] > best ? choice[e] : best;
		second = less > second ? less : second;
	}
	return score == TWO_BEST && n > 1 ? best + second : best;
}

/* The sum of its `most` best experts, or of all. */
static inline real sum_of_best(const real *choice, size_t n, size_t most, uint32_t *best)
{
	real sum = 0;
	most = most < n ? most : n;
	moe_top_k(choice, n, most, best);
	for (size_t i = 0; i < most; i++)
		sum += choice[best[i]];
	return sum;
}

/* Scratch of one token: the groups' values and marks, then the experts of the chosen groups. */
struct desk {
	real *value, *choice;             /* [groups], [experts] */
	uint32_t *chosen, *expert, *best; /* [groups] is the group chosen? [experts]; [experts] */
};

static struct desk desk_of(void *scratch, size_t groups, size_t experts)
{
	struct desk desk = { .value = scratch };
	desk.choice = desk.value + groups;
	desk.chosen = (uint32_t *)(desk.choice + experts);
	desk.expert = desk.chosen + groups;
	desk.best = desk.expert + experts;
	return desk;
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	size_t groups = (size_t)((const struct group_top *)opt)->groups;
	return (groups + call->experts) * sizeof(real) + (groups + 2 * call->experts) * sizeof(uint32_t);
}

static inline void choose_groups(const struct group_top *opt, const real *choice, size_t each, size_t k,
								 struct desk *desk)
{
	size_t groups = (size_t)opt->groups, chosen = (size_t)opt->chosen;
	for (size_t g = 0; g < groups; g++) {
		desk->value[g] = opt->score == EVEN ? sum_of_best(choice + g * each, each, k / chosen, desk->best)
											: value_of(choice + g * each, each, opt->score);
		desk->chosen[g] = false;
	}
	moe_top_k(desk->value, groups, chosen, desk->best);
	for (size_t i = 0; i < chosen; i++)
		desk->chosen[desk->best[i]] = true;
}

/* The experts of the chosen groups, in their order so that the lower one wins a tie; returns their number. */
static inline size_t gather(size_t groups, size_t each, const real *choice, struct desk *desk)
{
	size_t n = 0;
	for (size_t g = 0; g < groups; g++)
		for (size_t e = g * each; desk->chosen[g] && e < (g + 1) * each; e++) {
			desk->choice[n] = choice[e];
			desk->expert[n++] = (uint32_t)e;
		}
	return n;
}

/* The best k / group-top-k experts of each chosen group; returns their number. */
static inline size_t gather_best(const struct group_top *opt, size_t each, size_t k, const real *choice,
								 struct desk *desk)
{
	size_t n = 0, of_each = k / (size_t)opt->chosen;
	for (size_t g = 0; g < (size_t)opt->groups; g++) {
		if (!desk->chosen[g])
			continue;
		moe_top_k(choice + g * each, each, of_each, desk->best);
		for (size_t i = 0; i < of_each; i++) {
			desk->expert[n] = (uint32_t)(g * each) + desk->best[i];
			desk->choice[n] = choice[desk->expert[n]];
			n++;
		}
	}
	return n;
}

MOE_CLONED static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	const struct group_top *opt = self->opt;
	size_t groups = (size_t)opt->groups, each = call->experts / groups;
	struct desk desk = desk_of(self->scratch, groups, call->experts);
	for (size_t t = 0; t < call->tokens; t++) {
		const real *choice = route->choice + t * call->experts;
		choose_groups(opt, choice, each, call->k, &desk);
		size_t n = opt->quota ? gather_best(opt, each, call->k, choice, &desk) : gather(groups, each, choice, &desk);
		moe_top_k(desk.choice, n, call->k, desk.best);
		for (size_t rank = 0; rank < call->k; rank++)
			moe_pick(picks, t, desk.expert[desk.best[rank]], rank);
	}
}

const struct moe_selector selector_group_top = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "group-top",
			  .summary = "token choice within the token's best groups of experts, so that it is sent to few devices",
			  .formula =
				  "G_t = the group-top-k groups with the largest value: max of c_e(t) over the group's experts,\n"
				  "      the sum of its two largest, or of its k / group-top-k largest;   S_t = the k experts of G_t "
				  "with the largest c_e(t);   with quota, the k / group-top-k of each",
			  .cite = "DeepSeek-AI 2024, arXiv 2405.04434",
			  .opts = options,
			  .opts_size = sizeof(struct group_top),
			  .wants = MOE_SCORES,
			  .check = check,
			  .scratch_size = scratch_size },
	.select = choose,
};
