/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recurrences.c -- linear attention, state spaces and short convolutions of a config.json, and which layers have them.
 */
#include <config.h>

#include <string.h>

#include "experiments/models/mixers.h"
#include "sim/base/text.h"

static const struct layer_word linear_words[] = {
	{ "full_attention", 0 }, { "attention", 0 }, { "linear_attention", 1 }, { "kda_attention", 1 }, { "mamba", 1 },
	{ "conv", 1 },           { NULL, 0 }
};

int mixers_delta(struct reading *r, struct error *err)
{
	bool found;
	int64_t every;
	struct cost_mixer *m = mixers_kind(r, 1);
	*m = (struct cost_mixer){ .kind = COST_DELTA };
	TRY(layers_int(r, "linear_num_value_heads", 1, 32, &m->heads, err));
	TRY(layers_int(r, "linear_num_key_heads", 1, 16, &m->kv_heads, err));
	TRY(layers_int(r, "linear_key_head_dim", 1, 128, &m->head_dim, err));
	TRY(layers_int(r, "linear_value_head_dim", 1, 128, &m->v_dim, err));
	TRY(layers_int(r, "linear_conv_kernel_dim", 1, 4, &m->kernel, err));
	TRY(mixers_every(r, "full_attention_interval", 4, &every, err));
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
	struct cost_mixer *m = mixers_kind(r, 1);
	*m = (struct cost_mixer){ .kind = COST_KIMI_DELTA };
	TRY(layers_int(r, "linear_attn_config.num_heads|linear_num_heads|linear_num_key_heads", 1, 32, &m->heads, err));
	TRY(layers_int(r, "linear_attn_config.head_dim|linear_head_dim|linear_key_head_dim", 1, 128, &m->head_dim, err));
	TRY(layers_int(r, "linear_attn_config.short_conv_kernel_size|linear_conv_kernel_dim", 1, 4, &m->kernel, err));
	TRY(document_bool(r->doc, "linear_attn_config.use_full_rank_gate", &full_rank, err));
	TRY(document_bool(r->doc, "mla_use_output_gate", &gate, err));
	TRY(document_bool(r->doc, "latent_moe_use_norm", &r->shape->latent_norm, err));
	TRY(document_int(r->doc, "attn_res_block_size", 0, SIZE_LIMIT, &block, err));
	m->gate = full_rank ? COST_GATE_FULL : COST_GATE_NONE;
	mixers_kind(r, 0)->gate = gate ? COST_GATE_FULL : COST_GATE_NONE;
	r->shape->residual_attention = block > 0;
	return read_kimi_layers(r, err);
}

/* MiniMax-Text-01: attn_type_list has 1 for softmax attention. */
int mixers_lightning(struct reading *r, struct error *err)
{
	bool found;
	const struct cost_mixer *full = mixers_kind(r, 0);
	*mixers_kind(r, 1) =
		(struct cost_mixer){ .kind = COST_LIGHTNING, .heads = full->heads, .head_dim = full->head_dim };
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
	const struct cost_mixer *full = mixers_kind(r, 0);
	TRY(document_int(r->doc, "layer_group_size", 1, SIZE_LIMIT, &size, err));
	*mixers_kind(r, 1) = (struct cost_mixer){ .kind = COST_LIGHTNING,
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
		mixers_kind(r, 0)->gate = strcmp(word, "head_wise") == 0 ? COST_GATE_HEADS : COST_GATE_FULL;
	return 0;
}

/* Ling 2.5 has lightning attention between layers of latent attention, Ling 3 the delta rule of Kimi Linear, which its
 * configurations tell by the kernel of its convolutions. */
int mixers_hybrid(struct reading *r, struct error *err)
{
	bool full = false;
	int64_t size = 0, head_dim = 0;
	struct cost_mixer *latent = mixers_kind(r, 0), *m = mixers_kind(r, 1);
	TRY(document_int(r->doc, "layer_group_size", 1, SIZE_LIMIT, &size, err));
	TRY(document_int(r->doc, "head_dim", 1, SIZE_LIMIT, &head_dim, err));
	TRY(read_granularity(r, err));
	if (head_dim == 0)
		head_dim = r->shape->width / latent->heads;
	*m = (struct cost_mixer){ .kind = COST_LIGHTNING, .heads = latent->heads, .head_dim = head_dim };
	if (document_at(r->doc, "short_conv_kernel_size")) {
		TRY(document_bool(r->doc, "no_kda_lora", &full, err));
		TRY(mixers_int(r, "short_conv_kernel_size", 4, &m->kernel, err));
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

/* A number, or "auto" for the one that follows from others. */
static int read_auto(struct reading *r, const char *key, int64_t *out, struct error *err)
{
	const char *word = json_string_value(document_at(r->doc, key));
	if (word && strcmp(word, "auto") != 0)
		return document_fail(r->doc, key, err, "%s must be an integer or \"auto\", not \"%s\"", key, word);
	return word ? 0 : mixers_int(r, key, *out, out, err);
}

int mixers_jamba(struct reading *r, struct error *err)
{
	int64_t expand, period = 8, offset = 4;
	struct cost_mixer *m = mixers_kind(r, 1);
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
	struct cost_mixer *m = mixers_kind(r, 1);
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
	struct cost_mixer *m = mixers_kind(r, 1);
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
	struct cost_mixer *m = mixers_kind(r, 1);
	TRY(read_mamba2(r, m, err));
	TRY(layers_int(r, "mamba_head_dim", 1, 64, &m->head_dim, err));
	TRY(read_blocks(r, &found, err));
	TRY(document_word(r->doc, "hybrid_override_pattern", &pattern, err));
	if (!found && !pattern)
		return document_fail(r->doc, r->moe_key, err, "%s is missing (a %s model needs it)", r->moe_key,
							 family_name(r->family));
	return found ? 0 : read_pattern(r, pattern, err);
}
