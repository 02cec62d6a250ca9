/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layers.c -- which layers of a config.json are MoE layers, by the rules of each family's code.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "experiments/models/layers.h"
#include "sim/base/text.h"

static bool tells(const char *list, const char *one)
{
	size_t length = strlen(one);
	for (const char *at = list; at && (at = strstr(at, one)); at++)
		if ((at == list || at[-1] == ' ') && (at[length] == '\0' || at[length] == ',' || at[length] == ' '))
			return true;
	return false;
}

void layers_default_text(struct reading *r, const char *one)
{
	if (tells(r->defaults, one))
		return;
	r->defaults = r->defaults ? text_keep_f("%s, %s", r->defaults, one) : one;
}

void layers_default(struct reading *r, const char *key, int64_t value)
{
	layers_default_text(r, text_keep_f("%s %lld", document_name(r->doc, key), (long long)value));
}

void layers_default_pattern(struct reading *r)
{
	layers_default_text(r, "layer_types");
}

void layers_doubt(struct reading *r, const char *doubt)
{
	r->doubts = r->doubts ? text_keep_f("%s; %s", r->doubts, doubt) : doubt;
}

int layers_int(struct reading *r, const char *key, int64_t low, int64_t preset, int64_t *out, struct error *err)
{
	*out = preset;
	if (!document_at(r->doc, key))
		layers_default(r, key, preset);
	return document_int(r->doc, key, low, SIZE_LIMIT, out, err);
}

static int8_t *field_of(struct reading *r, size_t i, size_t field)
{
	return (int8_t *)&r->order[i] + field;
}

/* A list may say more than the layers, of those that predict ahead. */
int layers_list(struct reading *r, const char *key, const json_t **list, struct error *err)
{
	*list = NULL;
	TRY(document_list(r->doc, key, list, err));
	if (*list && json_array_size(*list) < (size_t)r->shape->layers)
		return document_fail(r->doc, key, err, "%s must have %lld entries, one per layer, not %zu", key,
							 (long long)r->shape->layers, json_array_size(*list));
	return 0;
}

static const char *words_of(const struct layer_word *words)
{
	const char *text = words->word;
	for (words++; words->word; words++)
		text = text_keep_f("%s, %s", text, words->word);
	return text;
}

static int find_word(struct reading *r, const char *key, const json_t *item, const struct layer_word *words,
					 int8_t *out, struct error *err)
{
	const char *word = json_string_value(item);
	if (!word)
		return document_fail(r->doc, key, err, "%s must be a list of strings", key);
	for (const struct layer_word *known = words; known->word; known++)
		if (strcmp(word, known->word) == 0) {
			*out = known->value;
			return 0;
		}
	return document_fail(r->doc, key, err, "%s: '%s' is not a kind of layer in %s models (known: %s)", key, word,
						 family_name(r->family), words_of(words));
}

int layers_words(struct reading *r, const char *key, const struct layer_word *words, size_t field, bool *found,
				 struct error *err)
{
	const json_t *list;
	TRY(layers_list(r, key, &list, err));
	*found = list != NULL;
	for (size_t i = 0; list && i < (size_t)r->shape->layers; i++)
		TRY(find_word(r, key, json_array_get(list, i), words, field_of(r, i, field), err));
	return 0;
}

int layers_flags(struct reading *r, const char *key, int8_t off, int8_t on, size_t field, bool *found,
				 struct error *err)
{
	const json_t *list;
	TRY(layers_list(r, key, &list, err));
	*found = list != NULL;
	for (size_t i = 0; list && i < (size_t)r->shape->layers; i++) {
		const json_t *item = json_array_get(list, i);
		if (!json_is_integer(item) && !json_is_boolean(item))
			return document_fail(r->doc, key, err, "%s must be a list of 0 and 1", key);
		*field_of(r, i, field) = json_is_true(item) || json_integer_value(item) != 0 ? on : off;
	}
	return 0;
}

/* Sets the field of each listed layer; they may stand in any order, and more than once, as their libraries ask no more
 * than whether a layer is in the list. */
static int mark_listed(struct reading *r, const char *key, int8_t value, bool *found, struct error *err)
{
	const json_t *list = NULL;
	TRY(document_list(r->doc, key, &list, err));
	*found = list != NULL;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		int64_t layer = json_integer_value(item);
		if (!json_is_integer(item) || layer < 0 || layer >= r->shape->layers)
			return document_fail(r->doc, key, err, "%s must list layers from 0 to %lld", key,
								 (long long)r->shape->layers - 1);
		r->order[layer].ffn = value;
	}
	return 0;
}

#define FFN offsetof(struct cost_layer, ffn)

static const struct layer_word ffn_words[] = {
	{ "dense", COST_DENSE_FFN }, { "sparse", COST_MOE }, { "moe", COST_MOE }, { "hash_moe", COST_MOE }, { NULL, 0 }
};

/* MoE layers are those from `first` to `last` for which (layer + phase) % every == 0. */
static void mark_range(struct reading *r, int64_t first, int64_t last, int64_t every, int64_t phase)
{
	for (int64_t i = first; i < r->shape->layers && i <= last; i++)
		if ((i + phase) % every == 0)
			r->order[i].ffn = COST_MOE;
}

static int64_t last_of(const struct reading *r)
{
	return r->shape->layers - 1;
}

int layers_all_moe(struct reading *r, struct error *err)
{
	(void)err;
	mark_range(r, 0, last_of(r), 1, 0);
	return 0;
}

/* The first ones are dense; moe_layer_freq is every how many of the others, or a flag for each layer. */
int layers_after_dense(struct reading *r, struct error *err)
{
	bool found;
	int64_t first = r->family->first_dense, every = 1;
	r->moe_key = "first_k_dense_replace|num_dense_layers|moe_layer_num_skipped";
	TRY(layers_words(r, "mlp_layer_types", ffn_words, FFN, &found, err));
	if (!found && json_is_array(document_at(r->doc, "moe_layer_freq")))
		TRY(layers_flags(r, "moe_layer_freq", COST_DENSE_FFN, COST_MOE, FFN, &found, err));
	if (!found)
		TRY(layers_flags(r, "is_moe_layer", COST_DENSE_FFN, COST_MOE, FFN, &found, err));
	TRY(document_int(r->doc, r->moe_key, 0, SIZE_LIMIT, &first, err));
	if (found)
		return 0;
	TRY(document_int(r->doc, "moe_layer_freq", 1, SIZE_LIMIT, &every, err));
	if (first > 0 && !document_at(r->doc, r->moe_key))
		layers_default(r, r->moe_key, first);
	mark_range(r, first, last_of(r), every, 0);
	return 0;
}

/* All but those of mlp_only_layers. */
int layers_but_listed(struct reading *r, struct error *err)
{
	bool found;
	r->moe_key = "mlp_only_layers";
	TRY(layers_all_moe(r, err));
	return mark_listed(r, r->moe_key, COST_DENSE_FFN, &found, err);
}

/* Skywork-MoE: every moe_expert_interval-th layer, with a router of two maps and tanh between them, 8 rows for each
 * expert. */
int layers_of_deep_routers(struct reading *r, struct error *err)
{
	struct cost_shape *s = r->shape;
	bool deep = true;
	int64_t every = 1;
	r->moe_key = "moe_expert_interval";
	TRY(document_int(r->doc, r->moe_key, 1, SIZE_LIMIT, &every, err));
	TRY(document_bool(r->doc, "moe_2layer_gate", &deep, err));
	if (deep && __builtin_mul_overflow(8 * s->experts, s->width + s->experts, &s->router_weights))
		s->router_weights = INT64_MAX; /* which cost_count() refuses */
	mark_range(r, 0, last_of(r), every, 1);
	return 0;
}

int layers_by_step(struct reading *r, struct error *err)
{
	bool found;
	int64_t step = 1;
	r->moe_key = "decoder_sparse_step";
	TRY(document_int(r->doc, "decoder_sparse_step", 1, SIZE_LIMIT, &step, err));
	mark_range(r, 0, last_of(r), step, 1);
	return mark_listed(r, "mlp_only_layers", COST_DENSE_FFN, &found, err);
}

int layers_interleaved(struct reading *r, struct error *err)
{
	bool found;
	int64_t step = 1;
	r->moe_key = "moe_layers|interleave_moe_layer_step";
	TRY(mark_listed(r, "moe_layers", COST_MOE, &found, err));
	if (found)
		return 0;
	TRY(document_int(r->doc, "interleave_moe_layer_step", 1, SIZE_LIMIT, &step, err));
	mark_range(r, 0, last_of(r), step, 1);
	return 0;
}

/* "3,4,5" */
static int mark_text(struct reading *r, const char *key, const char *text, struct error *err)
{
	while (*text) {
		char *end;
		long layer = strtol(text, &end, 10);
		if (end == text || (*end && *end != ',') || layer < 0)
			return document_fail(r->doc, key, err, "%s must be a comma-separated list of layer numbers", key);
		if (layer < r->shape->layers) /* else one that predicts ahead */
			r->order[layer].ffn = COST_MOE;
		text = *end ? end + 1 : end;
	}
	return 0;
}

int layers_enumerated(struct reading *r, struct error *err)
{
	bool found;
	r->moe_key = "moe_layers_enum";
	TRY(layers_words(r, "mlp_layer_types", ffn_words, FFN, &found, err));
	if (found)
		return 0;
	const json_t *value = document_at(r->doc, "moe_layers_enum");
	if (json_is_string(value))
		return mark_text(r, "moe_layers_enum", json_string_value(value), err);
	TRY(mark_listed(r, "moe_layers_enum", COST_MOE, &found, err));
	if (!found && r->family->first_dense == FIRST_DENSE_NEEDED)
		return document_fail(r->doc, r->moe_key, err, "%s is missing (a %s model needs it)", r->moe_key,
							 family_name(r->family));
	return found ? 0 : layers_after_dense(r, err);
}

int layers_by_period(struct reading *r, struct error *err)
{
	int64_t period = 2, offset = 1;
	r->moe_key = "expert_layer_period";
	TRY(layers_int(r, "expert_layer_period", 1, period, &period, err));
	TRY(document_int(r->doc, "expert_layer_offset", 0, period - 1, &offset, err));
	mark_range(r, 0, last_of(r), period, period - offset);
	return 0;
}

/* An end of -1 is the last layer.  Where text and images have experts of their own, each number is a list of two; they
 * are the same layers in what was published. */
static int bound(const struct reading *r, const char *key, int64_t *out, struct error *err)
{
	const json_t *value = document_at(r->doc, key);
	if (json_is_array(value) && json_is_integer(json_array_get(value, 0))) {
		*out = json_integer_value(json_array_get(value, 0));
		return *out < -1 ? document_fail(r->doc, key, err, "%s must not be below -1", key) : 0;
	}
	return document_int(r->doc, key, -1, SIZE_LIMIT, out, err);
}

int layers_in_interval(struct reading *r, struct error *err)
{
	bool found;
	int64_t first = 1, last = -1, every = 1;
	r->moe_key = "moe_layer_start_index";
	TRY(layers_words(r, "mlp_layer_types", ffn_words, FFN, &found, err));
	if (found)
		return 0;
	TRY(bound(r, "moe_layer_start_index", &first, err));
	TRY(bound(r, "moe_layer_end_index", &last, err));
	TRY(document_int(r->doc, "moe_layer_interval", 1, SIZE_LIMIT, &every, err));
	mark_range(r, first > 0 ? first : 0, last < 0 ? last_of(r) : last, every, 1);
	return 0;
}

/* Each layer is a mixer or an FFN: mixers_nemotron() says which. */
int layers_by_pattern(struct reading *r, struct error *err)
{
	(void)err;
	r->moe_key = "layers_block_type|hybrid_override_pattern";
	return 0;
}

/* Each layer of the family's own count is two here: attention and a dense FFN each, and experts beside the first. */
int layers_in_pairs(struct reading *r, struct error *err)
{
	(void)err;
	r->shape->layers *= 2;
	mark_range(r, 0, last_of(r), 2, 0);
	return 0;
}

int layers_by_frequency(struct reading *r, struct error *err)
{
	bool residual = false;
	int64_t every = 2;
	r->moe_key = "moe_layer_frequency";
	TRY(layers_int(r, "moe_layer_frequency", 1, every, &every, err));
	TRY(document_bool(r->doc, "parallel_attn_mlp_res", &residual, err));
	mark_range(r, 0, last_of(r), every, 1);
	r->shape->beside_width = residual ? r->shape->width : 0;
	r->shape->moe_norm = residual;
	return 0;
}

/* DeepSeek-V4: a table of tokens chooses the experts of the first layers. */
int layers_hashed_first(struct reading *r, struct error *err)
{
	const json_t *types;
	int64_t hashed = 3;
	TRY(document_int(r->doc, "num_hash_layers", 0, SIZE_LIMIT, &hashed, err));
	TRY(layers_list(r, "mlp_layer_types", &types, err));
	for (size_t i = 0; types && i < (size_t)r->shape->layers; i++) {
		const char *word = json_string_value(json_array_get(types, i));
		hashed = i == 0 ? 0 : hashed;
		hashed += word && strcmp(word, "hash_moe") == 0;
	}
	r->shape->hashed_layers = hashed < r->shape->layers ? hashed : r->shape->layers;
	return layers_all_moe(r, err);
}

/* Grok-2: the dense FFN stands beside the experts where residual_moe says so. */
int layers_with_residual(struct reading *r, struct error *err)
{
	bool beside = false;
	TRY(document_bool(r->doc, "residual_moe", &beside, err));
	if (!beside)
		r->shape->beside_width = 0;
	return layers_all_moe(r, err);
}

/* All layers have experts, or none has. */
int layers_of_switch(struct reading *r, struct error *err)
{
	bool on = false;
	r->moe_key = "enable_moe_block";
	TRY(document_bool(r->doc, "enable_moe_block", &on, err));
	if (!on)
		return document_fail(r->doc, "enable_moe_block", err,
							 "enable_moe_block must be true: without it the model has no experts");
	return layers_all_moe(r, err);
}
