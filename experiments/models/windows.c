/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * windows.c -- which layers of a config.json see a window, and the heads of those that do.
 */
#include <config.h>

#include <string.h>

#include "experiments/models/mixers.h"

/* The second kind is the first with the window that sliding_window tells; *window is 0 where it tells none. */
static int read_window(struct reading *r, int64_t preset, int64_t *window, struct error *err)
{
	r->window = *window = document_has(r->doc, "sliding_window") ? 0 : preset;
	TRY(document_int(r->doc, "sliding_window", 1, SIZE_LIMIT, window, err));
	mixers_copy(r, 1)->window = *window;
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
	TRY(mixers_int(r, "no_rope_layer_interval", 4, &interval, err));
	mixers_copy(r, 1)->window = chunk;
	mixers_kind(r, 1)->window_restarts = true;
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
		TRY(mixers_every(r, key, every, &every, err));
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
	TRY(mixers_every(r, "sliding_window_pattern", 4, &every, err));
	TRY(mixers_int(r, "prefix_dense_sliding_window_pattern", 1, &every_dense, err));
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
	TRY(document_int(r->doc, "sliding_window_size|sliding_window", 1, SIZE_LIMIT, &mixers_copy(r, 1)->window, err));
	TRY(layers_flags(r, "sliding_window_layout", 0, 1, MIXER, &found, err));
	if (found && mixers_kind(r, 1)->window == 0) {
		mixers_kind(r, 1)->window = r->family->window;
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
		if (mixers_kind(r, i)->heads == heads && mixers_kind(r, i)->window == window)
			return i;
	if (*kinds == COST_MIXERS)
		return -1;
	if (*kinds > 0)
		mixers_copy(r, *kinds);
	mixers_kind(r, *kinds)->heads = heads;
	mixers_kind(r, *kinds)->window = window;
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
	mixers_kind(r, 0)->gate = !gated                            ? COST_GATE_NONE
							  : strcmp(gating, "per-head") == 0 ? COST_GATE_HEADS
																: COST_GATE_FULL;
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
	window = mixers_kind(r, 1)->window;
	TRY(read_gating(r, err));
	TRY(layers_list(r, key, &list, err));
	for (int64_t i = 0; i < r->shape->layers; i++) {
		const json_t *item = json_array_get(list, (size_t)i);
		int64_t heads = list ? json_integer_value(item) : mixers_kind(r, 0)->heads;
		if (list &&
			(!json_is_integer(item) || heads < 1 || heads > SIZE_LIMIT || heads % mixers_kind(r, 0)->kv_heads != 0))
			return document_fail(r->doc, key, err, "%s must list multiples of num_key_value_heads = %lld", key,
								 (long long)mixers_kind(r, 0)->kv_heads);
		int found = kind_with(r, &kinds, heads, r->order[i].mixer == 1 ? window : 0);
		if (found < 0)
			return document_fail(r->doc, key, err, "%s: there cannot be more than %d kinds of layers", key,
								 COST_MIXERS);
		r->order[i].mixer = (int8_t)found;
	}
	return 0;
}

/* Gemma 4: layers that see all have heads of their own size, and their keys may be their values; the last ones may
 * borrow the keys and values of an earlier one of their kind. */
int mixers_gemma(struct reading *r, struct error *err)
{
	bool found, same = false, wide = false;
	int64_t window, shared = 0, kv_heads = 0;
	struct cost_mixer *full = mixers_kind(r, 0);
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
	mixers_copy(r, 2)->borrows_kv = true;
	*mixers_kind(r, 3) = *mixers_kind(r, 1);
	mixers_kind(r, 3)->borrows_kv = true;
	for (int64_t i = r->shape->layers - shared; i < r->shape->layers; i++)
		r->order[i].mixer = (int8_t)(r->order[i].mixer + 2);
	return 0;
}

/* MiMo: windows have heads of their own, and sinks; their keys' heads are twice those of the others by default. */
int mixers_mimo(struct reading *r, struct error *err)
{
	bool found, sinks = true;
	int64_t window;
	struct cost_mixer *full = mixers_kind(r, 0), *m = mixers_kind(r, 1);
	TRY(read_window(r, 128, &window, err));
	TRY(mixers_int(r, "swa_num_attention_heads", full->heads, &m->heads, err));
	TRY(mixers_int(r, "swa_num_key_value_heads", 2 * full->kv_heads, &m->kv_heads, err));
	TRY(mixers_int(r, "swa_head_dim", full->head_dim, &m->head_dim, err));
	TRY(mixers_int(r, "swa_v_head_dim", full->v_dim, &m->v_dim, err));
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
	struct cost_mixer *full = mixers_kind(r, 0), *m = mixers_kind(r, 1);
	TRY(document_bool(r->doc, "use_head_wise_attn_gate", &gate, err));
	full->gate = gate ? COST_GATE_HEADS : COST_GATE_NONE;
	TRY(read_window(r, 0, &window, err));
	TRY(mixers_int(r, "num_sliding_attention_heads|attention_other_setting.num_attention_heads", full->heads, &m->heads,
				   err));
	TRY(mixers_int(r, "attention_other_setting.num_attention_groups|attention_other_setting.num_key_value_heads",
				   full->kv_heads, &m->kv_heads, err));
	TRY(mixers_int(r, "attention_other_setting.head_dim", full->head_dim, &m->head_dim, err));
	return read_window_layers(r, 1, err);
}
