/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * families.c -- Hugging Face config.json of the known families of MoE models; a family is one row.
 *
 * A row holds what the family's code fixes (norms, biases, kind of attention), the keys under which its config.json
 * keeps the sizes, and the rules that say which layers are MoE layers and which have a window.  The rows were made from
 * the configuration and modelling files of Hugging Face transformers, src/transformers/models/<family>/, and for
 * deepseek, kimi_k2 and grok from the files published with the weights.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "experiments/models/document.h"
#include "experiments/models/models.h"
#include "experiments/models/simulated.h"
#include "sim/base/files.h"
#include "sim/base/text.h"

/* ---- sizes ---------------------------------------------------------------------------------------------- */

enum size {
	LAYERS,
	WIDTH,
	VOCABULARY,
	HEADS,
	KV_HEADS,
	HEAD_DIM,
	Q_RANK,
	KV_RANK,
	NOPE_DIM,
	ROPE_DIM,
	V_DIM,
	EXPERTS,
	TOP_K,
	EXPERT_WIDTH,
	SHARED,
	SHARED_WIDTH,
	DENSE_WIDTH,
	SIZES
};

/* `key` is the one that most families use, NULL where a family must name it to have such a size.  A size that is not
 * optional must stand in the file.  The optional ones, when they do not: width / heads for head_dim, else 0; key-value
 * heads may be null for as many as heads, but must be there. */
static const struct {
	size_t at;
	const char *key;
	bool optional;
} sizes[SIZES] = {
	[LAYERS] = { offsetof(struct cost_shape, layers), "num_hidden_layers", false },
	[WIDTH] = { offsetof(struct cost_shape, width), "hidden_size", false },
	[VOCABULARY] = { offsetof(struct cost_shape, vocabulary), "vocab_size", false },
	[HEADS] = { offsetof(struct cost_shape, heads), "num_attention_heads", false },
	[KV_HEADS] = { offsetof(struct cost_shape, kv_heads), "num_key_value_heads", true },
	[HEAD_DIM] = { offsetof(struct cost_shape, head_dim), "head_dim", true },
	[Q_RANK] = { offsetof(struct cost_shape, q_rank), NULL, true },
	[KV_RANK] = { offsetof(struct cost_shape, kv_rank), NULL, false },
	[NOPE_DIM] = { offsetof(struct cost_shape, nope_dim), NULL, false },
	[ROPE_DIM] = { offsetof(struct cost_shape, rope_dim), NULL, false },
	[V_DIM] = { offsetof(struct cost_shape, v_dim), NULL, false },
	[EXPERTS] = { offsetof(struct cost_shape, experts), "num_local_experts|num_experts", false },
	[TOP_K] = { offsetof(struct cost_shape, top_k), "num_experts_per_tok", false },
	[EXPERT_WIDTH] = { offsetof(struct cost_shape, expert_width), "intermediate_size", false },
	[SHARED] = { offsetof(struct cost_shape, shared), NULL, true },
	[SHARED_WIDTH] = { offsetof(struct cost_shape, shared_width), NULL, false },
	[DENSE_WIDTH] = { offsetof(struct cost_shape, dense_width), NULL, false },
};

/* No size of a model is beyond this; so no sum of two sizes overflows. */
#define SIZE_LIMIT 1000000000

/* ---- families --------------------------------------------------------------------------------------------- */

/* What of config.json the family's code reads beside the sizes. */
enum {
	READS_ATTENTION_BIAS = 1 << 0,
	READS_QKV_BIAS = 1 << 1,
	READS_HEAD_BIAS = 1 << 2,
	READS_TOP_K_METHOD = 1 << 3, /* only noaux_tc has a bias for the selection */
	NEEDS_HEAD_DIM = 1 << 4      /* head_dim is not width / heads when it is left out */
};

struct family {
	const char *type, *alias; /* model_type; alias may be NULL */
	const char *key[SIZES];   /* where it differs from the common one; "": the family has no such size */
	unsigned reads;
	/* These set moe_layers, and windowed with window. */
	int (*moe_layers)(const struct document *, struct cost_shape *, struct error *);
	int (*windows)(const struct document *, struct cost_shape *, struct error *); /* NULL: no windows */
	struct cost_shape fixed;
};

/* ---- which layers ------------------------------------------------------------------------------------------- */

static int every_layer(const struct document *doc, struct cost_shape *s, struct error *err)
{
	(void)doc, (void)err;
	s->moe_layers = s->layers;
	return 0;
}

static int after_dense_layers(const struct document *doc, struct cost_shape *s, struct error *err)
{
	int64_t first = 0, every = 1;
	TRY(document_int(doc, "first_k_dense_replace", 0, SIZE_LIMIT, &first, err));
	TRY(document_int(doc, "moe_layer_freq", 1, SIZE_LIMIT, &every, err));
	s->moe_layers = cost_moe_layers(s->layers, first, every, 0);
	if (s->moe_layers == 0)
		return document_fail(doc, "first_k_dense_replace", err, "no MoE layer is left among %lld layers",
							 (long long)s->layers);
	return 0;
}

/* Counts the listed layers that are the last of `every`; the list must ascend, so that none stands twice. */
static int count_listed(const struct document *doc, const char *path, int64_t layers, int64_t every, int64_t *n,
						struct error *err)
{
	const json_t *list = NULL;
	*n = 0;
	TRY(document_list(doc, path, &list, err));
	int64_t last = -1;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		int64_t layer = json_integer_value(item);
		if (!json_is_integer(item) || layer <= last || layer >= layers)
			return document_fail(doc, path, err, "%s must list layers from 0 to %lld in ascending order", path,
								 (long long)layers - 1);
		*n += (layer + 1) % every == 0;
		last = layer;
	}
	return 0;
}

static int by_sparse_step(const struct document *doc, struct cost_shape *s, struct error *err)
{
	int64_t step = 1, dense;
	TRY(document_int(doc, "decoder_sparse_step", 1, SIZE_LIMIT, &step, err));
	TRY(count_listed(doc, "mlp_only_layers", s->layers, step, &dense, err));
	s->moe_layers = cost_moe_layers(s->layers, 0, step, 1) - dense;
	if (s->moe_layers == 0)
		return document_fail(doc, "decoder_sparse_step", err, "no MoE layer is left among %lld layers",
							 (long long)s->layers);
	return 0;
}

static int interleaved(const struct document *doc, struct cost_shape *s, struct error *err)
{
	int64_t step = 1;
	if (document_at(doc, "moe_layers")) {
		TRY(count_listed(doc, "moe_layers", s->layers, 1, &s->moe_layers, err));
	} else {
		TRY(document_int(doc, "interleave_moe_layer_step", 1, SIZE_LIMIT, &step, err));
		s->moe_layers = cost_moe_layers(s->layers, 0, step, 1);
	}
	if (s->moe_layers == 0)
		return document_fail(doc, "moe_layers|interleave_moe_layer_step", err, "no layer is an MoE layer");
	return 0;
}

/* Sets windowed from layer_types, or to `otherwise` where there is no such list. */
static int count_windowed(const struct document *doc, struct cost_shape *s, int64_t otherwise, struct error *err)
{
	const json_t *types = NULL;
	TRY(document_list(doc, "layer_types", &types, err));
	s->windowed = types ? 0 : otherwise;
	if (types && (int64_t)json_array_size(types) != s->layers)
		return document_fail(doc, "layer_types", err, "layer_types must name the kind of all %lld layers, not of %zu",
							 (long long)s->layers, json_array_size(types));
	for (size_t i = 0; i < json_array_size(types); i++) {
		const char *type = json_string_value(json_array_get(types, i));
		if (!type)
			return document_fail(doc, "layer_types", err, "layer_types must be a list of texts");
		s->windowed += strcmp(type, "full_attention") != 0;
	}
	return 0;
}

static int windows_everywhere(const struct document *doc, struct cost_shape *s, struct error *err)
{
	TRY(document_int(doc, "sliding_window", 1, SIZE_LIMIT, &s->window, err));
	return s->window > 0 ? count_windowed(doc, s, s->layers, err) : 0;
}

/* Qwen's configs carry a window that is mostly switched off. */
static int windows_when_used(const struct document *doc, struct cost_shape *s, struct error *err)
{
	bool used = false;
	TRY(document_bool(doc, "use_sliding_window", &used, err));
	return used ? windows_everywhere(doc, s, err) : 0;
}

/* The first layer has a window, the second has none, and so on. */
static int windows_alternate(const struct document *doc, struct cost_shape *s, struct error *err)
{
	TRY(document_int(doc, "sliding_window", 1, SIZE_LIMIT, &s->window, err));
	return s->window > 0 ? count_windowed(doc, s, (s->layers + 1) / 2, err) : 0;
}

/* Layers with rotary positions see their chunk, every fourth layer sees all. */
static int windows_chunked(const struct document *doc, struct cost_shape *s, struct error *err)
{
	int64_t interval = 4;
	TRY(document_int(doc, "attention_chunk_size", 1, SIZE_LIMIT, &s->window, err));
	TRY(document_int(doc, "no_rope_layer_interval", 1, SIZE_LIMIT, &interval, err));
	return s->window > 0 ? count_windowed(doc, s, s->layers - s->layers / interval, err) : 0;
}

/* ---- the table ---------------------------------------------------------------------------------------------- */

#define GATED .norms = 2, .matrices = 3, .router = true
#define DEEPSEEK_KEYS                                                                                        \
	[EXPERTS] = "n_routed_experts", [EXPERT_WIDTH] = "moe_intermediate_size", [SHARED] = "n_shared_experts", \
	[DENSE_WIDTH] = "intermediate_size"
#define LATENT_KEYS                                                                         \
	[KV_HEADS] = "", [HEAD_DIM] = "", [Q_RANK] = "q_lora_rank", [KV_RANK] = "kv_lora_rank", \
	[NOPE_DIM] = "qk_nope_head_dim", [ROPE_DIM] = "qk_rope_head_dim", [V_DIM] = "v_head_dim"

static const struct family families[] = {
	{ .type = "mixtral", .moe_layers = every_layer, .windows = windows_everywhere, .fixed = { GATED } },
	{ .type = "deepseek",
	  .key = { DEEPSEEK_KEYS },
	  .reads = READS_ATTENTION_BIAS,
	  .moe_layers = after_dense_layers,
	  .fixed = { GATED } },
	{ .type = "deepseek_v2",
	  .key = { DEEPSEEK_KEYS, LATENT_KEYS },
	  .reads = READS_ATTENTION_BIAS,
	  .moe_layers = after_dense_layers,
	  .fixed = { GATED, .attention = COST_LATENT } },
	{ .type = "deepseek_v3",
	  .alias = "kimi_k2",
	  .key = { DEEPSEEK_KEYS, LATENT_KEYS },
	  .reads = READS_ATTENTION_BIAS | READS_TOP_K_METHOD,
	  .moe_layers = after_dense_layers,
	  .fixed = { GATED, .attention = COST_LATENT, .router_bias = true } },
	{ .type = "qwen2_moe",
	  .key = { [EXPERT_WIDTH] = "moe_intermediate_size",
			   [SHARED_WIDTH] = "shared_expert_intermediate_size",
			   [DENSE_WIDTH] = "intermediate_size" },
	  .reads = READS_QKV_BIAS,
	  .moe_layers = by_sparse_step,
	  .windows = windows_when_used,
	  .fixed = { GATED, .qkv_bias = true, .shared = 1, .shared_gate = true } },
	{ .type = "qwen3_moe",
	  .key = { [EXPERT_WIDTH] = "moe_intermediate_size", [DENSE_WIDTH] = "intermediate_size" },
	  .reads = READS_ATTENTION_BIAS,
	  .moe_layers = by_sparse_step,
	  .windows = windows_when_used,
	  .fixed = { GATED, .qk_norm = COST_QK_HEAD } },
	{ .type = "olmoe",
	  .reads = READS_ATTENTION_BIAS,
	  .moe_layers = every_layer,
	  .fixed = { GATED, .qk_norm = COST_QK_FULL } },
	{ .type = "dbrx",
	  .key = { [LAYERS] = "n_layers",
			   [WIDTH] = "d_model",
			   [HEADS] = "n_heads",
			   [KV_HEADS] = "attn_config.kv_n_heads",
			   [HEAD_DIM] = "",
			   [EXPERTS] = "ffn_config.moe_num_experts",
			   [TOP_K] = "ffn_config.moe_top_k",
			   [EXPERT_WIDTH] = "ffn_config.ffn_hidden_size" },
	  .moe_layers = every_layer,
	  .fixed = { GATED } },
	{ .type = "gpt_oss",
	  .reads = READS_ATTENTION_BIAS | NEEDS_HEAD_DIM,
	  .moe_layers = every_layer,
	  .windows = windows_alternate,
	  .fixed = { GATED, .qkv_bias = true, .out_bias = true, .sinks = true, .router_bias = true, .ffn_bias = true } },
	{ .type = "llama4",
	  .alias = "llama4_text",
	  .key = { [DENSE_WIDTH] = "intermediate_size_mlp" },
	  .reads = READS_ATTENTION_BIAS | NEEDS_HEAD_DIM,
	  .moe_layers = interleaved,
	  .windows = windows_chunked,
	  .fixed = { GATED, .shared = 1, .window_restarts = true } },
	{ .type = "phimoe",
	  .reads = READS_ATTENTION_BIAS | READS_HEAD_BIAS,
	  .moe_layers = every_layer,
	  .windows = windows_everywhere,
	  .fixed = { GATED, .norm_bias = true } },
	{ .type = "jetmoe",
	  .key = { [HEADS] = "",
			   [HEAD_DIM] = "kv_channels",
			   [EXPERTS] = "num_local_experts|moe_num_experts",
			   [TOP_K] = "num_experts_per_tok|moe_top_k",
			   [EXPERT_WIDTH] = "intermediate_size|ffn_hidden_size" },
	  .reads = NEEDS_HEAD_DIM,
	  .moe_layers = every_layer,
	  .fixed = { GATED, .tied = true, .attention = COST_MIXTURE, .mixture_bias = true } },
	{ .type = "grok",
	  .alias = "grok-1",
	  .key = { [TOP_K] = "num_experts_per_tok|num_selected_experts" },
	  .moe_layers = every_layer,
	  .fixed = { .norms = 4, .matrices = 3, .router = true, .tied = true } },
	{ .type = NULL },
};

/* The family's words, for errors and suggestions. */
static const char *const *family_words(void)
{
	static const char *words[2 * sizeof families / sizeof families[0] + 1];
	size_t n = 0;
	for (const struct family *family = families; family->type; family++) {
		words[n++] = family->type;
		if (family->alias)
			words[n++] = family->alias;
	}
	return words;
}

static const char *family_list(void)
{
	const char *list = families[0].type;
	for (const struct family *family = families + 1; family->type; family++)
		list = text_keep_f("%s, %s", list, family->type);
	return list;
}

static int find_family(const struct document *doc, const struct family **family, struct error *err)
{
	const char *type = NULL;
	TRY(document_word(doc, "model_type", &type, err));
	if (!type)
		return document_fail(doc, "model_type", err, "model_type is missing (known: %s)", family_list());
	for (*family = families; (*family)->type; (*family)++)
		if (strcmp(type, (*family)->type) == 0 || ((*family)->alias && strcmp(type, (*family)->alias) == 0))
			return 0;
	const char *near = text_nearest(type, family_words());
	return document_fail(doc, "model_type", err, "unknown model_type '%s' (%s%s%sknown: %s)", type,
						 near ? "did you mean '" : "", near ? near : "", near ? "'? " : "", family_list());
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

static int64_t *size_in(struct cost_shape *s, size_t i)
{
	return (int64_t *)(void *)((char *)s + sizes[i].at);
}

/* NULL: the family has no such size. */
static const char *key_of(const struct family *family, size_t i)
{
	const char *key = family->key[i] ? family->key[i] : sizes[i].key;
	return key && *key ? key : NULL;
}

static int read_size(const struct document *doc, const struct family *family, size_t i, struct cost_shape *s,
					 struct error *err)
{
	const char *key = key_of(family, i);
	if (!key)
		return 0;
	bool optional = sizes[i].optional && !(i == HEAD_DIM && (family->reads & NEEDS_HEAD_DIM));
	TRY(document_int(doc, key, optional && i != KV_HEADS ? 0 : 1, SIZE_LIMIT, size_in(s, i), err));
	bool null_heads = i == KV_HEADS && document_has(doc, key);
	if (!document_at(doc, key) && (!optional || (i == KV_HEADS && !null_heads)))
		return document_fail(doc, key, err, "%s is missing (a %s model needs it)", key, family->type);
	return 0;
}

/* Sizes that follow from others, and what must hold between them, where the key is still known. */
static int relate_sizes(const struct document *doc, const struct family *family, struct cost_shape *s,
						struct error *err)
{
	const char *heads = key_of(family, HEADS), *kv_heads = key_of(family, KV_HEADS);
	if (s->top_k > s->experts)
		return document_fail(doc, key_of(family, TOP_K), err, "%s = %lld: there are only %lld experts",
							 key_of(family, TOP_K), (long long)s->top_k, (long long)s->experts);
	if (kv_heads && s->kv_heads == 0)
		s->kv_heads = s->heads;
	if (heads && kv_heads && s->heads % s->kv_heads != 0)
		return document_fail(doc, kv_heads, err, "%s = %lld: must divide %s = %lld", kv_heads, (long long)s->kv_heads,
							 heads, (long long)s->heads);
	if (s->attention == COST_HEADS && s->head_dim == 0) {
		if (s->width % s->heads != 0)
			return document_fail(doc, heads, err, "%s = %lld: must divide %s = %lld", heads, (long long)s->heads,
								 key_of(family, WIDTH), (long long)s->width);
		s->head_dim = s->width / s->heads;
	}
	if (s->shared_width == 0)
		s->shared_width = s->shared * s->expert_width;
	return 0;
}

static int read_switches(const struct document *doc, const struct family *family, struct cost_shape *s,
						 struct error *err)
{
	const char *method = NULL;
	TRY(document_bool(doc, "tie_word_embeddings", &s->tied, err));
	if (family->reads & READS_HEAD_BIAS)
		TRY(document_bool(doc, "lm_head_bias", &s->head_bias, err));
	if (family->reads & READS_QKV_BIAS)
		TRY(document_bool(doc, "qkv_bias", &s->qkv_bias, err));
	if (family->reads & READS_ATTENTION_BIAS) {
		TRY(document_bool(doc, "attention_bias", &s->qkv_bias, err));
		TRY(document_bool(doc, "attention_bias", &s->out_bias, err));
	}
	if (family->reads & READS_TOP_K_METHOD) {
		TRY(document_word(doc, "topk_method", &method, err));
		s->router_bias = !method || strcmp(method, "noaux_tc") == 0;
	}
	return 0;
}

static const char *not_counted(const struct document *doc, bool vision)
{
	bool ahead = json_integer_value(document_at(doc, "num_nextn_predict_layers")) > 0;
	if (vision)
		return "the text model alone: not its vision encoder";
	return ahead ? "not the layers that predict further tokens ahead" : NULL;
}

/* "x" of x.json, or the folder's name of folder/config.json and folder/manifest.json. */
static const char *name_of(const char *path)
{
	const char *base = strrchr(path, '/'), *end = path + strlen(path);
	base = base ? base + 1 : path;
	bool of_folder = strcmp(base, "config.json") == 0 || strcmp(base, "manifest.json") == 0;
	if (of_folder && base > path + 1) {
		end = base - 1;
		for (base = end; base > path && base[-1] != '/';)
			base--;
	} else if (end - base > 5 && strcmp(end - 5, ".json") == 0) {
		end -= 5;
	}
	return text_keep_n(base, (size_t)(end - base));
}

static int read_config(struct document *doc, struct model *model, struct error *err)
{
	const struct family *family = NULL;
	bool vision = document_enter(doc, "text_config");
	TRY(find_family(doc, &family, err));
	struct cost_shape *s = &model->shape;
	*s = family->fixed;
	for (size_t i = 0; i < SIZES; i++)
		TRY(read_size(doc, family, i, s, err));
	TRY(relate_sizes(doc, family, s, err));
	TRY(read_switches(doc, family, s, err));
	TRY(family->moe_layers(doc, s, err));
	if (family->windows)
		TRY(family->windows(doc, s, err));
	model->note = not_counted(doc, vision);
	return 0;
}

static int read_document(struct document *doc, struct model *model, struct error *err)
{
	struct cost_count count;
	TRY(simulated_is(doc) ? simulated_read(doc, model, err) : read_config(doc, model, err));
	if (cost_count(&model->shape, 1, &count, err))
		return fail_at(err, doc->path, 1, 1);
	return 0;
}

int model_parse(const char *path, const char *text, size_t size, struct model *model, struct error *err)
{
	struct document doc;
	*model = (struct model){ .name = name_of(path), .source = text_keep(path) };
	model->label = model->name;
	TRY(document_open(&doc, path, text, size, err));
	int result = read_document(&doc, model, err);
	document_close(&doc);
	return result;
}

int model_read(const char *path, struct model *model, struct error *err)
{
	enum { LIMIT = 16 << 20 }; /* the longest real ones have some 100 kB, of quantised layers' names */
	char *text;
	size_t size;
	if (file_read(path, LIMIT, &text, &size, err))
		return fail_at(err, path, 0, 0);
	int result = model_parse(path, text, size, model, err);
	free(text);
	return result;
}
