/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cost.h -- exact counts of parameters, FLOPs and cache of a Transformer with MoE layers.
 *
 * The same code counts the simulated network and the public models, so that their figures can be compared.
 *
 * Conventions.  All counts are whole numbers.  A FLOP count is 2 for each multiply-add of a matrix product, of a
 * convolution and of a recurrent state; look-ups, norms, softmax, activations, rotations and the weighting of outputs
 * are not counted.  Training costs three times the forward pass (the backward pass is two products for each one;
 * recomputation is not counted).  Attention at context S is the mean over the S positions of a causal sequence,
 * (S + 1) / 2 keys for each query where nothing limits it.
 */
#ifndef SIM_COST_COST_H
#define SIM_COST_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/error.h"

/* What a layer mixes tokens with. */
enum cost_mixing {
	COST_HEADS,       /* multi-head attention, or grouped-query where kv_heads < heads */
	COST_LATENT,      /* multi-head latent attention: keys and values from one compressed row (arXiv 2405.04434) */
	COST_MIXTURE,     /* mixture of attention: each expert owns query and output maps, keys and values are common to
					   * all experts (JetMoE, arXiv 2404.07413) */
	COST_COMPRESSED,  /* one key-value head in a window, and one compressed row for each `ratio` tokens (DeepSeek-V4) */
	COST_DELTA,       /* gated delta rule (arXiv 2412.06464) */
	COST_KIMI_DELTA,  /* the same with a decay for each channel (arXiv 2510.26692) */
	COST_LIGHTNING,   /* linear attention with a fixed decay and a gated output (arXiv 2501.08313) */
	COST_MAMBA,       /* selective state space (arXiv 2312.00752), with Jamba's norms (arXiv 2403.19887) */
	COST_MAMBA2,      /* state space duality (arXiv 2405.21060) */
	COST_CONVOLUTION, /* gated short convolution (arXiv 2511.23404) */
};

enum cost_qk_norm {
	COST_QK_NONE, /* none, or one without weights */
	COST_QK_HEAD, /* one weight row of head_dim for the queries and one for the keys (Qwen3) */
	COST_QK_FULL  /* weights over all heads together (OLMoE) */
};

enum cost_gate {
	COST_GATE_NONE,
	COST_GATE_HEADS, /* width x heads: one value for each head's output */
	COST_GATE_FULL   /* width x (heads x v_dim): one for each value of it */
};

/* A kind of mixer.  0 or false means that it has none of that thing. */
struct cost_mixer {
	enum cost_mixing kind;
	int64_t layers; /* that have it; not read of the first kind, which has those that are left */

	int64_t heads;    /* of the queries; of the values in COST_DELTA */
	int64_t kv_heads; /* of the keys alone in COST_DELTA */
	int64_t head_dim; /* of queries and keys; COST_LATENT: not read */
	int64_t v_dim;    /* of values, 0: as head_dim */
	bool qkv_bias, out_bias;
	enum cost_qk_norm qk_norm;
	enum cost_gate gate;
	bool sinks;      /* one learned logit for each head (gpt-oss) */
	bool k_is_v;     /* values are the keys before their norm: no map of their own (Gemma 4) */
	bool borrows_kv; /* keys and values are an earlier layer's: neither maps nor cache (Gemma 4, Hunyuan-Large) */
	int64_t q_rank;  /* rank of the queries, with a norm; 0: they are not compressed (COST_COMPRESSED must have it) */
	int64_t kv_rank, nope_dim, rope_dim;
	int64_t window;       /* keys that a query sees at most; 0: all */
	bool window_restarts; /* the window is a chunk: positions 0 .. window-1, window .. 2 window-1, ... (Llama 4) */

	/* An indexer chooses the keys that a query sees: one key of index_dim for each token (arXiv 2512.02556).  Its
	 * queries come from the compressed ones in COST_LATENT and COST_COMPRESSED, from the layer's input else. */
	int64_t index_heads, index_dim;
	int64_t index_keep;  /* keys that are kept */
	bool index_borrowed; /* the choice is an earlier layer's */

	int64_t ratio, out_groups, out_rank; /* COST_COMPRESSED: tokens in a row; the output map in two steps */

	int64_t kernel; /* of a convolution along the tokens */
	bool kernel_bias;
	bool decay_full; /* COST_KIMI_DELTA: the decay has one map, not two of the head's rank (Ling 3) */
	int64_t inner, state, groups, step_rank; /* state spaces: inner width, state size, groups of B and C, rank of dt */
};

enum { COST_MIXERS = 6 };

enum cost_ffn { COST_NO_FFN, COST_DENSE_FFN, COST_MOE };

/* What stands in one layer. */
struct cost_layer {
	int8_t mixer; /* its kind, from 0; -1: none */
	int8_t ffn;   /* enum cost_ffn */
};

/* A network.  0 or false means that it has none of that thing. */
struct cost_shape {
	int64_t layers, width, vocabulary;
	bool tied; /* the head is the embedding, transposed */
	bool head_bias;
	int64_t norms;      /* norms per layer: 2, or 4 with norms behind the blocks too */
	bool norm_bias;     /* a norm has a bias beside its weight (LayerNorm); RMSNorm has a weight only */
	bool layer_scalars; /* each layer's output is scaled by a number (Gemma 4) */

	struct cost_mixer mixer[COST_MIXERS];
	int64_t unmixed_layers;         /* layers without a mixer, of an FFN alone */
	const struct cost_layer *order; /* of the layers, living longer; NULL: dense layers first, one kind of mixer */

	int64_t moe_layers;    /* layers whose FFN is a mixture; see cost_moe_layers() */
	int64_t bare_layers;   /* layers without any FFN */
	bool router;           /* a width x experts map in each of them */
	bool router_bias;      /* one number per expert, of the logits */
	bool selection_bias;   /* one number per expert that decides the selection only; some count it, some do not */
	int64_t hashed_layers; /* MoE layers, the first ones, whose choice is a table: without that bias (DeepSeek-V4) */
	bool router_scale;     /* one number per input and one per expert (Gemma 4) */
	/* Of a router that is no such map: the entries of its matrices, and its other values, which cost no multiply-adds.
	 */
	int64_t router_weights, router_values;
	int64_t experts, top_k, expert_width;
	int64_t zero_experts;     /* experts beside them that return their input (arXiv 2509.01322) */
	int64_t constant_experts; /* experts beside them that return a learned mix of it and a vector (arXiv 2410.07348) */
	int64_t passive_experts;  /* experts beside them for other inputs than text, of passive_width */
	int64_t passive_width;
	int64_t latent;       /* experts read and write rows of this width, made by maps common to all of a layer */
	bool latent_norm;     /* a norm before the map back */
	int64_t shared;       /* shared experts in each MoE layer; only told, what counts is */
	int64_t shared_width; /* all of them together: side by side they are one FFN */
	bool shared_gate;     /* a width x 1 map that scales the shared output (Qwen2-MoE) */
	bool mixture_bias;    /* one bias row behind a whole mixture, not behind each expert (JetMoE) */
	int64_t dense_width;  /* FFN of the layers that are no MoE layers */
	int64_t beside_width; /* dense FFN beside the experts of an MoE layer */
	bool moe_norm; /* an MoE layer has a norm more than others: of that FFN (Arctic), or behind its experts (A.X-K1) */
	int64_t matrices; /* of an FFN: 3 with a gated activation (SwiGLU), 2 without */
	bool ffn_bias;    /* behind each of these matrices */

	int64_t streams;                           /* of the residual: hyper-connections mix them (arXiv 2512.24880) */
	bool residual_attention;                   /* each block attends to the outputs of earlier ones (Kimi K3) */
	int64_t layer_embedding, layer_vocabulary; /* width of the embedding that each layer adds, and of its table */

	/* Embeddings of the last 2 to gram_length tokens: gram_splits tables for each length, table i of gram_ratio x
	 * vocabulary + 2 i + 1 rows, all of them together as wide as the network, and a map from each (arXiv 2601.21204).
	 */
	int64_t gram_ratio, gram_length, gram_splits;

	int64_t ahead;          /* layers that predict further tokens (arXiv 2412.19437, section 2.2) */
	struct cost_layer next; /* what each of them is */

	int64_t encoder_layers;   /* of `layers`: an encoder; the others then attend to it, too (T5, Switch) */
	int64_t position_buckets; /* learned relative positions: buckets x heads, once in each stack */
};

/* The parts that a count is split into. */
enum cost_part {
	COST_EMBEDDING,
	COST_ATTENTION, /* projections with their biases, norms of queries and keys, sinks; a router of attention experts */
	COST_SCORES,    /* queries against keys and weights against values, and what passes through recurrent states: no
					 * parameters, FLOPs of attention grow with the context */
	COST_INDEXER,   /* what chooses keys: its maps, and its scores */
	COST_RECURRENT, /* the maps and convolutions of linear attention, state spaces and short convolutions */
	COST_NORM,
	COST_RESIDUAL, /* hyper-connections, attention to earlier blocks, embeddings of layers, scalars of layers */
	COST_ROUTER,   /* with its biases and scales and the row behind a mixture */
	COST_EXPERTS,
	COST_LATENT_MAPS, /* into the experts' rows and back */
	COST_SHARED,
	COST_DENSE,
	COST_HEAD,
	COST_PARTS
};
extern const char *const cost_part_names[COST_PARTS]; /* one word each, as in columns of a CSV */

struct cost_count {
	int64_t params[COST_PARTS]; /* all that is stored */
	int64_t active[COST_PARTS]; /* what one token passes */
	int64_t flops[COST_PARTS];  /* forward, per token */

	int64_t params_total, params_active; /* without the layers that predict ahead */
	int64_t params_active_no_embedding;  /* less vocabulary x width, tied to the head or not */
	int64_t params_active_no_ends;       /* less the head, too */
	int64_t params_selection;            /* biases of the selection, in both of the above */
	int64_t params_ahead, active_ahead;  /* the layers that predict ahead, beside the above */
	int64_t flops_forward, flops_training;
	int64_t expert_params; /* one expert of one layer */
	int64_t
		constant_params; /* the same of an expert that returns a mix of its input and a vector, and of all of them */
	int64_t params_constant;
	int64_t constant_flops;
	int64_t expert_flops; /* forward, one token through one expert of one layer: for routings that are not top_k each */
	int64_t cache_values; /* numbers that each further token adds for decoding where no window ends it, all layers */
	int64_t cache_context; /* the same for a sequence of the context's length, each window ending its own layers */
	int64_t state_values;  /* numbers of recurrent states and convolutions, for a sequence of any length */
};

/* Counts the shape at context length `context` (>= 1).  Fails on a shape that no network can have and on counts
 * beyond 2^63 - 1. */
int cost_count(const struct cost_shape *shape, int64_t context, struct cost_count *count, struct error *err);

/* The layers that have that kind of mixer, from 0. */
int64_t cost_mixer_layers(const struct cost_shape *shape, int kind);

/* Forward FLOPs per token when the mean number of experts that compute for a token is not top_k: dropped pairs,
 * experts that pick, experts without a network.  `pairs`, of FFNs, and `constant`, of experts that return a mix of
 * their input and a vector, are summed over the MoE layers. */
double cost_flops_with(const struct cost_count *count, double pairs, double constant);
/* The parameters that a token then passes on average, to the nearest whole number. */
int64_t cost_active_with(const struct cost_count *count, double pairs, double constant);

/* How many of layers 0 .. layers-1 are MoE layers: those from `first` on for which (layer + phase) % every == 0. */
int64_t cost_moe_layers(int64_t layers, int64_t first, int64_t every, int64_t phase);

/* The dense model to compare a mixture with: the same layers, mixers and vocabulary, one FFN in every layer that has
 * one and no router, its width chosen so that it has as nearly `params` parameters as a whole number allows.  Fails as
 * cost_count() does. */
int cost_dense(const struct cost_shape *shape, int64_t params, struct cost_shape *dense, struct error *err);

/* The simulated network (sim/net): pre-norm blocks of attention with rotary positions and an MoE layer, two matrices
 * an FFN, all without bias, untied head.  Give layers, width, heads, vocabulary, experts, top_k, expert_width,
 * shared_width (shared * expert_width) and router; the rest is filled in.  top_k = 0 is the dense network, whose FFN
 * is the shared width alone. */
struct cost_shape cost_simulated(struct cost_shape shape);

/* Megatron-LM's split: heads, FFNs and vocabulary over tp devices, layers over pp stages, experts over ep devices, of
 * which each keeps 1 / tp of every one of its experts. */
struct cost_split {
	int64_t tp, pp, ep;
};

/* Parameters that the fullest device holds: of the experts, and all others.  Norms, routers, the compressing maps of
 * latent attention and indexers stand on every one of the tp devices; key-value heads fewer than tp are repeated.
 * Stage i has the layers from i layers / pp on, rounded down; the embedding is in the first, the head in the last (a
 * tied one again, where there are more stages than one). */
struct cost_share {
	int64_t stage;                       /* the fullest one */
	int64_t experts, other;              /* parameters */
	int64_t cache_context, state_values; /* of its layers, for one sequence */
};

/* Fails where a size does not divide.  Layers that predict ahead are not in it. */
int cost_share(const struct cost_shape *shape, const struct cost_split *split, int64_t context,
			   struct cost_share *share, struct error *err);

#endif
