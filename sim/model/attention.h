/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * attention.h -- causal multi-head self-attention (Vaswani et al. 2017) with rotary positions (Su et al. 2021).
 */
#ifndef SIM_MODEL_ATTENTION_H
#define SIM_MODEL_ATTENTION_H

#include "sim/model/params.h"

struct attention {
	size_t width, heads, length;
	struct weight in;      /* [width][3 width] queries, keys, values side by side */
	struct weight out;     /* [width][width] */
	real *qkv, *d_qkv;     /* [tokens][3 width] */
	real *probs;           /* [sequences][heads][length][length]; what lies above the diagonal has no meaning */
	real *mixed, *d_mixed; /* [tokens][width] the heads' outputs side by side */
	real *scores;          /* [sequences][length][length] scratch of one sequence */
	real *turn;            /* [length][head width] the cosines of a position's angles, then their sines */
};

/* heads must divide width, and width / heads must be even. */
void attention_create(struct attention *attention, size_t sequences, size_t length, size_t width, size_t heads,
					  size_t layers, uint64_t layer, struct params *params, struct arena *arena);
/* The table of rotations; once, after the arena has given real memory. */
void attention_init(struct attention *attention);
/* y[tokens][width] from x[tokens][width], `sequences` independent contexts of `length` tokens. */
void attention_forward(struct attention *attention, size_t sequences, const real *x, real *y);
/* Overwrites d_x; adds to the weights' gradients. */
void attention_backward(struct attention *attention, size_t sequences, const real *x, const real *d_y, real *d_x);

#endif
