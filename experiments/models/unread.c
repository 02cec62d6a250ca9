/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * unread.c -- keys of a config.json that may bear parameters and that nothing has read.
 */
#include <config.h>

#include <math.h>
#include <string.h>

#include "experiments/models/layers.h"
#include "experiments/models/notes.h"
#include "experiments/models/reading.h"
#include "sim/base/text.h"

static bool contains_any(const char *key, const char *const *pieces)
{
	for (size_t i = 0; pieces[i]; i++)
		if (strstr(key, pieces[i]))
			return true;
	return false;
}

/* Names of families to come are not known, so pieces of names say that a key bears parameters or FLOPs, less those that
 * are known to say only how a network is trained, run or initialized. */
/* clang-format off */
static const char *const bearing[] = {
	"expert", "moe", "hidden_size", "intermediate", "ffn", "mlp", "_dim", "dim_", "rank", "heads", "layer", "size",
	"latent", "conv", "state", "ssm", "mamba", "index", "window", "bias", "embed", "d_model", "shared", "dense", "mtp",
	"nextn", "qk_norm", "gate", "gating", "groups", "kernel", "expand", "residual", "hc_", "attn_", "compress", "block",
	"cla", "engram", "ngram", "pattern", "depth", "memory", "lora", NULL
};

static const char *const not_bearing[] = {
	"_act", "_eps", "_fp32", "_implementation", "_name", "_range", "_type_vocab", "act_fn", "alpha", "audio",
	"bad_words", "beam", "beta", "bidirectional", "bos", "cache_dtype", "capacity", "chunk_size", "coef",
	"cross_attention", "diversity", "drop", "dtype", "encoder", "eos", "ep_size", "epsilon", "expert_dtype", "freq",
	"gradient", "group_score", "hash_layers", "hidden_activation", "id2label", "image", "index_value", "initializer",
	"interleave", "jitter", "kernels", "label2id", "limit", "logits_to_keep", "loss", "mask", "max_length",
	"max_position", "max_window", "min_length", "model_max", "mrope", "multiplier", "n_group", "output_", "overlap",
	"position_embedding", "prenorm", "pretraining", "prob", "prune", "quant", "rope", "rotary", "router_dtype",
	"routing_", "scal", "seq_", "sinkhorn", "skip_", "softcap", "temperature", "theta", "token", "topk_group",
	"use_cache", "video", "vision", "vit_", NULL
};

/* clang-format on */

static bool bears_weight(const char *key)
{
	return contains_any(key, bearing) && !contains_any(key, not_bearing);
}

/* Lists that say of every layer that it is nothing special. */
static bool is_plain_list(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *word = json_string_value(item);
		if (word ? strcmp(word, "full_attention") != 0 : !json_is_integer(item) || json_integer_value(item) != 0)
			return false;
	}
	return true;
}

/* 0, false, null, "" and empty lists switch nothing on. */
static bool says_something(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_INTEGER:
		return json_integer_value(value) > 0;
	case JSON_REAL: /* a size written as 8.0; fractions are factors and rates */
		return json_real_value(value) >= 2 && floor(json_real_value(value)) == json_real_value(value);
	case JSON_ARRAY:
		return !is_plain_list(value);
	case JSON_OBJECT:
		return json_object_size(value) > 0;
	case JSON_STRING:
		return json_string_length(value) > 0;
	default:
		return json_is_true(value);
	}
}

/* "a, b" of the keys at `path` (with a dot at its end, or "") that nothing asked for. */
static const char *not_asked(const struct document *doc, const json_t *object, const char *path, const char *list)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)object, key, value)
	{
		const char *whole = text_keep_f("%s%s", path, key);
		bool asked = document_asked(doc, whole);
		if (asked && json_is_object(value))
			list = not_asked(doc, value, text_keep_f("%s.", whole), list);
		else if (!asked && bears_weight(whole) && says_something(value))
			list = *list ? text_keep_f("%s, %s", list, whole) : whole;
	}
	return list;
}

/* Of what the published files of the family have. */
static void note_unusual(struct reading *r)
{
	const char *at = r->family->usual;
	while (at && *at) {
		size_t length = strcspn(at, ",");
		const char *key = text_keep_n(at, length);
		if (!document_has(r->doc, key))
			layers_default_text(r, document_name(r->doc, key));
		at += length + (at[length] == ',');
	}
}

void unread_note(struct reading *r, struct model *model)
{
	note_unusual(r);
	document_has(r->doc, "architectures|model_type|auto_map");
	if (r->family->unused)
		document_has(r->doc, r->family->unused);
	const char *rest = not_asked(r->doc, r->doc->root, "", "");
	if (r->doubts)
		notes_caution(model, r->doubts);
	if (r->defaults)
		notes_caution(model, text_keep_f("not in the file, taken from the family's defaults: %s", r->defaults));
	if (*rest)
		notes_caution(model, text_keep_f("not recognized, not counted: %s", rest));
}
