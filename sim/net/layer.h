/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer.h -- the MoE layer, which stands in the place of a Transformer block's FFN.
 *
 * Routed experts, each a contiguous block of rows: first those that are FFNs, which the exchange shares out, then those
 * without a network.  Shared experts, which are one FFN of their common width.  With no routed experts it is a dense
 * FFN.
 */
#ifndef SIM_NET_LAYER_H
#define SIM_NET_LAYER_H

#include "sim/exchange/exchange.h"
#include "sim/model/ffn.h"
#include "sim/net/bare.h"
#include "sim/route/router.h"

struct layer {
	size_t width, experts, inner;
	size_t working; /* the first so many experts are FFNs */
	struct router router;
	struct exchange exchange;
	struct ffn *expert;                  /* [working] */
	struct bare *bare;                   /* [experts - working] */
	real *slopes, *hidden;               /* [pairs][inner]: kept for the backward pass */
	real *results, *d_rows;              /* [pairs][width] */
	struct ffn shared;                   /* inner 0: none */
	real *shared_slopes, *shared_hidden; /* [tokens][shared inner] */
};

/* Inner width of the FFN that every token visits: the shared experts, or, when nothing is routed, the dense FFN of as
 * many neurons as a token would have met. */
size_t layer_shared_width(const struct sentence *sentence, const struct layer_options *layer);
/* How the layer will be called, as far as its options tell: experts of all kinds and how many a token goes to, with no
 * expert when nothing is routed. */
struct moe_call layer_call(const struct sentence *sentence, const struct layer_options *layer);

void layer_create(struct layer *layer, const struct sentence *sentence, const struct layer_options *options,
				  const struct moe_call *call, size_t width, size_t layers, uint64_t seed, struct params *params,
				  struct arena *arena);
/* y[tokens][width] from x[tokens][width] */
void layer_forward(struct layer *layer, const struct moe_call *call, const struct moe_tokens *of, const real *x,
				   real *y);
/* Overwrites d_x; adds to the weights' gradients. */
void layer_backward(struct layer *layer, const real *x, const real *d_y, real *d_x);

/* The stages of the two above behind the router, for those who look at them one by one; exchange_send() stands before
 * each compute and exchange_return() behind it.
 *   compute           results = experts(x[token]), expert by expert, of those that are FFNs
 *   compute_bare      the same of those without a network, for which nothing is sent
 *   combine           y[t] = sum over the token's pairs of weight * result
 *   compute_backward  from d_y to the experts' gradients, plan.d_weight and d_rows; likewise compute_bare_backward
 *   combine_backward  d_x[t] = sum over the token's pairs of d_rows */
void layer_compute(struct layer *layer, const struct shipment *x);
void layer_compute_bare(struct layer *layer, const real *x);
void layer_combine(const struct layer *layer, size_t tokens, real *y);
void layer_compute_backward(struct layer *layer, const struct shipment *x, const struct shipment *d_y);
void layer_compute_bare_backward(struct layer *layer, const real *x, const real *d_y);
void layer_combine_backward(const struct layer *layer, size_t tokens, real *d_x);

#endif
