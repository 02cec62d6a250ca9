/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * quantile.c -- quantile balancing: each expert's bias is read from the scores themselves, so that with it the load is
 * equal; there is no rate to choose (Su 2026, kexue.fm/archives/11619; Kimi K3, arXiv 2607.24653).
 *
 * Of all assignments with k experts a token and k T / E tokens an expert, the one with the largest sum of scores takes
 * for each token the k largest s_e(t) - q_e, where q is the price of an expert.  One round finds it by coordinates:
 *
 *   p_t = the (k + 1)-th largest over the experts of s_e(t) - q_e      what the token must pay to anyone
 *   q_e = that price at which k T / E tokens bid more, s_e(t) - p_t    half-way to the next bid, so that none ties
 *
 * A training step is routed by the prices that the step before it left, so that it is causal, and evaluation by theirs,
 * or a running mean of them.  Only differences of prices count; their mean is taken away.
 *
 * batch=same is BIP (Sun et al. 2025, arXiv 2502.15451): some rounds on the very batch that is routed, which later
 * tokens take part in, so that training is not causal; and a program with k T / E tokens an expert at most, whose
 * prices are never negative (free=no).  Evaluation cannot look at its batch, and is routed by the prices of training.
 */
#include <moesim/kit.h>
#include <string.h>

enum batch { PREVIOUS, SAME };
static const char *const batches[] = { "previous", "same", NULL };

struct quantile {
	int batch;
	int64_t rounds;
	bool free;
	double ema;
};

static const struct moe_opt options[] = {
	{ .name = "batch",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct quantile, batch),
	  .high = SAME,
	  .choices = batches,
	  .help = "the batch whose scores set the prices of a training step (same: not causal)" },
	{ .name = "rounds",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct quantile, rounds),
	  .low = 1,
	  .high = 1000,
	  .preset = 1,
	  .help = "rounds on a batch, each beginning with the prices that the last one found" },
	{ .name = "free",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct quantile, free),
	  .high = 1,
	  .preset = 1,
	  .help = "prices may be negative: the load is to be equal, not limited alone (BIP: no)" },
	{ .name = "ema",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct quantile, ema),
	  .low = 0,
	  .high = 0.9999,
	  .help = "share of earlier steps in the prices of evaluation; 0: those of the last step" },
	{ .name = NULL },
};

/* State: minus the price of each expert, as evaluation uses it, then as training does. */
static size_t state_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return 2 * call->experts * sizeof(real);
}

/* Scratch: minus the prices, one column of bids, the tokens' prices, a row, and its k + 1 best. */
struct desk {
	real *bias, *bid, *paid, *row;
	uint32_t *best;
};

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return 2 * (call->experts + call->tokens) * sizeof(real) + (call->k + 1) * sizeof(uint32_t);
}

static struct desk desk_of(const struct moe_self *self, const struct moe_call *call)
{
	struct desk desk = { .bias = self->scratch };
	desk.bid = desk.bias + call->experts;
	desk.paid = desk.bid + call->tokens;
	desk.row = desk.paid + call->tokens;
	desk.best = (uint32_t *)(desk.row + call->experts);
	return desk;
}

/* Moves the `want` largest of n numbers to the front, 1 <= want <= n: Hoare's quickselect, with the middle as pivot. */
static void move_largest(real *x, size_t n, size_t want)
{
	for (size_t low = 0, high = n - 1; low < high;) {
		real pivot = x[low + (high - low) / 2];
		size_t i = low, j = high;
		for (;;) {
			while (x[i] > pivot)
				i++;
			while (x[j] < pivot)
				j--;
			if (i >= j)
				break;
			real kept = x[i];
			x[i++] = x[j];
			x[j--] = kept;
		}
		if (want - 1 <= j)
			high = j;
		else
			low = j + 1;
	}
}

/* Half-way between the want-th largest of n numbers, which it sorts about, and the next. */
static real between(real *x, size_t n, size_t want)
{
	move_largest(x, n, want);
	real least = x[0];
	for (size_t i = 1; i < want; i++)
		least = x[i] < least ? x[i] : least;
	return want < n ? least + (moe_max(x + want, n - want) - least) / 2 : least;
}

static void set_paid(const struct moe_route *route, bool free, struct desk *desk)
{
	size_t experts = route->call.experts, k = route->call.k;
	for (size_t t = 0; t < route->call.tokens; t++) {
		for (size_t e = 0; e < experts; e++)
			desk->row[e] = route->scores[t * experts + e] + desk->bias[e];
		moe_top_k(desk->row, experts, k + 1, desk->best);
		real price = desk->row[desk->best[k]];
		desk->paid[t] = free || price > 0 ? price : 0;
	}
}

static void set_prices(const struct moe_route *route, bool free, struct desk *desk)
{
	size_t experts = route->call.experts, tokens = route->call.tokens;
	size_t want = (2 * route->call.k * tokens + experts) / (2 * experts); /* the fair share, rounded */
	want = want < 1 ? 1 : want;
	for (size_t e = 0; e < experts; e++) {
		for (size_t t = 0; t < tokens; t++)
			desk->bid[t] = route->scores[t * experts + e] - desk->paid[t];
		real price = between(desk->bid, tokens, want);
		desk->bias[e] = free || price > 0 ? -price : 0;
	}
}

static void center(real *bias, size_t experts)
{
	real mean = (real)(moe_sum(bias, experts) / (double)experts);
	for (size_t e = 0; e < experts; e++)
		bias[e] -= mean;
}

static real *of_training(const struct moe_self *self, const struct moe_call *call)
{
	return (real *)self->state + call->experts;
}

/* desk->bias = what the rounds on this batch make of the prices in the state.  Where all experts are chosen there is no
 * price to pay. */
static void solve(const struct moe_self *self, const struct moe_route *route, struct desk *desk)
{
	const struct quantile *opt = self->opt;
	memcpy(desk->bias, of_training(self, &route->call), route->call.experts * sizeof(real));
	for (int64_t i = 0; i < opt->rounds && route->call.k < route->call.experts; i++) {
		set_paid(route, opt->free, desk);
		set_prices(route, opt->free, desk);
		if (opt->free)
			center(desk->bias, route->call.experts);
	}
}

static const real *offsets(const struct moe_self *self)
{
	return self->state;
}

static void adjust(const struct moe_self *self, const struct moe_route *route, real *choice)
{
	const struct quantile *opt = self->opt;
	size_t experts = route->call.experts;
	struct desk desk = desk_of(self, &route->call);
	const real *bias = route->call.training ? of_training(self, &route->call) : offsets(self);
	if (route->call.training && opt->batch == SAME) {
		solve(self, route, &desk);
		bias = desk.bias;
	}
	for (size_t t = 0; t < route->call.tokens; t++)
		for (size_t e = 0; e < experts; e++)
			choice[t * experts + e] += bias[e];
}

static void settle(const struct moe_self *self, const struct moe_route *route)
{
	size_t experts = route->call.experts;
	struct desk desk = desk_of(self, &route->call);
	real *kept = self->state;
	double old =
		route->call.step == 1 ? 0 : ((const struct quantile *)self->opt)->ema; /* the first has no earlier ones */
	solve(self, route, &desk);
	memcpy(of_training(self, &route->call), desk.bias, experts * sizeof(real));
	for (size_t e = 0; e < experts; e++)
		kept[e] = (real)(old * (double)kept[e] + (1 - old) * (double)desk.bias[e]);
}

const struct moe_balancer balancer_quantile = {
	.part = { .kind = MOE_BALANCER,
			  .name = "quantile",
			  .summary = "quantile balancing: a bias per expert, read from the scores so that the load is equal",
			  .formula =
				  "c_e = s_e - q_e;   after a step, so many rounds of   p_t = the (k + 1)-th largest s_e(t) - q_e,\n"
				  "q_e half-way from the (k T / E)-th largest s_e(t) - p_t to the next;   mean of q taken away\n"
				  "free=no: p and q not below 0;   batch=same: before the step, from its own scores",
			  .cite = "Su 2026, kexue.fm/archives/11619",
			  .opts = options,
			  .opts_size = sizeof(struct quantile),
			  .wants = MOE_SCORES,
			  .state_size = state_size,
			  .scratch_size = scratch_size,
			  .settle = settle },
	.adjust = adjust,
	.offsets = offsets,
};
