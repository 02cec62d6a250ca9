/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * top_p.c -- dynamic token choice: a token goes to as few experts as together have a share p of its scores, so that
 * harder tokens get more experts (Huang et al. 2024, Harder Tasks Need More Experts, arXiv 2403.07652, eq. 4-6).
 *
 * Scores are read as shares, s / sum(s), of what the selection reads; with softmax scores these are the paper's
 * probabilities.  The number of experts has no bound in the paper; `most` sets one, and bounds the memory, too.
 */
#include <moesim/kit.h>
#include <stdio.h>

struct top_p {
	double p;
	int64_t most;
};

static const struct moe_opt options[] = {
	{ .name = "p",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct top_p, p),
	  .low = 0,
	  .high = 1,
	  .preset = 0.4,
	  .help = "share of the scores that a token's experts reach together" },
	{ .name = "most",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct top_p, most),
	  .low = 1,
	  .high = 65536,
	  .preset = 0,
	  .zero = "all",
	  .unit = "experts",
	  .help = "experts that a token gets at most" },
	{ .name = NULL },
};

static bool check(const struct moe_call *call, const void *opt, char *complaint, size_t size)
{
	long long most = ((const struct top_p *)opt)->most, experts = (long long)call->experts;
	if (most <= experts)
		return true;
	snprintf(complaint, size, "most = %lld: there are only %lld experts", most, experts);
	return false;
}

static size_t most_of(const struct moe_call *call, const struct top_p *opt)
{
	return opt->most ? (size_t)opt->most : call->experts;
}

/* Sifts the heap's root down: heap[0 .. n-1] are experts, the largest score on top; the lower expert wins a tie. */
static inline void sift(const real *row, uint32_t *heap, size_t n, size_t at)
{
	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		uint32_t here = heap[at];
		if (child + 1 < n && (row[heap[child + 1]] > row[heap[child]] ||
							  (row[heap[child + 1]] == row[heap[child]] && heap[child + 1] < heap[child])))
			child++;
		if (row[here] > row[heap[child]] || (row[here] == row[heap[child]] && here < heap[child]))
			return;
		heap[at] = heap[child];
		heap[child] = here;
	}
}

/* Picks of one token: from the best expert on, until their share is p.  A heap, since how many there will be is not
 * known before. */
static void choose_for(const struct top_p *opt, const real *row, size_t token, const struct moe_call *call,
					   uint32_t *heap, struct moe_picks *picks)
{
	size_t n = call->experts, most = most_of(call, opt);
	double wanted = opt->p * moe_sum(row, n), sum = 0;
	for (size_t e = 0; e < n; e++)
		heap[e] = (uint32_t)e;
	for (size_t at = n / 2; at-- > 0;)
		sift(row, heap, n, at);
	for (size_t rank = 0; rank < most && (rank == 0 || sum < wanted); rank++) {
		uint32_t best = heap[0];
		moe_pick(picks, token, best, rank);
		sum += (double)row[best];
		heap[0] = heap[--n];
		sift(row, heap, n, 0);
	}
}

static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	for (size_t t = 0; t < call->tokens; t++)
		choose_for(self->opt, route->choice + t * call->experts, t, call, self->scratch, picks);
}

static size_t max_picks(const struct moe_call *call, const void *opt)
{
	return call->tokens * most_of(call, opt);
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->experts * sizeof(uint32_t);
}

const struct moe_selector selector_top_p = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "top-p",
			  .summary = "dynamic token choice: as many experts as together have a share p of a token's scores",
			  .formula = "S_t = the fewest experts, by falling c_e(t), with sum of c_e(t) over S_t >= p sum_e c_e(t)\n"
						 "how many that are differs from token to token; top-k is not read but for the capacity",
			  .cite = "Huang et al. 2024, arXiv 2403.07652",
			  .opts = options,
			  .opts_size = sizeof(struct top_p),
			  .wants = MOE_SCORES,
			  .check = check,
			  .scratch_size = scratch_size,
			  .reach = MOE_REACH_TOKEN },
	.select = choose,
	.max_picks = max_picks,
	.varies = true,
};
