/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mixers.c -- the kinds of mixer of a config.json, and which layers have which, by the rules of each family's code.
 */
#include <config.h>

#include <string.h>

#include "experiments/models/mixers.h"

struct cost_mixer *mixers_kind(struct reading *r, int i)
{
	return &r->shape->mixer[i];
}

struct cost_mixer *mixers_copy(struct reading *r, int to)
{
	*mixers_kind(r, to) = *mixers_kind(r, 0);
	return mixers_kind(r, to);
}

int mixers_int(struct reading *r, const char *key, int64_t preset, int64_t *out, struct error *err)
{
	*out = preset;
	return document_int(r->doc, key, 1, SIZE_LIMIT, out, err);
}

int mixers_every(struct reading *r, const char *key, int64_t preset, int64_t *every, struct error *err)
{
	if (!document_at(r->doc, key) && !document_at(r->doc, "layer_types"))
		layers_default(r, key, preset);
	return mixers_int(r, key, preset, every, err);
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
	mixers_copy(r, 1)->index_borrowed = true;
	TRY(read_borrowed(r, &found, err));
	TRY(mixers_int(r, "index_topk_freq", 1, &every, err));
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
		if (!json_is_integer(item) ||
			(ratio != 0 && ratio != mixers_kind(r, 1)->ratio && ratio != mixers_kind(r, 2)->ratio))
			return document_fail(r->doc, key, err, "%s must list 0, %lld and %lld", key,
								 (long long)mixers_kind(r, 1)->ratio, (long long)mixers_kind(r, 2)->ratio);
		r->order[i].mixer = ratio == 0 ? 0 : ratio == mixers_kind(r, 1)->ratio ? 1 : 2;
	}
	return 0;
}

/* Windows alone, with an indexer among compressed keys, and with few compressed keys that are all seen. */
int mixers_compressed(struct reading *r, struct error *err)
{
	bool found;
	struct cost_mixer *plain = mixers_kind(r, 0);
	TRY(mixers_int(r, "sliding_window", 128, &plain->window, err));
	struct cost_mixer *chosen = mixers_copy(r, 1), *heavy = mixers_copy(r, 2);
	plain->index_heads = plain->index_dim = plain->index_keep = 0;
	heavy->index_heads = heavy->index_dim = heavy->index_keep = 0;
	TRY(mixers_int(r, "compress_rates.compressed_sparse_attention|compress_rate_csa", 4, &chosen->ratio, err));
	TRY(mixers_int(r, "compress_rates.heavily_compressed_attention|compress_rate_hca", 128, &heavy->ratio, err));
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
	struct cost_mixer *m = mixers_copy(r, 1);
	const char *form = NULL;
	const json_t *types = document_at(r->doc, "attn_type_list");
	for (size_t i = 0; i < json_array_size(types); i++)
		if (json_integer_value(json_array_get(types, i)) == 0) {
			layers_doubt(r, "attn_type_list has layers of lightning attention, which this family does not have");
			break;
		}
	TRY(document_word(r->doc, "qk_norm_type", &form, err));
	if (form && m->qk_norm != COST_QK_NONE)
		mixers_kind(r, 0)->qk_norm = m->qk_norm = strcmp(form, "per_head") == 0 ? COST_QK_HEAD : COST_QK_FULL;
	TRY(layers_words(r, "layer_types", words, MIXER, &found, err));
	if (!found)
		TRY(layers_flags(r, "sparse_attention_config.sparse_attention_freq", 0, 1, MIXER, &found, err));
	TRY(mixers_int(r, "sparse_attention_config.sparse_num_index_heads|index_n_heads", 4, &m->index_heads, err));
	TRY(mixers_int(r, "sparse_attention_config.sparse_index_dim|index_head_dim", 128, &m->index_dim, err));
	TRY(mixers_int(r, "sparse_attention_config.sparse_block_size|index_block_size", 128, &block, err));
	TRY(mixers_int(r, "sparse_attention_config.sparse_topk_blocks|index_topk_blocks", 16, &blocks, err));
	m->index_keep = block * blocks;
	if (r->family->key[DENSE_WIDTH] && !found)
		layers_default(r, "sparse_attention_config", 0);
	return 0;
}

/* Hunyuan-Large: a group of layers has the keys and values of its first. */
int mixers_cross_layer(struct reading *r, struct error *err)
{
	bool used = false;
	int64_t share = 2;
	TRY(document_bool(r->doc, "use_cla", &used, err));
	TRY(mixers_int(r, "cla_share_factor", 2, &share, err));
	mixers_copy(r, 1)->borrows_kv = true;
	for (int64_t i = 0; i < r->shape->layers && used; i++)
		r->order[i].mixer = i % share != 0;
	return 0;
}
