/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cost.h -- exact counts of parameters, FLOPs and cache of a Transformer with MoE layers.
 *
 * The same code counts the simulated network and the public models, so that their figures can be compared.
 *
 * Conventions.  All counts are whole numbers.  A FLOP count is 2 for each multiply-add of a matrix product; look-ups,
 * norms, softmax, activations, rotations and the weighting of outputs are not counted.  Training costs three times the
 * forward pass (the backward pass is two products for each one; recomputation is not counted).  Attention at context S
 * is the mean over the S positions of a causal sequence, (S + 1) / 2 keys for each query where nothing limits it.
 */
#ifndef SIM_COST_COST_H
#define SIM_COST_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/error.h"

enum cost_attention {
	COST_HEADS,  /* multi-head, or grouped-query when kv_heads < heads */
	COST_LATENT, /* multi-head latent attention: keys and values from one compressed row (arXiv 2405.04434) */
	COST_MIXTURE /* mixture of attention: each expert owns query and output maps, keys and values are common to all
				  * experts (JetMoE, arXiv 2404.07413) */
};

enum cost_qk_norm {
	COST_QK_NONE, /* none, or one without weights */
	COST_QK_HEAD, /* one weight row of head_dim for the queries and one for the keys (Qwen3) */
	COST_QK_FULL  /* weights over all heads together (OLMoE) */
};

/* A network.  0 or false means that it has none of that thing. */
struct cost_shape {
	int64_t layers, width, vocabulary;
	bool tied; /* the head is the embedding, transposed */
	bool head_bias;
	int64_t norms;  /* norms per layer: 2, or 4 with norms behind the blocks too */
	bool norm_bias; /* a norm has a bias beside its weight (LayerNorm); RMSNorm has a weight only */

	enum cost_attention attention;
	int64_t heads, kv_heads;
	int64_t head_dim; /* COST_LATENT: not read */
	bool qkv_bias, out_bias;
	enum cost_qk_norm qk_norm;
	bool sinks;     /* one learned logit per head (gpt-oss) */
	int64_t q_rank; /* COST_LATENT: rank of the queries, 0: queries are not compressed */
	int64_t kv_rank, nope_dim, rope_dim, v_dim;
	int64_t window;       /* keys that a query of a windowed layer sees at most */
	int64_t windowed;     /* layers with a window */
	bool window_restarts; /* the window is a chunk: positions 0 .. window-1, window .. 2 window-1, ... (Llama 4) */

	int64_t moe_layers; /* layers whose FFN is a mixture; see cost_moe_layers() */
	bool router;        /* a width x experts map in each of them */
	bool router_bias;   /* one number per expert: a bias of the logits or of the selection */
	int64_t experts, top_k, expert_width;
	int64_t shared;       /* shared experts in each MoE layer; only told, what counts is */
	int64_t shared_width; /* all of them together: side by side they are one FFN */
	bool shared_gate;     /* a width x 1 map that scales the shared output (Qwen2-MoE) */
	bool mixture_bias;    /* one bias row behind a whole mixture, not behind each expert (JetMoE) */
	int64_t dense_width;  /* FFN of the layers that are no MoE layers */
	int64_t matrices;     /* of an FFN: 3 with a gated activation (SwiGLU), 2 without */
	bool ffn_bias;        /* behind each of these matrices */

	int64_t encoder_layers;   /* of `layers`: an encoder; the others then attend to it, too (T5, Switch) */
	int64_t position_buckets; /* learned relative positions: buckets x heads, once in each stack */
};

/* The parts that a count is split into. */
enum cost_part {
	COST_EMBEDDING,
	COST_ATTENTION, /* projections with their biases, norms of queries and keys, sinks; a router of attention experts */
	COST_SCORES,    /* queries against keys and weights against values: no parameters, FLOPs grow with the context */
	COST_NORM,
	COST_ROUTER, /* with the selection's bias and the row behind a mixture */
	COST_EXPERTS,
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

	int64_t params_total, params_active;
	int64_t params_active_no_embedding; /* less vocabulary x width, tied to the head or not */
	int64_t flops_forward, flops_training;
	int64_t expert_params; /* one expert of one layer */
	int64_t expert_flops; /* forward, one token through one expert of one layer: for routings that are not top_k each */
	int64_t cache_values; /* numbers kept per token for decoding, all layers */
};

/* Counts the shape at context length `context` (>= 1).  Fails on a shape that no network can have and on counts
 * beyond 2^63 - 1. */
int cost_count(const struct cost_shape *shape, int64_t context, struct cost_count *count, struct error *err);

/* Forward FLOPs per token when the mean number of experts that compute for a token is not top_k: dropped pairs,
 * experts that pick.  `pairs` is summed over the MoE layers. */
double cost_flops_with(const struct cost_count *count, double pairs);

/* How many of layers 0 .. layers-1 are MoE layers: those from `first` on for which (layer + phase) % every == 0. */
int64_t cost_moe_layers(int64_t layers, int64_t first, int64_t every, int64_t phase);

/* The dense model to compare a mixture with: the same layers, attention and vocabulary, one FFN in every layer and no
 * router, its width chosen so that it has as nearly `params` parameters as a whole number allows.  Fails as
 * cost_count() does. */
int cost_dense(const struct cost_shape *shape, int64_t params, struct cost_shape *dense, struct error *err);

/* The simulated network (sim/net): pre-norm blocks of attention with rotary positions and an MoE layer, two matrices
 * an FFN, all without bias, untied head.  Give layers, width, heads, vocabulary, experts, top_k, expert_width,
 * shared_width (shared * expert_width) and router; the rest is filled in.  top_k = 0 is the dense network, whose FFN
 * is the shared width alone. */
struct cost_shape cost_simulated(struct cost_shape shape);

#endif
