/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * embed.h -- both ends of the network: token ids to rows, and rows to the cross-entropy of the next token.
 */
#ifndef SIM_MODEL_EMBED_H
#define SIM_MODEL_EMBED_H

#include "sim/model/params.h"

struct embed {
	size_t vocabulary, width;
	struct weight table; /* [vocabulary][width] */
};

/* scale: standard deviation of the initial table. */
void embed_create(struct embed *embed, size_t vocabulary, size_t width, double scale, struct params *params);
/* x[t] = table[id[t]] */
void embed_forward(const struct embed *embed, size_t tokens, const uint32_t *id, real *x);
/* Overwrites the table's gradient. */
void embed_backward(const struct embed *embed, size_t tokens, const uint32_t *id, const real *d_x);

struct head {
	size_t vocabulary, width;
	struct weight map; /* [width][vocabulary] */
	real *logits;      /* [tokens][vocabulary]; after head_loss: probabilities */
	double *loss;      /* [tokens] -ln p(target) */
};

void head_create(struct head *head, size_t tokens, size_t vocabulary, size_t width, struct params *params,
				 struct arena *arena);
/* The mean of -ln softmax(x map)[target] over the tokens whose counts[] is true, in nats, of which there must be one;
 * counts = NULL: over all.  head->loss holds each token's, whether it counts or not. */
double head_forward(struct head *head, size_t tokens, const real *x, const uint32_t *target, const bool *counts);
/* The gradient of that mean: overwrites d_x and the map's gradient, spoils head->logits. */
void head_backward(struct head *head, size_t tokens, const real *x, const uint32_t *target, const bool *counts,
				   real *d_x);

#endif
