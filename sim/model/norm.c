/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * norm.c -- RMSNorm, forward and backward.
 */
#include <config.h>

#include "sim/model/norm.h"

#include <math.h>
#include <moesim/kit.h>
#include <string.h>

#include "sim/base/parallel.h"

static const double epsilon = 1e-5;

void norm_create(struct norm *norm, size_t tokens, size_t width, const char *name, uint64_t index,
				 struct params *params, struct arena *arena)
{
	norm->width = width;
	norm->inverse = ARENA_TAKE(arena, tokens, real);
	params_add(params, &norm->gain, width, name, index, 1, 0, false);
}

MOE_CLONED static void rows_forward(size_t rows, size_t width, const real *gain, const real *x, real *inverse, real *y)
{
	for (size_t t = 0; t < rows; t++, x += width, y += width) {
		double squares = moe_dot(x, x, width);
		inverse[t] = (real)(1 / sqrt(squares / (double)width + epsilon));
		for (size_t i = 0; i < width; i++)
			y[i] = gain[i] * x[i] * inverse[t];
	}
}

void norm_forward(struct norm *norm, size_t tokens, const real *x, real *y)
{
	size_t width = norm->width, size = parallel_block(tokens), blocks = parallel_blocks(tokens);
	PARALLEL_FOR
	for (size_t b = 0; b < blocks; b++) {
		size_t at = b * size, rows = tokens - at < size ? tokens - at : size;
		rows_forward(rows, width, norm->gain.w, x + at * width, norm->inverse + at, y + at * width);
	}
}

/* sum of g d_y x */
static inline double weighted_dot(size_t width, const real *gain, const real *d_y, const real *x)
{
	double sum;
	MOE_SUM(sum, width, i, gain[i] * d_y[i] * x[i]);
	return sum;
}

/* With r = 1/rms and u = x r:  d_x = r (g d_y - u mean(g d_y u)). */
MOE_CLONED static void rows_backward(size_t rows, size_t width, const real *gain, const real *inverse, const real *x,
									 const real *d_y, real *d_x)
{
	for (size_t t = 0; t < rows; t++, x += width, d_y += width, d_x += width) {
		double dot = weighted_dot(width, gain, d_y, x);
		real r = inverse[t], scale = (real)dot * r * r * r / (real)width;
		for (size_t i = 0; i < width; i++)
			d_x[i] += gain[i] * d_y[i] * r - x[i] * scale;
	}
}

/* n columns of the gain's gradient, each summed in token order. */
MOE_CLONED static void gain_backward(size_t tokens, size_t width, size_t n, const real *inverse, const real *x,
									 const real *d_y, real *restrict d_gain)
{
	memset(d_gain, 0, n * sizeof(real));
	for (size_t t = 0; t < tokens; t++, x += width, d_y += width)
		for (size_t i = 0; i < n; i++)
			d_gain[i] += d_y[i] * x[i] * inverse[t];
}

void norm_backward(struct norm *norm, size_t tokens, const real *x, const real *d_y, real *d_x)
{
	size_t width = norm->width, size = parallel_block(tokens), blocks = parallel_blocks(tokens);
	size_t strip = parallel_strip(width);
	PARALLEL_FOR
	for (size_t j = 0; j < width; j += strip)
		gain_backward(tokens, width, width - j < strip ? width - j : strip, norm->inverse, x + j, d_y + j,
					  norm->gain.d_w + j);
	PARALLEL_FOR
	for (size_t b = 0; b < blocks; b++) {
		size_t at = b * size, rows = tokens - at < size ? tokens - at : size;
		rows_backward(rows, width, norm->gain.w, norm->inverse + at, x + at * width, d_y + at * width,
					  d_x + at * width);
	}
}
