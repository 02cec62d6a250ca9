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

/* Tokens that look for their price at a time. */
enum { TOGETHER = 64 };

/* Scratch: minus the prices, the tokens' prices, the scores by expert, the bids for one expert, and of some tokens what
 * is left of a value and the best so far. */
struct desk {
	real *bias, *paid, *score, *bid; /* [experts], [tokens], [experts][stride], [tokens] */
	real *rest, *best;               /* [TOGETHER], [k + 1][TOGETHER] */
	size_t stride;
};

/* Rows a whole page apart would fall into the same places of the cache. */
static size_t stride_of(const struct moe_call *call)
{
	return call->tokens + 16;
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return (call->experts + 2 * call->tokens + call->experts * stride_of(call) + (call->k + 2) * TOGETHER) *
		   sizeof(real);
}

static struct desk desk_of(const struct moe_self *self, const struct moe_call *call)
{
	struct desk desk = { .bias = self->scratch, .stride = stride_of(call) };
	desk.paid = desk.bias + call->experts;
	desk.bid = desk.paid + call->tokens;
	desk.rest = desk.bid + call->tokens;
	desk.best = desk.rest + TOGETHER;
	desk.score = desk.best + (call->k + 1) * TOGETHER;
	return desk;
}

/* Half-way between the want-th largest of n numbers and the next. */
MOE_INLINE real between(const real *x, size_t n, size_t want)
{
	real least, most, above = (real)INFINITY, below = -(real)INFINITY;
	moe_range(x, n, &least, &most);
	real limit = moe_limit(x, n, want, least, most);
#pragma omp simd reduction(min : above) reduction(max : below)
	for (size_t i = 0; i < n; i++) {
		real high = x[i] >= limit ? x[i] : (real)INFINITY, low = x[i] < limit ? x[i] : -(real)INFINITY;
		above = high < above ? high : above;
		below = low > below ? low : below;
	}
	if (want == n)
		return above;
	real next = moe_reach(x, n, limit) > want ? above : below;
	return above + (next - above) / 2;
}

/* desk->score[e][t] from the route's [t][e]: a few experts at a time, those of a token share a line of the cache */
static void set_scores(const struct moe_route *route, struct desk *desk)
{
	enum { EXPERTS = 16 };
	size_t experts = route->call.experts;
	for (size_t first = 0; first < experts; first += EXPERTS) {
		size_t end = experts - first < EXPERTS ? experts : first + EXPERTS;
		for (size_t t = 0; t < route->call.tokens; t++)
			for (size_t e = first; e < end; e++)
				desk->score[e * desk->stride + t] = route->scores[t * experts + e];
	}
}

/* Puts rest[TOGETHER] into the columns of best[k + 1][TOGETHER], which fall; what drops out is left in `rest`. */
MOE_INLINE void insert(size_t k, real *restrict rest, real *restrict best)
{
	for (real *row = best; row <= best + k * TOGETHER; row += TOGETHER)
		for (size_t i = 0; i < TOGETHER; i++) {
			real old = row[i], new = rest[i];
			row[i] = new > old ? new : old;
			rest[i] = new > old ? old : new;
		}
}

/* The prices of the tokens first .. first + n - 1. */
MOE_CLONED static void set_paid(const struct moe_call *call, bool free, struct desk *desk, size_t first, size_t n)
{
	for (size_t i = 0; i < (call->k + 1) * TOGETHER; i++)
		desk->best[i] = -(real)INFINITY;
	for (size_t e = 0; e < call->experts; e++) {
		const real *score = desk->score + e * desk->stride + first;
		for (size_t i = 0; i < n; i++)
			desk->rest[i] = score[i] + desk->bias[e];
		insert(call->k, desk->rest, desk->best);
	}
	for (size_t i = 0; i < n; i++) {
		real price = desk->best[call->k * TOGETHER + i];
		desk->paid[first + i] = free || price > 0 ? price : 0;
	}
}

MOE_CLONED static void set_prices(const struct moe_call *call, bool free, struct desk *desk)
{
	size_t experts = call->experts, tokens = call->tokens;
	size_t want = (2 * call->k * tokens + experts) / (2 * experts); /* the fair share, rounded */
	want = want < 1 ? 1 : want;
	for (size_t e = 0; e < experts; e++) {
		for (size_t t = 0; t < tokens; t++)
			desk->bid[t] = desk->score[e * desk->stride + t] - desk->paid[t];
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
	const struct moe_call *call = &route->call;
	memcpy(desk->bias, of_training(self, call), call->experts * sizeof(real));
	if (call->k == call->experts)
		return;
	set_scores(route, desk);
	for (int64_t i = 0; i < opt->rounds; i++) {
		for (size_t t = 0; t < call->tokens; t += TOGETHER)
			set_paid(call, opt->free, desk, t, call->tokens - t < TOGETHER ? call->tokens - t : TOGETHER);
		set_prices(call, opt->free, desk);
		if (opt->free)
			center(desk->bias, call->experts);
	}
}

static const real *offsets(const struct moe_self *self)
{
	return self->state;
}

MOE_CLONED static void adjust(const struct moe_self *self, const struct moe_route *route, real *choice)
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
