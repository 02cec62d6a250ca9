/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sizes.c -- the sizes of a config.json, under the keys of its family.
 */
#include <config.h>

#include "experiments/models/layers.h"
#include "experiments/models/reading.h"

/* `key` is the one that most families use, NULL where a family must name it to have such a size.  A size that is not
 * optional must stand in the file, or the family has a preset.  The optional ones, when they do not: width / heads for
 * head_dim, else 0; key-value heads may be null for as many as heads, but must be there. */
static const struct {
	size_t at;
	const char *key;
	bool optional;
} sizes[SIZES] = {
	[LAYERS] = { offsetof(struct cost_shape, layers), "num_hidden_layers", false },
	[WIDTH] = { offsetof(struct cost_shape, width), "hidden_size", false },
	[VOCABULARY] = { offsetof(struct cost_shape, vocabulary), "vocab_size", false },
	[HEADS] = { offsetof(struct cost_shape, mixer[0].heads), "num_attention_heads", false },
	[KV_HEADS] = { offsetof(struct cost_shape, mixer[0].kv_heads), "num_key_value_heads", true },
	[HEAD_DIM] = { offsetof(struct cost_shape, mixer[0].head_dim), "head_dim", true },
	[Q_RANK] = { offsetof(struct cost_shape, mixer[0].q_rank), NULL, true },
	[KV_RANK] = { offsetof(struct cost_shape, mixer[0].kv_rank), NULL, false },
	[NOPE_DIM] = { offsetof(struct cost_shape, mixer[0].nope_dim), NULL, false },
	[ROPE_DIM] = { offsetof(struct cost_shape, mixer[0].rope_dim), NULL, false },
	[V_DIM] = { offsetof(struct cost_shape, mixer[0].v_dim), NULL, false },
	[OUT_GROUPS] = { offsetof(struct cost_shape, mixer[0].out_groups), NULL, false },
	[OUT_RANK] = { offsetof(struct cost_shape, mixer[0].out_rank), NULL, false },
	[INDEX_HEADS] = { offsetof(struct cost_shape, mixer[0].index_heads), NULL, false },
	[INDEX_DIM] = { offsetof(struct cost_shape, mixer[0].index_dim), NULL, false },
	[INDEX_KEEP] = { offsetof(struct cost_shape, mixer[0].index_keep), NULL, false },
	[EXPERTS] = { offsetof(struct cost_shape, experts), "num_local_experts|num_experts|n_routed_experts", false },
	[TOP_K] = { offsetof(struct cost_shape, top_k), "num_experts_per_tok", false },
	[EXPERT_WIDTH] = { offsetof(struct cost_shape, expert_width), "intermediate_size", false },
	[ZERO_EXPERTS] = { offsetof(struct cost_shape, zero_experts), NULL, true },
	[LATENT] = { offsetof(struct cost_shape, latent), NULL, true },
	[SHARED] = { offsetof(struct cost_shape, shared), NULL, true },
	[SHARED_WIDTH] = { offsetof(struct cost_shape, shared_width), NULL, true },
	[DENSE_WIDTH] = { offsetof(struct cost_shape, dense_width), NULL, true },
	[BESIDE_WIDTH] = { offsetof(struct cost_shape, beside_width), NULL, false },
	[STREAMS] = { offsetof(struct cost_shape, streams), NULL, false },
	[LAYER_EMBEDDING] = { offsetof(struct cost_shape, layer_embedding), NULL, true },
	[LAYER_VOCABULARY] = { offsetof(struct cost_shape, layer_vocabulary), NULL, true },
	[GRAM_RATIO] = { offsetof(struct cost_shape, gram_ratio), NULL, false },
	[GRAM_LENGTH] = { offsetof(struct cost_shape, gram_length), NULL, false },
	[GRAM_SPLITS] = { offsetof(struct cost_shape, gram_splits), NULL, false },
	[AHEAD] = { offsetof(struct cost_shape, ahead),
				"num_nextn_predict_layers|mtp_num_hidden_layers|num_mtp_modules|num_mtp_layers", true },
};

static int64_t *size_in(struct cost_shape *s, size_t i)
{
	return (int64_t *)(void *)((char *)s + sizes[i].at);
}

/* Of latent attention, which may be switched off. */
static bool is_latent_size(size_t i)
{
	return i >= Q_RANK && i <= V_DIM;
}

const char *sizes_key(const struct reading *r, enum size i)
{
	bool off = r->family->fixed.mixer[0].kind == COST_LATENT && r->shape->mixer[0].kind != COST_LATENT;
	const char *key = r->family->key[i] && !off ? r->family->key[i] : sizes[i].key;
	if (off && !is_latent_size(i) && r->family->key[i] && *r->family->key[i])
		key = r->family->key[i];
	return key && *key ? key : NULL;
}

/* A list with the size of every layer is read where it says the same of all. */
static int read_uniform(const struct document *doc, const char *key, const json_t *list, int64_t low, int64_t *out,
						struct error *err)
{
	const json_t *first = json_array_get(list, 0);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_is_integer(json_array_get(list, i)) || !json_equal(json_array_get(list, i), first))
			return document_fail(doc, key, err, "%s must be the same in all layers", key);
	*out = json_integer_value(first);
	if (*out < low || *out > SIZE_LIMIT)
		return document_fail(doc, key, err, "%s must list integers from %lld to %d", key, (long long)low, SIZE_LIMIT);
	return 0;
}

/* Of experts for text and experts for images. */
static bool is_pair(const struct reading *r, const json_t *value)
{
	return json_array_size(value) == 2 && (r->family->reads & READS_PAIRS);
}

static int read_first(const struct document *doc, const char *key, const json_t *list, int64_t low, int64_t *out,
					  struct error *err)
{
	const json_t *first = json_array_get(list, 0);
	if (!json_is_integer(first) || json_integer_value(first) < low || json_integer_value(first) > SIZE_LIMIT)
		return document_fail(doc, key, err, "%s must list integers from %lld to %d", key, (long long)low, SIZE_LIMIT);
	*out = json_integer_value(first);
	return 0;
}

static int read_number(const struct reading *r, const char *key, int64_t low, int64_t *out, struct error *err)
{
	const json_t *value = document_at(r->doc, key);
	if (is_pair(r, value)) /* text first; see sizes_read_passive() */
		return read_first(r->doc, key, value, low, out, err);
	if (json_array_size(value) > 0 && (r->family->reads & READS_LISTS))
		return read_uniform(r->doc, key, value, low, out, err);
	return document_int(r->doc, key, low, out == &r->shape->layers ? LAYERS_LIMIT : SIZE_LIMIT, out, err);
}

static int read_size(struct reading *r, size_t i, struct error *err)
{
	const char *key = sizes_key(r, i);
	if (!key)
		return 0;
	bool there = document_has(r->doc, key);
	if (i == LAYER_VOCABULARY && r->shape->layer_embedding == 0)
		return 0;
	bool optional = sizes[i].optional;
	int64_t *size = size_in(r->shape, i);
	if (!there && r->family->preset[i] > 0) {
		*size = r->family->preset[i];
		layers_default(r, key, *size);
		return 0;
	}
	if (i == KV_HEADS && !there && (r->family->reads & READS_NO_KV_HEADS))
		return 0;
	TRY(read_number(r, key, optional && i != KV_HEADS ? 0 : 1, size, err));
	if (!document_at(r->doc, key) && (!optional || (i == KV_HEADS && !there)))
		return document_fail(r->doc, key, err, "%s is missing (a %s model needs it)", key, family_name(r->family));
	return 0;
}

static int relate_heads(const struct reading *r, struct error *err)
{
	struct cost_shape *s = r->shape;
	struct cost_mixer *m = &s->mixer[0];
	const char *heads = sizes_key(r, HEADS), *kv_heads = sizes_key(r, KV_HEADS);
	if (kv_heads && m->kv_heads == 0)
		m->kv_heads = m->heads;
	if (heads && kv_heads && m->heads % m->kv_heads != 0)
		return document_fail(r->doc, kv_heads, err, "%s = %lld: must divide %s = %lld", kv_heads,
							 (long long)m->kv_heads, heads, (long long)m->heads);
	if (m->kind != COST_HEADS || m->head_dim > 0)
		return 0;
	if (s->width % m->heads != 0)
		return document_fail(r->doc, heads, err, "%s = %lld: must divide %s = %lld", heads, (long long)m->heads,
							 sizes_key(r, WIDTH), (long long)s->width);
	m->head_dim = s->width / m->heads;
	return 0;
}

/* The width of shared experts is that of all where a family has it once, and of each where it has their number, too. */
static int relate_sizes(const struct reading *r, struct error *err)
{
	struct cost_shape *s = r->shape;
	if (s->top_k > s->experts + s->zero_experts)
		return document_fail(r->doc, sizes_key(r, TOP_K), err, "%s = %lld: there are only %lld experts",
							 sizes_key(r, TOP_K), (long long)s->top_k, (long long)(s->experts + s->zero_experts));
	TRY(relate_heads(r, err));
	if (!sizes_key(r, SHARED_WIDTH))
		s->shared_width = s->shared * s->expert_width;
	else if (sizes_key(r, SHARED))
		s->shared_width *= s->shared;
	else if (s->shared_width == 0)
		s->shared = 0;
	return 0;
}

int sizes_read(struct reading *r, enum size first, struct error *err)
{
	for (size_t i = first; i < SIZES; i++)
		TRY(read_size(r, i, err));
	return relate_sizes(r, err);
}

/* Text and images have experts of their own: [64, 64] of [1536, 512].  The sizes of the first are read before. */
int sizes_read_passive(const struct reading *r, struct cost_shape *s, struct error *err)
{
	const char *key = sizes_key(r, EXPERT_WIDTH);
	const json_t *width = document_at(r->doc, key), *experts = document_at(r->doc, sizes_key(r, EXPERTS));
	if (!is_pair(r, width))
		return 0;
	s->passive_experts = json_is_array(experts) ? json_integer_value(json_array_get(experts, 1)) : s->experts;
	s->passive_width = json_integer_value(json_array_get(width, 1));
	if (s->passive_width < 0 || s->passive_width > SIZE_LIMIT || s->passive_experts < 0 ||
		s->passive_experts > SIZE_LIMIT)
		return document_fail(r->doc, key, err, "%s must list integers from 0 to %d", key, SIZE_LIMIT);
	return 0;
}
