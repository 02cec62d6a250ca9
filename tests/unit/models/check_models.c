/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_models.c -- the built-in models against published counts, config.json files against the built-in models, and
 * the errors of files that are wrong.
 */
#include <config.h>

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/models/sheet.h"
#include "sim/base/files.h"
#include "sim/base/text.h"

/* ---- built-in models ----------------------------------------------------------------------------------------- */

/* Exact counts, each found independently of this code from the model's published tensors or configuration. */
static const struct {
	const char *name;
	int64_t total, active;
} golden[] = {
	{ "mixtral-8x7b", 46702792704, 12879925248 },      { "dbrx", 131596523520, 36469708800 },
	{ "deepseek-moe-16b", 16375728128, 2828650496 },   { "deepseek-v2", 235741434880, 21375800320 },
	{ "deepseek-v3", 671026419200, 37552297472 },      { "deepseek-r1", 671026419200, 37552297472 },
	{ "qwen3-30b-a3b", 30532122624, 3353032704 },      { "qwen3-235b-a22b", 235093634560, 22190763520 },
	{ "gpt-oss-120b", 116829156672, 5711982912 },      { "llama-4-scout", 107769861120, 17172894720 },
	{ "llama-4-maverick", 400711848960, 17184691200 }, { "olmoe-1b-7b", 6919161856, 1282017280 },
};

/* Known to a few digits: billions in total, active, active without the embedding. */
static const struct {
	const char *name;
	double total, active, bare;
} rounded[] = {
	{ "grok-1", 315.685, 83.757, 82.951 },
	{ "mixtral-8x7b", 46.703, 12.880, 12.749 },
	{ "dbrx", 131.597, 36.470, 35.853 },
	{ "deepseek-moe-16b", 16.376, 2.829, 2.619 },
	{ "deepseek-v2", 235.741, 21.376, 20.852 },
	{ "deepseek-v3", 671.026, 37.552, 36.626 },
	{ "qwen3-30b-a3b", 30.532, 3.353, 3.042 },
	{ "qwen3-235b-a22b", 235.094, 22.191, 21.568 },
	{ "gpt-oss-120b", 116.829, 5.712, 5.133 },
	{ "llama-4-scout", 107.770, 17.173, 16.138 },
	{ "llama-4-maverick", 400.712, 17.185, 16.150 },
	{ "olmoe-1b-7b", 6.919, 1.282, 1.179 },
};

static struct sheet filled(const char *name)
{
	const struct model *model = model_find(name);
	ck_assert_msg(model != NULL, "%s is not built in", name);
	struct sheet sheet;
	struct error err;
	ck_assert_msg(sheet_fill(&sheet, model, 4096, NULL, &err) == 0, "%s: %s", name, err.text);
	return sheet;
}

START_TEST(exact_counts)
{
	struct sheet sheet = filled(golden[_i].name);
	ck_assert_int_eq(sheet.count.params_total, golden[_i].total);
	ck_assert_int_eq(sheet.count.params_active, golden[_i].active);
}
END_TEST

START_TEST(rounded_counts)
{
	struct cost_count count = filled(rounded[_i].name).count;
	ck_assert_double_eq_tol((double)count.params_total / 1e9, rounded[_i].total, 0.0005);
	ck_assert_double_eq_tol((double)count.params_active / 1e9, rounded[_i].active, 0.0005);
	ck_assert_double_eq_tol((double)count.params_active_no_embedding / 1e9, rounded[_i].bare, 0.0005);
}
END_TEST

/* Grok-1 by hand, all of it. */
START_TEST(grok_1_by_hand)
{
	struct cost_count count = filled("grok-1").count;
	int64_t attention = 2 * 6144 * 6144 + 2 * 6144 * 1024, expert = INT64_C(3) * 6144 * 32768;
	int64_t layer = attention + 4 * 6144 + 6144 * 8 + 8 * expert;
	ck_assert_int_eq(count.params_total, 131072 * 6144 + 64 * layer + 6144);
	ck_assert_int_eq(count.params_total - count.params_active, 64 * 6 * expert);
	ck_assert_int_eq(count.cache_values, 64 * 2 * 1024);
}
END_TEST

START_TEST(a_latent_cache_is_the_compressed_row)
{
	ck_assert_int_eq(filled("deepseek-v3").count.cache_values, 61 * (512 + 64));
}
END_TEST

/* A figure that differs is explained; a figure that agrees is not said to differ. */
START_TEST(published_figures_agree_or_are_explained)
{
	for (const struct model *model = models; model->name; model++) {
		struct sheet sheet = filled(model->name);
		bool differs = strcmp(sheet_total_fits(&sheet), "no") == 0 || strcmp(sheet_active_fits(&sheet), "no") == 0;
		ck_assert_msg(!differs || model->note, "%s differs from what was published, without a word", model->name);
	}
	struct sheet sheet = filled("grok-1");
	ck_assert_str_eq(sheet_total_fits(&sheet), "without-embedding");
	ck_assert_str_eq(sheet_active_fits(&sheet), "");
	sheet = filled("kimi-k2");
	ck_assert_str_eq(sheet_total_fits(&sheet), "no");
	ck_assert_str_eq(sheet_active_fits(&sheet), "no");
	sheet = filled("gpt-oss-120b");
	ck_assert_str_eq(sheet_total_fits(&sheet), "with-embedding");
	ck_assert_str_eq(sheet_active_fits(&sheet), "without-embedding");
	sheet = filled("mixtral-8x7b");
	ck_assert_str_eq(sheet_active_fits(&sheet), "with-embedding");
}
END_TEST

START_TEST(names_are_found_as_people_write_them)
{
	ck_assert_str_eq(model_find("Mixtral 8x7B")->name, "mixtral-8x7b");
	ck_assert_str_eq(model_find("LLAMA_4_Scout")->name, "llama-4-scout");
	ck_assert_str_eq(model_find("DeepSeekMoE-16B")->name, "deepseek-moe-16b");
	ck_assert_ptr_null(model_find("mixtral"));
	ck_assert_ptr_null(model_find(""));
	for (const struct model *model = models; model->name; model++)
		ck_assert_ptr_eq(model_find(model->name), model);
}
END_TEST

START_TEST(dense_twins_have_as_many_parameters)
{
	for (const struct model *model = models; model->name; model++) {
		struct sheet sheet = filled(model->name);
		double total = (double)sheet.count.params_total, active = (double)sheet.count.params_active;
		ck_assert_double_eq_tol((double)sheet.dense_total_count.params_total / total, 1, 1e-4);
		ck_assert_double_eq_tol((double)sheet.dense_active_count.params_total / active, 1, 1e-4);
		ck_assert_int_gt(sheet.dense_total_count.flops_forward, sheet.count.flops_forward);
	}
}
END_TEST

START_TEST(memory_is_whole_bytes)
{
	struct cost_count count = { .params_total = 3 };
	ck_assert_str_eq(sheet_memory[3].column, "weights_int4_bytes");
	ck_assert_int_eq(sheet_bytes(&count, &sheet_memory[3]), 2);
	ck_assert_int_eq(sheet_bytes(&count, &sheet_memory[0]), 12);
}
END_TEST

/* ---- config.json --------------------------------------------------------------------------------------------- */

/* Each says of its model what the row of the built-in model says. */
static const char *const configs[] = {
	"mixtral-8x7b",     "grok-1",      "dbrx",        "deepseek-moe-16b",  "deepseek-v2-lite",
	"deepseek-v2",      "deepseek-v3", "kimi-k2",     "qwen1.5-moe-a2.7b", "qwen3-30b-a3b",
	"qwen3-235b-a22b",  "olmoe-1b-7b", "gpt-oss-20b", "gpt-oss-120b",      "llama-4-scout",
	"llama-4-maverick", "phi-3.5-moe", "jetmoe-8b",
};

START_TEST(a_config_counts_as_its_built_in_model)
{
	const char *top = getenv("top_srcdir");
	const char *path = text_keep_f("%s/tests/configs/%s/config.json", top ? top : ".", configs[_i]);
	struct model model;
	struct error err;
	ck_assert_msg(model_read(path, &model, &err) == 0, "%s:%u:%u: %s", err.file, err.line, err.column, err.text);
	ck_assert_str_eq(model.name, configs[_i]);
	const struct model *built_in = model_find(configs[_i]);
	struct cost_count read, known;
	/* at a context beyond all windows */
	ck_assert_int_eq(cost_count(&model.shape, 1000000, &read, &err), 0);
	ck_assert_int_eq(cost_count(&built_in->shape, 1000000, &known, &err), 0);
	for (int part = 0; part < COST_PARTS; part++) {
		ck_assert_int_eq(read.params[part], known.params[part]);
		ck_assert_int_eq(read.active[part], known.active[part]);
		ck_assert_int_eq(read.flops[part], known.flops[part]);
	}
	ck_assert_int_eq(read.cache_values, known.cache_values);
	ck_assert_int_eq(model.shape.shared, built_in->shape.shared);
	ck_assert_int_eq(model.shape.moe_layers, built_in->shape.moe_layers);
}
END_TEST

/* Sums over the lists of tensors that each model's own code makes, found without this code. */
static const struct {
	const char *name;
	int64_t total, active;
} counted[] = {
	{ "a.x-k1", INT64_C(518983063808), INT64_C(32779344128) },
	{ "arctic", INT64_C(478584608768), INT64_C(17318647808) },
	{ "aria", INT64_C(24869091840), INT64_C(4115151360) },
	{ "deepseek-ocr", INT64_C(2934734080), INT64_C(739605760) },
	{ "deepseek-v3.2", INT64_C(671877944064), INT64_C(38403822336) },
	{ "deepseek-v4-flash", INT64_C(284332240471), INT64_C(13799632471) },
	{ "deepseek-v4-pro", INT64_C(1572997201763), INT64_C(49779081059) },
	{ "dots1", INT64_C(142774381696), INT64_C(14016588928) },
	{ "ernie-4.5-21b", INT64_C(21825437888), INT64_C(3352150208) },
	{ "ernie-4.5-300b", INT64_C(299484163264), INT64_C(47926586560) },
	{ "ernie-4.5-vl-28b", INT64_C(28624635776), INT64_C(3356575616) },
	{ "flex-olmo-7x7b", INT64_C(33270665216), INT64_C(24613621760) },
	{ "gemma-4-26b-a4b", INT64_C(25233141790), INT64_C(3822530590) },
	{ "glm-4.5", INT64_C(352797829024), INT64_C(33632266144) },
	{ "glm-4.5-air", INT64_C(106852251264), INT64_C(13424129664) },
	{ "glm-4.5v", INT64_C(106852251264), INT64_C(13424129664) },
	{ "glm-4.7-flash", INT64_C(29943393920), INT64_C(3896766080) },
	{ "glm-5", INT64_C(743911218432), INT64_C(41784728832) },
	{ "glm-5.2", INT64_C(743377019904), INT64_C(41250530304) },
	{ "granite-3.1-3b-a800m", INT64_C(3298793472), INT64_C(882874368) },
	{ "granite-4.0-h-small", INT64_C(32207337984), INT64_C(8803121664) },
	{ "granite-4.0-h-tiny", INT64_C(6939037248), INT64_C(1465470528) },
	{ "granite-swash-small", INT64_C(511064), INT64_C(253016) },
	{ "grok-2", INT64_C(269515497472), INT64_C(114896674816) },
	{ "hunyuan-a13b", INT64_C(80393183232), INT64_C(12747448320) },
	{ "hunyuan-large", INT64_C(388701402880), INT64_C(51322074880) },
	{ "hy3-preview", INT64_C(295033543488), INT64_C(20675730240) },
	{ "internvl3.5-30b-a3b", INT64_C(30532122624), INT64_C(3353032704) },
	{ "jamba-1.5-large", INT64_C(398555145696), INT64_C(94149338592) },
	{ "jamba-1.5-mini", INT64_C(51570323328), INT64_C(12110311296) },
	{ "k-exaone-236b", INT64_C(236571156352), INT64_C(23668285312) },
	{ "kimi-k2.5", INT64_C(1026408232448), INT64_C(32861500928) },
	{ "kimi-k3", INT64_C(2779484476000), INT64_C(105364017760) },
	{ "kimi-linear-48b", INT64_C(49122681728), INT64_C(3484459904) },
	{ "kimi-vl-a3b", INT64_C(15960110208), INT64_C(2914776192) },
	{ "laguna-xs.2", INT64_C(33442617088), INT64_C(3017135872) },
	{ "lfm2-8b-a1b", INT64_C(8339930560), INT64_C(1557740992) },
	{ "ling-1t", INT64_C(999705328640), INT64_C(51054427136) },
	{ "ling-3.0-flash", INT64_C(124414211552), INT64_C(5505693152) },
	{ "ling-3.0-tiny", INT64_C(7893392800), INT64_C(1381735840) },
	{ "ling-lite-1.5", INT64_C(16801974272), INT64_C(2753153024) },
	{ "ling-mini-2.0", INT64_C(16255643392), INT64_C(1432973056) },
	{ "llada2.0-mini", INT64_C(16255643392), INT64_C(1432973056) },
	{ "longcat-flash", INT64_C(560664980480), INT64_C(27954818048) },
	{ "longcat-flash-lite", INT64_C(68562465024), INT64_C(4389580032) },
	{ "mellum2-12b-a2.5b", INT64_C(12149923072), INT64_C(2439060736) },
	{ "mimo-v2-flash", INT64_C(308778780864), INT64_C(15445936320) },
	{ "minicpm-moe-8x2b", INT64_C(13873291776), INT64_C(4318142976) },
	{ "minimax-m2.5", INT64_C(228689764864), INT64_C(11030553088) },
	{ "minimax-m3", INT64_C(426174572928), INT64_C(25962473856) },
	{ "minimax-text-01", INT64_C(456089655296), INT64_C(48403306496) },
	{ "mistral-small-4-119b", INT64_C(118972826624), INT64_C(6632588288) },
	{ "nemotron-3-nano-30b", INT64_C(31577940288), INT64_C(3580076352) },
	{ "nemotron-3-ultra-550b", INT64_C(549308993536), INT64_C(56058843136) },
	{ "north-mini-code", INT64_C(30484303872), INT64_C(3305213952) },
	{ "pangu-pro-moe", INT64_C(71988781056), INT64_C(16498139136) },
	{ "qwen3-coder-480b", INT64_C(480154875392), INT64_C(35474765312) },
	{ "qwen3-next-80b", INT64_C(79674391296), INT64_C(3874929408) },
	{ "qwen3-omni-30b-a3b", INT64_C(30532646912), INT64_C(3353556992) },
	{ "qwen3-vl-235b-a22b", INT64_C(235093634560), INT64_C(22190763520) },
	{ "qwen3-vl-30b-a3b", INT64_C(30532122624), INT64_C(3353032704) },
	{ "qwen3.5-122b-a10b", INT64_C(122111526912), INT64_C(9771288576) },
	{ "qwen3.5-35b-a3b", INT64_C(34660610688), INT64_C(3454988928) },
	{ "qwen3.5-397b-a17b", INT64_C(396346350336), INT64_C(17349040896) },
	{ "sarvam-30b", INT64_C(32272195328), INT64_C(4640120576) },
	{ "skywork-moe", INT64_C(146383073792), INT64_C(22718214656) },
	{ "smallthinker-4b", INT64_C(4035085824), INT64_C(864192000) },
	{ "solar-open-100b", INT64_C(102651799552), INT64_C(12054833152) },
	{ "step-3.7-flash", INT64_C(196956130368), INT64_C(11987323968) },
	{ "step3", INT64_C(316294538240), INT64_C(38841328640) },
	{ "trinity-mini", INT64_C(26123974400), INT64_C(3474732800) },
	{ "xverse-moe-a4.2b", INT64_C(25778352640), INT64_C(4226183680) },
};

static struct model read_config(const char *name)
{
	const char *top = getenv("top_srcdir");
	struct model model;
	struct error err;
	if (model_read(text_keep_f("%s/tests/configs/%s/config.json", top ? top : ".", name), &model, &err))
		ck_abort_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.text);
	return model;
}

START_TEST(a_config_counts_as_its_tensors)
{
	struct model model = read_config(counted[_i].name);
	struct sheet sheet;
	struct error err;
	ck_assert_int_eq(sheet_fill(&sheet, &model, 4096, NULL, &err), 0);
	ck_assert_int_eq(sheet.count.params_total, counted[_i].total);
	ck_assert_int_eq(sheet.count.params_active, counted[_i].active);
	ck_assert_msg(!model.note || !strstr(model.note, "not recognized"), "%s", model.note);
	ck_assert_ptr_nonnull(model.router);
}
END_TEST

/* Which of the conventions a published figure follows, where it is known of a config.json. */
static const struct {
	const char *name, *total, *active;
} published[] = {
	{ "nemotron-3-nano-30b", "with-embedding", "without-embedding" }, /* "3.6 B (3.2 B without embedding)" */
	{ "jamba-1.5-mini", "with-embedding", "with-embedding" },
	{ "mimo-v2-flash", "with-embedding", "without-embedding" },
	{ "minimax-m2.5", "with-embedding", "without-embeddings" },
	{ "kimi-k2.5", "no", "without-embedding" },
	{ "hy3-preview", "with-embedding", "with-mtp" }, /* 20.7 and 20.96 B, and its MTP layer 3.75 of 3.8 B */
	{ "a.x-k1", "with-embedding", "with-embedding" },
	{ "step3", "with-embedding", "without-embedding" },
	{ "laguna-xs.2", "with-embedding", "with-embedding" },
	{ "longcat-flash-lite", "with-embedding", "" },
	{ "grok-2", "", "" },
	{ "minicpm-moe-8x2b", "without-embedding", "without-embedding" },
	{ "pangu-pro-moe", "with-embedding", "with-embedding" },
	{ "xverse-moe-a4.2b", "with-embedding", "with-embedding" },
};

START_TEST(a_published_figure_is_found_by_the_count)
{
	struct model model = read_config(published[_i].name);
	struct sheet sheet;
	struct error err;
	ck_assert_int_eq(sheet_fill(&sheet, &model, 4096, NULL, &err), 0);
	ck_assert_str_eq(sheet_total_fits(&sheet), published[_i].total);
	ck_assert_str_eq(sheet_active_fits(&sheet), published[_i].active);
}
END_TEST

/* Keys and values of one more token, and the states of a sequence, by hand. */
static const struct {
	const char *name;
	int64_t cache, context, state; /* numbers; the context is 4096 */
} kept[] = {
	/* 36 of 48 layers: 32 states of 128 x 128 and 3 inputs of 8192 channels; 12: 2 heads of 256, twice */
	{ "qwen3-next-80b", 12 * 1024, 12 * 1024 * 4096, 36 * (32 * 128 * 128 + 3 * 8192) },
	/* 9 of 48 see all with 4 heads of 192 + 128; 39 see 128 with 8 of them */
	{ "mimo-v2-flash", 9 * 1280 + 39 * 2560, INT64_C(4096) * 9 * 1280 + 128 * 39 * 2560, 0 },
	/* 5 of 30 see all with 2 heads of 512, twice; 25 see 1024 with 8 of 256, twice */
	{ "gemma-4-26b-a4b", 5 * 2048 + 25 * 4096, INT64_C(4096) * 5 * 2048 + 1024 * 25 * 4096, 0 },
	/* 512 + 64 and the indexer's key of 128 */
	{ "glm-5", 78 * 704, INT64_C(4096) * 78 * 704, 0 },
	/* 21 of 78 have a key of their own for the indexer */
	{ "glm-5.2", 78 * 576 + 21 * 128, INT64_C(4096) * (78 * 576 + 21 * 128), 0 },
	/* 43 windows of 128 rows of 512; 21 layers with a row of 512 + 128 for 4 tokens, 20 of 512 for 128 */
	{ "deepseek-v4-flash", 21 * 160 + 20 * 4, 43 * 128 * 512 + 21 * 1024 * 640 + 20 * 32 * 512, 0 },
	/* 6 attention layers of 2 x 2 x 128; 23 of Mamba-2: 64 x 64 x 128 and 3 inputs of 4096 + 2 x 8 x 128 */
	{ "nemotron-3-nano-30b", 6 * 512, 6 * 512 * 4096, 23 * (64 * 64 * 128 + 3 * 6144) },
	/* 4 of 32; 28 of Mamba: 8192 x 16 and 3 inputs of 8192 */
	{ "jamba-1.5-mini", 4 * 2048, 4 * 2048 * 4096, 28 * (8192 * 16 + 3 * 8192) },
	/* 10 layers see all, 30 the last 512, each with 8 heads of 128, twice */
	{ "laguna-xs.2", 40 * 2048, INT64_C(4096) * 10 * 2048 + 512 * 30 * 2048, 0 },
	/* one head of 256, twice */
	{ "step3", 61 * 512, INT64_C(4096) * 61 * 512, 0 },
	/* 7 layers of 512 + 64; 35 with 32 states of 128 x 128 and 3 inputs of 3 x 4096 channels */
	{ "ling-3.0-flash", 7 * 576, INT64_C(4096) * 7 * 576, INT64_C(35) * (32 * 128 * 128 + 3 * 3 * 4096) },
	/* two compressed rows a layer */
	{ "longcat-flash-lite", 28 * 576, INT64_C(4096) * 28 * 576, 0 },
	/* half the layers borrow */
	{ "hunyuan-large", 32 * 2 * 8 * 80, INT64_C(32) * 2 * 8 * 80 * 4096, 0 },
};

START_TEST(caches_and_states_by_hand)
{
	struct model model = read_config(kept[_i].name);
	struct cost_count count;
	struct error err;
	ck_assert_int_eq(cost_count(&model.shape, 4096, &count, &err), 0);
	ck_assert_int_eq(count.cache_values, kept[_i].cache);
	ck_assert_int_eq(count.cache_context, kept[_i].context);
	ck_assert_int_eq(count.state_values, kept[_i].state);
}
END_TEST

/* 14 B beside 671 B were published with the weights of DeepSeek-V3, of which 0.9 + 0.9 B are copies of embedding and
 * head: a layer, two norms before and one behind it, and a map of 14336 x 7168. */
START_TEST(layers_that_predict_ahead_are_counted_beside)
{
	struct sheet sheet = filled("deepseek-v3");
	const int64_t attention = 187107328, layer = attention + 2 * 7168 + 256 * 7168 + 256 + INT64_C(257) * 44040192;
	ck_assert_int_eq(sheet.count.params_ahead, layer + 3 * 7168 + INT64_C(14336) * 7168);
	ck_assert_int_eq(sheet_counted(&sheet.count, SHEET_WITH_AHEAD, false), 671026419200 + sheet.count.params_ahead);
	ck_assert_int_eq(sheet_counted(&sheet.count, SHEET_WITHOUT_ENDS, true), 37552297472 - 2 * INT64_C(129280) * 7168);
	ck_assert_int_eq(sheet.count.params_selection, 58 * 256);
}
END_TEST

/* DeepSeek-V3 on 8 x 4 x 8: the last stage has layers 45 to 60, and on each device 32 experts an eighth as wide. */
START_TEST(a_share_of_a_model_by_hand)
{
	const struct sheet_split split = { .of = { 8, 4, 8 }, .dp = 16 };
	struct sheet sheet;
	struct error err;
	ck_assert_int_eq(sheet_fill(&sheet, model_find("deepseek-v3"), 4096, &split, &err), 0);
	/* on every device: compressing maps and their norms; an eighth: the maps of 128 heads */
	const int64_t repeated = 7168 * 1536 + 1536 + 7168 * 576 + 512;
	const int64_t eighth = (1536 * 128 * 192 + 512 * 128 * 256 + 128 * 128 * 7168) / 8;
	const int64_t rest = 2 * 7168 + 256 * 7168 + 256 + 3 * 7168 * 2048 / 8;
	ck_assert_int_eq(sheet.share.stage, 3);
	ck_assert_int_eq(sheet.share.experts, INT64_C(16) * 32 * 44040192 / 8);
	ck_assert_int_eq(sheet.share.other, 16 * (repeated + eighth + rest) + 7168 + 129280 / 8 * 7168);
	/* Adam in 32 bit: the experts have two copies, all else sixteen */
	const struct sheet_memory *adam = &sheet_memory[6];
	ck_assert_str_eq(adam->column, "optimizer_fp32_bytes");
	ck_assert_int_eq(sheet_rank_bytes(&sheet, adam, true),
					 8 * (sheet.share.experts / 2 + (sheet.share.other + 15) / 16));
}
END_TEST

/* All devices of all stages together hold every parameter once, but for what is repeated. */
START_TEST(stages_together_are_the_model)
{
	static const char *const names[] = { "nemotron-3-nano-30b", "jamba-1.5-mini", "deepseek-v4-flash", "kimi-k3",
										 "laguna-xs.2",         "ling-3.0-flash", "longcat-flash-lite" };
	struct model model = read_config(names[_i]);
	struct cost_share one, half;
	struct error err;
	const struct cost_split whole = { 1, 1, 1 }, stages = { 1, 2, 1 };
	ck_assert_int_eq(cost_share(&model.shape, &whole, 1, &one, &err), 0);
	ck_assert_int_eq(cost_share(&model.shape, &stages, 1, &half, &err), 0);
	struct cost_count count;
	ck_assert_int_eq(cost_count(&model.shape, 1, &count, &err), 0);
	ck_assert_int_eq(one.experts + one.other, count.params_total);
	ck_assert_int_ge(2 * (half.experts + half.other), count.params_total);
	ck_assert_int_lt(half.experts + half.other, count.params_total);
}
END_TEST

START_TEST(a_split_that_does_not_divide_is_refused)
{
	static const struct {
		struct cost_split of;
		const char *words;
	} wrong_split[] = { { { 3, 1, 1 }, "--tp 3: must divide the width of an expert, 2048" },
						{ { 1, 62, 1 }, "only 61 layers" },
						{ { 1, 1, 3 }, "must divide the experts, 256" } };
	struct cost_share share;
	for (size_t i = 0; i < sizeof wrong_split / sizeof *wrong_split; i++) {
		struct error err = { 0 };
		ck_assert_int_eq(cost_share(&model_find("deepseek-v3")->shape, &wrong_split[i].of, 1, &share, &err), -1);
		ck_assert_msg(strstr(err.text, wrong_split[i].words) != NULL, "%s", err.text);
	}
}
END_TEST

static const char mixtral[] = "\"model_type\":\"mixtral\",\"num_hidden_layers\":2,\"hidden_size\":8,\"vocab_size\":10,"
							  "\"num_attention_heads\":2,\"num_key_value_heads\":2,\"num_local_experts\":4,"
							  "\"num_experts_per_tok\":2,\"intermediate_size\":6";
static const char granite[] = "\"model_type\":\"granitemoehybrid\",\"num_hidden_layers\":2,\"hidden_size\":8,"
							  "\"vocab_size\":10,\"num_attention_heads\":2,\"num_key_value_heads\":2,"
							  "\"num_local_experts\":4,\"num_experts_per_tok\":2,\"intermediate_size\":6,"
							  "\"mamba_n_heads\":4";
static const char exaone[] =
	"\"model_type\":\"exaone_moe\",\"num_hidden_layers\":4,\"hidden_size\":8,\"vocab_size\":10,"
	"\"num_attention_heads\":2,\"num_key_value_heads\":2,\"num_experts\":4,"
	"\"num_experts_per_tok\":2,\"moe_intermediate_size\":6,\"intermediate_size\":9";
static const char qwen[] = "\"model_type\":\"qwen3_moe\",\"num_hidden_layers\":6,\"hidden_size\":8,\"vocab_size\":10,"
						   "\"num_attention_heads\":2,\"num_key_value_heads\":2,\"num_experts\":4,"
						   "\"num_experts_per_tok\":2,\"moe_intermediate_size\":6,\"intermediate_size\":9,"
						   "\"norm_topk_prob\":true";

/* Reads "{ base, more }". */
static int parse(const char *base, const char *more, struct model *model, struct error *err)
{
	const char *text = text_keep_f("{%s%s}", base, more);
	return model_parse("some/folder/config.json", text, strlen(text), model, err);
}

static struct cost_shape shape_of(const char *base, const char *more)
{
	struct model model;
	struct error err;
	if (parse(base, more, &model, &err))
		ck_abort_msg("%u:%u: %s", err.line, err.column, err.text);
	return model.shape;
}

/* Layers with a window. */
static int64_t windowed(struct cost_shape shape)
{
	int64_t layers = 0;
	for (int kind = 0; kind < COST_MIXERS; kind++)
		layers += shape.mixer[kind].window > 0 ? cost_mixer_layers(&shape, kind) : 0;
	return layers;
}

START_TEST(what_a_config_may_leave_out)
{
	struct cost_shape shape = shape_of(mixtral, "");
	ck_assert_int_eq(shape.mixer[0].head_dim, 4);
	ck_assert_int_eq(shape.moe_layers, 2);
	ck_assert(!shape.tied);
	ck_assert_int_eq(windowed(shape), 0);
	shape = shape_of(mixtral, ",\"head_dim\":7,\"tie_word_embeddings\":true,\"sliding_window\":5");
	ck_assert_int_eq(shape.mixer[0].head_dim, 7);
	ck_assert(shape.tied);
	ck_assert_int_eq(shape.mixer[1].window, 5);
	ck_assert_int_eq(windowed(shape), 2);
}
END_TEST

/* What the class of a family has where the file has no such key, by the configuration file of each. */
START_TEST(class_defaults_hold)
{
	static const char kimi[] =
		"\"model_type\":\"kimi_linear\",\"num_hidden_layers\":4,\"hidden_size\":8,\"vocab_size\":10,"
		"\"num_attention_heads\":2,\"num_experts\":4,\"num_experts_per_token\":2,"
		"\"moe_intermediate_size\":3,\"intermediate_size\":9,\"kv_lora_rank\":5,"
		"\"qk_nope_head_dim\":2,\"qk_rope_head_dim\":2,\"v_head_dim\":3";
	struct cost_shape shape = shape_of(kimi, "");
	ck_assert_int_eq(shape.moe_layers, 4);
	ck_assert_int_eq(shape.shared, 0);
	ck_assert_int_eq(cost_mixer_layers(&shape, 0), 4);
	shape = shape_of(kimi, ",\"first_k_dense_replace\":1,\"num_shared_experts\":1,\"linear_attn_config\":{"
						   "\"kda_layers\":[1,3],\"num_heads\":2,\"head_dim\":4,\"short_conv_kernel_size\":4}");
	ck_assert_int_eq(shape.moe_layers, 3);
	ck_assert_int_eq(shape.shared_width, 3);
	ck_assert_int_eq(cost_mixer_layers(&shape, 1), 2);

	const char *arctic = text_keep_f("\"model_type\":\"arctic\"%s", strchr(mixtral, ','));
	ck_assert_int_eq(shape_of(arctic, ",\"moe_layer_frequency\":1").beside_width, 0);
	ck_assert_int_eq(shape_of(arctic, ",\"parallel_attn_mlp_res\":true").beside_width, 8);
	ck_assert_int_eq(shape_of(arctic, "").moe_layers, 1);

	const char *shared = text_keep_f("\"model_type\":\"granitemoeshared\"%s", strchr(mixtral, ','));
	ck_assert_int_eq(shape_of(shared, "").shared, 0);
	ck_assert_int_eq(shape_of(shared, ",\"shared_intermediate_size\":5").shared, 1);

	static const char window[] = "\"model_type\":\"cohere2_moe\",\"num_hidden_layers\":9,\"hidden_size\":8,"
								 "\"vocab_size\":10,\"num_attention_heads\":2,\"num_key_value_heads\":2,"
								 "\"num_experts\":4,\"num_experts_per_tok\":2,\"intermediate_size\":6";
	/* layers 3 and 7 of 9 see all; behind a dense one that does, 4 and 8 */
	ck_assert_int_eq(windowed(shape_of(window, "")), 7);
	shape =
		shape_of(window, ",\"first_k_dense_replace\":1,\"prefix_dense_intermediate_size\":7,\"num_shared_experts\":2");
	ck_assert_int_eq(windowed(shape), 6);
	ck_assert_int_eq(shape.order[0].mixer, 0);
	ck_assert_int_eq(shape.order[4].mixer, 0);
	ck_assert_int_eq(shape.dense_width, 7);
	ck_assert_int_eq(shape.shared_width, 12);
	ck_assert(shape.tied);
}
END_TEST

START_TEST(a_byte_order_mark_and_a_folder_name)
{
	const char *text = text_keep_f("\xef\xbb\xbf{%s}", mixtral);
	struct model model;
	struct error err;
	ck_assert_int_eq(model_parse("some/folder/config.json", text, strlen(text), &model, &err), 0);
	ck_assert_str_eq(model.name, "folder");
	ck_assert_int_eq(model_parse("config.json", text, strlen(text), &model, &err), 0);
	ck_assert_str_eq(model.name, "config");
	ck_assert_int_eq(model_parse("a/b.c.json", text, strlen(text), &model, &err), 0);
	ck_assert_str_eq(model.name, "b.c");
}
END_TEST

START_TEST(sparse_steps_and_dense_layers)
{
	ck_assert_int_eq(shape_of(qwen, "").moe_layers, 6);
	ck_assert_int_eq(shape_of(qwen, ",\"decoder_sparse_step\":2").moe_layers, 3);
	/* of the layers 0, 1 and 3 that are to be dense, 1 and 3 would have been MoE layers */
	ck_assert_int_eq(shape_of(qwen, ",\"decoder_sparse_step\":2,\"mlp_only_layers\":[0,1,3]").moe_layers, 1);
	ck_assert_int_eq(shape_of(qwen, ",\"mlp_only_layers\":[0,5]").moe_layers, 4);
	/* in any order, and twice, as their library asks only whether a layer is in the list */
	ck_assert_int_eq(shape_of(qwen, ",\"mlp_only_layers\":[5,0,5]").moe_layers, 4);
}
END_TEST

START_TEST(heads_of_keys_may_be_left_out)
{
	const char *xverse = "\"model_type\":\"xverse\",\"num_hidden_layers\":1,\"hidden_size\":8,\"vocab_size\":10,"
						 "\"num_attention_heads\":4,\"num_experts\":4,\"moe_top_k\":2,\"intermediate_size\":6";
	ck_assert_int_eq(shape_of(xverse, "").mixer[0].kv_heads, 4);
	ck_assert_int_eq(shape_of(xverse, ",\"num_key_value_heads\":2").mixer[0].kv_heads, 2);
}
END_TEST

START_TEST(pangu_has_experts_but_in_listed_layers)
{
	const char *pangu = "\"model_type\":\"PanguProMoE\",\"num_hidden_layers\":6,\"hidden_size\":8,\"vocab_size\":10,"
						"\"num_attention_heads\":8,\"num_experts\":8,\"num_experts_per_tok\":8,"
						"\"moe_intermediate_size\":6";
	ck_assert_int_eq(shape_of(pangu, "").moe_layers, 6);
	ck_assert_int_eq(shape_of(pangu, "").shared_width, 5376);
	ck_assert_int_eq(shape_of(pangu, ",\"mlp_only_layers\":[0,4],\"intermediate_size\":9").moe_layers, 4);
}
END_TEST

START_TEST(skywork_has_a_router_of_two_maps)
{
	const char *skywork = "\"model_type\":\"skywork\",\"num_hidden_layers\":6,\"hidden_size\":8,\"vocab_size\":10,"
						  "\"num_attention_heads\":4,\"num_experts\":[4],\"intermediate_size\":6";
	ck_assert_int_eq(shape_of(skywork, "").top_k, 2);
	ck_assert_int_eq(shape_of(skywork, "").router_weights, 8 * 32 + 32 * 4);
	ck_assert_int_eq(shape_of(skywork, ",\"moe_2layer_gate\":false").router_weights, 0);
	ck_assert_int_eq(shape_of(skywork, ",\"moe_expert_interval\":2").moe_layers, 3);
}
END_TEST

START_TEST(windows_count_only_when_used)
{
	ck_assert_int_eq(windowed(shape_of(qwen, ",\"sliding_window\":4")), 0);
	ck_assert_int_eq(windowed(shape_of(qwen, ",\"sliding_window\":4,\"use_sliding_window\":true")), 6);
	ck_assert_int_eq(windowed(shape_of(mixtral, ",\"sliding_window\":4,\"layer_types\":[\"full_attention\","
												"\"sliding_attention\"]")),
					 1);
}
END_TEST

START_TEST(the_text_model_of_a_larger_one)
{
	const char *text = text_keep_f("{\"model_type\":\"whole\",\n\"text_config\":{%s,\n\"head_dim\":-1}}", mixtral);
	struct model model;
	struct error err = { 0 };
	ck_assert_int_eq(model_parse("c.json", text, strlen(text), &model, &err), -1);
	ck_assert_str_eq(err.file, "c.json");
	ck_assert_int_eq(err.line, 3);
	ck_assert_int_eq(err.column, 12);
	text = text_keep_f("{\"text_config\":{%s}}", mixtral);
	ck_assert_int_eq(model_parse("c.json", text, strlen(text), &model, &err), 0);
	ck_assert_ptr_nonnull(model.note);
}
END_TEST

/* The note says `words`, or there is none where they are NULL. */
static void notes(const char *text, const char *words)
{
	struct model model;
	struct error err;
	if (model_parse("c.json", text, strlen(text), &model, &err))
		ck_abort_msg("%u:%u: %s", err.line, err.column, err.text);
	if (words)
		ck_assert_msg(model.note && strstr(model.note, words), "%s", model.note ? model.note : "(no note)");
	else
		ck_assert_msg(!model.note, "%s", model.note);
}

START_TEST(what_is_not_understood_is_named)
{
	notes(text_keep_f("{%s}", mixtral), NULL);
	notes(text_keep_f("{%s,\"rope_theta\":5,\"use_cache\":true,\"bos_token_id\":7}", mixtral), NULL);
	notes(text_keep_f("{%s,\"memory_layers\":3}", mixtral), "not counted: memory_layers");
	notes(text_keep_f("{%s,\"moe_intermediate_size\":3}", mixtral), "not counted: moe_intermediate_size");
	notes(text_keep_f("{%s,\"side\":{\"n_layers\":3},\"n_experts_extra\":0}", mixtral), NULL);
	notes(text_keep_f("{%s,\"architectures\":[\"MixtralForCausalLM\"]}", qwen), "model_type is qwen3_moe");
	notes(text_keep_f("{%s,\"architectures\":[\"OddForCausalLM\"]}", qwen), "architectures is OddForCausalLM");
	notes(text_keep_f("{%s,\"architectures\":[\"MixtralForSequenceClassification\"]}", mixtral), NULL);
	notes(text_keep_f("{%s,\"memory_dim\":8.0}", mixtral), "not counted: memory_dim");
	notes(text_keep_f("{%s,\"layer_bias\":0.5}", mixtral), NULL);
	notes(text_keep_f("{%s,\"head_dim\":4,\"use_sliding_window\":true,\"sliding_window\":9}", qwen), NULL);
	notes(text_keep_f("{%s}", qwen), "not in the file, taken from the family's defaults: head_dim");
	notes(text_keep_f("{\"model_type\":\"qwen3_moe\",\"text_config\":{%s,\"num_experts\":4,"
					  "\"moe_intermediate_size\":3}}",
					  mixtral),
		  "model_type is qwen3_moe outside and mixtral inside");
	notes(text_keep_f("{%s,\"model_type\":\"qwen3_next\"}", qwen + strlen("\"model_type\":\"qwen3_moe\",")),
		  "taken from the family's defaults: head_dim 256");
}
END_TEST

START_TEST(infinity_stands_where_no_key_is_read)
{
	notes(text_keep_f("{\"time_step_limit\":[0.0, Infinity],\"a\":-Infinity,\"b\":NaN,\"c\":\"NaN\",%s}", mixtral),
		  NULL);
	const char *text = text_keep_f("{%s,\"head_dim\":NaN}", mixtral);
	struct model model;
	struct error err = { 0 };
	ck_assert_int_eq(model_parse("c.json", text, strlen(text), &model, &err), -1);
	ck_assert_msg(strstr(err.text, "head_dim must be an integer") && strstr(err.text, "not NaN"), "%s", err.text);
}
END_TEST

START_TEST(a_text_model_is_found_under_any_key)
{
	static const char *const wrappers[] = { "text_config", "llm_config", "language_config", "any_other" };
	for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++)
		notes(text_keep_f("{\"model_type\":\"whole\",\"vision_config\":{\"num_hidden_layers\":3},\"%s\":{%s}}",
						  wrappers[i], mixtral),
			  "text model only");
	notes(text_keep_f("{\"thinker_config\":{\"model_type\":\"x\",\"text_config\":{%s}}}", mixtral), "text model only");
	struct model model = read_config("gemma-4-26b-a4b");
	ck_assert(model.shape.tied);
}
END_TEST

/* ---- what is refused ----------------------------------------------------------------------------------------- */

static const struct {
	const char *base, *more, *words;
} wrong[] = {
	{ "", "", "model_type is missing" },
	{ mixtral, ",\"model_type\":\"olmoe\"", "duplicate object key" },
	{ "\"model_type\":\"mixtrl\"", "", "did you mean 'mixtral'" },
	{ "\"model_type\":\"bert\"", "", "known: mixtral, deepseek, " },
	{ "\"model_type\":3", "", "must be a string, not 3" },
	{ "\"model_type\":\"mixtral\"", "", "num_hidden_layers is missing" },
	{ mixtral, ",\"head_dim\":1.5", "head_dim must be an integer" },
	{ mixtral, ",\"head_dim\":1e18", "not 1e18" },
	{ mixtral, ",\"head_dim\":1000000001", "from 0 to 1000000000" },
	{ mixtral, ",\"head_dim\":\"4\"", "not \"4\"" },
	{ mixtral, ",\"head_dim\":-4", "not -4" },
	{ mixtral, ",\"head_dim\":[4]", "not [4]" },
	{ mixtral, ",\"tie_word_embeddings\":1", "must be true or false" },
	{ mixtral, ",\"sliding_window\":4,\"layer_types\":[\"full_attention\"]",
	  "must have 2 entries, one per layer, not 1" },
	{ mixtral, ",\"sliding_window\":4,\"layer_types\":[1,2]", "list of strings" },
	{ mixtral, ",\"sliding_window\":4,\"layer_types\":7", "must be a list" },
	{ qwen, ",\"mlp_only_layers\":[6]", "from 0 to 5" },
	{ qwen, ",\"mlp_only_layers\":[-1]", "from 0 to 5" },
	{ qwen, ",\"mlp_only_layers\":[0,1,2,3,4,5]", "layers is an MoE layer" },
	{ qwen, ",\"decoder_sparse_step\":7", "layers is an MoE layer" },
	{ qwen, ",\"decoder_sparse_step\":0", "from 1" },
	{ granite, ",\"mamba_d_head\":3", "4 heads of it must have the width 16" },
	{ granite, ",\"mamba_d_head\":\"wide\"", "must be an integer or \"auto\"" },
	{ exaone, ",\"sliding_window_pattern\":\"LGLG\"", "letters L with a G at the end" },
	{ exaone, ",\"sliding_window_pattern\":\"\"", "letters L with a G at the end" },
	{ mixtral, ",\"norm_topk_prob\":1", "norm_topk_prob must be true or false" },
	{ qwen, ",\"n_group\":\"8\"", "n_group must be an integer" },
	{ qwen, ",\"topk_group\":2.5", "topk_group must be an integer" },
	{ qwen, ",\"scoring_func\":3", "scoring_func must be a string" },
	{ qwen, ",\"routed_scaling_factor\":NaN", "routed_scaling_factor must be a number, not NaN" },
	{ qwen, ",\"architectures\":\"Qwen3MoeForCausalLM\"", "architectures must be a list" },
	{ qwen, ",\"architectures\":[3]", "architectures must be a list of strings" },
};

START_TEST(wrong_configs_are_refused)
{
	struct model model;
	struct error err = { 0 };
	ck_assert_int_eq(parse(wrong[_i].base, wrong[_i].more, &model, &err), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_str_eq(err.file, "some/folder/config.json");
	ck_assert_uint_ge(err.line, 1);
	ck_assert_uint_ge(err.column, 1);
	ck_assert_msg(strstr(err.text, wrong[_i].words) != NULL, "'%s' does not say '%s'", err.text, wrong[_i].words);
}
END_TEST

/* A config is cut after every byte: never accepted, never a crash. */
START_TEST(a_truncated_config_is_refused)
{
	const char *whole = text_keep_f("{%s}", qwen);
	for (size_t n = 0; n < strlen(whole); n++) {
		struct model model;
		struct error err = { 0 };
		ck_assert_int_eq(model_parse("c.json", text_keep_n(whole, n), n, &model, &err), -1);
		ck_assert_uint_ge(err.line, 1);
	}
}
END_TEST

START_TEST(a_zero_byte_is_refused_wherever_it_stands)
{
	const char *whole = text_keep_f("{\n%s}\n", qwen);
	for (size_t n = 0; n <= strlen(whole); n++) {
		char text[512];
		memcpy(text, whole, n);
		memcpy(text + n + 1, whole + n, strlen(whole) - n + 1);
		text[n] = '\0';
		struct model model;
		struct error err = { 0 };
		ck_assert_int_eq(model_parse("c.json", text, strlen(whole) + 1, &model, &err), -1);
		ck_assert(strstr(err.text, "NUL byte"));
		ck_assert_uint_eq(err.line, n < 2 ? 1 : n <= strlen(whole) - 1 ? 2 : 3);
	}
}
END_TEST

START_TEST(a_word_that_is_neither_model_nor_file)
{
	struct model model;
	struct error err = { 0 };
	ck_assert_int_eq(model_open("mixtral-8x7", &model, &err), -1);
	ck_assert(strstr(err.text, "did you mean 'mixtral-8x7b'"));
	ck_assert_int_eq(model_open("nowhere/config.json", &model, &err), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_str_eq(err.file, "nowhere/config.json");
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof(table)[0])

int main(void)
{
	Suite *suite = suite_create("models");
	TCase *built_in = tcase_create("built-in");
	tcase_add_loop_test(built_in, exact_counts, 0, ROWS(golden));
	tcase_add_loop_test(built_in, rounded_counts, 0, ROWS(rounded));
	tcase_add_test(built_in, grok_1_by_hand);
	tcase_add_test(built_in, a_latent_cache_is_the_compressed_row);
	tcase_add_test(built_in, published_figures_agree_or_are_explained);
	tcase_add_test(built_in, names_are_found_as_people_write_them);
	tcase_add_test(built_in, dense_twins_have_as_many_parameters);
	tcase_add_test(built_in, memory_is_whole_bytes);
	suite_add_tcase(suite, built_in);
	TCase *config = tcase_create("config");
	tcase_add_loop_test(config, a_config_counts_as_its_built_in_model, 0, ROWS(configs));
	tcase_add_loop_test(config, a_config_counts_as_its_tensors, 0, ROWS(counted));
	tcase_add_loop_test(config, a_published_figure_is_found_by_the_count, 0, ROWS(published));
	tcase_add_loop_test(config, caches_and_states_by_hand, 0, ROWS(kept));
	tcase_add_test(config, layers_that_predict_ahead_are_counted_beside);
	tcase_add_test(config, a_share_of_a_model_by_hand);
	tcase_add_loop_test(config, stages_together_are_the_model, 0, 7);
	tcase_add_test(config, a_split_that_does_not_divide_is_refused);
	tcase_add_test(config, what_is_not_understood_is_named);
	tcase_add_test(config, infinity_stands_where_no_key_is_read);
	tcase_add_test(config, a_text_model_is_found_under_any_key);
	tcase_add_test(config, what_a_config_may_leave_out);
	tcase_add_test(config, class_defaults_hold);
	tcase_add_test(config, a_byte_order_mark_and_a_folder_name);
	tcase_add_test(config, sparse_steps_and_dense_layers);
	tcase_add_test(config, heads_of_keys_may_be_left_out);
	tcase_add_test(config, pangu_has_experts_but_in_listed_layers);
	tcase_add_test(config, skywork_has_a_router_of_two_maps);
	tcase_add_test(config, windows_count_only_when_used);
	tcase_add_test(config, the_text_model_of_a_larger_one);
	tcase_add_loop_test(config, wrong_configs_are_refused, 0, ROWS(wrong));
	tcase_add_test(config, a_truncated_config_is_refused);
	tcase_add_test(config, a_zero_byte_is_refused_wherever_it_stands);
	tcase_add_test(config, a_word_that_is_neither_model_nor_file);
	suite_add_tcase(suite, config);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
