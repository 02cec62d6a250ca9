/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ffn.h -- a feed-forward network of two matrices, y = gelu(x W1) W2: an expert, the shared expert, or the dense layer.
 *
 * It works on a block of rows that the caller owns, so that all experts share one set of buffers, each at its rows.
 */
#ifndef SIM_MODEL_FFN_H
#define SIM_MODEL_FFN_H

#include "sim/model/params.h"

struct ffn {
	size_t width, inner;
	struct weight up;   /* [width][inner] */
	struct weight down; /* [inner][width] */
};

void ffn_create(struct ffn *ffn, size_t width, size_t inner, size_t layers, const char *name, uint64_t index,
				struct params *params);

/* One block of rows.  slopes and hidden, [rows][inner], are kept for the backward pass.  y may be x. */
void ffn_forward(const struct ffn *ffn, size_t rows, const real *x, real *slopes, real *hidden, real *y);
/* Overwrites d_x, which may be x, and d_hidden [rows][inner], which may be hidden; overwrites the weights' gradients,
 * or adds to them with `add`.  No rows have a gradient of 0. */
void ffn_backward(const struct ffn *ffn, size_t rows, const real *x, const real *slopes, const real *hidden,
				  const real *d_y, bool add, real *d_hidden, real *d_x);

/* The same over many rows, in parallel over fixed blocks.  forward adds to y when `add`; backward adds to d_x,
 * and here, too, d_hidden may be hidden. */
void ffn_forward_rows(const struct ffn *ffn, size_t rows, const real *x, real *slopes, real *hidden, bool add, real *y);
void ffn_backward_rows(const struct ffn *ffn, size_t rows, const real *x, const real *slopes, const real *hidden,
					   const real *d_y, real *d_hidden, real *d_x);

/* y = gelu(x), the tanh form of Hendrycks & Gimpel 2016, and x becomes gelu'(x), for which there is time here: both
 * need the same exponential.  Backward, d *= gelu'(x). */
void gelu_forward(size_t n, real *restrict x, real *restrict y);
void gelu_backward(size_t n, const real *restrict slopes, real *restrict d);

#endif
