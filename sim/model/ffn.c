/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ffn.c -- a feed-forward network of two matrices, forward and backward.
 */
#include <config.h>

#include "sim/model/ffn.h"

#include <math.h>
#include <moesim/kit.h>

#include "sim/base/parallel.h"
#include "sim/base/text.h"
#include "sim/multiply/product.h"

void ffn_create(struct ffn *ffn, size_t width, size_t inner, size_t layers, const char *name, uint64_t index,
				struct params *params)
{
	ffn->width = width;
	ffn->inner = inner;
	params_add(params, &ffn->up, width * inner, text_keep_f("%s-up", name), index, 0, 1 / sqrt((double)width), true);
	params_add(params, &ffn->down, inner * width, text_keep_f("%s-down", name), index, 0,
			   1 / sqrt(2.0 * (double)layers * (double)inner), true);
}

/* gelu(x) = x s(u) with s the logistic function and u = 2 sqrt(2 / pi) (x + 0.044715 x^3), which is the tanh form. */
static const real slope = (real)1.5957691216057308, cubic = (real)0.044715;

MOE_CLONED void gelu_forward(size_t n, real *restrict x, real *restrict y)
{
	for (size_t i = 0; i < n; i++) {
		real u = slope * (x[i] + cubic * x[i] * x[i] * x[i]), d_u = slope * (1 + 3 * cubic * x[i] * x[i]);
		real e = 1 + moe_exp(-u), s = 1 / e;
		y[i] = x[i] / e;
		x[i] = s + x[i] * s * (1 - s) * d_u;
	}
}

MOE_CLONED void gelu_backward(size_t n, const real *restrict slopes, real *restrict d)
{
	for (size_t i = 0; i < n; i++)
		d[i] *= slopes[i];
}

static void forward(const struct ffn *ffn, size_t rows, const real *x, real *slopes, real *hidden, bool add, real *y)
{
	size_t width = ffn->width, inner = ffn->inner;
	product_nn(rows, inner, width, x, width, ffn->up.w, inner, false, slopes, inner);
	gelu_forward(rows * inner, slopes, hidden);
	product_nn(rows, width, inner, hidden, inner, ffn->down.w, width, add, y, width);
}

void ffn_forward(const struct ffn *ffn, size_t rows, const real *x, real *slopes, real *hidden, real *y)
{
	forward(ffn, rows, x, slopes, hidden, false, y);
}

void ffn_backward(const struct ffn *ffn, size_t rows, const real *x, const real *slopes, const real *hidden,
				  const real *d_y, bool add, real *d_hidden, real *d_x)
{
	size_t width = ffn->width, inner = ffn->inner;
	/* what may lie under an output is read before that is written */
	product_tn(inner, width, rows, hidden, inner, d_y, width, add, ffn->down.d_w, width);
	product_nt(rows, inner, width, d_y, width, ffn->down.w, width, false, d_hidden, inner);
	gelu_backward(rows * inner, slopes, d_hidden);
	product_tn(width, inner, rows, x, width, d_hidden, inner, add, ffn->up.d_w, inner);
	product_nt(rows, width, inner, d_hidden, inner, ffn->up.w, inner, false, d_x, width);
}

void ffn_forward_rows(const struct ffn *ffn, size_t rows, const real *x, real *slopes, real *hidden, bool add, real *y)
{
	size_t width = ffn->width, inner = ffn->inner, size = parallel_block(rows), blocks = parallel_blocks(rows);
	PARALLEL_FOR
	for (size_t b = 0; b < blocks; b++) {
		size_t at = b * size, n = rows - at < size ? rows - at : size;
		forward(ffn, n, x + at * width, slopes + at * inner, hidden + at * inner, add, y + at * width);
	}
}

void ffn_backward_rows(const struct ffn *ffn, size_t rows, const real *x, const real *slopes, const real *hidden,
					   const real *d_y, real *d_hidden, real *d_x)
{
	size_t size = parallel_block(rows), blocks = parallel_blocks(rows);
	linear_backward(rows, ffn->inner, ffn->width, hidden, ffn->down.w, d_y, ffn->down.d_w, false, d_hidden);
	PARALLEL_FOR
	for (size_t b = 0; b < blocks; b++) {
		size_t at = b * size, n = rows - at < size ? rows - at : size;
		gelu_backward(n * ffn->inner, slopes + at * ffn->inner, d_hidden + at * ffn->inner);
	}
	linear_backward(rows, ffn->width, ffn->inner, x, ffn->up.w, d_hidden, ffn->up.d_w, true, d_x);
}
