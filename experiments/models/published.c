/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * published.c -- a config.json as it was published with a model, read by the row of its family.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/models/layers.h"
#include "experiments/models/notes.h"
#include "experiments/models/published.h"
#include "experiments/models/reading.h"
#include "sim/base/text.h"

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
	const char *dense = sizes_key(r, DENSE_WIDTH);
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

static void set_next(const struct reading *r, struct model *model)
{
	struct cost_shape *s = r->shape;
	s->next = (struct cost_layer){ .mixer = 0, .ffn = COST_MOE };
	if (s->ahead > 0 && !r->family->has_next) {
		notes_add(model, text_keep_f("without the %lld multi-token-prediction layers (%s)", (long long)s->ahead,
									 document_name(r->doc, sizes_key(r, AHEAD))));
		s->ahead = 0;
	}
}

static int read_shape(struct reading *r, struct error *err)
{
	TRY(read_kind(r, err));
	if (r->family->layers == layers_by_pattern)
		TRY(count_blocks(r, err));
	TRY(sizes_read(r, r->family->layers == layers_by_pattern ? WIDTH : LAYERS, err));
	TRY(read_switches(r, err));
	return read_layers(r, err);
}

int published_read(struct document *doc, struct model *model, struct error *err)
{
	const struct family *outer = NULL;
	bool outer_tied = false, inner = identity_enter(doc, &outer, &outer_tied);
	struct reading r = { .doc = doc, .shape = &model->shape };
	if (inner)
		notes_add(model, "text model only, without encoders of other inputs");
	TRY(identity_find(doc, outer, &r.family, model, err));
	model->shape = r.family->fixed;
	model->shape.tied |= inner && outer_tied;
	TRY(read_shape(&r, err));
	TRY(sizes_read_passive(&r, &model->shape, err));
	set_next(&r, model);
	if (model->shape.hashed_layers > 0)
		notes_add(model, text_keep_f("without the tables by which %lld layers choose experts",
									 (long long)model->shape.hashed_layers));
	TRY(routing_read(doc, r.family, model, err));
	unread_note(&r, model);
	return 0;
}
