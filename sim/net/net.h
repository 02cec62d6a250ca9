/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * net.h -- the language model: embedding, pre-norm Transformer blocks, final norm, head, cross-entropy.
 *
 *   x = embed(ids);  each block: x += attention(norm(x)), x += moe(norm(x));  loss = head(norm(x))
 */
#ifndef SIM_NET_NET_H
#define SIM_NET_NET_H

#include "sim/data/stream.h"
#include "sim/model/attention.h"
#include "sim/model/embed.h"
#include "sim/model/norm.h"
#include "sim/net/layer.h"

struct net_shape {
	size_t layers, width, heads, vocabulary, sequences, length;
	size_t domains, classes; /* of the stream; what planted routers must know */
	double embedding_scale;  /* standard deviation of the initial embedding */
};

struct block {
	struct norm norm_attention, norm_layer;
	struct attention attention;
	struct layer layer;
	real *in, *middle; /* [tokens][width] the residual stream before attention and before the layer */
	real *normed_in, *normed_middle;
};

struct net {
	struct net_shape shape;
	struct params params;
	struct embed embed;
	struct block *block; /* [layers] */
	struct norm norm;
	struct head head;
	struct moe_call call; /* of the last forward pass; its layer has no meaning */
	real *x, *branch;     /* [tokens][width] the residual stream at the end; a branch's output */
	real *normed, *d, *d_branch;
};

/* What a training step minimizes: lm_loss + the balancers' weighted terms, summed over layers. */
struct objective {
	double lm_loss, total;
};

/* Takes all memory and registers all parameters.  With a counting arena only adds up what a real one would take. */
void net_create(struct net *net, const struct net_shape *shape, const struct sentence *sentence,
				const struct layer_options *layer, uint64_t seed, struct arena *arena);
/* Draws the initial parameters. */
void net_init(struct net *net, uint64_t seed);
void net_free(struct net *net);

/* step: from 1 in training; the number of the batch in evaluation. */
struct objective net_forward(struct net *net, const struct batch *batch, size_t step, bool training);
/* The gradient of objective.total after a training forward pass on the same batch: overwrites the gradients of all
 * parameters. */
void net_backward(struct net *net, const struct batch *batch);
/* The routers, one a layer, and the rows that the i-th read in the last forward pass. */
size_t net_routers(const struct net *net);
struct router *net_router(const struct net *net, size_t i);
const real *net_router_input(const struct net *net, size_t i);
/* Pairs that FFNs, and that constant experts, computed in the last forward pass, over all layers. */
size_t net_pairs(const struct net *net);
size_t net_constant_pairs(const struct net *net);
/* Lets all routers' parts update their state. */
void net_settle(struct net *net);

#endif
