/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scores.c -- FLOPs that grow with the context: 2 h (c_qk + c_v) per key that a query sees, and the indexers' own
 * scores.
 */
#include <config.h>

#include "sim/cost/block.h"

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
	int64_t dims = plus(m->head_dim, attention_values(m)), heads = m->heads;
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

int64_t scores_flops(const struct cost_shape *s, int64_t context)
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
int64_t indexer_flops(const struct cost_shape *s, int64_t context)
{
	struct mean mean = { .context = context };
	for (int kind = 0; kind < COST_MIXERS; kind++) {
		const struct cost_mixer *m = &s->mixer[kind];
		int64_t layers = cost_mixer_layers(s, kind);
		if (layers > 0 && attention_is_indexed(m))
			mean_add(&mean, times3(2, m->index_heads, m->index_dim), layers,
					 m->kind == COST_COMPRESSED ? rows_seen(m->ratio, 0, context) : triangle(context));
	}
	return mean_of(&mean);
}
