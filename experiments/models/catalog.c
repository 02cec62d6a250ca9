/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * catalog.c -- the built-in models; a model is one row.
 *
 * The shapes are those of the published config.json files, or of the papers and released code where there is none, and
 * so are the routers and the coefficients that balance them.
 */
#include <config.h>

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "experiments/models/models.h"
#include "sim/base/files.h"
#include "sim/base/text.h"

#define GATED .norms = 2, .matrices = 3, .router = true
#define GROUPED(n, kv, dim) .heads = (n), .kv_heads = (kv), .head_dim = (dim)
#define HEADS(n, kv, dim) .mixer[0].heads = (n), .mixer[0].kv_heads = (kv), .mixer[0].head_dim = (dim)
#define LATENT(n, queries)             \
	.mixer[0] = { .kind = COST_LATENT, \
				  .heads = (n),        \
				  .q_rank = (queries), \
				  .kv_rank = 512,      \
				  .nope_dim = 128,     \
				  .rope_dim = 64,      \
				  .v_dim = 128 }
/* The second kind is the first with a window. */
#define WINDOWED(n, keys, ...) .mixer = { { __VA_ARGS__ }, { __VA_ARGS__, .layers = (n), .window = (keys) } }
#define MIXTURE(n, k, wide) .experts = (n), .top_k = (k), .expert_width = (wide)
#define SHARED(n, wide) .shared = (n), .shared_width = (n) * (wide)

#define FOUR(...) __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__
#define TWELVE(...) FOUR(__VA_ARGS__), FOUR(__VA_ARGS__), FOUR(__VA_ARGS__)
#define EACH_WINDOWED \
	{ 1, COST_MOE },  \
	{                 \
		0, COST_MOE   \
	}
#define CHUNKS                                         \
	{ 1, COST_MOE }, { 1, COST_MOE }, { 1, COST_MOE }, \
	{                                                  \
		0, COST_MOE                                    \
	}
#define CHUNKS_HALF                                                \
	{ 1, COST_DENSE_FFN }, { 1, COST_MOE }, { 1, COST_DENSE_FFN }, \
	{                                                              \
		0, COST_MOE                                                \
	}

static const struct cost_layer window_first[] = { TWELVE(EACH_WINDOWED), FOUR(EACH_WINDOWED), EACH_WINDOWED,
												  EACH_WINDOWED };
static const struct cost_layer chunks_all_moe[] = { TWELVE(CHUNKS) };
static const struct cost_layer chunks_half_moe[] = { TWELVE(CHUNKS_HALF) };

const struct model models[] = {
	{ .name = "mixtral-8x7b",
	  .label = "Mixtral 8x7B",
	  .shape = { GATED, .layers = 32, .width = 4096, .vocabulary = 32000, HEADS(32, 8, 128), .moe_layers = 32,
				 MIXTURE(8, 2, 14336) },
	  .total = "46.7",
	  .active = "12.9",
	  .source = "arXiv 2401.04088",
	  .router = "mixtral" },
	{ .name = "mixtral-8x22b",
	  .label = "Mixtral 8x22B",
	  .shape = { GATED, .layers = 56, .width = 6144, .vocabulary = 32768, HEADS(48, 8, 128), .moe_layers = 56,
				 MIXTURE(8, 2, 16384) },
	  .total = "141",
	  .active = "39",
	  .source = "huggingface.co/mistralai/Mixtral-8x22B-v0.3",
	  .router = "mixtral" },
	{ .name = "grok-1",
	  .label = "Grok-1",
	  .shape = { .norms = 4,
				 .matrices = 3,
				 .router = true,
				 .layers = 64,
				 .width = 6144,
				 .vocabulary = 131072,
				 .tied = true,
				 HEADS(48, 8, 128),
				 .moe_layers = 64,
				 MIXTURE(8, 2, 32768) },
	  .total = "314",
	  .note = "published 314 B fits only without the embedding: 314.88 B",
	  .source = "github.com/xai-org/grok-1",
	  .router = "grok-1",
	  .unlike = "how the load was balanced was not published" },
	{ .name = "dbrx",
	  .label = "DBRX",
	  .shape = { GATED, .layers = 40, .width = 6144, .vocabulary = 100352, HEADS(48, 8, 128), .moe_layers = 40,
				 MIXTURE(16, 4, 10752) },
	  .total = "132",
	  .active = "36",
	  .source = "huggingface.co/databricks/dbrx-base",
	  .router = "scorer=softmax selector=top-k gate=renorm balance=aux,weight=0.05,count=scores,in-balance=k,per=net" },
	{ .name = "deepseek-moe-16b",
	  .label = "DeepSeekMoE-16B",
	  .shape = { GATED, .layers = 28, .width = 2048, .vocabulary = 102400, HEADS(16, 16, 128), .moe_layers = 27,
				 .dense_width = 10944, MIXTURE(64, 6, 1408), SHARED(2, 1408) },
	  .total = "16.4",
	  .active = "2.8",
	  .source = "arXiv 2401.06066",
	  .router = "deepseek-moe" },
	{ .name = "deepseek-v2-lite",
	  .label = "DeepSeek-V2-Lite",
	  .shape = { GATED, .layers = 27, .width = 2048, .vocabulary = 102400, LATENT(16, 0), .moe_layers = 26,
				 .dense_width = 10944, MIXTURE(64, 6, 1408), SHARED(2, 1408) },
	  .total = "15.7",
	  .active = "2.4",
	  .source = "arXiv 2405.04434",
	  .router = "scorer=softmax selector=top-k gate=score balance=aux,weight=0.001,scope=sequence" },
	{ .name = "deepseek-v2",
	  .label = "DeepSeek-V2",
	  .shape = { GATED, .layers = 60, .width = 5120, .vocabulary = 102400, LATENT(128, 1536), .moe_layers = 59,
				 .dense_width = 12288, MIXTURE(160, 6, 1536), SHARED(2, 1536) },
	  .total = "236",
	  .active = "21",
	  .source = "arXiv 2405.04434",
	  .router = "scorer=softmax selector=group-top,groups=8,group-top-k=3,group-score=best gate=score,scale=16 "
				"balance=aux,weight=0.003,scope=sequence",
	  .unlike = "the losses that balance devices and communication are left out" },
	{ .name = "deepseek-v3",
	  .label = "DeepSeek-V3",
	  .shape = { GATED, .layers = 61, .width = 7168, .vocabulary = 129280, LATENT(128, 1536), .moe_layers = 58,
				 .dense_width = 18432, .selection_bias = true, .ahead = 1, .next = { 0, COST_MOE },
				 MIXTURE(256, 8, 2048), SHARED(1, 2048) },
	  .total = "671",
	  .active = "37",
	  .note = "also published as 36.7 B active with embedding and head, which fits only without the embedding",
	  .source = "arXiv 2412.19437",
	  .router = "deepseek-v3" },
	{ .name = "deepseek-r1",
	  .label = "DeepSeek-R1",
	  .shape = { GATED, .layers = 61, .width = 7168, .vocabulary = 129280, LATENT(128, 1536), .moe_layers = 58,
				 .dense_width = 18432, .selection_bias = true, .ahead = 1, .next = { 0, COST_MOE },
				 MIXTURE(256, 8, 2048), SHARED(1, 2048) },
	  .total = "671",
	  .active = "37",
	  .note = "DeepSeek-V3's network",
	  .source = "arXiv 2501.12948",
	  .router = "deepseek-v3" },
	{ .name = "kimi-k2",
	  .label = "Kimi K2",
	  .shape = { GATED, .layers = 61, .width = 7168, .vocabulary = 163840, LATENT(64, 1536), .moe_layers = 60,
				 .dense_width = 18432, .selection_bias = true, MIXTURE(384, 8, 2048), SHARED(1, 2048) },
	  .total = "1040",
	  .active = "32.6",
	  .note = "the published 1.04 T and 32.6 B do not follow from the published config.json, which gives 1.026 T and "
			  "32.9 B",
	  .source = "arXiv 2507.20534",
	  .router = "scorer=sigmoid selector=top-k gate=renorm,scale=2.827 balance=bias,rate=0.001",
	  .unlike = "the rate of the bias is DeepSeek-V3's; its own was not published" },
	{ .name = "qwen1.5-moe-a2.7b",
	  .label = "Qwen1.5-MoE-A2.7B",
	  .shape = { GATED, .layers = 24, .width = 2048, .vocabulary = 151936, HEADS(16, 16, 128),
				 .mixer[0].qkv_bias = true, .moe_layers = 24, MIXTURE(60, 4, 1408), SHARED(1, 5632),
				 .shared_gate = true },
	  .total = "14.3",
	  .active = "2.7",
	  .source = "huggingface.co/Qwen/Qwen1.5-MoE-A2.7B",
	  .router = "scorer=softmax selector=top-k gate=score balance=aux,weight=0.001,count=scores,in-balance=k,per=net",
	  .unlike = "the gate of the shared expert is left out" },
	{ .name = "qwen3-30b-a3b",
	  .label = "Qwen3-30B-A3B",
	  .shape = { GATED, .layers = 48, .width = 2048, .vocabulary = 151936, HEADS(32, 4, 128),
				 .mixer[0].qk_norm = COST_QK_HEAD, .moe_layers = 48, MIXTURE(128, 8, 768) },
	  .total = "30.5",
	  .active = "3.3",
	  .source = "arXiv 2505.09388",
	  .router =
		  "scorer=softmax selector=top-k gate=renorm balance=aux,weight=0.001,count=scores,in-balance=k,per=net" },
	{ .name = "qwen3-235b-a22b",
	  .label = "Qwen3-235B-A22B",
	  .shape = { GATED, .layers = 94, .width = 4096, .vocabulary = 151936, HEADS(64, 4, 128),
				 .mixer[0].qk_norm = COST_QK_HEAD, .moe_layers = 94, MIXTURE(128, 8, 1536) },
	  .total = "235",
	  .active = "22",
	  .source = "arXiv 2505.09388",
	  .router =
		  "scorer=softmax selector=top-k gate=renorm balance=aux,weight=0.001,count=scores,in-balance=k,per=net" },
	{ .name = "qwen3-coder-480b",
	  .label = "Qwen3-Coder-480B-A35B",
	  .shape = { GATED, .layers = 62, .width = 6144, .vocabulary = 151936, HEADS(96, 8, 128),
				 .mixer[0].qk_norm = COST_QK_HEAD, .moe_layers = 62, MIXTURE(160, 8, 2560) },
	  .total = "480",
	  .active = "35",
	  .source = "huggingface.co/Qwen/Qwen3-Coder-480B-A35B-Instruct",
	  .router =
		  "scorer=softmax selector=top-k gate=renorm balance=aux,weight=0.001,count=scores,in-balance=k,per=net" },
	{ .name = "olmoe-1b-7b",
	  .label = "OLMoE-1B-7B",
	  .shape = { GATED, .layers = 16, .width = 2048, .vocabulary = 50304, HEADS(16, 16, 128),
				 .mixer[0].qk_norm = COST_QK_FULL, .moe_layers = 16, MIXTURE(64, 8, 1024) },
	  .total = "6.9",
	  .active = "1.3",
	  .source = "arXiv 2409.02060",
	  .router = "scorer=softmax selector=top-k gate=score balance=aux,weight=0.01,per=net+z,weight=0.001" },
	{ .name = "gpt-oss-20b",
	  .label = "gpt-oss-20b",
	  .shape = { GATED, .layers = 24, .width = 2880, .vocabulary = 201088, .order = window_first,
				 WINDOWED(12, 128, GROUPED(64, 8, 64), .qkv_bias = true, .out_bias = true, .sinks = true),
				 .moe_layers = 24, .router_bias = true, MIXTURE(32, 4, 2880), .ffn_bias = true },
	  .total = "20.9",
	  .active = "3.6",
	  .source = "arXiv 2508.10925",
	  .router = "scorer=softmax selector=top-k gate=renorm",
	  .unlike = "how the load was balanced was not published; the logits' bias is left out" },
	{ .name = "gpt-oss-120b",
	  .label = "gpt-oss-120b",
	  .shape = { GATED, .layers = 36, .width = 2880, .vocabulary = 201088, .order = window_first,
				 WINDOWED(18, 128, GROUPED(64, 8, 64), .qkv_bias = true, .out_bias = true, .sinks = true),
				 .moe_layers = 36, .router_bias = true, MIXTURE(128, 4, 2880), .ffn_bias = true },
	  .total = "116.8",
	  .active = "5.1",
	  .source = "arXiv 2508.10925",
	  .router = "scorer=softmax selector=top-k gate=renorm",
	  .unlike = "how the load was balanced was not published; the logits' bias is left out" },
	{ .name = "llama-4-scout",
	  .label = "Llama 4 Scout",
	  .shape = { GATED, .layers = 48, .width = 5120, .vocabulary = 202048, .order = chunks_all_moe,
				 WINDOWED(36, 8192, GROUPED(40, 8, 128), .window_restarts = true), .moe_layers = 48,
				 MIXTURE(16, 1, 8192), SHARED(1, 8192) },
	  .total = "109",
	  .active = "17",
	  .note = "text model only: the published 109 B include the vision encoder",
	  .source = "huggingface.co/meta-llama/Llama-4-Scout-17B-16E",
	  .router = "scorer=sigmoid selector=top-k gate=score",
	  .unlike = "how the load was balanced was not published; the weight acts on the expert's output, not its input" },
	{ .name = "llama-4-maverick",
	  .label = "Llama 4 Maverick",
	  .shape = { GATED, .layers = 48, .width = 5120, .vocabulary = 202048, .order = chunks_half_moe,
				 WINDOWED(36, 8192, GROUPED(40, 8, 128), .window_restarts = true), .moe_layers = 24,
				 .dense_width = 16384, MIXTURE(128, 1, 8192), SHARED(1, 8192) },
	  .total = "400",
	  .active = "17",
	  .source = "huggingface.co/meta-llama/Llama-4-Maverick-17B-128E",
	  .router = "scorer=sigmoid selector=top-k gate=score",
	  .unlike = "how the load was balanced was not published; the weight acts on the expert's output, not its input" },
	{ .name = "phi-3.5-moe",
	  .label = "Phi-3.5-MoE",
	  .shape = { GATED, .norm_bias = true, .layers = 32, .width = 4096, .vocabulary = 32064, .head_bias = true,
				 HEADS(32, 8, 128), .mixer[0].qkv_bias = true, .mixer[0].out_bias = true, .mixer[0].window = 131072,
				 .moe_layers = 32, MIXTURE(16, 2, 6400) },
	  .total = "41.9",
	  .active = "6.6",
	  .source = "huggingface.co/microsoft/Phi-3.5-MoE-instruct",
	  .router = "scorer=softmax selector=top-k gate=score balance=aux,weight=0.001,count=scores,in-balance=k,per=net",
	  .unlike = "SparseMixer's sampling of experts in training is left out" },
	{ .name = "jetmoe-8b",
	  .label = "JetMoE-8B",
	  .shape = { GATED, .layers = 24, .width = 2048, .vocabulary = 32000, .tied = true,
				 .mixer[0] = { .kind = COST_MIXTURE, .kv_heads = 16, .head_dim = 128 }, .moe_layers = 24,
				 MIXTURE(8, 2, 5632), .mixture_bias = true },
	  .total = "8.5",
	  .active = "2.2",
	  .source = "arXiv 2404.07413",
	  .router = "scorer=softmax selector=top-k gate=renorm balance=aux,weight=0.01+z,weight=0.001",
	  .unlike = "the experts of its attention are left out" },
	{ .name = "switch-c",
	  .label = "Switch-C",
	  .shape = { .norms = 2,
				 .matrices = 2,
				 .router = true,
				 .layers = 30,
				 .encoder_layers = 15,
				 .width = 2080,
				 .vocabulary = 32128,
				 .tied = true,
				 HEADS(30, 30, 64),
				 .position_buckets = 32,
				 .moe_layers = 30,
				 MIXTURE(2048, 1, 6144) },
	  .total = "1571",
	  .note = "encoder and decoder: a token here is one of the source and one of the target",
	  .source = "arXiv 2101.03961",
	  .router = "switch",
	  .unlike = "a decoder alone" },
	{ .name = NULL },
};

static bool same_name(const char *a, const char *b)
{
	for (;;) {
		while (*a && !isalnum((unsigned char)*a))
			a++;
		while (*b && !isalnum((unsigned char)*b))
			b++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (*a == '\0')
			return true;
		a++, b++;
	}
}

const struct model *model_find(const char *name)
{
	for (const struct model *model = models; model->name; model++)
		if (same_name(name, model->name) || same_name(name, model->label))
			return model;
	return NULL;
}

const char *const *model_names(void)
{
	static const char *names[sizeof models / sizeof models[0]];
	for (size_t i = 0; models[i].name; i++)
		names[i] = models[i].name;
	return names;
}

int model_open(const char *word, struct model *model, struct error *err)
{
	const struct model *found = model_find(word);
	if (found) {
		*model = *found;
		return 0;
	}
	const char *manifest = path_join(word, "manifest.json");
	if (file_exists(manifest))
		return model_read(manifest, model, err);
	size_t length = strlen(word);
	bool path = strchr(word, '/') || (length > 5 && strcmp(word + length - 5, ".json") == 0) || file_exists(word);
	if (path)
		return model_read(word, model, err);
	const char *near = text_nearest(word, model_names()), *several = text_beginnings(word, model_names());
	const char *meant = several ? several : near ? text_keep_f("'%s'", near) : NULL;
	return fail(err, ERROR_USER, "no model or file named '%s' (%s%s%ssee moesim list models)", word,
				meant ? "did you mean " : "", meant ? meant : "", meant ? "? " : "");
}
