/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lessons.c -- what a learner is told of a strategy beside its formulas.
 */
#include <config.h>

#include "experiments/glossary/lessons.h"

#include <stddef.h>
#include <string.h>

const struct lesson lessons[] = {
	{ .strategy = "dense",
	  .does =
		  "Nothing is routed: one feed-forward network, as wide as the k experts of a token together, computes every "
		  "token. It is what a mixture of experts has to beat at equal active FLOPs.",
	  .when = "as the yardstick for any mixture, and where memory is scarcer than computation",
	  .costs = "the FLOPs of a mixture without its router, and by far the fewest parameters; no tokens travel",
	  .fails = "where there is more to store than its parameters hold: it has no cheap way to add some",
	  .used_by = "every dense Transformer, such as Llama",
	  .command = "moesim --strategy dense",
	  .look = "excess_loss against that of a routed run, at nearly the same flops_per_token" },
	{ .strategy = "random",
	  .does =
		  "Every token goes to k experts drawn at random, anew in each step. The router learns weights for the experts "
		  "it was dealt, but not whom to choose.",
	  .when = "as the floor: what a strategy wins over it, routing has brought",
	  .costs = "as top-k; the load is even up to chance, so nothing is dropped and no device waits",
	  .fails = "experts see a random mixture of everything and cannot specialize: often worse than dense",
	  .used_by = "THOR (Zuo et al. 2021) trains so; here it is the null router",
	  .command = "moesim --strategy random",
	  .look = "maxvio beside maxvio_floor, which agree, and domain_mi near domain_mi_floor: nothing was learned" },
	{ .strategy = "re-randomised",
	  .does =
		  "A router of random weights, drawn anew in each step, sends similar tokens to the same experts within a step "
		  "only. Nothing that an expert learns of its tokens is of use to it in the next step.",
	  .when = "to separate two things: that similar tokens go together, and that they go to the same place every time",
	  .costs = "as top-k, but the choice is not learned",
	  .fails = "by design: no lasting assignment, no specialization",
	  .used_by = "Fan, Messmer and Jaggi (2024), as a control",
	  .command = "moesim --strategy re-randomised",
	  .look = "excess_loss between those of random and frozen runs tells what a lasting assignment is worth" },
	{ .strategy = "frozen",
	  .does =
		  "A router of random weights sends similar tokens to the same experts, always, and is never trained. Experts "
		  "specialize on whatever the random projection happens to bring together.",
	  .when = "as the control for learned routing: what a trained router wins over it, learning has brought",
	  .costs = "as top-k, but no gradient reaches the choice",
	  .fails =
		  "where tokens that belong together do not look alike to a random projection; the load is uneven and stays so",
	  .used_by = "Fan, Messmer and Jaggi (2024), as a control",
	  .command = "moesim --strategy frozen",
	  .look = "excess_loss against top-k, and maxvio, which nothing lowers" },
	{ .strategy = "hash",
	  .does =
		  "A fixed random table sends each token id to its k experts, whatever the context. Nothing is learned about "
		  "whom to choose, so nothing can collapse.",
	  .when = "as a strong and simple baseline, and in first layers, where a token's row is little more than its id",
	  .costs = "as top-k; the table can be read before the layer runs, so tokens can travel early",
	  .fails = "where the meaning of a token depends on its context, and where one frequent token fills its experts",
	  .used_by = "Hash Layers (Roller et al. 2021); the first layers of DeepSeek-V4",
	  .command = "moesim --strategy hash",
	  .look = "maxvio: uneven frequencies alone make the load uneven; domain_mi, which stays low" },
	{ .strategy = "balanced-hash",
	  .does =
		  "As hash, with a table that knows how frequent each token is: from the most frequent on, each id gets the "
		  "experts that have the fewest tokens so far. The counts are those of the first batch.",
	  .when = "where a hash suits and its uneven load does not",
	  .costs = "as hash, and one pass over the vocabulary after the first step",
	  .fails =
		  "where the frequencies change, or one id is more frequent than the share of its experts; a balanced table "
		  "puts no more of what belongs together into one place than a random one",
	  .used_by = "Roller et al. (2021), who count the whole of the training data",
	  .command = "moesim --strategy balanced-hash",
	  .look = "maxvio and excess_loss beside those of hash" },
	{ .strategy = "top-k",
	  .does = "Every token takes the k experts that the router scores highest, and adds their outputs up, weighted by "
			  "those "
			  "scores. Nothing keeps the load even, so that experts which are chosen early learn early and are chosen "
			  "more.",
	  .when = "as the baseline of all that follows; alone, it is hardly used in training",
	  .costs =
		  "the router's matrix, 2 E FLOPs for each number in a token's row; two all-to-all exchanges, whose time is "
		  "that of the fullest device",
	  .fails = "it collapses: a part of the experts gets nothing, and the parameters are paid for in vain",
	  .used_by = "nearly every mixture chooses so, with a balancer beside it",
	  .command = "moesim --strategy top-k",
	  .look = "dead_experts and maxvio over the steps of layers.csv" },
	{ .strategy = "aux-loss",
	  .does =
		  "Token choice with one more term in the loss, which grows when experts that get many tokens also get high "
		  "scores. Its gradient lowers the scores of the overloaded and so evens out the load.",
	  .when = "as the usual choice: simple, differentiable, and tried in many models",
	  .costs = "as top-k; a gradient that serves balance and not the loss of the model",
	  .fails = "too small a weight lets experts die, too large a one costs loss: the weight must be tuned",
	  .used_by = "Switch Transformer, GShard, Mixtral, OLMoE",
	  .command = "moesim suite balance --dry-run",
	  .look = "aux_loss, which is 1 in balance; maxvio against excess_loss as the weight grows" },
	{ .strategy = "bias",
	  .does = "Each expert has an offset that is added to its score for the choice, and that rises after every step in "
			  "which "
			  "it got too little. Weights stay those of the plain scores, so that balance disturbs no gradient.",
	  .when = "where an auxiliary loss costs too much, as in large models that train for long",
	  .costs = "as top-k, and one number for each expert; counts of all devices must be added up in each step",
	  .fails =
		  "the offset reacts a step late and by a fixed amount: a rate that is too large makes it swing, one too small "
		  "lets experts die first",
	  .used_by = "DeepSeek-V3 and models that follow it, with sigmoid scores (bias-sigmoid)",
	  .command = "moesim --strategy bias,rate=0.01",
	  .look = "the column bias of experts.csv; maxvio while it settles" },
	{ .strategy = "bias-sigmoid",
	  .does =
		  "The loss-free balancing of bias with the scores it was published with: a sigmoid for each expert, used as "
		  "weight unchanged. A token's weights need not sum to 1.",
	  .when = "to see the published method, and not only the one part of it that differs from top-k",
	  .costs = "as bias",
	  .fails = "as bias; its scores lie between 0 and 1 whatever E is, so a rate is not the same as with softmax",
	  .used_by = "Wang et al. (2024)",
	  .command = "moesim --strategy bias-sigmoid",
	  .look = "excess_loss and maxvio beside those of bias" },
	{ .strategy = "expert-choice",
	  .does = "Every expert takes the tokens that suit it best, all experts equally many. The load is even by "
			  "construction, "
			  "and a token may be taken by several experts or by none.",
	  .when = "where all tokens are there at once: encoders, images, diffusion; not for writing text",
	  .costs = "k experts per token on average; exchanges of equal size, so that no device waits",
	  .fails = "it is not causal: whether an expert takes a token depends on later tokens, which are not there when a "
			   "text is "
			   "written; and some tokens get no expert",
	  .used_by = "Zhou et al. (2022), EC-DIT (2024)",
	  .command = "moesim --strategy expert-choice --stream uniform",
	  .look = "causal and future_leak in summary.csv; token_drop_rate: tokens that no expert took" },
	{ .strategy = "shared",
	  .does = "One expert computes every token, and the router adds one more that it chooses. What all tokens need is "
			  "learned "
			  "once, so that the routed experts can differ.",
	  .when = "where experts learn the same again and again: many and narrow ones",
	  .costs = "as top-k with k = 2: the shared expert takes the place of a routed one and needs no exchange",
	  .fails = "where tokens have little in common the shared expert is a routed one less",
	  .used_by = "DeepSeekMoE and its successors, Qwen1.5-MoE",
	  .command = "moesim suite shared --dry-run",
	  .look = "excess_loss at equal flops_per_token; domain_mi of the routed experts" },
	{ .strategy = "planted-class",
	  .does = "The stream tells the router which tokens behave alike, and each such class has its experts. Nothing is "
			  "learned about whom to choose.",
	  .when = "to see what knowing the token alone can bring",
	  .costs = "as top-k; it needs a stream whose law is known",
	  .fails = "on real text, which has no labels",
	  .used_by = "nobody: it measures what is possible",
	  .command = "moesim --strategy planted-class",
	  .look = "excess_loss between hash, which knows the token but not its class, and planted" },
	{ .strategy = "planted-guess",
	  .does = "The stream tells the router the likeliest domain given the tokens so far, and the best experts of that "
			  "domain "
			  "are taken. It is as much as a model could know of the domain.",
	  .when = "to see what knowing the domain can bring",
	  .costs = "as top-k; it needs a stream whose law is known",
	  .fails = "on real text, which has no labels",
	  .used_by = "nobody: it measures what is possible",
	  .command = "moesim --strategy planted-guess",
	  .look = "domain_mi, which a learned router stays below, and excess_loss beside planted" },
	{ .strategy = "planted",
	  .does =
		  "The stream tells the router the token's class and the likeliest domain so far, and both together name the "
		  "experts. It is the ceiling: all that the tokens so far can tell.",
	  .when = "as the upper end of the scale whose lower end is random",
	  .costs = "as top-k; it needs a stream whose law is known",
	  .fails = "on real text, which has no labels; where experts are too few for classes times domains",
	  .used_by = "nobody: it measures what is possible",
	  .command = "moesim --strategy planted",
	  .look = "excess_loss, and how much of the way from random to here a learned router goes" },
	{ .strategy = "planted-domain",
	  .does = "The stream tells the router the token's class and its true domain, which the tokens so far do not "
			  "always give "
			  "away. It is an oracle and no goal.",
	  .when = "to see what not knowing the domain costs",
	  .costs = "as top-k; it needs a stream whose law is known",
	  .fails = "as a comparison with models: it knows what they cannot",
	  .used_by = "nobody",
	  .command = "moesim --strategy planted-domain",
	  .look = "excess_loss beside planted, which guesses what this one knows" },
	{ .strategy = "switch",
	  .does =
		  "Each token goes to one expert, weighted by its score; what is beyond 1.25 times an expert's fair share is "
		  "dropped. An auxiliary loss and random factors on the router's input keep the experts alive.",
	  .when = "where exchanges and FLOPs must be few: k = 1 is the least there is",
	  .costs =
		  "one expert per token; every expert has the same fixed room, which suits hardware that wants fixed shapes",
	  .fails = "dropped tokens get no expert at all; with weights that sum to 1 the router would get no gradient",
	  .used_by = "Switch Transformer",
	  .command = "moesim --strategy switch",
	  .look = "drop_rate and token_drop_rate, which with k = 1 are the same" },
	{ .strategy = "gshard",
	  .does =
		  "Each token goes to its best expert, and to the second best with a probability that grows with its weight. "
		  "First choices find room before any second choice.",
	  .when = "to see how top-2 began, and what a random second choice saves",
	  .costs = "at most two experts per token, fewer where the second is left out",
	  .fails = "first choices of later tokens can push out second choices of earlier ones: not causal once an expert "
			   "is full",
	  .used_by = "GShard",
	  .command = "moesim --strategy gshard",
	  .look = "causal in summary.csv, drop_rate, and pairs_per_token below 2" },
	{ .strategy = "st-moe",
	  .does = "GShard's choice of two experts with a z-loss, which keeps the logits of the router small. Small logits "
			  "round "
			  "less in half precision, and training does not blow up.",
	  .when = "where training is unstable",
	  .costs = "as gshard",
	  .fails = "as gshard; a z-loss of large weight makes all scores equal",
	  .used_by = "ST-MoE",
	  .command = "moesim --strategy st-moe",
	  .look = "logit_z, which the z-loss keeps low, beside that of gshard" },
	{ .strategy = "mixtral",
	  .does = "Each token goes to two experts, weighted by the softmax over their two logits; nothing is dropped. The "
			  "auxiliary loss is that of Hugging Face's code, which is k in balance and one for all layers.",
	  .when = "to see the router of a well-known open model",
	  .costs = "two experts per token, however many want the same one: memory and time follow the fullest",
	  .fails = "a loss over all layers together does not see a layer that another one makes up for",
	  .used_by = "Mixtral 8x7B and 8x22B",
	  .command = "moesim run --like mixtral-8x7b --dry-run",
	  .look = "maxvio of each layer in layers.csv; aux_loss, which is 2 in balance" },
	{ .strategy = "grok-1",
	  .does =
		  "Each token goes to two of the experts, weighted by their scores as they are: they sum to less than 1. The "
		  "published code, which does not train, has no balancer, so there is none here.",
	  .when = "to see what weights that are not normalized do",
	  .costs = "as top-k with k = 2",
	  .fails = "as top-k: trained without a balancer, it collapses",
	  .used_by = "Grok-1",
	  .command = "moesim run --like grok-1 --dry-run",
	  .look = "top1_prob, the largest weight of a token on average; dead_experts" },
	{ .strategy = "deepseek-moe",
	  .does =
		  "Many narrow experts, six of which are chosen for each token, and two that compute every token. An auxiliary "
		  "loss of small weight keeps the load from collapsing.",
	  .when = "to see fine-grained and shared experts together",
	  .costs = "eight narrow experts per token; six rows of a token travel where top-2 sends two",
	  .fails = "rows travel to more devices the finer the experts are",
	  .used_by = "DeepSeekMoE 16B",
	  .command = "moesim run --like deepseek-moe-16b --dry-run",
	  .look = "effective_experts and domain_mi; the suite granularity varies the width" },
	{ .strategy = "deepseek-v3",
	  .does = "Sigmoid scores with a bias for balance; a token may choose its 8 experts from the best 4 of 8 groups "
			  "only, and "
			  "one shared expert computes all. A sequence-wise loss of tiny weight guards against extremes.",
	  .when = "to see a router that is made for many devices: groups bound the number of devices that a token visits",
	  .costs = "9 experts per token; exchanges with at most 4 groups of devices",
	  .fails = "as bias: the offsets react late; fewer groups mean less freedom of choice",
	  .used_by = "DeepSeek-V3 and R1",
	  .command = "moesim run --like deepseek-v3 --dry-run",
	  .look = "the column bias of experts.csv, maxvio, and moesim cluster for what the groups save" },
	{ .strategy = "round-robin",
	  .does =
		  "The tokens of a batch take the experts in turn, whatever they are. Every expert has the same load, and none "
		  "knows what it will be given next.",
	  .when = "as a floor without imbalance: it tells equal load from good routing",
	  .costs = "as top-k; the load is exactly equal, so nothing is dropped and no device waits",
	  .fails = "experts see a mixture of everything and cannot specialize, as with random routing",
	  .used_by = "TorchTitan, to force an equal load when it measures speed",
	  .command = "moesim --strategy round-robin",
	  .look = "maxvio, which is 0, and excess_loss, which is no better for it" },
	{ .strategy = "sampled",
	  .does = "In training chance decides by the scores: an expert of twice the score is drawn twice as often. In "
			  "evaluation the k best are taken.",
	  .when = "where a router should try experts that it does not prefer yet",
	  .costs = "as top-k, and a random number for each token and expert in training",
	  .fails = "what is trained is not what is evaluated; flat scores make it random routing",
	  .used_by = "the sampling policy of Mesh-TensorFlow's Switch",
	  .command = "moesim --strategy sampled",
	  .look = "maxvio and dead_experts beside those of top-k; excess_loss, which pays for the draws" },
	{ .strategy = "expert-threshold",
	  .does =
		  "Each expert takes every token whose score is above its own threshold, which follows the score that an equal "
		  "share of the tokens would need. Hard tokens may get more experts, easy ones none.",
	  .when = "where expert choice would be good but tokens come one by one, as when a model generates text",
	  .costs = "as top-k on average, but the work differs from token to token and batch to batch",
	  .fails = "thresholds lag behind scores that move fast: with the published decay of 0.999 a run of some hundred "
			   "steps is "
			   "far from even; during its warm-up training looks ahead",
	  .used_by = "Expert Threshold Routing (2026)",
	  .command = "moesim --strategy expert-threshold,warm-up=none,decay=0.9",
	  .look = "maxvio, and pairs_per_token, which is 1 in balance; causal, which is train-only with a warm-up" },
	{ .strategy = "base",
	  .does = "In training all tokens of a batch are shared out equally so that the sum of their logits is the largest "
			  "possible; in evaluation each takes its best expert.",
	  .when = "as the exact form of equal load without a loss: no other assignment of that load has better logits",
	  .costs = "the assignment, which has to see the whole batch; see how long a step takes beside top-k",
	  .fails = "training is not causal, and evaluation is not balanced: the two phases route differently",
	  .used_by = "BASE layers (Lewis et al. 2021)",
	  .command = "moesim --strategy base",
	  .look = "maxvio, which is 0 in training alone; causal, which is train-only" },
	{ .strategy = "s-base",
	  .does =
		  "In training the exponentials of the logits are scaled until every token and every expert has the same sum, "
		  "and a token takes the largest of its row; in evaluation it takes its best logit.",
	  .when = "as a cheaper and softer form of BASE",
	  .costs = "some passes over the scores of a batch in each step",
	  .fails = "the load is nearly equal, not exactly; training is not causal",
	  .used_by = "S-BASE (Clark et al. 2022); Megatron-LM's sinkhorn",
	  .command = "moesim --strategy s-base",
	  .look = "maxvio beside that of base; causal, which is train-only" },
	{ .strategy = "hash-layers",
	  .does =
		  "A fixed random table sends each token id to one expert, whose output counts in full. There is no router: no "
		  "scores, no weights to learn.",
	  .when = "to see Hash Layers as they were published; hash has learned weights, to be compared with other routers",
	  .costs = "one expert per token, and no router at all",
	  .fails = "as hash; and a token cannot say how much of its expert it wants",
	  .used_by = "Hash Layers (Roller et al. 2021)",
	  .command = "moesim --strategy hash-layers,of=bigram",
	  .look = "excess_loss beside that of hash,k=1, which tells what learned weights are worth" },
	{ .strategy = "dbrx",
	  .does =
		  "Each token goes to four experts, weighted by their softmax scores normalized to 1. The auxiliary loss is "
		  "averaged over the layers, as MegaBlocks does.",
	  .when = "to see the router of a well-known open model",
	  .costs = "four experts per token, however many want the same one",
	  .fails = "as aux-loss: the loss pulls on the router beside the task",
	  .used_by = "DBRX",
	  .command = "moesim run --like dbrx --dry-run",
	  .look = "aux_loss, which is 1 in balance; maxvio" },
	{ .strategy = "olmoe",
	  .does =
		  "Each token goes to eight narrow experts, weighted by their scores as they are. An auxiliary loss balances, "
		  "and a z-loss keeps the logits small.",
	  .when = "to see the router of a model whose training is open in full",
	  .costs = "eight experts per token",
	  .fails = "balance holds over all domains together; within one domain the load is far from even",
	  .used_by = "OLMoE-1B-7B",
	  .command = "moesim run --like olmoe-1b-7b --dry-run",
	  .look = "aux_loss and maxvio; domain_mi, since experts of such models specialize by domain" },
	{ .strategy = "qwen3",
	  .does =
		  "Each token goes to eight experts, weighted by their normalized scores. The auxiliary loss counts over the "
		  "global batch, so that a single sequence may be as uneven as it needs to be.",
	  .when = "to see what the scope of a loss does: compare with scope=sequence",
	  .costs = "eight experts per token, and one sum of counts over all devices in each step",
	  .fails = "a device that holds few sequences may see an uneven load although the batch is balanced",
	  .used_by = "Qwen3-30B-A3B and Qwen3-235B-A22B",
	  .command = "moesim run --like qwen3-235b-a22b --dry-run",
	  .look = "domain_mi, which a loss by sequence lowers; maxvio" },
	{ .strategy = "qwen3-next",
	  .does =
		  "As qwen3 with more and narrower experts: each token takes 10 of them by normalized softmax weights, and one "
		  "shared expert computes all. The auxiliary loss counts the load over the global batch.",
	  .when = "to see a router made for very many experts, of which the model has 512",
	  .costs = "11 experts per token; ten rows of a token travel",
	  .fails = "a small weight over a large batch lets single sequences, and short trainings, be uneven",
	  .used_by = "Qwen3-Next 80B-A3B, which also scales its shared expert by a sigmoid gate",
	  .command = "moesim --strategy qwen3-next",
	  .look = "maxvio and dead_experts beside those of qwen3" },
	{ .strategy = "gpt-oss",
	  .does =
		  "Each token goes to the four experts of its largest logits, weighted by the softmax over these four. How the "
		  "load was balanced is not published, so nothing balances here.",
	  .when = "to see the router of a well-known open model",
	  .costs = "four experts per token",
	  .fails = "as top-k: trained without a balancer, it collapses",
	  .used_by = "gpt-oss-20b and gpt-oss-120b, whose logits have a bias, too",
	  .command = "moesim run --like gpt-oss-120b --dry-run",
	  .look = "dead_experts and maxvio, and both with balance=+aux" },
	{ .strategy = "llama-4",
	  .does = "Each token goes to one expert, weighted by the sigmoid of its logit, and one shared expert computes "
			  "all. How "
			  "the load was balanced is not published, so nothing balances here.",
	  .when = "to see a router with a single expert that still learns: its weight is not normalized away",
	  .costs = "two experts per token, one of them the shared one",
	  .fails = "as top-k: trained without a balancer, it collapses",
	  .used_by = "Llama 4 Scout and Maverick, which weigh the expert's input in place of its output",
	  .command = "moesim run --like llama-4-scout --dry-run",
	  .look = "dead_experts and maxvio, and both with balance=+aux" },
	{ .strategy = "pangu-moge",
	  .does = "The experts stand in eight groups, one a device, and each token takes the best expert of every group. "
			  "So all "
			  "devices have the same work whatever the tokens are; a loss evens out the experts within a group.",
	  .when = "where devices must never wait for one another, also for a batch of few tokens",
	  .costs = "eight experts per token and four shared ones; every token visits every device",
	  .fails = "where a token's best experts stand in one group: it has to take a worse one from each other group",
	  .used_by = "Pangu Pro MoE; the weight of its loss was not published, 0.01 is Switch's",
	  .command = "moesim --strategy pangu-moge",
	  .look = "maxvio, and the load of blocks of eight experts in experts.csv, which is equal" },
	{ .strategy = "hunyuan-large",
	  .does =
		  "One expert and a shared one for each token. An expert takes no more than its fair share; tokens that find "
		  "it full go to free places of other experts at random, so that none is lost.",
	  .when = "where every expert must have the same size of work and no token may be dropped",
	  .costs = "two experts per token, one of them the shared one; no padding and no waiting",
	  .fails = "a recycled token is computed by an expert that knows nothing of it, and whether it is depends on later "
			   "tokens: not causal",
	  .used_by = "Hunyuan-Large; the weight of its loss was not published, 0.01 is Switch's",
	  .command = "moesim --strategy hunyuan-large",
	  .look = "drop_rate, which is 0, beside that of overflow=position; maxvio, which counts what was asked for" },
	{ .strategy = "glm-4.5",
	  .does = "Sigmoid scores with a bias for balance, eight experts and a shared one, without groups. A sequence-wise "
			  "loss "
			  "of tiny weight guards against extremes.",
	  .when = "to see what DeepSeek-V3's router is without its groups",
	  .costs = "9 experts per token; nothing bounds the number of devices that a token visits",
	  .fails = "as bias: the offsets react late",
	  .used_by = "GLM-4.5 and GLM-4.5-Air (which scales by 1)",
	  .command = "moesim --strategy glm-4.5",
	  .look = "the column bias of experts.csv, and maxvio" },
	{ .strategy = "kimi-k2",
	  .does =
		  "Sigmoid scores with a bias for balance; of very many experts eight compute a token, and one shared expert "
		  "computes all.",
	  .when = "to see a sparser DeepSeek-V3: more experts, as many of them active",
	  .costs = "9 experts per token; nothing bounds the number of devices that a token visits",
	  .fails = "as bias: the offsets react late, and the rarer an expert is chosen, the noisier its count",
	  .used_by = "Kimi K2 and K2.5; the rate of its bias was not published, 0.001 is DeepSeek-V3's",
	  .command = "moesim run --like kimi-k2 --dry-run",
	  .look = "the column bias of experts.csv, and maxvio" },
	{ .strategy = "minimax-m2",
	  .does =
		  "Sigmoid scores with a bias for balance; eight experts compute a token, normalized to 1, and none is shared.",
	  .when = "to see DeepSeek-V3's balancing alone: no groups, no factor, no shared expert",
	  .costs = "8 experts per token",
	  .fails = "as bias: the offsets react late",
	  .used_by = "MiniMax-M2; the rate of its bias was not published, 0.001 is DeepSeek-V3's",
	  .command = "moesim --strategy minimax-m2",
	  .look = "the column bias of experts.csv, and maxvio" },
	{ .strategy = "ling-2",
	  .does =
		  "DeepSeek-V3's router, whose biases are kept at a mean of 0 so that they cannot drift together, and with a "
		  "z-loss of tiny weight that keeps the logits small.",
	  .when = "to see what centering does to the biases",
	  .costs = "9 experts per token; exchanges with at most 4 groups of devices",
	  .fails = "as bias: the offsets react late; fewer groups mean less freedom of choice",
	  .used_by = "Ling 2.0 (mini, flash and 1T) and Ring",
	  .command = "moesim --strategy ling-2",
	  .look = "the column bias of experts.csv, whose mean stays 0, and maxvio" },
	{ .strategy = "importance",
	  .does =
		  "Token choice with a loss that grows when the weights that experts get in a batch sum to unequal amounts. It "
		  "evens out how much experts matter, not how many tokens they get.",
	  .when = "to see the first balancing loss of 2017, and how it differs from aux-loss",
	  .costs = "as aux-loss",
	  .fails = "equal weights are not equal loads: an expert of few tokens with large weights counts as busy",
	  .used_by = "Shazeer et al. (2017), beside a second loss for the load",
	  .command = "moesim --strategy importance",
	  .look = "maxvio and dead_experts beside those of aux-loss" },
	{ .strategy = "entropy",
	  .does = "Token choice with a loss that wants two things: each token sure of its experts, and all experts used "
			  "alike over "
			  "the batch. Together they are the mutual information of token and expert, which it raises.",
	  .when = "where experts shall specialize, and not only be busy",
	  .costs = "as aux-loss",
	  .fails =
		  "a token that is made sure early no longer tries other experts; a large weight counts for more than the loss "
		  "of the model",
	  .used_by = "ModuleFormer (Shen et al. 2023)",
	  .command = "moesim --strategy entropy",
	  .look = "route_entropy, which falls, while entropy of the load stays high; domain_mi" },
	{ .strategy = "bias-proportional",
	  .does =
		  "Loss-free balancing whose offsets move by how far an expert is from its fair share, not by a fixed amount. "
		  "They move less the nearer the load is to balance.",
	  .when = "where the fixed steps of bias swing around balance",
	  .costs = "as bias",
	  .fails =
		  "one expert of extreme load moves its offset far in one step: the rate must be smaller than that of bias",
	  .used_by = "Wang et al. (2024), who tried it beside the fixed step",
	  .command = "moesim --strategy bias-proportional",
	  .look = "maxvio beside that of bias; the column bias of experts.csv" },
	{ .strategy = "quantile",
	  .does = "Each expert has a price that is subtracted from its score for the choice. After every step the prices "
			  "are read "
			  "from its scores, such that the load would have been equal; there is no rate to choose.",
	  .when = "where no rate of a bias suits all of a training",
	  .costs = "as bias, and for each expert a quantile of the scores of all tokens, on all devices",
	  .fails = "the prices are those of the step before: where the next batch is another, so is its load",
	  .used_by = "Su (2026), Kimi K3",
	  .command = "moesim --strategy quantile",
	  .look = "maxvio from the first steps on, beside that of bias-sigmoid" },
	{ .strategy = "bip",
	  .does = "The prices of quantile, found in four rounds on the very batch that is routed. The load is nearly even "
			  "in every "
			  "step of training, from the first one on.",
	  .when = "to see how far balance goes without a loss, and what it is worth",
	  .costs = "as quantile; nothing can be routed before all scores of the batch are there",
	  .fails =
		  "in training, later tokens change where earlier ones go; in use they cannot, so that the model meets another "
		  "routing than it was trained with",
	  .used_by = "Sun et al. (2025)",
	  .command = "moesim --strategy bip",
	  .look = "causal in summary.csv; maxvio of the scope batch against eval in layers.csv" },
	{ .strategy = "deepseek-v2",
	  .does = "A token chooses its 6 experts from the best 3 of 8 devices, two shared experts compute all, and three "
			  "losses ask for balance of experts, of devices, and of the tokens that devices receive.",
	  .when = "to see balance asked for where it costs: at devices rather than at experts",
	  .costs = "8 experts per token; exchanges with at most 3 devices",
	  .fails = "three weights to choose, and all three losses pull at the same scores",
	  .used_by = "DeepSeek-V2 and its Lite version",
	  .command = "moesim --strategy deepseek-v2",
	  .look = "device_loss and communication_loss, and moesim cluster for what the groups save" },
	{ .strategy = "nemotron-3",
	  .does = "A token takes the 6 experts of the highest sigmoid scores, shifted by a bias that moves the choice "
			  "alone, and "
			  "one shared expert; the weights of the six sum to 2.5. It is the router of DeepSeek-V3 without groups.",
	  .when = "to route as Nemotron 3 Nano does, whose other layers are mostly Mamba-2",
	  .costs = "7 experts per token; the bias costs one count for each expert and step",
	  .fails = "as bias: each offset moves by 0.001 a step, so that a short training ends before the load is even",
	  .used_by = "Nemotron 3 Nano (NVIDIA 2025)",
	  .command = "moesim --strategy nemotron-3",
	  .look = "the column bias of experts.csv, and maxvio beside that of top-k" },
	{ .strategy = "trinity",
	  .does =
		  "Loss-free balancing in which an offset moves by a soft-clamped violation with momentum, where bias takes "
		  "the sign alone. Steps get smaller as the load gets even, and one noisy batch moves little.",
	  .when = "where the fixed steps of bias swing around balance late in a long training",
	  .costs = "as bias, and one more number for each expert",
	  .fails = "the clamp and the momentum are two more constants to choose, and were chosen for far longer trainings",
	  .used_by = "Trinity Large (Arcee AI 2026)",
	  .command = "moesim --strategy trinity",
	  .look = "maxvio over training beside that of nemotron-3, whose offsets move by fixed steps" },
	{ .strategy = "remoe",
	  .does =
		  "A token goes to every expert whose logit is positive, and the logit is the weight, so that an expert comes "
		  "and goes without a jump. An L1 loss lowers the logits; its weight grows by a fifth in every step with too "
		  "many experts and shrinks in one with too few, until the mean token has k of them.",
	  .when = "where some tokens need more experts than others, and where the choice itself should have a gradient",
	  .costs =
		  "half of all experts compute in the first steps, until the weight has grown (in some 80 steps here), and "
		  "later k on average: no fixed memory for a token",
	  .fails =
		  "k is met only about, and on the stream of the training; a token may find no positive logit, and no expert",
	  .used_by = "ReMoE (Wang, Zhu and Chen 2024), with one weight for all layers, where here each has its own",
	  .command = "moesim --strategy remoe",
	  .look = "assignments in layers.csv, which fall to k times the tokens; l1_loss and token_drop_rate" },
	{ .strategy = "phi-moe",
	  .does =
		  "Each of a token's two experts is drawn among those whose logits are nearly the best, and its weight is its "
		  "share among these alone, often 1. What the router learns is an estimate of what another draw would have "
		  "changed, not the slope of a weight.",
	  .when = "to see a router that learns from its choices, where the usual one learns from its weights",
	  .costs = "as top-k with k = 2; some logarithms for the draws",
	  .fails =
		  "where the logits lie further apart than the noise nothing is drawn, the weight is 1 and the router learns "
		  "from its auxiliary loss alone; training computes other weights than evaluation",
	  .used_by = "Phi-3.5-MoE (GRIN); the balance weight is that of Hugging Face's configuration",
	  .command = "moesim --strategy phi-moe",
	  .look = "excess_loss beside that of mixtral; with noise=0.1 at both parts, selector=near-best and "
			  "gate=sparsemixer, it was lower here" },
	{ .strategy = "t-route",
	  .does = "A token chooses its best 4 of 8 groups of experts, and its best 2 experts within each of them. A device "
			  "that holds a group gets a token with two experts to compute, or not at all.",
	  .when = "where both the number of devices that a token visits and the work it brings there should be fixed",
	  .costs = "8 experts per token; exchanges with exactly 4 groups of devices, each of which computes twice for it",
	  .fails = "the second expert of a group may be worth less than the third of another, which is out of reach",
	  .used_by = "TerraceMoE (2026); the numbers of groups and of experts are DeepSeek-V3's here",
	  .command = "moesim --strategy t-route",
	  .look = "excess_loss beside that of t-route,quota=no, which takes the best 8 of the same groups" },
	{ .strategy = "top-p",
	  .does =
		  "A token takes its best experts until their scores together reach 0.4: one where it is sure, many where it "
		  "is not. A small loss on the entropy of its scores keeps it from asking for all.",
	  .when = "where tokens differ in how much computation they are worth",
	  .costs = "with 64 experts whose scores are still alike some 20 of them for each token at first, a few later",
	  .fails = "an unsure router is an expensive one, whether or not more experts help; no k bounds it (most=N does)",
	  .used_by = "Huang et al. (2024)",
	  .command = "moesim --strategy top-p",
	  .look = "flops in steps.csv, and route_entropy, which it follows; assignments in layers.csv" },
	{ .strategy = "noisy-top-k",
	  .does =
		  "Normal noise is added to the logits in training, and a second matrix learns how much. The four best of what "
		  "comes out compute the token, so that experts near the limit are tried now and then.",
	  .when = "to see the router that began it all, and what noise does for exploration",
	  .costs = "as top-k, but for twice the router's weights and a random number for each token and expert",
	  .fails = "the noise stands between a token and its best experts for all of training, and evaluation has none",
	  .used_by =
		  "Shazeer et al. (2017), with a second loss for the load, which is not here, and a router that starts at "
		  "0 (--router-scale 0)",
	  .command = "moesim --strategy noisy-top-k",
	  .look = "maxvio and dead_experts beside those of importance,k=4, which differs in the noise alone" },
	{ .strategy = "xmoe",
	  .does =
		  "Tokens and experts are compared by direction alone, in a space of few dimensions: the logit is their cosine "
		  "over a learned temperature. Each token goes to one expert, weighted by its score.",
	  .when = "where a linear router draws the tokens towards the experts' vectors, so that their rows become alike",
	  .costs = "as top-k; with few dimensions the router has fewer weights, not more",
	  .fails = "a temperature that is too high at first makes all scores alike, and the weight of the one expert small",
	  .used_by =
		  "X-MoE (Chi et al. 2022); its dimensions are half the experts, 16 here; the temperature starts as Tutel's",
	  .command = "moesim --strategy xmoe",
	  .look = "excess_loss and route_entropy beside those of aux-loss,k=1,weight=0.01 gate=score" },
	{ .strategy = "gemma-4",
	  .does = "The router divides each row by its root mean square and scales it by what it has learned before it "
			  "compares it with experts. Eight of them compute the token, and an MLP as wide as three computes all.",
	  .when = "to see a router whose logits do not grow with the size of its input",
	  .costs = "11 experts per token, three of them the shared MLP; one more number for each entry of a row",
	  .fails = "as top-k: trained without a balancer, it is uneven",
	  .used_by = "Gemma 4 26B-A4B, which also scales the weight of each expert by a learned number",
	  .command = "moesim --strategy gemma-4",
	  .look = "dead_experts and maxvio, and both with balance=+aux" },
	{ .strategy = NULL },
};

const struct lesson *lesson_find(const char *strategy)
{
	for (const struct lesson *lesson = lessons; lesson->strategy; lesson++)
		if (strcmp(lesson->strategy, strategy) == 0)
			return lesson;
	return NULL;
}
