/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * norm.c -- RMSNorm, forward and backward.
 */
#include <config.h>

#include "sim/model/norm.h"

#include <math.h>

#include "sim/base/parallel.h"

static const real epsilon = (real)1e-5;

void norm_create(struct norm *norm, size_t tokens, size_t width, const char *name, uint64_t index,
				 struct params *params, struct arena *arena)
{
	norm->width = width;
	norm->inverse = ARENA_TAKE(arena, tokens, real);
	params_add(params, &norm->gain, width, name, index, 1, 0, false);
}

void norm_forward(struct norm *norm, size_t tokens, const real *x, real *y)
{
	size_t width = norm->width, size = parallel_block(tokens), blocks = parallel_blocks(tokens);
	PARALLEL_FOR
	for (size_t b = 0; b < blocks; b++)
		for (size_t t = b * size; t < tokens && t < (b + 1) * size; t++) {
			const real *row = x + t * width;
			real squares = 0;
			for (size_t i = 0; i < width; i++)
				squares += row[i] * row[i];
			real inverse = 1 / (real)sqrt((double)(squares / (real)width + epsilon));
			norm->inverse[t] = inverse;
			for (size_t i = 0; i < width; i++)
				y[t * width + i] = norm->gain.w[i] * row[i] * inverse;
		}
}

/* With r = 1/rms and u = x r:  d_x = r (g d_y - u mean(g d_y u)). */
static void row_backward(size_t width, const real *gain, real inverse, const real *x, const real *d_y, real *d_x)
{
	real dot = 0;
	for (size_t i = 0; i < width; i++)
		dot += gain[i] * d_y[i] * x[i];
	real scale = dot * inverse * inverse * inverse / (real)width;
	for (size_t i = 0; i < width; i++)
		d_x[i] += gain[i] * d_y[i] * inverse - x[i] * scale;
}

void norm_backward(struct norm *norm, size_t tokens, const real *x, const real *d_y, real *d_x)
{
	size_t width = norm->width, size = parallel_block(tokens), blocks = parallel_blocks(tokens);
	PARALLEL_FOR
	for (size_t b = 0; b <= blocks; b++) {
		if (b == blocks) { /* the gain's gradient is one unit, summed in token order */
			for (size_t t = 0; t < tokens; t++)
				for (size_t i = 0; i < width; i++)
					norm->gain.d_w[i] += d_y[t * width + i] * x[t * width + i] * norm->inverse[t];
			continue;
		}
		for (size_t t = b * size; t < tokens && t < (b + 1) * size; t++)
			row_backward(width, norm->gain.w, norm->inverse[t], x + t * width, d_y + t * width, d_x + t * width);
	}
}
