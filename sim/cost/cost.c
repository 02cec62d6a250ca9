/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cost.c -- exact counts of a network's parameters and FLOPs, part by part.
 *
 * A block is its matrices (each weight is one multiply-add per token) and its other values (biases, norms):
 *
 *   FFN      m d f, m = 3 with a gated activation                                    (arXiv 2002.05202)
 *   mixture  d E + E FFN + shared FFN                                                (arXiv 2401.06066)
 *
 * The other pieces of a layer stand with their sources in attention.c, recurrent.c and residual.c, what grows with the
 * context in scores.c and cache.c.
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

static struct block router(const struct cost_shape *s)
{
	struct block block = { 0 };
	if (s->router && s->router_weights > 0)
		add_matrix(&block, s->router_weights, 1);
	else if (s->router)
		add_matrix(&block, s->width, shape_routed(s));
	add_other(&block, s->router ? s->router_values : 0);
	add_other(&block, s->router_bias ? shape_routed(s) : 0);
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
	int64_t all = plus(s->experts, shape_bare(s));
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
		add_copies(&stored, attention_block(s, m, s->experts), layers);
		add_copies(&passed, attention_block(s, m, s->top_k), layers);
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
			add_copies(&index, indexer_block(m, s->width), layers);
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
	count->params_selection = s->selection_bias ? times(shape_routed(s), s->moe_layers - s->hashed_layers) : 0;
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
		add_copies(&block, recurrent_is(m) ? recurrent_block(m, s->width) : attention_block(s, m, experts), 1);
		add_copies(&block, indexer_block(m, s->width), !recurrent_is(m));
	}
	add_copies(&block, ffn(s, s->width, s->dense_width), s->next.ffn == COST_DENSE_FFN);
	if (s->next.ffn == COST_MOE) {
		add_copies(&block, expert(s), experts);
		add_copies(&block, router(s), 1);
		add_other(&block, s->selection_bias ? shape_routed(s) : 0);
		add_copies(&block, latent_maps(s), 1);
		add_copies(&block, shared(s), 1);
		add_copies(&block, ffn(s, s->width, s->beside_width), 1);
	}
	add_copies(&block, residual_layer(s), 1);
	if (s->streams > 0)
		add_copies(&block, residual_head(s), 1);
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
	count->flops[COST_SCORES] = scores_flops(s, context);
	count->flops[COST_INDEXER] = plus(count->flops[COST_INDEXER], indexer_flops(s, context));
	count_norms(s, count);
	set_all(count, COST_RESIDUAL, residual_all(s));
	count_ffn(s, count);
	count_ahead(s, count);
	count->cache_values = cache_values(s);
	count->cache_context = cache_context(s, context);
	count->state_values = cache_states(s);
	add_up(s, count);
}

int cost_count(const struct cost_shape *s, int64_t context, struct cost_count *count, struct error *err)
{
	if (shape_is_negative(s) || context < 1)
		return fail(err, ERROR_USER, "network sizes must not be negative, and the context must be at least 1");
	const char *wrong = shape_contradiction(s);
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
