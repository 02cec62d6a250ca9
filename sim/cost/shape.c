/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * shape.c -- what must hold between the numbers of a shape, how its layers are distributed, and the shapes made from
 * it.
 */
#include <config.h>

#include "sim/cost/block.h"

#include <stddef.h>

int64_t shape_bare(const struct cost_shape *s)
{
	return plus(s->zero_experts, s->constant_experts);
}

int64_t shape_routed(const struct cost_shape *s)
{
	return plus(plus(s->experts, shape_bare(s)), s->passive_experts);
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

int64_t cost_moe_layers(int64_t layers, int64_t first, int64_t every, int64_t phase)
{
	if (every < 1 || first >= layers)
		return 0;
	int64_t ahead = phase % every;
	return plus(layers - 1, ahead) / every - plus(plus(first, ahead), every - 1) / every + 1;
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
const char *shape_contradiction(const struct cost_shape *s)
{
	if (s->layers < 1 || s->width < 1 || s->vocabulary < 1)
		return "layers, width and vocabulary must be at least 1";
	const char *wrong = contradiction_of_mixers(s);
	if (wrong)
		return wrong;
	if (plus(s->moe_layers, s->bare_layers) > s->layers || s->encoder_layers > s->layers ||
		s->hashed_layers > s->moe_layers)
		return "there cannot be more MoE and encoder layers than layers";
	if (s->top_k > shape_routed(s))
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

bool shape_is_negative(const struct cost_shape *s)
{
	const int64_t all[] = { s->layers,          s->width,          s->vocabulary,       s->norms,
							s->moe_layers,      s->bare_layers,    s->unmixed_layers,   s->experts,
							s->top_k,           s->expert_width,   s->zero_experts,     s->passive_width,
							s->passive_experts, s->latent,         s->shared_width,     s->dense_width,
							s->beside_width,    s->matrices,       s->streams,          s->ahead,
							s->layer_embedding, s->encoder_layers, s->position_buckets, s->layer_vocabulary,
							s->gram_ratio,      s->gram_length,    s->gram_splits,      s->constant_experts };
	for (int kind = 0; kind < COST_MIXERS; kind++)
		if (mixer_is_negative(&s->mixer[kind]))
			return true;
	return any_negative(all, sizeof all / sizeof all[0]);
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
