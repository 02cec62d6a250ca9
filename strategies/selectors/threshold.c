/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * threshold.c -- expert threshold: an expert takes every token whose score is above a threshold of its own, which
 * follows the score that expert choice would have stopped at (arXiv 2603.11535, algorithm 1).
 *
 * Each expert's threshold is a moving average, over training, of its (k T / E)-th largest score of a batch.  A token is
 * taken or not whatever other tokens do, so that the rule is causal although the load is close to equal.  While the
 * thresholds warm up, training uses expert choice itself, which is not causal.  In the first batches the average is the
 * plain mean, so that no first value lingers.  Where nothing was ever learned, a token takes its k best.
 */
#include "bids.h"

struct threshold {
	double decay;
	int64_t warm_up;
};

static const struct moe_opt options[] = {
	{ .name = "decay",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct threshold, decay),
	  .low = 0,
	  .high = 0.999999,
	  .preset = 0.999,
	  .help = "decay of the thresholds' moving average, at every training step" },
	{ .name = "warm-up",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct threshold, warm_up),
	  .low = 0,
	  .high = 1e9,
	  .preset = 4000,
	  .zero = "none",
	  .unit = "steps",
	  .help = "training steps that use expert choice, which looks ahead, before the thresholds decide" },
	{ .name = NULL },
};

struct memory {
	double batches; /* that the thresholds have seen */
	double at[];    /* [experts] */
};

MOE_CLONED static void take_above(const struct moe_route *route, const struct memory *memory, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	for (size_t t = 0; t < call->tokens; t++)
		for (size_t e = 0; e < call->experts; e++)
			if ((double)route->choice[t * call->experts + e] > memory->at[e])
				moe_pick(picks, t, e, 0);
}

MOE_CLONED static void take_best(const struct moe_route *route, uint32_t *best, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	for (size_t t = 0; t < call->tokens; t++) {
		moe_top_k(route->choice + t * call->experts, call->experts, call->k, best);
		for (size_t rank = 0; rank < call->k; rank++)
			moe_pick(picks, t, best[rank], 0);
	}
}

static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	const struct memory *memory = self->state;
	if (call->training && call->step <= (size_t)((const struct threshold *)self->opt)->warm_up)
		bids_settle(route, 0, call->tokens, self->scratch, picks);
	else if (memory->batches > 0)
		take_above(route, memory, picks);
	else
		take_best(route, self->scratch, picks);
}

static void settle(const struct moe_self *self, const struct moe_route *route)
{
	const struct moe_call *call = &route->call;
	struct memory *memory = self->state;
	bid *list = self->scratch;
	double rate = 1 - ((const struct threshold *)self->opt)->decay, mean = 1 / ++memory->batches;
	rate = rate > mean ? rate : mean;
	for (size_t e = 0; e < call->experts; e += BIDS_TOGETHER) {
		size_t n = call->experts - e < BIDS_TOGETHER ? call->experts - e : BIDS_TOGETHER;
		bids_collect(route, 0, call->tokens, e, n, list);
		for (size_t i = 0; i < n; i++) {
			bid price = bids_price(list + i * bids_stride(call->tokens), call->tokens, bids_share(call, call->tokens));
			memory->at[e + i] += rate * ((double)moe_real_of(price) - memory->at[e + i]);
		}
	}
}

static size_t state_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return sizeof(struct memory) + call->experts * sizeof(double);
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return bids_size(call->tokens) + call->k * sizeof(uint32_t);
}

static size_t max_picks(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->tokens * call->experts;
}

const struct moe_selector selector_threshold = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "threshold",
			  .summary =
				  "expert threshold: an expert takes every token above its own threshold, learned for equal load",
			  .formula =
				  "S_t = { e : c_e(t) > h_e };   h_e follows the (k T / E)-th largest c_e of each training batch:\n"
				  "h_e += max(1 - decay, 1 / batches) (that - h_e);   while warming up, expert choice\n"
				  "how many experts a token gets differs; top-k is their average",
			  .cite = "Expert Threshold Routing 2026, arXiv 2603.11535",
			  .opts = options,
			  .opts_size = sizeof(struct threshold),
			  .wants = MOE_SCORES,
			  .state_size = state_size,
			  .scratch_size = scratch_size,
			  .settle = settle },
	.select = choose,
	.max_picks = max_picks,
	.varies = true,
};
