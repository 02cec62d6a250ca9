/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * aux.c -- the auxiliary load-balancing loss of Switch and GShard (Fedus et al. 2021, arXiv 2101.03961, eq. 4-6), with
 * the scope over which balance is asked for (Qiu et al. 2025, arXiv 2501.11873).
 *
 *   L = E sum_e f_e P_e      f_e = share of the assignments, before the capacity;  P_e = mean share of e in the scores
 *
 * Only P carries a gradient.  L is 1 in balance, and its gradient vanishes when f is uniform, whatever P is; it is not
 * bounded below by 1.  Scopes, from narrow to wide: each sequence, each micro-batch of so many sequences (both are then
 * averaged), and all tokens of the step.  A batch is one step here, so that the paper's global batch, whose counts are
 * summed over the micro-batches of a step, is the batch.  A running buffer is something else: f over the last `buffer`
 * steps and this one, P over the batch, so that f lags behind what the router does now.
 * What f counts differs from home to home: all choices, first choices only (GShard), or the k best plain scores of each
 * token, before biases and groups move the selection (DeepSeek-V3, arXiv 2412.19437, eq. 18; Megatron-LM).  So does the
 * scale: Hugging Face's transformers does not divide f by k, so that balance is worth k, and adds one loss for the
 * whole net, not one for each layer.  docs/borrowed-names.md has them side by side.
 */
#include <moesim/kit.h>
#include <string.h>

enum scope { SEQUENCE, MICRO_BATCH, BATCH, GLOBAL, RUNNING };
static const char *const scopes[] = { "sequence", "micro-batch", "batch", "global", "running", NULL };
enum count { ALL, FIRST, SCORES };
static const char *const counts[] = { "all", "first", "scores", NULL };
enum in_balance { ONE, K };
static const char *const in_balances[] = { "1", "k", NULL };

struct aux {
	double weight;
	int scope, count, in_balance, per;
	int64_t sequences, buffer;
};

static const struct moe_opt options[] = {
	{ .name = "weight",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct aux, weight),
	  .low = 0,
	  .high = 1e3,
	  .preset = 0.01,
	  .help = "weight of the loss, which is 1 at perfect balance" },
	{ .name = "scope",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct aux, scope),
	  .high = 4,
	  .preset = BATCH,
	  .choices = scopes,
	  .help = "what the load is balanced over (global is an alias of batch: the whole step)" },
	{ .name = "sequences",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct aux, sequences),
	  .low = 1,
	  .high = 65536,
	  .preset = 4,
	  .unit = "sequences",
	  .help = "size of a micro-batch for scope=micro-batch" },
	{ .name = "buffer",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct aux, buffer),
	  .low = 1,
	  .high = 65536,
	  .preset = 16,
	  .unit = "steps",
	  .help = "number of earlier steps included by scope=running" },
	{ .name = "count",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct aux, count),
	  .high = 2,
	  .choices = counts,
	  .help = "count every choice, first choices only, or the k best plain scores (no bias, no groups)" },
	{ .name = "in-balance",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct aux, in_balance),
	  .high = 1,
	  .choices = in_balances,
	  .help = "value of the loss at balance: 1 (Switch, Megatron-LM) or k (Hugging Face transformers)" },
	MOE_PER_ROW(offsetof(struct aux, per)),
	{ .name = NULL },
};

static bool remembers(const struct aux *opt)
{
	return opt->scope == RUNNING;
}

/* Tokens of a group over which balance is asked for; the last micro-batch may be smaller. */
static size_t group_tokens(const struct moe_call *call, const struct aux *opt)
{
	size_t sequences = opt->scope == SEQUENCE      ? 1
					   : opt->scope == MICRO_BATCH ? (size_t)opt->sequences
												   : call->sequences;
	return call->length * (sequences < call->sequences ? sequences : call->sequences);
}

/* Scratch: counts[groups][experts], then the k best of one token. */
static size_t counts_size(const struct moe_call *call, const struct aux *opt)
{
	size_t n = group_tokens(call, opt);
	return (call->tokens + n - 1) / n * call->experts * sizeof(double);
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	return counts_size(call, opt) + call->k * sizeof(uint32_t);
}

MOE_CLONED static void add_best(const struct moe_route *route, size_t n, uint32_t *best, double *count)
{
	size_t experts = route->call.experts, k = route->call.k;
	for (size_t t = 0; t < route->call.tokens; t++) {
		moe_top_k(route->scores + t * experts, experts, k, best);
		for (size_t i = 0; i < k; i++)
			count[t / n * experts + best[i]]++;
	}
}

/* Adds the choices, before any is dropped, to count[groups][experts]; each group is `n` tokens long. */
static void add_counts(const struct moe_self *self, const struct moe_route *route, size_t n, double *count)
{
	const struct aux *opt = self->opt;
	const struct moe_picks *picks = route->picks;
	if (opt->count == SCORES) {
		add_best(route, n, (uint32_t *)((char *)self->scratch + counts_size(&route->call, opt)), count);
		return;
	}
	for (size_t i = 0; i < picks->n; i++)
		if (opt->count == ALL || picks->rank[i] == 0)
			count[picks->token[i] / n * route->call.experts + picks->expert[i]]++;
}

static double total(const double *x, size_t n)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return sum;
}

/* sum_e s_e count_e */
static inline double counted(const real *s, const double *count, size_t experts)
{
	double sum;
	MOE_SUM(sum, experts, e, (double)s[e] * count[e]);
	return sum;
}

/* E sum_e f_e P_e over the tokens [first, first + n), and its gradient times `weight`.  A score's share in its row is
 * s / sum(s), so d share_j / d s_e = (delta - share_j) / sum. */
MOE_CLONED static double term_over(const struct moe_route *route, size_t first, size_t n, const double *count,
								   double weight, struct moe_grad *grad)
{
	size_t experts = route->call.experts;
	double all = total(count, experts), value = 0;
	if (all <= 0)
		return 1;
	for (size_t t = first; t < first + n; t++) {
		const real *s = route->scores + t * experts;
		double sum = moe_sum(s, experts) + 1e-20, dot = counted(s, count, experts);
		value += dot / sum;
		double scale = weight * (double)experts / (all * (double)n * sum);
		for (size_t e = 0; grad && e < experts; e++)
			grad->scores[t * experts + e] += (real)(scale * (count[e] - dot / sum));
	}
	return value * (double)experts / (all * (double)n);
}

/* State of scope=running: the counts of the last `buffer` steps, a ring of rows, then their sum and the ring's hand. */
struct ring {
	uint64_t steps;
	double row[];
};

static size_t state_size(const struct moe_call *call, const void *opt)
{
	const struct aux *aux = opt;
	return remembers(aux) ? sizeof(struct ring) + (size_t)(aux->buffer + 1) * call->experts * sizeof(double) : 0;
}

static double *ring_row(const struct ring *ring, const struct moe_call *call, size_t i)
{
	return (double *)ring->row + i * call->experts;
}

static double value_in_balance(const struct moe_call *call, const struct aux *opt)
{
	return opt->in_balance == K ? (double)call->k : 1;
}

static void loss(const struct moe_self *self, const struct moe_route *route, struct moe_term *term,
				 struct moe_grad *grad)
{
	const struct aux *opt = self->opt;
	const struct moe_call *call = &route->call;
	size_t n = group_tokens(call, opt);
	double *count = self->scratch, value = 0, unit = value_in_balance(call, opt),
		   weight = moe_weight_of_layer(call, opt->weight, opt->per);
	memset(count, 0, counts_size(call, opt));
	if (remembers(opt))
		memcpy(count, ring_row(self->state, call, (size_t)opt->buffer), call->experts * sizeof *count);
	add_counts(self, route, n, count);
	for (size_t first = 0; first < call->tokens; first += n, count += call->experts) {
		size_t size = call->tokens - first < n ? call->tokens - first : n;
		double share = (double)size / (double)call->tokens;
		value += share * term_over(route, first, size, count, weight * unit * share, grad);
	}
	*term = (struct moe_term){ value * unit, weight };
}

static void settle(const struct moe_self *self, const struct moe_route *route)
{
	const struct aux *opt = self->opt;
	const struct moe_call *call = &route->call;
	struct ring *ring = self->state;
	if (!remembers(opt))
		return;
	double *sum = ring_row(ring, call, (size_t)opt->buffer),
		   *row = ring_row(ring, call, ring->steps++ % (uint64_t)opt->buffer);
	for (size_t e = 0; e < call->experts; e++)
		sum[e] -= row[e];
	memset(row, 0, call->experts * sizeof *row);
	add_counts(self, route, call->tokens, row);
	for (size_t e = 0; e < call->experts; e++)
		sum[e] += row[e];
}

const struct moe_balancer balancer_aux = {
	.part = { .kind = MOE_BALANCER,
			  .name = "aux",
			  .summary = "auxiliary loss: lowers the scores of overloaded experts",
			  .formula = "L = weight * E sum_e f_e P_e      at balance: weight * 1, with in-balance=k: weight * k\n"
						 "f_e = share of the assignments over the scope, P_e = mean share of e in the scores",
			  .cite = "Fedus et al. 2021, arXiv 2101.03961",
			  .opts = options,
			  .opts_size = sizeof(struct aux),
			  .wants = MOE_SCORES,
			  .state_size = state_size,
			  .scratch_size = scratch_size,
			  .settle = settle },
	.column = "aux_loss",
	.loss = loss,
};
