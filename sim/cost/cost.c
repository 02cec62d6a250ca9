/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cost.c -- exact counts of parameters, FLOPs and cache: every counting formula of moesim stands here.
 *
 * A block is its matrices (each weight is one multiply-add per token) and its other values (biases, norms):
 *
 *   GQA      d h c + d g c + d g v + h v d      h heads of c, g of them for keys and values (arXiv 2305.13245)
 *            d q + q h c for the first with compressed queries, a norm of q        (MFA, arXiv 2412.19255)
 *   MLA      d q + q h (n + r) + d (p + r) + p h (n + v) + h v d, norms q + p        (arXiv 2405.04434, section 2.1)
 *            d h (n + r) for the first two where queries are not compressed
 *   MoA      2 d g c + E 2 d g c, router d E                                        (arXiv 2404.07413, section 2.2)
 *   indexer  q i x + d x + d i, a norm of 2 x   i heads of x                        (arXiv 2512.02556, section 2.1)
 *   FFN      m d f, m = 3 with a gated activation                                    (arXiv 2002.05202)
 *   mixture  d E + E FFN + shared FFN                                                (arXiv 2401.06066)
 *   scores   2 h (c_qk + c_v) per key that a query sees
 *
 * The recurrent mixers stand with their sources in recurrent.c.
 */
#include <config.h>

#include "sim/cost/block.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

const char *const cost_part_names[COST_PARTS] = {
	[COST_EMBEDDING] = "embedding", [COST_ATTENTION] = "attention", [COST_SCORES] = "scores",
	[COST_INDEXER] = "indexer",     [COST_RECURRENT] = "recurrent", [COST_NORM] = "norm",
	[COST_RESIDUAL] = "residual",   [COST_ROUTER] = "router",       [COST_EXPERTS] = "experts",
	[COST_LATENT_MAPS] = "latent",  [COST_SHARED] = "shared",       [COST_DENSE] = "dense",
	[COST_HEAD] = "head",
};

static int64_t value_dim(const struct cost_mixer *m)
{
	return m->v_dim ? m->v_dim : m->head_dim;
}

static bool has_indexer(const struct cost_mixer *m)
{
	return m->index_heads > 0 && !m->index_borrowed;
}

static void add_gate(struct block *block, const struct cost_mixer *m, int64_t width)
{
	if (m->gate != COST_GATE_NONE)
		add_matrix(block, width, m->gate == COST_GATE_HEADS ? m->heads : times(m->heads, value_dim(m)));
}

static struct block attention_heads(const struct cost_mixer *m, int64_t width)
{
	struct block block = { 0 };
	int64_t q = times(m->heads, m->head_dim), out = times(m->heads, value_dim(m));
	int64_t k = m->borrows_kv ? 0 : times(m->kv_heads, m->head_dim);
	int64_t v = m->borrows_kv || m->k_is_v ? 0 : times(m->kv_heads, value_dim(m));
	if (m->q_rank > 0) {
		add_matrix(&block, width, m->q_rank);
		add_other(&block, m->q_rank);
	}
	add_matrix(&block, m->q_rank > 0 ? m->q_rank : width, q);
	add_matrix(&block, width, plus(k, v));
	add_matrix(&block, out, width);
	add_gate(&block, m, width);
	if (m->qkv_bias)
		add_other(&block, plus(q, plus(k, v)));
	if (m->out_bias)
		add_other(&block, width);
	if (m->qk_norm == COST_QK_HEAD)
		add_other(&block, times(m->borrows_kv ? 1 : 2, m->head_dim));
	if (m->qk_norm == COST_QK_FULL)
		add_other(&block, plus(q, k));
	if (m->sinks)
		add_other(&block, m->heads);
	return block;
}

static struct block attention_latent(const struct cost_mixer *m, int64_t width)
{
	struct block block = { 0 };
	int64_t q = times(m->heads, plus(m->nope_dim, m->rope_dim)), latent = plus(m->kv_rank, m->rope_dim);
	if (m->q_rank > 0) {
		add_matrix(&block, width, m->q_rank);
		add_other(&block, m->q_rank);
	}
	add_matrix(&block, m->q_rank > 0 ? m->q_rank : width, q);
	add_matrix(&block, width, latent);
	add_other(&block, m->kv_rank);
	add_matrix(&block, m->kv_rank, times(m->heads, plus(m->nope_dim, m->v_dim)));
	add_matrix(&block, times(m->heads, m->v_dim), width);
	add_gate(&block, m, width);
	if (m->qkv_bias)
		add_other(&block, plus(m->q_rank, latent));
	if (m->out_bias)
		add_other(&block, width);
	return block;
}

/* `experts` is all of them for what is stored, top_k for what a token passes. */
static struct block attention_mixture(const struct cost_shape *s, const struct cost_mixer *m, int64_t experts)
{
	struct block block = { 0 };
	int64_t kv = times(m->kv_heads, m->head_dim);
	add_matrix(&block, s->width, times(2, kv));
	add_matrix(&block, times(experts, 2), times(s->width, kv));
	add_matrix(&block, s->width, s->experts);
	if (s->mixture_bias)
		add_other(&block, s->width);
	return block;
}

/* Rows of `size` from each `ratio` tokens, weighed by a second map and a bias for each place among them.  An indexer
 * goes with overlapping windows, which have two of each. */
static void add_compressor(struct block *block, const struct cost_mixer *m, int64_t width, int64_t size)
{
	int64_t sides = m->index_heads > 0 ? 2 : 1;
	add_matrix(block, width, times3(2, sides, size));
	add_other(block, plus(times3(m->ratio, sides, size), size));
}

static struct block attention_compressed(const struct cost_mixer *m, int64_t width)
{
	struct block block = { 0 };
	int64_t q = times(m->heads, m->head_dim);
	add_matrix(&block, width, m->q_rank);
	add_matrix(&block, m->q_rank, q);
	add_matrix(&block, width, m->head_dim);
	add_matrix(&block, q, m->out_rank);
	add_matrix(&block, times(m->out_groups, m->out_rank), width);
	add_other(&block, plus(plus(m->q_rank, m->head_dim), m->sinks ? m->heads : 0));
	if (m->ratio > 0)
		add_compressor(&block, m, width, m->head_dim);
	return block;
}

static struct block attention(const struct cost_shape *s, const struct cost_mixer *m, int64_t experts)
{
	switch (m->kind) {
	case COST_LATENT:
		return attention_latent(m, s->width);
	case COST_MIXTURE:
		return attention_mixture(s, m, experts);
	case COST_COMPRESSED:
		return attention_compressed(m, s->width);
	default:
		return attention_heads(m, s->width);
	}
}

/* The norm of the keys has a bias where their queries are compressed (DeepSeek), and queries have a norm, too, where
 * they are not (MiniMax-M3). */
static struct block indexer(const struct cost_mixer *m, int64_t width)
{
	struct block block = { 0 };
	int64_t q = times(m->index_heads, m->index_dim);
	if (!has_indexer(m))
		return block;
	add_matrix(&block, m->kind == COST_HEADS ? width : m->q_rank, q);
	if (m->kind != COST_HEADS)
		add_matrix(&block, width, m->index_heads);
	if (m->kind == COST_COMPRESSED) {
		add_compressor(&block, m, width, m->index_dim);
	} else {
		add_matrix(&block, width, m->index_dim);
		add_other(&block, times(2, m->index_dim));
	}
	return block;
}

static struct block ffn(const struct cost_shape *s, int64_t width, int64_t hidden)
{
	struct block block = { 0 };
	if (hidden == 0)
		return block;
	add_matrix(&block, times(s->matrices, width), hidden);
	if (s->ffn_bias)
		add_other(&block, plus(times(s->matrices - 1, hidden), width));
	return block;
}

static struct block expert(const struct cost_shape *s)
{
	return ffn(s, s->latent > 0 ? s->latent : s->width, s->expert_width);
}

/* Experts without a network. */
static int64_t bare(const struct cost_shape *s)
{
	return plus(s->zero_experts, s->constant_experts);
}

static int64_t routed(const struct cost_shape *s)
{
	return plus(plus(s->experts, bare(s)), s->passive_experts);
}

static struct block router(const struct cost_shape *s)
{
	struct block block = { 0 };
	if (s->router && s->router_weights > 0)
		add_matrix(&block, s->router_weights, 1);
	else if (s->router)
		add_matrix(&block, s->width, routed(s));
	add_other(&block, s->router ? s->router_values : 0);
	add_other(&block, s->router_bias ? routed(s) : 0);
	if (s->router_scale)
		add_other(&block, plus(s->width, s->experts));
	if (s->mixture_bias)
		add_other(&block, s->width);
	return block;
}

static struct block latent_maps(const struct cost_shape *s)
{
	struct block block = { 0 };
	add_matrix(&block, times(2, s->width), s->latent);
	if (s->latent_norm)
		add_other(&block, s->latent);
	return block;
}

static struct block shared(const struct cost_shape *s)
{
	struct block block = ffn(s, s->width, s->shared_width);
	if (s->shared_gate)
		add_matrix(&block, s->width, 1);
	return block;
}

/* Of the experts that a token chooses, those among `n` of one kind, were all chosen alike. */
static int64_t chosen_of(const struct cost_shape *s, int64_t n)
{
	int64_t all = plus(s->experts, bare(s));
	return all > 0 ? times(s->top_k, n) / all : 0;
}

/* Experts that compute for a token. */
static int64_t chosen(const struct cost_shape *s)
{
	return chosen_of(s, s->experts);
}

/* Two rows that are multiplied with the input, and the vector. */
static struct block constant(const struct cost_shape *s)
{
	struct block block = { 0 };
	add_matrix(&block, 2, s->width);
	add_other(&block, s->width);
	return block;
}

/* n streams: weights n of reading them, n of writing them and n n of mixing them follow from all of them. */
static struct block hyper_connection(const struct cost_shape *s)
{
	struct block block = { 0 };
	int64_t mixes = times(s->streams, plus(s->streams, 2));
	add_matrix(&block, mixes, times(s->streams, s->width));
	add_other(&block, plus(mixes, 3));
	return block;
}

static struct block hyper_head(const struct cost_shape *s)
{
	struct block block = { 0 };
	add_matrix(&block, s->streams, times(s->streams, s->width));
	add_other(&block, plus(s->streams, 1));
	return block;
}

static struct block residual_of_layer(const struct cost_shape *s)
{
	struct block block = { 0 };
	if (s->streams > 0)
		add_copies(&block, hyper_connection(s), 2);
	if (s->residual_attention) {
		add_matrix(&block, times(2, s->width), 1);
		add_other(&block, times(2, s->width));
	}
	if (s->layer_embedding > 0) {
		add_matrix(&block, times(3, s->width), s->layer_embedding);
		add_other(&block, s->width);
	}
	add_other(&block, s->layer_scalars);
	return block;
}

struct block residual_end(const struct cost_shape *s)
{
	struct block block = { 0 };
	if (s->streams > 0)
		add_copies(&block, hyper_head(s), 1);
	if (s->residual_attention) {
		add_matrix(&block, s->width, 1);
		add_other(&block, s->width);
	}
	return block;
}

static int64_t gram_tables(const struct cost_shape *s)
{
	return s->gram_length > 1 ? times(s->gram_length - 1, s->gram_splits) : 0;
}

/* The maps behind the tables. */
struct block gram_maps(const struct cost_shape *s)
{
	struct block block = { 0 };
	int64_t tables = gram_tables(s);
	if (tables > 0)
		add_matrix(&block, times(tables, s->width / tables), s->width);
	return block;
}

/* Row counts are odd numbers in a row, n of them in all n x (the mean). */
static int64_t gram_rows(const struct cost_shape *s)
{
	int64_t tables = gram_tables(s);
	return times(tables, plus(times(s->gram_ratio, s->vocabulary), tables));
}

static struct block residual_of_all(const struct cost_shape *s)
{
	struct block block = residual_end(s);
	add_copies(&block, residual_of_layer(s), s->layers);
	add_copies(&block, gram_maps(s), 1);
	add_other(&block, s->layer_embedding);
	return block;
}

/* Summed over the queries of a sequence: 1 + 2 + ... + n. */
static int64_t triangle(int64_t n)
{
	return n % 2 == 0 ? times(n / 2, n + 1) : times(n, n / 2 + 1);
}

/* Of a causal sequence of n. */
static int64_t keys_in_window(int64_t window, bool restarts, int64_t n)
{
	if (window == 0 || window >= n)
		return triangle(n);
	if (restarts)
		return plus(times(n / window, triangle(window)), triangle(n % window));
	return plus(triangle(window), times(n - window, window));
}

/* Rows that stand for `ratio` tokens each, as soon as all of these are there: 0, ..., 0, 1, ..., 1, 2, ...; `most` of
 * them are seen at once, 0 for all. */
static int64_t rows_seen(int64_t ratio, int64_t most, int64_t n)
{
	int64_t whole = n / ratio, last = n % ratio + 1;
	int64_t seen = most > 0 && most < whole ? most : whole;
	if (whole == 0)
		return 0;
	return plus(times(ratio, keys_in_window(most, false, whole - 1)), times(seen, last));
}

static int64_t keys_of_mixer(const struct cost_mixer *m, int64_t context)
{
	if (m->kind == COST_COMPRESSED)
		return plus(keys_in_window(m->window, false, context),
					m->ratio > 0 ? rows_seen(m->ratio, m->index_keep, context) : 0);
	return keys_in_window(m->index_keep > 0 ? m->index_keep : m->window, m->window_restarts, context);
}

/* The scores of one attention block for one key, of one layer. */
static int64_t flops_per_key(const struct cost_shape *s, const struct cost_mixer *m)
{
	int64_t dims = plus(m->head_dim, value_dim(m)), heads = m->heads;
	if (m->kind == COST_LATENT)
		dims = plus(plus(m->nope_dim, m->rope_dim), m->v_dim);
	if (m->kind == COST_MIXTURE)
		heads = times(m->kv_heads, s->top_k);
	return times3(2, heads, dims);
}

/* A sum of products over a sequence, of which the mean per token is asked for.  Dividing first keeps long contexts in
 * range. */
struct mean {
	int64_t context, whole, rest;
};

static void mean_add(struct mean *mean, int64_t per_key, int64_t layers, int64_t keys)
{
	keys = times(layers, keys);
	mean->whole = plus(mean->whole, keys == INT64_MAX ? keys : times(per_key, keys / mean->context));
	mean->rest = plus(mean->rest, times(per_key, keys % mean->context));
}

/* Rounded to the nearest where a window makes it a fraction. */
static int64_t mean_of(const struct mean *mean)
{
	int64_t left = mean->rest % mean->context;
	return plus(mean->whole, plus(mean->rest / mean->context, left >= mean->context - left));
}

/* An encoder reads the whole source, and so does each block that attends to it. */
static void add_encoder_scores(const struct cost_shape *s, struct mean *mean)
{
	int64_t decoder = s->layers - s->encoder_layers, per_key = flops_per_key(s, &s->mixer[0]);
	mean_add(mean, per_key, decoder, triangle(mean->context));
	mean_add(mean, per_key, plus(s->encoder_layers, decoder), times(mean->context, mean->context));
}

static int64_t score_flops(const struct cost_shape *s, int64_t context)
{
	struct mean mean = { .context = context };
	if (s->encoder_layers > 0)
		add_encoder_scores(s, &mean);
	for (int kind = 0; kind < COST_MIXERS && s->encoder_layers == 0; kind++) {
		const struct cost_mixer *m = &s->mixer[kind];
		int64_t layers = cost_mixer_layers(s, kind);
		if (layers > 0 && recurrent_is(m))
			mean_add(&mean, recurrent_flops(m), layers, context);
		else if (layers > 0)
			mean_add(&mean, flops_per_key(s, m), layers, keys_of_mixer(m, context));
	}
	return mean_of(&mean);
}

/* Every key is looked at; rows are the keys where tokens are compressed. */
static int64_t index_flops(const struct cost_shape *s, int64_t context)
{
	struct mean mean = { .context = context };
	for (int kind = 0; kind < COST_MIXERS; kind++) {
		const struct cost_mixer *m = &s->mixer[kind];
		int64_t layers = cost_mixer_layers(s, kind);
		if (layers > 0 && has_indexer(m))
			mean_add(&mean, times3(2, m->index_heads, m->index_dim), layers,
					 m->kind == COST_COMPRESSED ? rows_seen(m->ratio, 0, context) : triangle(context));
	}
	return mean_of(&mean);
}

/* Of one token, in one layer. */
static int64_t cache_row(const struct cost_mixer *m)
{
	int64_t index = has_indexer(m) ? m->index_dim : 0;
	if (recurrent_is(m) || m->borrows_kv)
		return 0;
	if (m->kind == COST_LATENT)
		return plus(plus(m->kv_rank, m->rope_dim), index);
	return plus(times(m->kv_heads, plus(m->head_dim, value_dim(m))), index);
}

/* Rows of compressed tokens. */
static int64_t compressed_rows(const struct cost_mixer *m, int64_t tokens)
{
	return m->ratio > 0 ? times(plus(m->head_dim, m->index_dim), tokens / m->ratio) : 0;
}

/* What a further token adds to a layer, the mean over some thousands of them where they share rows. */
static int64_t cache_growth(const struct cost_mixer *m)
{
	enum { TOKENS = 1 << 14 };
	return m->kind == COST_COMPRESSED ? compressed_rows(m, TOKENS) / TOKENS : cache_row(m);
}

/* A window's layer keeps what the window holds. */
static int64_t cache_of_sequence(const struct cost_mixer *m, int64_t context)
{
	int64_t kept = m->window > 0 && m->window < context ? m->window : context;
	if (m->kind == COST_COMPRESSED)
		return plus(times(m->head_dim, kept), compressed_rows(m, context));
	return times(cache_row(m), kept);
}

static int64_t cache_values(const struct cost_shape *s)
{
	int64_t values = 0;
	for (int kind = 0; kind < COST_MIXERS; kind++)
		values = plus(values, times(cost_mixer_layers(s, kind), cache_growth(&s->mixer[kind])));
	if (s->encoder_layers > 0)
		values = times3(2, s->layers - s->encoder_layers, cache_row(&s->mixer[0]));
	return values;
}

static int64_t cache_context(const struct cost_shape *s, int64_t context)
{
	int64_t values = 0;
	if (s->encoder_layers > 0)
		return times(cache_values(s), context);
	for (int kind = 0; kind < COST_MIXERS; kind++)
		values = plus(values, times(cost_mixer_layers(s, kind), cache_of_sequence(&s->mixer[kind], context)));
	return values;
}

static int64_t state_values(const struct cost_shape *s)
{
	int64_t values = 0;
	for (int kind = 0; kind < COST_MIXERS; kind++)
		if (recurrent_is(&s->mixer[kind]))
			values = plus(values, times(cost_mixer_layers(s, kind), recurrent_state(&s->mixer[kind])));
	return values;
}

static const char *contradiction_of_attention(const struct cost_mixer *m)
{
	bool latent = m->kind == COST_LATENT;
	if ((!latent && m->kv_heads < 1) || (m->kind != COST_MIXTURE && m->heads < 1))
		return "there must be at least one attention head and one key-value head";
	if (m->kind == COST_HEADS && m->heads % m->kv_heads != 0)
		return "the heads must divide evenly among the key-value heads";
	if (latent ? m->kv_rank < 1 || m->v_dim < 1 || plus(m->nope_dim, m->rope_dim) < 1 : m->head_dim < 1)
		return "the dimensions of an attention head must be at least 1";
	if (m->kind == COST_COMPRESSED && (m->q_rank < 1 || m->out_rank < 1 || m->out_groups < 1))
		return "compressed attention needs the ranks of its queries and outputs";
	if (m->index_heads > 0 && (m->index_dim < 1 || m->index_keep < 1 || (m->kind == COST_LATENT && m->q_rank < 1)))
		return "an indexer needs a dimension, a number of keys to keep, and compressed queries";
	return NULL;
}

static const char *contradiction_of_recurrence(const struct cost_mixer *m)
{
	if (m->kind == COST_MAMBA || m->kind == COST_CONVOLUTION)
		return m->inner < 1 ? "a recurrent layer must have an inner width of at least 1" : NULL;
	if (m->heads < 1 || m->head_dim < 1)
		return "a recurrent layer must have at least one head, of at least 1";
	if (m->kind == COST_DELTA && (m->kv_heads < 1 || m->heads % m->kv_heads != 0 || m->v_dim < 1))
		return "the heads of the values must divide evenly among those of the keys";
	return NULL;
}

static const char *contradiction_of_mixers(const struct cost_shape *s)
{
	int64_t layers = s->unmixed_layers;
	for (int kind = 1; kind < COST_MIXERS; kind++)
		layers = plus(layers, s->mixer[kind].layers);
	if (layers > s->layers)
		return "there cannot be more mixer layers than layers";
	for (int kind = 0; kind < COST_MIXERS; kind++) {
		const struct cost_mixer *m = &s->mixer[kind];
		const char *wrong = NULL;
		if (cost_mixer_layers(s, kind) > 0)
			wrong = recurrent_is(m) ? contradiction_of_recurrence(m) : contradiction_of_attention(m);
		if (wrong)
			return wrong;
	}
	return NULL;
}

/* What must hold between the numbers of a shape, and how to say that it does not. */
static const char *contradiction(const struct cost_shape *s)
{
	if (s->layers < 1 || s->width < 1 || s->vocabulary < 1)
		return "layers, width and vocabulary must be at least 1";
	const char *wrong = contradiction_of_mixers(s);
	if (wrong)
		return wrong;
	if (plus(s->moe_layers, s->bare_layers) > s->layers || s->encoder_layers > s->layers ||
		s->hashed_layers > s->moe_layers)
		return "there cannot be more MoE and encoder layers than layers";
	if (s->top_k > routed(s))
		return "a token cannot choose more experts than there are";
	if ((s->experts > 0) != (s->top_k > 0) || (s->experts > 0) != (s->expert_width > 0))
		return "experts, experts per token and expert width must be given together";
	if (gram_tables(s) > 0 && s->width % gram_tables(s) != 0)
		return "the tables of n-grams must divide the width evenly";
	if (s->matrices != 2 && s->matrices != 3)
		return "an FFN must have 2 or 3 matrices";
	return NULL;
}

static bool any_negative(const int64_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (values[i] < 0)
			return true;
	return false;
}

static bool mixer_is_negative(const struct cost_mixer *m)
{
	const int64_t all[] = { m->layers,     m->heads,    m->kv_heads, m->head_dim,   m->v_dim,     m->q_rank,
							m->kv_rank,    m->nope_dim, m->rope_dim, m->window,     m->index_dim, m->index_heads,
							m->index_keep, m->ratio,    m->out_rank, m->out_groups, m->kernel,    m->inner,
							m->state,      m->groups,   m->step_rank };
	return any_negative(all, sizeof all / sizeof all[0]);
}

static bool is_negative(const struct cost_shape *s)
{
	const int64_t all[] = { s->layers,
							s->width,
							s->vocabulary,
							s->norms,
							s->moe_layers,
							s->bare_layers,
							s->unmixed_layers,
							s->experts,
							s->top_k,
							s->expert_width,
							s->zero_experts,
							s->passive_width,
							s->passive_experts,
							s->latent,
							s->shared_width,
							s->dense_width,
							s->beside_width,
							s->matrices,
							s->streams,
							s->ahead,
							s->constant_experts,
							s->layer_embedding,
							s->encoder_layers,
							s->position_buckets,
							s->layer_vocabulary,
							s->gram_ratio,
							s->gram_length,
							s->gram_splits };
	for (int kind = 0; kind < COST_MIXERS; kind++)
		if (mixer_is_negative(&s->mixer[kind]))
			return true;
	return any_negative(all, sizeof all / sizeof all[0]);
}

int64_t cost_mixer_layers(const struct cost_shape *s, int kind)
{
	int64_t layers = s->layers - s->unmixed_layers;
	if (kind > 0)
		return s->mixer[kind].layers;
	for (int other = 1; other < COST_MIXERS; other++)
		layers -= s->mixer[other].layers;
	return layers;
}

static void set_part(struct cost_count *count, enum cost_part part, struct block stored, struct block passed)
{
	count->params[part] = block_params(stored);
	count->active[part] = block_params(passed);
	count->flops[part] = times(2, passed.matrix);
}

static void set_all(struct cost_count *count, enum cost_part part, struct block all)
{
	set_part(count, part, all, all);
}

static struct block copies(struct block one, int64_t n)
{
	struct block all = { 0 };
	add_copies(&all, one, n);
	return all;
}

/* A decoder's layers have a second block, which attends to the encoder. */
static void count_attention(const struct cost_shape *s, struct cost_count *count)
{
	struct block stored = { 0 }, passed = { 0 };
	int64_t stacks = s->encoder_layers > 0 ? 2 : 1;
	for (int kind = 0; kind < COST_MIXERS; kind++) {
		const struct cost_mixer *m = &s->mixer[kind];
		int64_t layers = cost_mixer_layers(s, kind);
		if (layers == 0 || recurrent_is(m))
			continue;
		layers = plus(layers, s->encoder_layers > 0 ? layers - s->encoder_layers : 0);
		add_copies(&stored, attention(s, m, s->experts), layers);
		add_copies(&passed, attention(s, m, s->top_k), layers);
		add_other(&stored, times3(stacks, s->position_buckets, m->heads));
		add_other(&passed, times3(stacks, s->position_buckets, m->heads));
	}
	set_part(count, COST_ATTENTION, stored, passed);
}

static void count_other_mixers(const struct cost_shape *s, struct cost_count *count)
{
	struct block index = { 0 }, recurrent = { 0 };
	for (int kind = 0; kind < COST_MIXERS; kind++) {
		const struct cost_mixer *m = &s->mixer[kind];
		int64_t layers = cost_mixer_layers(s, kind);
		if (layers > 0 && recurrent_is(m))
			add_copies(&recurrent, recurrent_block(m, s->width), layers);
		else if (layers > 0)
			add_copies(&index, indexer(m, s->width), layers);
	}
	set_all(count, COST_INDEXER, index);
	set_all(count, COST_RECURRENT, recurrent);
}

static int64_t norm_values(const struct cost_shape *s, int64_t norms)
{
	return times3(s->norm_bias ? 2 : 1, s->width, norms);
}

static void count_norms(const struct cost_shape *s, struct cost_count *count)
{
	struct block all = { 0 };
	int64_t cross = s->encoder_layers > 0 ? s->layers - s->encoder_layers : 0;
	int64_t final = s->encoder_layers > 0 ? 2 : 1;
	add_other(&all, norm_values(s, plus(plus(times(s->norms, s->layers), cross), final)));
	add_other(&all, norm_values(s, s->moe_norm ? s->moe_layers : 0));
	set_all(count, COST_NORM, all);
}

static void count_experts(const struct cost_shape *s, struct cost_count *count)
{
	struct block one = expert(s), stored = { 0 }, passed = { 0 };
	add_copies(&stored, one, times(s->experts, s->moe_layers));
	add_copies(&stored, ffn(s, s->width, s->passive_width), times(s->passive_experts, s->moe_layers));
	add_copies(&passed, one, times(chosen(s), s->moe_layers));
	add_copies(&stored, constant(s), times(s->constant_experts, s->moe_layers));
	add_copies(&passed, constant(s), times(chosen_of(s, s->constant_experts), s->moe_layers));
	set_part(count, COST_EXPERTS, stored, passed);
	count->expert_params = block_params(one);
	count->expert_flops = times(2, one.matrix);
	count->constant_params = block_params(constant(s));
	count->params_constant = times(count->constant_params, times(s->constant_experts, s->moe_layers));
	count->constant_flops = times(2, constant(s).matrix);
}

static void count_ffn(const struct cost_shape *s, struct cost_count *count)
{
	struct block dense = copies(ffn(s, s->width, s->beside_width), s->moe_layers);
	add_copies(&dense, ffn(s, s->width, s->dense_width), s->layers - s->moe_layers - s->bare_layers);
	count_experts(s, count);
	struct block routers = copies(router(s), s->moe_layers);
	count->params_selection = s->selection_bias ? times(routed(s), s->moe_layers - s->hashed_layers) : 0;
	add_other(&routers, count->params_selection);
	set_all(count, COST_ROUTER, routers);
	set_all(count, COST_LATENT_MAPS, copies(latent_maps(s), s->moe_layers));
	set_all(count, COST_SHARED, copies(shared(s), s->moe_layers));
	set_all(count, COST_DENSE, dense);
}

/* A tied head has no weights of its own, but its product is computed all the same. */
static void count_ends(const struct cost_shape *s, struct cost_count *count)
{
	struct block table = { 0 }, head = { 0 };
	add_matrix(&table, s->vocabulary, s->width);
	head.matrix = s->tied ? 0 : table.matrix;
	head.other = s->head_bias ? s->vocabulary : 0;
	count->flops[COST_HEAD] = times(2, table.matrix);
	count->params[COST_HEAD] = count->active[COST_HEAD] = block_params(head);
	add_matrix(&table, s->layer_vocabulary, times(s->layers, s->layer_embedding));
	count->params[COST_EMBEDDING] = count->active[COST_EMBEDDING] = block_params(table);
	if (gram_tables(s) > 0) { /* of these a token reads a row each */
		int64_t row = s->width / gram_tables(s);
		count->params[COST_EMBEDDING] = plus(block_params(table), times(gram_rows(s), row));
		count->active[COST_EMBEDDING] = plus(block_params(table), times(gram_tables(s), row));
	}
}

/* A layer that predicts ahead: two norms and a map of twice the width before it, a norm behind it; embedding and head
 * are the network's.  `experts` is all of them, or what a token passes. */
static struct block layer_ahead(const struct cost_shape *s, int64_t experts)
{
	struct block block = { 0 };
	add_matrix(&block, times(2, s->width), s->width);
	add_other(&block, norm_values(s, plus(s->norms, 3)));
	if (s->next.mixer >= 0) {
		const struct cost_mixer *m = &s->mixer[s->next.mixer];
		add_copies(&block, recurrent_is(m) ? recurrent_block(m, s->width) : attention(s, m, experts), 1);
		add_copies(&block, indexer(m, s->width), !recurrent_is(m));
	}
	add_copies(&block, ffn(s, s->width, s->dense_width), s->next.ffn == COST_DENSE_FFN);
	if (s->next.ffn == COST_MOE) {
		add_copies(&block, expert(s), experts);
		add_copies(&block, router(s), 1);
		add_other(&block, s->selection_bias ? routed(s) : 0);
		add_copies(&block, latent_maps(s), 1);
		add_copies(&block, shared(s), 1);
		add_copies(&block, ffn(s, s->width, s->beside_width), 1);
	}
	add_copies(&block, residual_of_layer(s), 1);
	if (s->streams > 0)
		add_copies(&block, hyper_head(s), 1);
	return block;
}

static void count_ahead(const struct cost_shape *s, struct cost_count *count)
{
	count->params_ahead = times(s->ahead, block_params(layer_ahead(s, s->experts)));
	count->active_ahead = times(s->ahead, block_params(layer_ahead(s, chosen(s))));
}

static void add_up(const struct cost_shape *s, struct cost_count *count)
{
	int64_t table = times(s->vocabulary, s->width);
	for (int part = 0; part < COST_PARTS; part++) {
		count->params_total = plus(count->params_total, count->params[part]);
		count->params_active = plus(count->params_active, count->active[part]);
		count->flops_forward = plus(count->flops_forward, count->flops[part]);
	}
	count->params_active_no_embedding = count->params_active - table;
	count->params_active_no_ends = count->params_active_no_embedding - (s->tied ? 0 : table);
	count->flops_training = times(3, count->flops_forward);
}

static void count_all(const struct cost_shape *s, int64_t context, struct cost_count *count)
{
	*count = (struct cost_count){ 0 };
	count_ends(s, count);
	count_attention(s, count);
	count_other_mixers(s, count);
	count->flops[COST_SCORES] = score_flops(s, context);
	count->flops[COST_INDEXER] = plus(count->flops[COST_INDEXER], index_flops(s, context));
	count_norms(s, count);
	set_all(count, COST_RESIDUAL, residual_of_all(s));
	count_ffn(s, count);
	count_ahead(s, count);
	count->cache_values = cache_values(s);
	count->cache_context = cache_context(s, context);
	count->state_values = state_values(s);
	add_up(s, count);
}

int cost_count(const struct cost_shape *s, int64_t context, struct cost_count *count, struct error *err)
{
	if (is_negative(s) || context < 1)
		return fail(err, ERROR_USER, "network sizes must not be negative, and the context must be at least 1");
	const char *wrong = contradiction(s);
	if (wrong)
		return fail(err, ERROR_USER, "%s", wrong);
	count_all(s, context, count);
	const int64_t sums[] = { count->params_total, count->params_ahead,  count->flops_training,
							 count->cache_values, count->cache_context, count->state_values };
	for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++)
		if (sums[i] == INT64_MAX)
			return fail(err, ERROR_USER, "the network's counts exceed 2^63 - 1 (check its sizes)");
	return 0;
}

double cost_flops_with(const struct cost_count *count, double pairs, double constant_pairs)
{
	return (double)(count->flops_forward - count->flops[COST_EXPERTS]) + pairs * (double)count->expert_flops +
		   constant_pairs * (double)count->constant_flops;
}

int64_t cost_active_with(const struct cost_count *count, double pairs, double constant_pairs)
{
	return count->params_active - count->active[COST_EXPERTS] +
		   llround(pairs * (double)count->expert_params + constant_pairs * (double)count->constant_params);
}

int64_t cost_moe_layers(int64_t layers, int64_t first, int64_t every, int64_t phase)
{
	if (every < 1 || first >= layers)
		return 0;
	int64_t ahead = phase % every;
	return plus(layers - 1, ahead) / every - plus(plus(first, ahead), every - 1) / every + 1;
}

static struct cost_shape without_experts(const struct cost_shape *shape)
{
	struct cost_shape dense = *shape;
	dense.moe_layers = dense.experts = dense.top_k = dense.expert_width = dense.shared = dense.shared_width = 0;
	dense.hashed_layers = dense.zero_experts = dense.constant_experts = dense.passive_experts = dense.passive_width =
		dense.latent = dense.ahead = 0;
	dense.router = dense.router_bias = dense.selection_bias = dense.router_scale = false;
	dense.shared_gate = dense.mixture_bias = dense.latent_norm = false;
	dense.order = NULL;
	for (int kind = 0; kind < COST_MIXERS; kind++) {
		struct cost_mixer *m = &dense.mixer[kind];
		if (m->kind != COST_MIXTURE)
			continue;
		m->kind = COST_HEADS;
		m->heads = times(m->kv_heads, shape->top_k);
	}
	return dense;
}

/* The total grows by the same step with each unit of width, so two counts tell where the target lies. */
int cost_dense(const struct cost_shape *shape, int64_t params, struct cost_shape *dense, struct error *err)
{
	struct cost_count narrow, wide;
	*dense = without_experts(shape);
	dense->dense_width = 1;
	TRY(cost_count(dense, 1, &narrow, err));
	dense->dense_width = 2;
	TRY(cost_count(dense, 1, &wide, err));
	int64_t step = wide.params_total - narrow.params_total, missing = params - narrow.params_total;
	if (step == 0) /* no layer has an FFN */
		missing = 0, step = 1;
	dense->dense_width = 1 + (missing > 0 ? missing / step + (missing % step >= step - missing % step) : 0);
	return 0;
}

struct cost_shape cost_simulated(struct cost_shape shape)
{
	struct cost_mixer *attention = &shape.mixer[0];
	shape.norms = 2;
	shape.matrices = 2;
	attention->kv_heads = attention->heads;
	attention->head_dim = attention->heads > 0 ? shape.width / attention->heads : 0;
	shape.moe_layers = shape.layers;
	if (shape.top_k == 0) {
		shape.router = false;
		shape.experts = shape.expert_width = shape.zero_experts = shape.constant_experts = 0;
	}
	return shape;
}
