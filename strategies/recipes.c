/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recipes.c -- named sentences: what people call a strategy.
 *
 * The first group differ from one another in one thing each, so that they can be compared; the presets below them
 * follow a published model or paper, with its number of experts per token.  The number of experts stays the user's.
 */
#include "catalog.h"

const struct moe_recipe strategy_recipes[] = {
	{ .name = "dense",
	  .role = MOE_DENSE,
	  .summary = "no routing: one FFN of the same active FLOPs",
	  .cite = "Shazeer et al. 2017, arXiv 1701.06538",
	  .sentence = "scorer=none selector=none gate=unit" },
	{ .name = "random",
	  .role = MOE_FLOOR,
	  .summary = "k experts by chance, anew in every step: the null router",
	  .cite = "Zuo et al. 2021, arXiv 2110.04260",
	  .sentence = "scorer=none selector=random gate=unit" },
	{ .name = "hash",
	  .summary = "the token id decides, by a fixed random table",
	  .cite = "Roller et al. 2021, arXiv 2106.04426",
	  .sentence = "scorer=none selector=hash gate=unit" },
	{ .name = "top-k",
	  .alias = "token-choice",
	  .role = MOE_BASELINE,
	  .summary = "token choice without balancing",
	  .cite = "Shazeer et al. 2017, arXiv 1701.06538",
	  .sentence = "scorer=softmax selector=top-k gate=score" },
	{ .name = "aux-loss",
	  .summary = "token choice with the auxiliary loss of Switch and GShard",
	  .cite = "Fedus et al. 2021, arXiv 2101.03961",
	  .sentence = "scorer=softmax selector=top-k gate=score balance=aux,weight=0.02" },
	{ .name = "bias",
	  .alias = "loss-free",
	  .summary = "token choice with loss-free bias-term balancing",
	  .cite = "Wang et al. 2024, arXiv 2408.15664",
	  .sentence = "scorer=sigmoid selector=top-k gate=score balance=bias,rate=0.001" },
	{ .name = "expert-choice",
	  .summary = "experts choose tokens: equal load by construction, but not causal",
	  .cite = "Zhou et al. 2022, arXiv 2202.09368",
	  .sentence = "scorer=softmax selector=expert-top gate=score" },
	{ .name = "shared",
	  .alias = "shared-routed",
	  .summary = "one shared expert for every token and one routed, with the auxiliary loss",
	  .cite = "Dai et al. 2024, arXiv 2401.06066",
	  .sentence = "scorer=softmax selector=top-k gate=score balance=aux,weight=0.02 shared=1 k=1" },
	{ .name = "switch",
	  .summary = "Switch Transformer: top-1, capacity 1.25, jitter",
	  .cite = "Fedus et al. 2021, arXiv 2101.03961",
	  .sentence = "scorer=softmax selector=top-k gate=score balance=aux,weight=0.01 k=1 capacity=1.25 jitter=0.01" },
	{ .name = "gshard",
	  .summary = "GShard: top-2, second expert by chance, capacity 1.25, first choices first",
	  .cite = "Lepikhin et al. 2020, arXiv 2006.16668",
	  .sentence = "scorer=softmax selector=top-k,second=0.2 gate=renorm balance=aux,weight=0.01,count=first k=2 "
				  "capacity=1.25" },
	{ .name = "st-moe",
	  .summary = "ST-MoE: top-2, second expert by chance, capacity 1.25, auxiliary and z-loss",
	  .cite = "Zoph et al. 2022, arXiv 2202.08906",
	  .sentence =
		  "scorer=softmax selector=top-k,second=0.2 gate=renorm balance=aux,weight=0.01,count=first+z,weight=0.001 "
		  "k=2 capacity=1.25" },
	{ .name = "mixtral",
	  .summary = "Mixtral: softmax over the top-2 logits, auxiliary loss, no drops",
	  .cite = "Jiang et al. 2024, arXiv 2401.04088",
	  .sentence = "scorer=softmax selector=top-k gate=renorm balance=aux,weight=0.02 k=2" },
	{ .name = "grok-1",
	  .summary = "Grok-1: top-2 with raw softmax weights",
	  .cite = "xAI 2024, github.com/xai-org/grok-1",
	  .sentence = "scorer=softmax selector=top-k gate=score k=2" },
	{ .name = "deepseek-moe",
	  .summary = "DeepSeekMoE: 6 fine-grained routed experts and 2 shared, auxiliary loss",
	  .cite = "Dai et al. 2024, arXiv 2401.06066",
	  .sentence = "scorer=softmax selector=top-k gate=score balance=aux,weight=0.001 k=6 shared=2" },
	{ .name = "deepseek-v3",
	  .summary = "DeepSeek-V3: sigmoid, bias balancing, 8 routed experts in 4 of 8 groups and 1 shared, small "
				 "sequence-wise loss",
	  .cite = "DeepSeek-AI 2024, arXiv 2412.19437",
	  .sentence = "scorer=sigmoid selector=group-top,groups=8,group-top-k=4,group-score=two-best "
				  "gate=renorm,scale=2.5 "
				  "balance=bias,rate=0.001+aux,weight=0.0001,scope=sequence k=8 shared=1" },
	{ .name = NULL },
};
