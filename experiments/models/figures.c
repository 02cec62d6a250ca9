/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * figures.c -- what was published of models that are read from a config.json, found by their exact count.
 *
 * Two models of one count are one network, or differ in nothing that is counted, so a count is a name that no file can
 * have wrong.  The figures are those of the model cards, in billions and with their digits.
 */
#include <config.h>

#include "experiments/models/models.h"

static const struct {
	int64_t params;
	const char *total, *active;
} figures[] = {
	{ INT64_C(228689764864), "229", "10" },   /* MiniMax-M2, M2.5 */
	{ INT64_C(743911218432), "744", "40" },   /* GLM-5 */
	{ INT64_C(34660610688), "35", "3" },      /* Qwen3.5-35B-A3B */
	{ INT64_C(122111526912), "122", "10" },   /* Qwen3.5-122B-A10B */
	{ INT64_C(396346350336), "397", "17" },   /* Qwen3.5-397B-A17B */
	{ INT64_C(308778780864), "309", "15" },   /* MiMo-V2-Flash */
	{ INT64_C(31577940288), "31.6", "3.2" },  /* Nemotron 3 Nano, 3.6 B with the embedding */
	{ INT64_C(549308993536), "550", "55" },   /* Nemotron 3 Ultra */
	{ INT64_C(25233141790), "25.2", "3.8" },  /* Gemma 4 26B-A4B */
	{ INT64_C(106852251264), "106", "12" },   /* GLM-4.5-Air */
	{ INT64_C(29943393920), "30", "3" },      /* GLM-4.7-Flash */
	{ INT64_C(79674391296), "80", "3" },      /* Qwen3-Next-80B-A3B */
	{ INT64_C(80393183232), "80", "13" },     /* Hunyuan-A13B */
	{ INT64_C(142774381696), "142", "14" },   /* dots.llm1 */
	{ INT64_C(21825437888), "21", "3" },      /* ERNIE-4.5-21B-A3B */
	{ INT64_C(16801974272), "16.8", "2.75" }, /* Ling-lite-1.5 */
	{ INT64_C(51570323328), "52", "12" },     /* Jamba 1.5 Mini */
	{ INT64_C(8339930560), "8.3", "1.5" },    /* LFM2-8B-A1B */
	{ INT64_C(3298793472), "3.3", "0.8" },    /* Granite 3.1 3B-A800M */
	{ INT64_C(30532122624), "30.5", "3.3" },  /* Qwen3-30B-A3B and what was built on it */
	{ INT64_C(235093634560), "235", "22" },   /* Qwen3-235B-A22B */
	{ INT64_C(15960110208), "16", "3" },      /* Kimi-VL-A3B, Moonlight */
	{ INT64_C(1026408232448), "1040", "32" }, /* Kimi K2 */
	{ INT64_C(671026419200), "671", "37" },   /* DeepSeek-V3 */
	{ INT64_C(295033543488), "295", "21" },   /* Hy3 preview, 3.8 B of MTP besides */
	{ INT64_C(518983063808), "519", "33" },   /* A.X K1 */
	{ INT64_C(316294538240), "316", "38" },   /* Step3, without the vision encoder */
	{ INT64_C(33442617088), "33", "3" },      /* Laguna XS.2 */
	{ INT64_C(118972826624), "119", NULL },   /* Mistral Small 4 */
	{ INT64_C(68562465024), "68.5", NULL },   /* LongCat-Flash-Lite */
	{ INT64_C(284332240471), "284", "13" },   /* DeepSeek-V4-Flash */
	{ INT64_C(25778352640), "25.8", "4.2" },  /* XVERSE-MoE-A4.2B */
	{ INT64_C(13873291776), "13.6", "4" },    /* MiniCPM-MoE-8x2B, without the embedding */
	{ INT64_C(71988781056), "72.0", "16.5" }, /* Pangu Pro MoE */
};

void figures_find(int64_t params, struct model *model)
{
	for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
		if (figures[i].params == params) {
			model->total = figures[i].total;
			model->active = figures[i].active;
		}
}
