/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * published.c -- a config.json as it was published with a model, read by the row of its family.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/models/layers.h"
#include "experiments/models/published.h"
#include "sim/base/text.h"

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

/* NULL: the family has no such size. */
static const char *key_of(const struct reading *r, size_t i)
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
	if (is_pair(r, value)) /* text first; see read_passive() */
		return read_first(r->doc, key, value, low, out, err);
	if (json_array_size(value) > 0 && (r->family->reads & READS_LISTS))
		return read_uniform(r->doc, key, value, low, out, err);
	return document_int(r->doc, key, low, out == &r->shape->layers ? LAYERS_LIMIT : SIZE_LIMIT, out, err);
}

static int read_size(struct reading *r, size_t i, struct error *err)
{
	const char *key = key_of(r, i);
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
	TRY(read_number(r, key, optional && i != KV_HEADS ? 0 : 1, size, err));
	if (!document_at(r->doc, key) && (!optional || (i == KV_HEADS && !there)))
		return document_fail(r->doc, key, err, "%s is missing (a %s model needs it)", key, family_name(r->family));
	return 0;
}

static int relate_heads(const struct reading *r, struct error *err)
{
	struct cost_shape *s = r->shape;
	struct cost_mixer *m = &s->mixer[0];
	const char *heads = key_of(r, HEADS), *kv_heads = key_of(r, KV_HEADS);
	if (kv_heads && m->kv_heads == 0)
		m->kv_heads = m->heads;
	if (heads && kv_heads && m->heads % m->kv_heads != 0)
		return document_fail(r->doc, kv_heads, err, "%s = %lld: must divide %s = %lld", kv_heads,
							 (long long)m->kv_heads, heads, (long long)m->heads);
	if (m->kind != COST_HEADS || m->head_dim > 0)
		return 0;
	if (s->width % m->heads != 0)
		return document_fail(r->doc, heads, err, "%s = %lld: must divide %s = %lld", heads, (long long)m->heads,
							 key_of(r, WIDTH), (long long)s->width);
	m->head_dim = s->width / m->heads;
	return 0;
}

/* The width of shared experts is that of all where a family has it once, and of each where it has their number, too. */
static int relate_sizes(const struct reading *r, struct error *err)
{
	struct cost_shape *s = r->shape;
	if (s->top_k > s->experts + s->zero_experts)
		return document_fail(r->doc, key_of(r, TOP_K), err, "%s = %lld: there are only %lld experts", key_of(r, TOP_K),
							 (long long)s->top_k, (long long)(s->experts + s->zero_experts));
	TRY(relate_heads(r, err));
	if (!key_of(r, SHARED_WIDTH))
		s->shared_width = s->shared * s->expert_width;
	else if (key_of(r, SHARED))
		s->shared_width *= s->shared;
	else if (s->shared_width == 0)
		s->shared = 0;
	return 0;
}

/* Text and images have experts of their own: [64, 64] of [1536, 512].  The sizes of the first are read before. */
static int read_passive(const struct reading *r, struct cost_shape *s, struct error *err)
{
	const char *key = key_of(r, EXPERT_WIDTH);
	const json_t *width = document_at(r->doc, key), *experts = document_at(r->doc, key_of(r, EXPERTS));
	if (!is_pair(r, width))
		return 0;
	s->passive_experts = json_is_array(experts) ? json_integer_value(json_array_get(experts, 1)) : s->experts;
	s->passive_width = json_integer_value(json_array_get(width, 1));
	if (s->passive_width < 0 || s->passive_width > SIZE_LIMIT || s->passive_experts < 0 ||
		s->passive_experts > SIZE_LIMIT)
		return document_fail(r->doc, key, err, "%s must list integers from 0 to %d", key, SIZE_LIMIT);
	return 0;
}

static const struct {
	unsigned reads;
	const char *key;
	size_t at;
} switches[] = {
	{ READS_ATTENTION_BIAS | READS_INPUT_BIAS, "attention_bias", offsetof(struct cost_shape, mixer[0].qkv_bias) },
	{ READS_ATTENTION_BIAS, "attention_bias", offsetof(struct cost_shape, mixer[0].out_bias) },
	{ READS_QKV_BIAS, "qkv_bias", offsetof(struct cost_shape, mixer[0].qkv_bias) },
	{ READS_BAILING_BIAS, "use_qkv_bias", offsetof(struct cost_shape, mixer[0].qkv_bias) },
	{ READS_USE_BIAS, "use_bias", offsetof(struct cost_shape, mixer[0].qkv_bias) },
	{ READS_USE_BIAS | READS_BAILING_BIAS, "use_bias", offsetof(struct cost_shape, mixer[0].out_bias) },
	{ READS_USE_BIAS, "use_bias", offsetof(struct cost_shape, ffn_bias) },
	{ READS_USE_BIAS, "use_bias", offsetof(struct cost_shape, head_bias) },
	{ READS_MLP_BIAS, "mlp_bias", offsetof(struct cost_shape, ffn_bias) },
	{ READS_HEAD_BIAS, "lm_head_bias", offsetof(struct cost_shape, head_bias) },
	{ READS_ROUTER_BIAS, "router_bias", offsetof(struct cost_shape, router_bias) },
	{ READS_EXPERT_BIAS, "use_expert_bias|use_routing_bias|moe_router_enable_expert_bias|use_moe_router_bias",
	  offsetof(struct cost_shape, selection_bias) },
	{ READS_TIED, "tie_embedding", offsetof(struct cost_shape, tied) },
};

/* Of the selections of DeepSeek's code noaux_tc alone has a bias. */
static int read_method(struct reading *r, struct error *err)
{
	const char *method = "noaux_tc";
	TRY(document_word(r->doc, "topk_method", &method, err));
	r->shape->selection_bias = strcmp(method, "noaux_tc") == 0;
	if (!family_lists("noaux_tc|greedy|group_limited_greedy", method))
		layers_doubt(r, text_keep_f("topk_method %s is not known; counted without biases of the selection", method));
	return 0;
}

static int read_switches(struct reading *r, struct error *err)
{
	bool norm = r->shape->mixer[0].qk_norm != COST_QK_NONE;
	TRY(document_bool(r->doc, "tie_word_embeddings", &r->shape->tied, err));
	for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
		if (r->family->reads & switches[i].reads)
			TRY(document_bool(r->doc, switches[i].key, (bool *)(void *)((char *)r->shape + switches[i].at), err));
	if (r->family->reads & READS_TOP_K_METHOD)
		TRY(read_method(r, err));
	if (r->family->reads & READS_QK_NORM) {
		TRY(document_bool(r->doc, "use_qk_norm", &norm, err));
		enum cost_qk_norm usual = r->family->fixed.mixer[0].qk_norm;
		r->shape->mixer[0].qk_norm = !norm ? COST_QK_NONE : usual ? usual : COST_QK_HEAD;
	}
	return 0;
}

/* Before the sizes, as it says which there are. */
static int read_kind(const struct reading *r, struct error *err)
{
	bool latent = true;
	if (r->family->reads & READS_LATENT)
		TRY(document_bool(r->doc, "use_mla", &latent, err));
	if (!latent)
		r->shape->mixer[0].kind = COST_HEADS;
	return 0;
}

/* The list is right where the number of layers is not the same, as the family's class has it. */
static int count_blocks(const struct reading *r, struct error *err)
{
	const json_t *list = document_at(r->doc, "layers_block_type|layer_types");
	const json_t *pattern = document_at(r->doc, "hybrid_override_pattern");
	size_t layers = json_is_array(list) ? json_array_size(list) : json_string_length(pattern);
	if (layers == 0)
		return document_fail(r->doc, "layers_block_type|hybrid_override_pattern", err,
							 "layers_block_type|hybrid_override_pattern is missing (a %s model needs it)",
							 family_name(r->family));
	if (layers > LAYERS_LIMIT)
		return document_fail(r->doc, "layers_block_type|hybrid_override_pattern", err,
							 "there cannot be more than %d layers", LAYERS_LIMIT);
	r->shape->layers = (int64_t)layers;
	return document_int(r->doc, "num_hidden_layers", 1, LAYERS_LIMIT, &(int64_t){ 0 }, err);
}

static void count_layers(const struct reading *r)
{
	struct cost_shape *s = r->shape;
	s->moe_layers = s->bare_layers = s->unmixed_layers = 0;
	for (int kind = 0; kind < COST_MIXERS; kind++)
		s->mixer[kind].layers = 0;
	for (int64_t i = 0; i < s->layers; i++) {
		s->moe_layers += r->order[i].ffn == COST_MOE;
		s->bare_layers += r->order[i].ffn == COST_NO_FFN;
		s->unmixed_layers += r->order[i].mixer < 0;
		if (r->order[i].mixer >= 0)
			s->mixer[r->order[i].mixer].layers++;
	}
}

static int check_layers(const struct reading *r, struct error *err)
{
	const struct cost_shape *s = r->shape;
	const char *dense = key_of(r, DENSE_WIDTH);
	if (s->moe_layers == 0)
		return document_fail(r->doc, r->moe_key ? r->moe_key : "num_hidden_layers", err,
							 "none of the %lld layers is an MoE layer", (long long)s->layers);
	if (s->moe_layers + s->bare_layers < s->layers && dense && s->dense_width == 0)
		return document_fail(r->doc, dense, err, "%s is missing (a %s model with dense layers needs it)", dense,
							 family_name(r->family));
	return 0;
}

/* Kinds of mixer that no layer has are dropped, so that a shape shows what is there. */
static void drop_unused(struct cost_shape *s)
{
	for (int kind = 1; kind < COST_MIXERS; kind++)
		if (s->mixer[kind].layers == 0)
			s->mixer[kind] = (struct cost_mixer){ .layers = 0 };
}

static bool has_windows(const struct cost_shape *s)
{
	for (int kind = 0; kind < COST_MIXERS; kind++)
		if (s->mixer[kind].window > 0 && cost_mixer_layers(s, kind) > 0)
			return true;
	return false;
}

static int read_layers(struct reading *r, struct error *err)
{
	struct cost_shape *s = r->shape;
	size_t most = 2 * (size_t)s->layers; /* a family may have two for one */
	r->order = malloc(most * sizeof *r->order);
	if (!r->order)
		error_no_memory("the layers of a model");
	for (size_t i = 0; i < most; i++)
		r->order[i] = (struct cost_layer){ .mixer = 0, .ffn = COST_DENSE_FFN };
	int status = r->family->layers(r, err);
	if (status == 0 && r->family->mixers)
		status = r->family->mixers(r, err);
	if (status == 0) {
		count_layers(r);
		if (r->window > 0 && has_windows(s))
			layers_default(r, "sliding_window", r->window);
		drop_unused(s);
		s->order = (const void *)text_keep_n((const char *)r->order, (size_t)s->layers * sizeof *r->order);
		status = check_layers(r, err);
	}
	free(r->order);
	return status;
}

static void add_note(struct model *model, const char *note)
{
	model->note = model->note ? text_keep_f("%s; %s", model->note, note) : note;
}

/* What makes a count doubtful is said aloud, too. */
static void add_caution(struct model *model, const char *note)
{
	add_note(model, note);
	model->caution = model->caution ? text_keep_f("%s; %s", model->caution, note) : note;
}

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

static void note_rest(struct reading *r, struct model *model)
{
	note_unusual(r);
	document_has(r->doc, "architectures|model_type|auto_map");
	if (r->family->unused)
		document_has(r->doc, r->family->unused);
	const char *rest = not_asked(r->doc, r->doc->root, "", "");
	if (r->doubts)
		add_caution(model, r->doubts);
	if (r->defaults)
		add_caution(model, text_keep_f("not in the file, taken from the family's defaults: %s", r->defaults));
	if (*rest)
		add_caution(model, text_keep_f("not recognized, not counted: %s", rest));
}

static void set_next(const struct reading *r, struct model *model)
{
	struct cost_shape *s = r->shape;
	s->next = (struct cost_layer){ .mixer = 0, .ffn = COST_MOE };
	if (s->ahead > 0 && !r->family->has_next) {
		add_note(model, text_keep_f("without the %lld multi-token-prediction layers (%s)", (long long)s->ahead,
									document_name(r->doc, key_of(r, AHEAD))));
		s->ahead = 0;
	}
}

static const struct family *family_of_type(const char *type)
{
	const struct family *family = families;
	while (family->types && !(type && family_lists(family->types, type)))
		family++;
	return family->types ? family : NULL;
}

/* The class that is to be made; NULL where the file names none. */
static int read_architecture(const struct document *doc, const char **name, struct error *err)
{
	const json_t *list = NULL;
	TRY(document_list(doc, "architectures", &list, err));
	const json_t *first = json_array_get(list, 0);
	*name = first ? text_keep(json_string_value(first) ? json_string_value(first) : "") : NULL;
	if (first && !json_is_string(first))
		return document_fail(doc, "architectures", err, "architectures must be a list of strings");
	return 0;
}

static const struct family *family_of_architecture(const char *name)
{
	for (const struct family *family = families; name && family->types; family++)
		if (family_lists(family->architectures, name))
			return family;
	return NULL;
}

/* The words of all families, for suggestions. */
static const char *const *family_words(void)
{
	enum { MOST = 200 };
	static const char *words[MOST + 1];
	size_t n = 0;
	for (const struct family *family = families; family->types; family++)
		for (const char *at = family->types; *at && n < MOST; at += strcspn(at, "|") + (strchr(at, '|') != NULL))
			words[n++] = text_keep_n(at, strcspn(at, "|"));
	return words;
}

static const char *family_list(void)
{
	const char *list = family_name(families);
	for (const struct family *family = families + 1; family->types; family++)
		list = text_keep_f("%s, %s", list, family_name(family));
	return list;
}

static int fail_family(const struct document *doc, const char *type, struct error *err)
{
	if (!type)
		return document_fail(doc, "model_type", err, "model_type is missing (known: %s)", family_list());
	const char *near = text_nearest(type, family_words());
	return document_fail(doc, "model_type", err, "unknown model_type '%s' (%s%s%sknown: %s)", type,
						 near ? "did you mean '" : "", near ? near : "", near ? "'? " : "", family_list());
}

static bool has_layers(const json_t *object)
{
	static const char *const keys[] = { "num_hidden_layers", "n_layers", "num_layers", "layers_block_type" };
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (json_object_get(object, keys[i]))
			return true;
	return false;
}

/* The key of an object with a text model in it, itself or deeper; those that are known first, as a vision encoder has
 * layers, too. */
static const char *inner_key(const struct document *doc)
{
	static const char *const keys[] = {
		"text_config", "llm_config", "language_config", "thinker_config", "text_model", "language_model",
		"llm",         "lm_config",  "decoder",         "decoder_config", "text"
	};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (json_is_object(json_object_get(doc->root, keys[i])))
			return keys[i];
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)doc->root, key, value)
	{
		const char *type = json_string_value(json_object_get(value, "model_type"));
		if (family_of_type(type) && !has_layers(doc->root))
			return text_keep(key);
	}
	return NULL;
}

/* Enters the objects around the text model; true when there was one.  What is said of the head there holds where the
 * text model's own object says nothing of it. */
static bool enter_text_model(struct document *doc, const struct family **outer, bool *tied)
{
	enum { DEEP = 4 };
	int entered = 0;
	for (const char *key; entered < DEEP && (key = inner_key(doc)); entered++) {
		const struct family *family = family_of_type(json_string_value(json_object_get(doc->root, "model_type")));
		*outer = family ? family : *outer;
		*tied = json_is_true(json_object_get(doc->root, "tie_word_embeddings"));
		document_enter(doc, key);
	}
	return entered > 0;
}

/* Is it a class of the same family with another head, "MixtralForSequenceClassification", or without one? */
static bool is_relative(const struct family *family, const char *class)
{
	const char *known = family->architectures;
	for (; *known; known += strcspn(known, "|") + (strchr(known, '|') != NULL)) {
		const char *head = strstr(known, "For");
		size_t stem = head ? (size_t)(head - known) : strcspn(known, "|");
		if (strncmp(class, known, stem) == 0)
			return true;
	}
	return false;
}

/* A wrapper of a known family says best what is in it; then the class that is to be made, then model_type. */
static int find_family(const struct document *doc, const struct family *outer, const struct family **family,
					   struct model *model, struct error *err)
{
	const char *type = NULL, *class = NULL;
	TRY(document_word(doc, "model_type", &type, err));
	TRY(read_architecture(doc, &class, err));
	const struct family *of_type = family_of_type(type), *of_class = family_of_architecture(class);
	*family = outer ? outer : of_class ? of_class : of_type;
	if (!*family)
		return fail_family(doc, type, err);
	if (*family == of_class && of_type && of_type != of_class && !family_lists("bailing_moe", type))
		add_caution(model,
					text_keep_f("model_type is %s, but architectures is %s; counted as the latter", type, class));
	if (outer && !of_type && of_class && of_class != outer)
		add_caution(model,
					text_keep_f("model_type is %s outside, but architectures is %s inside; counted as the former",
								family_name(outer), class));
	if (outer && of_type && of_type != outer)
		add_caution(model, text_keep_f("model_type is %s outside and %s inside; counted as the former",
									   family_name(outer), type));
	if (class && !of_class && !outer && !is_relative(*family, class))
		add_caution(model, text_keep_f("architectures is %s, which is not known; counted as %s, as model_type says",
									   class, family_name(*family)));
	return 0;
}

static int read_shape(struct reading *r, struct error *err)
{
	TRY(read_kind(r, err));
	if (r->family->layers == layers_by_pattern)
		TRY(count_blocks(r, err));
	for (size_t i = r->family->layers == layers_by_pattern; i < SIZES; i++)
		TRY(read_size(r, i, err));
	TRY(relate_sizes(r, err));
	TRY(read_switches(r, err));
	return read_layers(r, err);
}

int published_read(struct document *doc, struct model *model, struct error *err)
{
	const struct family *outer = NULL;
	bool outer_tied = false, inner = enter_text_model(doc, &outer, &outer_tied);
	struct reading r = { .doc = doc, .shape = &model->shape };
	if (inner)
		add_note(model, "text model only, without encoders of other inputs");
	TRY(find_family(doc, outer, &r.family, model, err));
	model->shape = r.family->fixed;
	model->shape.tied |= inner && outer_tied;
	TRY(read_shape(&r, err));
	TRY(read_passive(&r, &model->shape, err));
	set_next(&r, model);
	if (model->shape.hashed_layers > 0)
		add_note(model, text_keep_f("without the tables by which %lld layers choose experts",
									(long long)model->shape.hashed_layers));
	TRY(routing_read(doc, r.family, model, err));
	note_rest(&r, model);
	return 0;
}
