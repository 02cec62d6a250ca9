/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cost.c -- exact counts of parameters, FLOPs and cache: every counting formula of moesim stands here.
 *
 * A block is its matrices (each weight is one multiply-add per token) and its other values (biases, norms):
 *
 *   GQA      d h c + 2 d g c + h c d            h heads of c, g of them for keys and values (arXiv 2305.13245)
 *   MLA      d q + q h (n + r) + d (p + r) + p h (n + v) + h v d, norms q + p        (arXiv 2405.04434, section 2.1)
 *            d h (n + r) for the first two where queries are not compressed
 *   MoA      2 d g c + E 2 d g c, router d E                                        (arXiv 2404.07413, section 2.2)
 *   FFN      m d f, m = 3 with a gated activation                                    (arXiv 2002.05202)
 *   mixture  d E + E FFN + shared FFN                                                (arXiv 2401.06066)
 *   scores   2 h (c_qk + c_v) per key that a query sees
 */
#include <config.h>

#include "sim/cost/cost.h"

#include <stddef.h>
#include <string.h>

const char *const cost_part_names[COST_PARTS] = {
	[COST_EMBEDDING] = "embedding", [COST_ATTENTION] = "attention", [COST_SCORES] = "scores",
	[COST_NORM] = "norm",           [COST_ROUTER] = "router",       [COST_EXPERTS] = "experts",
	[COST_SHARED] = "shared",       [COST_DENSE] = "dense",         [COST_HEAD] = "head",
};

/* Arithmetic that stays at INT64_MAX once it got there; so one look at the end finds every overflow.  Operands are
 * never negative. */
static int64_t plus(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static int64_t times(int64_t a, int64_t b)
{
	return b > 0 && a > INT64_MAX / b ? INT64_MAX : a * b;
}

static int64_t times3(int64_t a, int64_t b, int64_t c)
{
	return times(times(a, b), c);
}

/* ---- blocks ---------------------------------------------------------------------------------------------- */

struct block {
	int64_t matrix, other; /* weights of matrix products; all other values */
};

static void add_matrix(struct block *block, int64_t rows, int64_t columns)
{
	block->matrix = plus(block->matrix, times(rows, columns));
}

static void add_other(struct block *block, int64_t values)
{
	block->other = plus(block->other, values);
}

static void add_copies(struct block *block, struct block one, int64_t copies)
{
	block->matrix = plus(block->matrix, times(one.matrix, copies));
	block->other = plus(block->other, times(one.other, copies));
}

static int64_t block_params(struct block block)
{
	return plus(block.matrix, block.other);
}

static struct block attention_heads(const struct cost_shape *s)
{
	struct block block = { 0 };
	int64_t q = times(s->heads, s->head_dim), kv = times(s->kv_heads, s->head_dim);
	add_matrix(&block, s->width, q);
	add_matrix(&block, s->width, times(2, kv));
	add_matrix(&block, q, s->width);
	if (s->qkv_bias)
		add_other(&block, plus(q, times(2, kv)));
	if (s->out_bias)
		add_other(&block, s->width);
	if (s->qk_norm == COST_QK_HEAD)
		add_other(&block, times(2, s->head_dim));
	if (s->qk_norm == COST_QK_FULL)
		add_other(&block, plus(q, kv));
	if (s->sinks)
		add_other(&block, s->heads);
	return block;
}

static struct block attention_latent(const struct cost_shape *s)
{
	struct block block = { 0 };
	int64_t q = times(s->heads, plus(s->nope_dim, s->rope_dim)), latent = plus(s->kv_rank, s->rope_dim);
	if (s->q_rank > 0) {
		add_matrix(&block, s->width, s->q_rank);
		add_other(&block, s->q_rank);
	}
	add_matrix(&block, s->q_rank > 0 ? s->q_rank : s->width, q);
	add_matrix(&block, s->width, latent);
	add_other(&block, s->kv_rank);
	add_matrix(&block, s->kv_rank, times(s->heads, plus(s->nope_dim, s->v_dim)));
	add_matrix(&block, times(s->heads, s->v_dim), s->width);
	if (s->qkv_bias)
		add_other(&block, plus(s->q_rank, latent));
	if (s->out_bias)
		add_other(&block, s->width);
	return block;
}

/* `experts` is all of them for what is stored, top_k for what a token passes. */
static struct block attention_mixture(const struct cost_shape *s, int64_t experts)
{
	struct block block = { 0 };
	int64_t kv = times(s->kv_heads, s->head_dim);
	add_matrix(&block, s->width, times(2, kv));
	add_matrix(&block, times(experts, 2), times(s->width, kv));
	add_matrix(&block, s->width, s->experts);
	if (s->mixture_bias)
		add_other(&block, s->width);
	return block;
}

static struct block attention(const struct cost_shape *s, int64_t experts)
{
	if (s->attention == COST_LATENT)
		return attention_latent(s);
	return s->attention == COST_MIXTURE ? attention_mixture(s, experts) : attention_heads(s);
}

static struct block ffn(const struct cost_shape *s, int64_t hidden)
{
	struct block block = { 0 };
	if (hidden == 0)
		return block;
	add_matrix(&block, times(s->matrices, s->width), hidden);
	if (s->ffn_bias)
		add_other(&block, plus(times(s->matrices - 1, hidden), s->width));
	return block;
}

static struct block router(const struct cost_shape *s)
{
	struct block block = { 0 };
	if (s->router)
		add_matrix(&block, s->width, s->experts);
	if (s->router_bias)
		add_other(&block, s->experts);
	if (s->mixture_bias)
		add_other(&block, s->width);
	return block;
}

static struct block shared(const struct cost_shape *s)
{
	struct block block = ffn(s, s->shared_width);
	if (s->shared_gate)
		add_matrix(&block, s->width, 1);
	return block;
}

/* ---- keys that a query sees --------------------------------------------------------------------------------- */

/* Summed over the queries of a sequence: 1 + 2 + ... + n. */
static int64_t triangle(int64_t n)
{
	return n % 2 == 0 ? times(n / 2, n + 1) : times(n, n / 2 + 1);
}

static int64_t keys_in_window(const struct cost_shape *s, int64_t context)
{
	if (s->window >= context)
		return triangle(context);
	if (s->window_restarts)
		return plus(times(context / s->window, triangle(s->window)), triangle(context % s->window));
	return plus(triangle(s->window), times(context - s->window, s->window));
}

/* Summed over all attention blocks and all queries of a sequence.  An encoder reads the whole source, and so does
 * each block that attends to it. */
static int64_t keys_seen(const struct cost_shape *s, int64_t context)
{
	int64_t decoder = s->layers - s->encoder_layers, whole = times(context, context);
	int64_t keys = times(decoder - s->windowed, triangle(context));
	if (s->windowed > 0)
		keys = plus(keys, times(s->windowed, keys_in_window(s, context)));
	if (s->encoder_layers > 0)
		keys = plus(keys, times(plus(s->encoder_layers, decoder), whole));
	return keys;
}

/* FLOPs per token, the mean over the sequence; rounded to the nearest where a window makes it a fraction.  Dividing
 * first keeps long contexts in range. */
static int64_t score_flops(const struct cost_shape *s, int64_t context)
{
	int64_t dims = plus(s->head_dim, s->head_dim), heads = s->heads;
	if (s->attention == COST_LATENT)
		dims = plus(plus(s->nope_dim, s->rope_dim), s->v_dim);
	if (s->attention == COST_MIXTURE)
		heads = times(s->kv_heads, s->top_k);
	int64_t per_key = times3(2, heads, dims), keys = keys_seen(s, context);
	if (keys == INT64_MAX)
		return keys;
	int64_t rest = times(per_key, keys % context);
	int64_t rounded = rest / context + (rest % context >= context - rest % context);
	return plus(times(per_key, keys / context), rounded);
}

static int64_t cache_values(const struct cost_shape *s)
{
	int64_t row = times3(2, s->kv_heads, s->head_dim), decoder = s->layers - s->encoder_layers;
	if (s->attention == COST_LATENT)
		row = plus(s->kv_rank, s->rope_dim);
	return times(row, s->encoder_layers > 0 ? times(2, decoder) : decoder);
}

/* ---- checks ------------------------------------------------------------------------------------------------- */

/* What must hold between the numbers of a shape, and how to say that it does not. */
static const char *contradiction(const struct cost_shape *s)
{
	if (s->layers < 1 || s->width < 1 || s->vocabulary < 1)
		return "layers, width and vocabulary must be at least 1";
	if ((s->attention != COST_LATENT && s->kv_heads < 1) || (s->attention != COST_MIXTURE && s->heads < 1))
		return "there must be at least one attention head and one key-value head";
	if (s->attention == COST_HEADS && s->heads % s->kv_heads != 0)
		return "the heads must divide evenly among the key-value heads";
	if (s->attention == COST_LATENT ? s->kv_rank < 1 || s->v_dim < 1 || plus(s->nope_dim, s->rope_dim) < 1
									: s->head_dim < 1)
		return "the dimensions of an attention head must be at least 1";
	if (s->moe_layers > s->layers || s->windowed > s->layers - s->encoder_layers || s->encoder_layers > s->layers)
		return "MoE, windowed and encoder layers cannot be more than all layers";
	if (s->top_k > s->experts)
		return "a token cannot choose more experts than there are";
	if ((s->experts > 0) != (s->top_k > 0) || (s->experts > 0) != (s->expert_width > 0))
		return "experts, experts per token and expert width must all be given, or none of them";
	if (s->windowed > 0 && s->window < 1)
		return "windowed layers need a window";
	if (s->matrices != 2 && s->matrices != 3)
		return "an FFN has 2 or 3 matrices";
	return NULL;
}

static bool is_negative(const struct cost_shape *s)
{
	const int64_t all[] = { s->layers,       s->width,          s->vocabulary,      s->norms,       s->heads,
							s->kv_heads,     s->head_dim,       s->q_rank,          s->kv_rank,     s->nope_dim,
							s->rope_dim,     s->v_dim,          s->window,          s->windowed,    s->moe_layers,
							s->experts,      s->top_k,          s->expert_width,    s->dense_width, s->matrices,
							s->shared_width, s->encoder_layers, s->position_buckets };
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i] < 0)
			return true;
	return false;
}

/* ---- the count ---------------------------------------------------------------------------------------------- */

static void set_part(struct cost_count *count, enum cost_part part, struct block stored, struct block passed)
{
	count->params[part] = block_params(stored);
	count->active[part] = block_params(passed);
	count->flops[part] = times(2, passed.matrix);
}

static void set_layers(struct cost_count *count, enum cost_part part, struct block one, int64_t layers)
{
	struct block all = { 0 };
	add_copies(&all, one, layers);
	set_part(count, part, all, all);
}

static void count_attention(const struct cost_shape *s, struct cost_count *count)
{
	struct block stored = { 0 }, passed = { 0 };
	int64_t stacks = s->encoder_layers > 0 ? 2 : 1;
	int64_t blocks = s->encoder_layers > 0 ? plus(s->layers, s->layers - s->encoder_layers) : s->layers;
	add_copies(&stored, attention(s, s->experts), blocks);
	add_copies(&passed, attention(s, s->top_k), blocks);
	add_other(&stored, times3(stacks, s->position_buckets, s->heads));
	add_other(&passed, times3(stacks, s->position_buckets, s->heads));
	set_part(count, COST_ATTENTION, stored, passed);
}

static void count_norms(const struct cost_shape *s, struct cost_count *count)
{
	struct block one = { 0 };
	add_other(&one, times(s->width, s->norm_bias ? 2 : 1));
	int64_t cross = s->encoder_layers > 0 ? s->layers - s->encoder_layers : 0;
	int64_t final = s->encoder_layers > 0 ? 2 : 1;
	set_layers(count, COST_NORM, one, plus(plus(times(s->norms, s->layers), cross), final));
}

static void count_ffn(const struct cost_shape *s, struct cost_count *count)
{
	struct block expert = ffn(s, s->expert_width), stored = { 0 }, passed = { 0 };
	add_copies(&stored, expert, times(s->experts, s->moe_layers));
	add_copies(&passed, expert, times(s->top_k, s->moe_layers));
	set_part(count, COST_EXPERTS, stored, passed);
	set_layers(count, COST_ROUTER, router(s), s->moe_layers);
	set_layers(count, COST_SHARED, shared(s), s->moe_layers);
	set_layers(count, COST_DENSE, ffn(s, s->dense_width), s->layers - s->moe_layers);
	count->expert_params = block_params(expert);
	count->expert_flops = times(2, expert.matrix);
}

/* A tied head has no weights of its own, but its product is computed all the same. */
static void count_ends(const struct cost_shape *s, struct cost_count *count)
{
	struct block table = { 0 }, head = { 0 };
	add_matrix(&table, s->vocabulary, s->width);
	head.matrix = s->tied ? 0 : table.matrix;
	head.other = s->head_bias ? s->vocabulary : 0;
	set_part(count, COST_EMBEDDING, table, table);
	set_part(count, COST_HEAD, head, head);
	count->flops[COST_EMBEDDING] = 0;
	count->flops[COST_HEAD] = times(2, table.matrix);
}

static void add_up(struct cost_count *count)
{
	for (int part = 0; part < COST_PARTS; part++) {
		count->params_total = plus(count->params_total, count->params[part]);
		count->params_active = plus(count->params_active, count->active[part]);
		count->flops_forward = plus(count->flops_forward, count->flops[part]);
	}
	count->params_active_no_embedding = count->params_active - count->active[COST_EMBEDDING];
	count->flops_training = times(3, count->flops_forward);
}

int cost_count(const struct cost_shape *s, int64_t context, struct cost_count *count, struct error *err)
{
	memset(count, 0, sizeof *count);
	if (is_negative(s) || context < 1)
		return fail(err, ERROR_USER, "a network has no negative sizes and a context of at least 1");
	const char *wrong = contradiction(s);
	if (wrong)
		return fail(err, ERROR_USER, "%s", wrong);
	count_ends(s, count);
	count_attention(s, count);
	count->flops[COST_SCORES] = score_flops(s, context);
	count_norms(s, count);
	count_ffn(s, count);
	count->cache_values = cache_values(s);
	add_up(count);
	if (count->params_total == INT64_MAX || count->flops_training == INT64_MAX || count->cache_values == INT64_MAX)
		return fail(err, ERROR_USER, "the network's counts exceed 2^63 - 1 (its sizes cannot be right)");
	return 0;
}

double cost_flops_with(const struct cost_count *count, double pairs)
{
	return (double)(count->flops_forward - count->flops[COST_EXPERTS]) + pairs * (double)count->expert_flops;
}

int64_t cost_moe_layers(int64_t layers, int64_t first, int64_t every, int64_t phase)
{
	if (every < 1 || first >= layers)
		return 0;
	int64_t ahead = phase % every;
	return plus(layers - 1, ahead) / every - plus(plus(first, ahead), every - 1) / every + 1;
}

/* The total grows by the same step with each unit of width, so two counts tell where the target lies. */
int cost_dense(const struct cost_shape *shape, int64_t params, struct cost_shape *dense, struct error *err)
{
	struct cost_count narrow, wide;
	*dense = *shape;
	dense->moe_layers = dense->experts = dense->top_k = dense->expert_width = dense->shared = dense->shared_width = 0;
	dense->router = dense->router_bias = dense->shared_gate = dense->mixture_bias = false;
	if (shape->attention == COST_MIXTURE) {
		dense->attention = COST_HEADS;
		dense->heads = times(shape->kv_heads, shape->top_k);
	}
	dense->dense_width = 1;
	TRY(cost_count(dense, 1, &narrow, err));
	dense->dense_width = 2;
	TRY(cost_count(dense, 1, &wide, err));
	int64_t step = wide.params_total - narrow.params_total, missing = params - narrow.params_total;
	dense->dense_width = 1 + (missing > 0 ? missing / step + (missing % step >= step - missing % step) : 0);
	return 0;
}

struct cost_shape cost_simulated(struct cost_shape shape)
{
	shape.norms = 2;
	shape.matrices = 2;
	shape.kv_heads = shape.heads;
	shape.head_dim = shape.heads > 0 ? shape.width / shape.heads : 0;
	shape.moe_layers = shape.layers;
	if (shape.top_k == 0) {
		shape.router = false;
		shape.experts = shape.expert_width = 0;
	}
	return shape;
}
