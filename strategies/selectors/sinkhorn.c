/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sinkhorn.c -- balanced token choice by optimal transport (Clark et al. 2022, S-BASE, arXiv 2202.01169; the iterations
 * and their end are Megatron-LM's).
 *
 * exp(logits) is scaled by rows and columns in turn until tokens share out equally and so do experts; in training a
 * token takes the k largest of its scaled row, in evaluation the k largest logits.  The scaling reads all tokens of the
 * batch: not causal in training.
 */
#include <moesim/kit.h>

struct sinkhorn {
	double tolerance;
	int64_t rounds;
};

static const struct moe_opt options[] = {
	{ .name = "tolerance",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct sinkhorn, tolerance),
	  .low = 0,
	  .high = 1,
	  .preset = 1e-4,
	  .help = "mean change of the experts' factors below which the scaling ends" },
	{ .name = "rounds",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct sinkhorn, rounds),
	  .low = 1,
	  .high = 1e6,
	  .preset = 1000,
	  .help = "rounds of scaling at most" },
	{ .name = NULL },
};

/* Keeps the sums away from 0, as in Megatron-LM. */
static const double least = 1e-8;

/* Scratch: the kernel exp(z - max of the row), which the rows' factors make up for, and the experts' factors. */
struct desk {
	double *factor, *sum; /* [experts] */
	real *kernel, *row;   /* [tokens][experts], [experts] */
	uint32_t *best;       /* [k] */
};

static struct desk desk_of(void *scratch, const struct moe_call *call)
{
	struct desk desk = { .factor = scratch };
	desk.sum = desk.factor + call->experts;
	desk.kernel = (real *)(desk.sum + call->experts);
	desk.row = desk.kernel + call->tokens * call->experts;
	desk.best = (uint32_t *)(desk.row + call->experts);
	return desk;
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return 2 * call->experts * sizeof(double) + (call->tokens + 1) * call->experts * sizeof(real) +
		   call->k * sizeof(uint32_t);
}

MOE_CLONED static void fill(const struct moe_route *route, const struct desk *desk)
{
	size_t experts = route->call.experts;
	for (size_t t = 0; t < route->call.tokens; t++) {
		const real *logits = route->logits + t * experts;
		real top = moe_max(logits, experts);
		for (size_t e = 0; e < experts; e++)
			desk->kernel[t * experts + e] = moe_exp(logits[e] - top);
	}
	for (size_t e = 0; e < experts; e++)
		desk->factor[e] = 1;
}

/* One round: the rows' factors, then the experts'; returns how far these moved on average. */
MOE_CLONED static double scale(const struct moe_call *call, const struct desk *desk)
{
	double moved = 0;
	for (size_t e = 0; e < call->experts; e++)
		desk->sum[e] = 0;
	for (size_t t = 0; t < call->tokens; t++) {
		const real *kernel = desk->kernel + t * call->experts;
		double all;
		MOE_SUM(all, call->experts, i, desk->factor[i] * (double)kernel[i]);
		double row = 1 / ((double)call->tokens * (all + least));
		for (size_t e = 0; e < call->experts; e++)
			desk->sum[e] += row * (double)kernel[e];
	}
	for (size_t e = 0; e < call->experts; e++) {
		double factor = 1 / ((double)call->experts * (desk->sum[e] + least));
		moved += fabs(factor - desk->factor[e]);
		desk->factor[e] = factor;
	}
	return moved / (double)call->experts;
}

MOE_CLONED static void pick_best(const struct moe_call *call, size_t token, const real *row, uint32_t *best,
								 struct moe_picks *picks)
{
	moe_top_k(row, call->experts, call->k, best);
	for (size_t rank = 0; rank < call->k; rank++)
		moe_pick(picks, token, best[rank], rank);
}

static void choose_balanced(const struct sinkhorn *opt, const struct moe_route *route, const struct desk *desk,
							struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	fill(route, desk);
	for (int64_t i = 0; i < opt->rounds && scale(call, desk) > opt->tolerance; i++)
		continue;
	for (size_t t = 0; t < call->tokens; t++) {
		for (size_t e = 0; e < call->experts; e++)
			desk->row[e] = (real)(desk->factor[e] * (double)desk->kernel[t * call->experts + e]);
		pick_best(call, t, desk->row, desk->best, picks);
	}
}

static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	struct desk desk = desk_of(self->scratch, call);
	if (call->training)
		choose_balanced(self->opt, route, &desk, picks);
	for (size_t t = 0; !call->training && t < call->tokens; t++)
		pick_best(call, t, route->logits + t * call->experts, desk.best, picks);
}

const struct moe_selector selector_sinkhorn = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "sinkhorn",
			  .summary = "balanced token choice by Sinkhorn's scaling in training; the best logits in evaluation",
			  .formula = "P_te = r_t exp(z_te) f_e, scaled until all rows sum to 1 / T and all columns to 1 / E\n"
						 "training: S_t = the k experts with the largest P_te;   evaluation: with the largest z_te",
			  .cite = "Clark et al. 2022, arXiv 2202.01169",
			  .opts = options,
			  .opts_size = sizeof(struct sinkhorn),
			  .wants = MOE_LOGITS,
			  .scratch_size = scratch_size },
	.select = choose,
};
