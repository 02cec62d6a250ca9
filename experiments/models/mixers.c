/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mixers.c -- the kinds of mixer of a config.json, and which layers have which, by the rules of each family's code.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "experiments/models/layers.h"
#include "sim/base/text.h"

#define MIXER offsetof(struct cost_layer, mixer)

static struct cost_mixer *kind(struct reading *r, int i)
{
	return &r->shape->mixer[i];
}

/* The first kind with another name for the same sizes. */
static struct cost_mixer *copy_kind(struct reading *r, int to)
{
	*kind(r, to) = *kind(r, 0);
	return kind(r, to);
}

static int read_int(struct reading *r, const char *key, int64_t preset, int64_t *out, struct error *err)
{
	*out = preset;
	return document_int(r->doc, key, 1, SIZE_LIMIT, out, err);
}

/* Every how many layers one is of another kind, where layer_types does not tell. */
static int read_every(struct reading *r, const char *key, int64_t preset, int64_t *every, struct error *err)
{
	if (!document_at(r->doc, key) && !document_at(r->doc, "layer_types"))
		layers_default(r, key, preset);
	return read_int(r, key, preset, every, err);
}

/* The second kind is the first with the window that sliding_window tells; *window is 0 where it tells none. */
static int read_window(struct reading *r, int64_t preset, int64_t *window, struct error *err)
{
	r->window = *window = document_has(r->doc, "sliding_window") ? 0 : preset;
	TRY(document_int(r->doc, "sliding_window", 1, SIZE_LIMIT, window, err));
	copy_kind(r, 1)->window = *window;
	return 0;
}

static const struct layer_word window_words[] = {
	{ "full_attention", 0 }, { "attention", 0 }, { "sliding_attention", 1 }, { "chunked_attention", 1 }, { NULL, 0 }
};

/* Without layer_types every `every`-th layer sees all, the others have the window; 1: none has, 0: all have. */
static int read_window_layers(struct reading *r, int64_t every, struct error *err)
{
	bool found;
	TRY(layers_words(r, "layer_types", window_words, MIXER, &found, err));
	for (int64_t i = 0; i < r->shape->layers && !found; i++)
		r->order[i].mixer = every == 0 || (i + 1) % every != 0;
	return 0;
}

int mixers_windowed(struct reading *r, struct error *err)
{
	int64_t window;
	TRY(read_window(r, 0, &window, err));
	return window > 0 ? read_window_layers(r, 0, err) : 0;
}

/* Qwen's configs carry a window that is mostly switched off. */
int mixers_windowed_when_used(struct reading *r, struct error *err)
{
	bool used = false;
	TRY(document_bool(r->doc, "use_sliding_window", &used, err));
	return used ? mixers_windowed(r, err) : 0;
}

/* Every second one of the first max_window_layers. */
int mixers_qwen2(struct reading *r, struct error *err)
{
	bool used = false, found;
	int64_t window, most = 28;
	TRY(document_bool(r->doc, "use_sliding_window", &used, err));
	TRY(read_window(r, 4096, &window, err));
	TRY(document_int(r->doc, "max_window_layers", 0, SIZE_LIMIT, &most, err));
	if (!used || window == 0)
		return 0;
	TRY(layers_words(r, "layer_types", window_words, MIXER, &found, err));
	for (int64_t i = 0; i < r->shape->layers && !found; i++)
		r->order[i].mixer = i % 2 == 0 && i < most;
	return 0;
}

/* Layers from max_window_layers on; without that key none. */
int mixers_windowed_above(struct reading *r, struct error *err)
{
	int64_t window, first = r->shape->layers;
	TRY(read_window(r, 4096, &window, err));
	TRY(document_int(r->doc, "max_window_layers", 0, SIZE_LIMIT, &first, err));
	TRY(read_window_layers(r, 1, err));
	for (int64_t i = first; i < r->shape->layers && window > 0 && !document_at(r->doc, "layer_types"); i++)
		r->order[i].mixer = 1;
	return 0;
}

/* The first layer has a window, the second has none, and so on. */
int mixers_alternating(struct reading *r, struct error *err)
{
	int64_t window;
	TRY(read_window(r, 128, &window, err));
	if (window > 0 && !document_at(r->doc, "layer_types"))
		layers_default_pattern(r);
	return window > 0 ? read_window_layers(r, 2, err) : 0;
}

/* Layers with rotary positions see their chunk, every fourth layer has no such positions and sees all. */
int mixers_chunked(struct reading *r, struct error *err)
{
	bool found, typed = document_at(r->doc, "layer_types") != NULL;
	int64_t interval, chunk = document_has(r->doc, "attention_chunk_size") ? 0 : 8192;
	TRY(document_int(r->doc, "attention_chunk_size", 1, SIZE_LIMIT, &chunk, err));
	TRY(read_int(r, "no_rope_layer_interval", 4, &interval, err));
	copy_kind(r, 1)->window = chunk;
	kind(r, 1)->window_restarts = true;
	if (chunk == 0)
		return 0;
	TRY(read_window_layers(r, interval, err));
	if (typed || json_array_size(document_at(r->doc, "no_rope_layers")) == 0)
		return 0;
	return layers_flags(r, "no_rope_layers", 0, 1, MIXER, &found, err);
}

/* All but every `every`-th layer have the window. */
static int read_mostly(struct reading *r, const char *key, int64_t every, struct error *err)
{
	int64_t window;
	TRY(read_window(r, r->family->window, &window, err));
	if (key)
		TRY(read_every(r, key, every, &every, err));
	return window > 0 ? read_window_layers(r, every, err) : 0;
}

int mixers_mostly_windowed(struct reading *r, struct error *err)
{
	return read_mostly(r, "global_attn_every_n_layers", 4, err);
}

/* K-EXAONE: "LLLG", or every how many layers one sees all. */
int mixers_lettered(struct reading *r, struct error *err)
{
	const char *key = "sliding_window_pattern", *letters = json_string_value(document_at(r->doc, key));
	if (!letters)
		return read_mostly(r, key, 4, err);
	size_t length = strlen(letters);
	if (length == 0 || strspn(letters, "L") + 1 != length || letters[length - 1] != 'G')
		return document_fail(r->doc, key, err, "%s must be letters L with a G at the end, as LLLG", key);
	return read_mostly(r, NULL, (int64_t)length, err);
}

/* Command A+: the dense layers before the others have a pattern of their own. */
int mixers_prefixed(struct reading *r, struct error *err)
{
	int64_t window, every = 4, every_dense = 1, dense = 0;
	TRY(read_window(r, r->family->window, &window, err));
	TRY(read_every(r, "sliding_window_pattern", 4, &every, err));
	TRY(read_int(r, "prefix_dense_sliding_window_pattern", 1, &every_dense, err));
	TRY(document_int(r->doc, "first_k_dense_replace", 0, SIZE_LIMIT, &dense, err));
	if (window == 0)
		return 0;
	TRY(read_window_layers(r, every_dense, err));
	for (int64_t i = dense; i < r->shape->layers && !document_at(r->doc, "layer_types"); i++)
		r->order[i].mixer = (i - dense + 1) % every != 0;
	return 0;
}

/* SmallThinker: 1 for a window. */
int mixers_laid_out(struct reading *r, struct error *err)
{
	bool found;
	TRY(document_int(r->doc, "sliding_window_size|sliding_window", 1, SIZE_LIMIT, &copy_kind(r, 1)->window, err));
	TRY(layers_flags(r, "sliding_window_layout", 0, 1, MIXER, &found, err));
	if (found && kind(r, 1)->window == 0) {
		kind(r, 1)->window = r->family->window;
		r->window = r->family->window;
	}
	return 0;
}

/* Layers have the window that layer_types says, and none without it. */
int mixers_listed(struct reading *r, struct error *err)
{
	int64_t window;
	TRY(read_window(r, r->family->window, &window, err));
	return window > 0 ? read_window_layers(r, 1, err) : 0;
}

/* The first of each four layers sees all. */
int mixers_after_full(struct reading *r, struct error *err)
{
	int64_t window;
	TRY(read_window(r, r->family->window, &window, err));
	if (window == 0)
		return 0;
	TRY(read_window_layers(r, 1, err));
	if (!document_at(r->doc, "layer_types"))
		layers_default_pattern(r);
	for (int64_t i = 0; i < r->shape->layers && !document_at(r->doc, "layer_types"); i++)
		r->order[i].mixer = i % 4 != 0;
	return 0;
}

/* The kind with so many heads and that window, made where there is none; -1 when there is no room. */
static int kind_with(struct reading *r, int *kinds, int64_t heads, int64_t window)
{
	for (int i = 0; i < *kinds; i++)
		if (kind(r, i)->heads == heads && kind(r, i)->window == window)
			return i;
	if (*kinds == COST_MIXERS)
		return -1;
	if (*kinds > 0)
		copy_kind(r, *kinds);
	kind(r, *kinds)->heads = heads;
	kind(r, *kinds)->window = window;
	return (*kinds)++;
}

/* "per-head" or "per-element"; true is the former. */
static int read_gating(struct reading *r, struct error *err)
{
	const char *gating = "per-head";
	bool gated = true;
	if (json_is_boolean(document_at(r->doc, "gating")))
		TRY(document_bool(r->doc, "gating", &gated, err));
	else
		TRY(document_word(r->doc, "gating", &gating, err));
	if (strcmp(gating, "per-head") != 0 && strcmp(gating, "per-element") != 0)
		return document_fail(r->doc, "gating", err, "gating: '%s' is not known (known: per-head, per-element)", gating);
	kind(r, 0)->gate = !gated ? COST_GATE_NONE : strcmp(gating, "per-head") == 0 ? COST_GATE_HEADS : COST_GATE_FULL;
	return 0;
}

/* Laguna: each layer has its own number of heads, and a window where layer_types says so. */
int mixers_of_heads(struct reading *r, struct error *err)
{
	int kinds = 0;
	int64_t window = 0;
	const json_t *list;
	const char *key = "num_attention_heads_per_layer";
	TRY(mixers_listed(r, err));
	window = kind(r, 1)->window;
	TRY(read_gating(r, err));
	TRY(layers_list(r, key, &list, err));
	for (int64_t i = 0; i < r->shape->layers; i++) {
		const json_t *item = json_array_get(list, (size_t)i);
		int64_t heads = list ? json_integer_value(item) : kind(r, 0)->heads;
		if (list && (!json_is_integer(item) || heads < 1 || heads > SIZE_LIMIT || heads % kind(r, 0)->kv_heads != 0))
			return document_fail(r->doc, key, err, "%s must list multiples of num_key_value_heads = %lld", key,
								 (long long)kind(r, 0)->kv_heads);
		int found = kind_with(r, &kinds, heads, r->order[i].mixer == 1 ? window : 0);
		if (found < 0)
			return document_fail(r->doc, key, err, "%s: there cannot be more than %d kinds of layers", key,
								 COST_MIXERS);
		r->order[i].mixer = (int8_t)found;
	}
	return 0;
}

static const struct layer_word linear_words[] = {
	{ "full_attention", 0 }, { "attention", 0 }, { "linear_attention", 1 }, { "kda_attention", 1 }, { "mamba", 1 },
	{ "conv", 1 },           { NULL, 0 }
};

int mixers_delta(struct reading *r, struct error *err)
{
	bool found;
	int64_t every;
	struct cost_mixer *m = kind(r, 1);
	*m = (struct cost_mixer){ .kind = COST_DELTA };
	TRY(layers_int(r, "linear_num_value_heads", 1, 32, &m->heads, err));
	TRY(layers_int(r, "linear_num_key_heads", 1, 16, &m->kv_heads, err));
	TRY(layers_int(r, "linear_key_head_dim", 1, 128, &m->head_dim, err));
	TRY(layers_int(r, "linear_value_head_dim", 1, 128, &m->v_dim, err));
	TRY(layers_int(r, "linear_conv_kernel_dim", 1, 4, &m->kernel, err));
	TRY(read_every(r, "full_attention_interval", 4, &every, err));
	TRY(layers_words(r, "layer_types", linear_words, MIXER, &found, err));
	for (int64_t i = 0; i < r->shape->layers && !found; i++)
		r->order[i].mixer = (i + 1) % every != 0;
	return 0;
}

/* Layers are counted from 1 there. */
static int mark_from_one(struct reading *r, const char *key, int8_t mixer, bool *found, struct error *err)
{
	const json_t *list = NULL;
	TRY(document_list(r->doc, key, &list, err));
	*found = list != NULL;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		int64_t layer = json_integer_value(item);
		if (!json_is_integer(item) || layer < 1 || layer > r->shape->layers)
			return document_fail(r->doc, key, err, "%s must list layers from 1 to %lld", key,
								 (long long)r->shape->layers);
		r->order[layer - 1].mixer = mixer;
	}
	return 0;
}

static int read_kimi_layers(struct reading *r, struct error *err)
{
	bool found, full;
	const char *key = "linear_attn_config.kda_layers";
	TRY(layers_words(r, "layer_types", linear_words, MIXER, &found, err));
	if (found)
		return 0;
	TRY(mark_from_one(r, key, 1, &found, err));
	TRY(mark_from_one(r, "linear_attn_config.full_attn_layers", 0, &full, err));
	if (!found)
		layers_doubt(r, text_keep_f("without %s all layers have latent attention", key));
	return 0;
}

int mixers_kimi(struct reading *r, struct error *err)
{
	bool gate = false, full_rank = false;
	int64_t block = 0;
	struct cost_mixer *m = kind(r, 1);
	*m = (struct cost_mixer){ .kind = COST_KIMI_DELTA };
	TRY(layers_int(r, "linear_attn_config.num_heads|linear_num_heads|linear_num_key_heads", 1, 32, &m->heads, err));
	TRY(layers_int(r, "linear_attn_config.head_dim|linear_head_dim|linear_key_head_dim", 1, 128, &m->head_dim, err));
	TRY(layers_int(r, "linear_attn_config.short_conv_kernel_size|linear_conv_kernel_dim", 1, 4, &m->kernel, err));
	TRY(document_bool(r->doc, "linear_attn_config.use_full_rank_gate", &full_rank, err));
	TRY(document_bool(r->doc, "mla_use_output_gate", &gate, err));
	TRY(document_bool(r->doc, "latent_moe_use_norm", &r->shape->latent_norm, err));
	TRY(document_int(r->doc, "attn_res_block_size", 0, SIZE_LIMIT, &block, err));
	m->gate = full_rank ? COST_GATE_FULL : COST_GATE_NONE;
	kind(r, 0)->gate = gate ? COST_GATE_FULL : COST_GATE_NONE;
	r->shape->residual_attention = block > 0;
	return read_kimi_layers(r, err);
}

/* MiniMax-Text-01: attn_type_list has 1 for softmax attention. */
int mixers_lightning(struct reading *r, struct error *err)
{
	bool found;
	const struct cost_mixer *full = kind(r, 0);
	*kind(r, 1) = (struct cost_mixer){ .kind = COST_LIGHTNING, .heads = full->heads, .head_dim = full->head_dim };
	TRY(layers_words(r, "layer_types", linear_words, MIXER, &found, err));
	if (!found)
		TRY(layers_flags(r, "attn_type_list", 1, 0, MIXER, &found, err));
	if (!found)
		return document_fail(r->doc, "layer_types|attn_type_list", err,
							 "layer_types|attn_type_list is missing (a %s model needs it)", family_name(r->family));
	return 0;
}

/* Ring-linear: the last of each group of layers, and what is left over, are softmax attention. */
int mixers_bailing(struct reading *r, struct error *err)
{
	int64_t size = 0;
	const struct cost_mixer *full = kind(r, 0);
	TRY(document_int(r->doc, "layer_group_size", 1, SIZE_LIMIT, &size, err));
	*kind(r, 1) = (struct cost_mixer){ .kind = COST_LIGHTNING,
									   .heads = full->heads,
									   .head_dim = full->head_dim,
									   .qkv_bias = full->qkv_bias,
									   .out_bias = full->out_bias,
									   .qk_norm = full->qk_norm };
	for (int64_t i = 0; i < r->shape->layers && size > 0; i++)
		r->order[i].mixer = (i + 1) % size != 0 && i < r->shape->layers / size * size;
	return 0;
}

/* The gate behind latent attention. */
static int read_granularity(struct reading *r, struct error *err)
{
	const char *word = NULL, *key = "gated_attention_proj_granularity_type";
	TRY(document_word(r->doc, key, &word, err));
	if (word && strcmp(word, "head_wise") != 0 && strcmp(word, "element_wise") != 0)
		return document_fail(r->doc, key, err, "%s: '%s' is not known (known: head_wise, element_wise)", key, word);
	if (word)
		kind(r, 0)->gate = strcmp(word, "head_wise") == 0 ? COST_GATE_HEADS : COST_GATE_FULL;
	return 0;
}

/* Ling 2.5 has lightning attention between layers of latent attention, Ling 3 the delta rule of Kimi Linear, which its
 * configurations tell by the kernel of its convolutions. */
int mixers_hybrid(struct reading *r, struct error *err)
{
	bool full = false;
	int64_t size = 0, head_dim = 0;
	struct cost_mixer *latent = kind(r, 0), *m = kind(r, 1);
	TRY(document_int(r->doc, "layer_group_size", 1, SIZE_LIMIT, &size, err));
	TRY(document_int(r->doc, "head_dim", 1, SIZE_LIMIT, &head_dim, err));
	TRY(read_granularity(r, err));
	if (head_dim == 0)
		head_dim = r->shape->width / latent->heads;
	*m = (struct cost_mixer){ .kind = COST_LIGHTNING, .heads = latent->heads, .head_dim = head_dim };
	if (document_at(r->doc, "short_conv_kernel_size")) {
		TRY(document_bool(r->doc, "no_kda_lora", &full, err));
		TRY(read_int(r, "short_conv_kernel_size", 4, &m->kernel, err));
		m->kind = COST_KIMI_DELTA;
		m->decay_full = full;
		m->gate = full ? COST_GATE_FULL : COST_GATE_NONE;
	} else {
		m->qk_norm = COST_QK_HEAD;
	}
	for (int64_t i = 0; i < r->shape->layers && size > 0; i++)
		r->order[i].mixer = (i + 1) % size != 0 && i < r->shape->layers / size * size;
	return 0;
}

/* "FSSS" or a list of the same words as indexer_types. */
static int read_borrowed(struct reading *r, bool *found, struct error *err)
{
	static const struct layer_word words[] = { { "full", 0 }, { "shared", 1 }, { NULL, 0 } };
	const json_t *pattern = document_at(r->doc, "index_topk_pattern");
	TRY(layers_words(r, "indexer_types", words, MIXER, found, err));
	if (*found || !pattern)
		return 0;
	const char *text = json_string_value(pattern);
	if (!text)
		return layers_words(r, "index_topk_pattern", words, MIXER, found, err);
	*found = true;
	if (strlen(text) < (size_t)r->shape->layers || strspn(text, "FS") != strlen(text))
		return document_fail(r->doc, "index_topk_pattern", err, "index_topk_pattern must have F or S for each layer");
	for (int64_t i = 0; i < r->shape->layers; i++)
		r->order[i].mixer = text[i] == 'S';
	return 0;
}

/* Layers may use the choice of an earlier one. */
int mixers_indexed(struct reading *r, struct error *err)
{
	bool found;
	int64_t every, offset = 2;
	copy_kind(r, 1)->index_borrowed = true;
	TRY(read_borrowed(r, &found, err));
	TRY(read_int(r, "index_topk_freq", 1, &every, err));
	TRY(document_int(r->doc, "index_skip_topk_offset", 0, SIZE_LIMIT, &offset, err));
	for (int64_t i = 0; i < r->shape->layers && !found; i++)
		r->order[i].mixer = (i - offset + 1 > 0 ? i - offset + 1 : 0) % every != 0;
	return 0;
}

static const struct layer_word compressed_words[] = {
	{ "sliding_attention", 0 }, { "compressed_sparse_attention", 1 }, { "heavily_compressed_attention", 2 }, { NULL, 0 }
};

static int read_ratios(struct reading *r, bool *found, struct error *err)
{
	const json_t *list;
	const char *key = "compress_ratios";
	TRY(layers_list(r, key, &list, err));
	*found = list != NULL;
	for (int64_t i = 0; list && i < r->shape->layers; i++) {
		const json_t *item = json_array_get(list, (size_t)i);
		int64_t ratio = json_integer_value(item);
		if (!json_is_integer(item) || (ratio != 0 && ratio != kind(r, 1)->ratio && ratio != kind(r, 2)->ratio))
			return document_fail(r->doc, key, err, "%s must list 0, %lld and %lld", key, (long long)kind(r, 1)->ratio,
								 (long long)kind(r, 2)->ratio);
		r->order[i].mixer = ratio == 0 ? 0 : ratio == kind(r, 1)->ratio ? 1 : 2;
	}
	return 0;
}

/* Windows alone, with an indexer among compressed keys, and with few compressed keys that are all seen. */
int mixers_compressed(struct reading *r, struct error *err)
{
	bool found;
	struct cost_mixer *plain = kind(r, 0);
	TRY(read_int(r, "sliding_window", 128, &plain->window, err));
	struct cost_mixer *chosen = copy_kind(r, 1), *heavy = copy_kind(r, 2);
	plain->index_heads = plain->index_dim = plain->index_keep = 0;
	heavy->index_heads = heavy->index_dim = heavy->index_keep = 0;
	TRY(read_int(r, "compress_rates.compressed_sparse_attention|compress_rate_csa", 4, &chosen->ratio, err));
	TRY(read_int(r, "compress_rates.heavily_compressed_attention|compress_rate_hca", 128, &heavy->ratio, err));
	TRY(layers_words(r, "layer_types", compressed_words, MIXER, &found, err));
	if (!found)
		TRY(read_ratios(r, &found, err));
	if (!found)
		layers_default_pattern(r);
	for (int64_t i = 0; i < r->shape->layers && !found; i++)
		r->order[i].mixer = i >= 2 && i % 2 != 0 ? 1 : 2;
	return 0;
}

/* MiniMax-M3: an indexer beside grouped heads, which chooses blocks. */
int mixers_minimax(struct reading *r, struct error *err)
{
	static const struct layer_word words[] = { { "full_attention", 0 }, { "minimax_m3_sparse", 1 }, { NULL, 0 } };
	bool found;
	int64_t block, blocks;
	struct cost_mixer *m = copy_kind(r, 1);
	const char *form = NULL;
	const json_t *types = document_at(r->doc, "attn_type_list");
	for (size_t i = 0; i < json_array_size(types); i++)
		if (json_integer_value(json_array_get(types, i)) == 0) {
			layers_doubt(r, "attn_type_list has layers of lightning attention, which this family does not have");
			break;
		}
	TRY(document_word(r->doc, "qk_norm_type", &form, err));
	if (form && m->qk_norm != COST_QK_NONE)
		kind(r, 0)->qk_norm = m->qk_norm = strcmp(form, "per_head") == 0 ? COST_QK_HEAD : COST_QK_FULL;
	TRY(layers_words(r, "layer_types", words, MIXER, &found, err));
	if (!found)
		TRY(layers_flags(r, "sparse_attention_config.sparse_attention_freq", 0, 1, MIXER, &found, err));
	TRY(read_int(r, "sparse_attention_config.sparse_num_index_heads|index_n_heads", 4, &m->index_heads, err));
	TRY(read_int(r, "sparse_attention_config.sparse_index_dim|index_head_dim", 128, &m->index_dim, err));
	TRY(read_int(r, "sparse_attention_config.sparse_block_size|index_block_size", 128, &block, err));
	TRY(read_int(r, "sparse_attention_config.sparse_topk_blocks|index_topk_blocks", 16, &blocks, err));
	m->index_keep = block * blocks;
	if (r->family->key[DENSE_WIDTH] && !found)
		layers_default(r, "sparse_attention_config", 0);
	return 0;
}

/* Gemma 4: layers that see all have heads of their own size, and their keys may be their values; the last ones may
 * borrow the keys and values of an earlier one of their kind. */
int mixers_gemma(struct reading *r, struct error *err)
{
	bool found, same = false, wide = false;
	int64_t window, shared = 0, kv_heads = 0;
	struct cost_mixer *full = kind(r, 0);
	TRY(read_window(r, 512, &window, err));
	TRY(document_bool(r->doc, "attention_k_eq_v", &same, err));
	TRY(document_bool(r->doc, "use_double_wide_mlp", &wide, err));
	TRY(document_int(r->doc, "num_kv_shared_layers", 0, r->shape->layers, &shared, err));
	TRY(document_int(r->doc, "num_global_key_value_heads", 1, SIZE_LIMIT, &kv_heads, err));
	TRY(layers_int(r, "global_head_dim", 1, 512, &full->head_dim, err));
	if (wide && shared > 0)
		return document_fail(r->doc, "use_double_wide_mlp", err, "use_double_wide_mlp is not supported with experts");
	full->k_is_v = same;
	full->kv_heads = same && kv_heads > 0 ? kv_heads : full->kv_heads;
	TRY(layers_words(r, "layer_types", window_words, MIXER, &found, err));
	if (!found)
		layers_default_pattern(r);
	for (int64_t i = 0; i < r->shape->layers && !found; i++)
		r->order[i].mixer = (i + 1) % 6 != 0;
	r->order[r->shape->layers - 1].mixer = 0;
	copy_kind(r, 2)->borrows_kv = true;
	*kind(r, 3) = *kind(r, 1);
	kind(r, 3)->borrows_kv = true;
	for (int64_t i = r->shape->layers - shared; i < r->shape->layers; i++)
		r->order[i].mixer = (int8_t)(r->order[i].mixer + 2);
	return 0;
}

/* MiMo: windows have heads of their own, and sinks; their keys' heads are twice those of the others by default. */
int mixers_mimo(struct reading *r, struct error *err)
{
	bool found, sinks = true;
	int64_t window;
	struct cost_mixer *full = kind(r, 0), *m = kind(r, 1);
	TRY(read_window(r, 128, &window, err));
	TRY(read_int(r, "swa_num_attention_heads", full->heads, &m->heads, err));
	TRY(read_int(r, "swa_num_key_value_heads", 2 * full->kv_heads, &m->kv_heads, err));
	TRY(read_int(r, "swa_head_dim", full->head_dim, &m->head_dim, err));
	TRY(read_int(r, "swa_v_head_dim", full->v_dim, &m->v_dim, err));
	TRY(document_bool(r->doc, "add_swa_attention_sink_bias", &sinks, err));
	TRY(document_bool(r->doc, "add_full_attention_sink_bias", &full->sinks, err));
	m->sinks = sinks;
	TRY(layers_words(r, "layer_types", window_words, MIXER, &found, err));
	if (!found)
		TRY(layers_flags(r, "hybrid_layer_pattern", 0, 1, MIXER, &found, err));
	if (!found)
		layers_default_pattern(r);
	for (int64_t i = 0; i < r->shape->layers && !found; i++)
		r->order[i].mixer = i > 0 && (i + 1) % 6 != 0;
	return 0;
}

/* Step: windows have a number of heads of their own. */
int mixers_step(struct reading *r, struct error *err)
{
	int64_t window;
	bool gate = true;
	struct cost_mixer *full = kind(r, 0), *m = kind(r, 1);
	TRY(document_bool(r->doc, "use_head_wise_attn_gate", &gate, err));
	full->gate = gate ? COST_GATE_HEADS : COST_GATE_NONE;
	TRY(read_window(r, 0, &window, err));
	TRY(read_int(r, "num_sliding_attention_heads|attention_other_setting.num_attention_heads", full->heads, &m->heads,
				 err));
	TRY(read_int(r, "attention_other_setting.num_attention_groups|attention_other_setting.num_key_value_heads",
				 full->kv_heads, &m->kv_heads, err));
	TRY(read_int(r, "attention_other_setting.head_dim", full->head_dim, &m->head_dim, err));
	return read_window_layers(r, 1, err);
}

/* Hunyuan-Large: a group of layers has the keys and values of its first. */
int mixers_cross_layer(struct reading *r, struct error *err)
{
	bool used = false;
	int64_t share = 2;
	TRY(document_bool(r->doc, "use_cla", &used, err));
	TRY(read_int(r, "cla_share_factor", 2, &share, err));
	copy_kind(r, 1)->borrows_kv = true;
	for (int64_t i = 0; i < r->shape->layers && used; i++)
		r->order[i].mixer = i % share != 0;
	return 0;
}

/* A number, or "auto" for the one that follows from others. */
static int read_auto(struct reading *r, const char *key, int64_t *out, struct error *err)
{
	const char *word = json_string_value(document_at(r->doc, key));
	if (word && strcmp(word, "auto") != 0)
		return document_fail(r->doc, key, err, "%s must be an integer or \"auto\", not \"%s\"", key, word);
	return word ? 0 : read_int(r, key, *out, out, err);
}

int mixers_jamba(struct reading *r, struct error *err)
{
	int64_t expand, period = 8, offset = 4;
	struct cost_mixer *m = kind(r, 1);
	*m = (struct cost_mixer){ .kind = COST_MAMBA, .kernel_bias = true };
	TRY(layers_int(r, "mamba_expand", 1, 2, &expand, err));
	TRY(layers_int(r, "mamba_d_state", 1, 16, &m->state, err));
	TRY(layers_int(r, "mamba_d_conv", 1, 4, &m->kernel, err));
	m->step_rank = (r->shape->width + 15) / 16;
	TRY(read_auto(r, "mamba_dt_rank", &m->step_rank, err));
	TRY(document_bool(r->doc, "mamba_conv_bias", &m->kernel_bias, err));
	TRY(document_bool(r->doc, "mamba_proj_bias", &m->qkv_bias, err));
	m->inner = expand * r->shape->width;
	TRY(layers_int(r, "attn_layer_period", 1, period, &period, err));
	TRY(document_int(r->doc, "attn_layer_offset", 0, period - 1, &offset, err));
	for (int64_t i = 0; i < r->shape->layers; i++)
		r->order[i].mixer = i % period != offset;
	return 0;
}

/* LFM2: without layer_types all layers are attention, unless full_attn_idxs lists those that are. */
int mixers_convolution(struct reading *r, struct error *err)
{
	bool found;
	struct cost_mixer *m = kind(r, 1);
	*m = (struct cost_mixer){ .kind = COST_CONVOLUTION, .inner = r->shape->width };
	TRY(layers_int(r, "conv_L_cache", 1, 3, &m->kernel, err));
	TRY(document_bool(r->doc, "conv_bias", &m->kernel_bias, err));
	m->qkv_bias = m->kernel_bias;
	TRY(layers_words(r, "layer_types", linear_words, MIXER, &found, err));
	if (!found)
		return document_fail(r->doc, "layer_types", err, "layer_types is missing (a %s model needs it)",
							 family_name(r->family));
	return 0;
}

static int read_mamba2(struct reading *r, struct cost_mixer *m, struct error *err)
{
	*m = (struct cost_mixer){ .kind = COST_MAMBA2, .kernel_bias = true };
	TRY(layers_int(r, "mamba_num_heads|mamba_n_heads", 1, 128, &m->heads, err));
	TRY(layers_int(r, "n_groups|mamba_n_groups", 1, r->family->groups, &m->groups, err));
	TRY(layers_int(r, "ssm_state_size|mamba_d_state", 1, r->family->state, &m->state, err));
	TRY(layers_int(r, "conv_kernel|mamba_d_conv", 1, 4, &m->kernel, err));
	TRY(document_bool(r->doc, "use_conv_bias|mamba_conv_bias", &m->kernel_bias, err));
	return document_bool(r->doc, "use_bias|mamba_proj_bias", &m->qkv_bias, err);
}

/* The head's size is the inner width over the heads where it is "auto" or not there. */
int mixers_granite(struct reading *r, struct error *err)
{
	bool found;
	int64_t expand;
	struct cost_mixer *m = kind(r, 1);
	TRY(read_mamba2(r, m, err));
	TRY(layers_int(r, "mamba_expand", 1, 2, &expand, err));
	if (expand * r->shape->width % m->heads != 0)
		return document_fail(r->doc, "mamba_n_heads", err, "mamba_n_heads = %lld: must divide %lld",
							 (long long)m->heads, (long long)(expand * r->shape->width));
	m->head_dim = expand * r->shape->width / m->heads;
	TRY(read_auto(r, "mamba_d_head", &m->head_dim, err));
	if (m->head_dim * m->heads != expand * r->shape->width)
		return document_fail(r->doc, "mamba_d_head", err,
							 "mamba_d_head = %lld: %lld heads of it must have the width %lld", (long long)m->head_dim,
							 (long long)m->heads, (long long)(expand * r->shape->width));
	TRY(layers_words(r, "layer_types|layers_block_type", linear_words, MIXER, &found, err));
	for (int64_t i = 0; i < r->shape->layers && !found; i++)
		r->order[i].mixer = 1;
	return 0;
}

/* A layer of Nemotron-H, by its letter. */
static bool set_block(struct cost_layer *layer, char letter)
{
	static const char letters[] = "*ME-";
	const char *at = letter ? strchr(letters, letter) : NULL;
	if (!at)
		return false;
	*layer = (struct cost_layer){ .mixer = letter == '*'   ? 0
										   : letter == 'M' ? 1
														   : -1,
								  .ffn = letter == 'E'   ? COST_MOE
										 : letter == '-' ? COST_DENSE_FFN
														 : COST_NO_FFN };
	return true;
}

static int read_pattern(struct reading *r, const char *pattern, struct error *err)
{
	const char *key = "hybrid_override_pattern";
	for (int64_t i = 0; i < r->shape->layers; i++)
		if (!set_block(&r->order[i], pattern[i]))
			return document_fail(r->doc, key, err, "%s must have one of M E * - for each layer", key);
	return 0;
}

static const struct layer_word block_words[] = { { "mamba", 'M' },     { "linear_attention", 'M' },
												 { "moe", 'E' },       { "mlp", '-' },
												 { "attention", '*' }, { "full_attention", '*' },
												 { NULL, 0 } };

static int read_blocks(struct reading *r, bool *found, struct error *err)
{
	TRY(layers_words(r, "layers_block_type|layer_types", block_words, MIXER, found, err));
	for (int64_t i = 0; i < r->shape->layers && *found; i++)
		set_block(&r->order[i], (char)r->order[i].mixer);
	return 0;
}

int mixers_nemotron(struct reading *r, struct error *err)
{
	bool found;
	const char *pattern = NULL;
	struct cost_mixer *m = kind(r, 1);
	TRY(read_mamba2(r, m, err));
	TRY(layers_int(r, "mamba_head_dim", 1, 64, &m->head_dim, err));
	TRY(read_blocks(r, &found, err));
	TRY(document_word(r->doc, "hybrid_override_pattern", &pattern, err));
	if (!found && !pattern)
		return document_fail(r->doc, r->moe_key, err, "%s is missing (a %s model needs it)", r->moe_key,
							 family_name(r->family));
	return found ? 0 : read_pattern(r, pattern, err);
}
