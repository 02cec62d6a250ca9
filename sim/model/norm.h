/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * norm.h -- RMSNorm (Zhang & Sennrich 2019): y = g x / sqrt(mean(x^2) + 1e-5).
 */
#ifndef SIM_MODEL_NORM_H
#define SIM_MODEL_NORM_H

#include "sim/model/params.h"

struct norm {
	size_t width;
	struct weight gain; /* [width] */
	real *inverse;      /* [tokens] 1 / rms of each row, kept for the backward pass */
};

void norm_create(struct norm *norm, size_t tokens, size_t width, const char *name, uint64_t index,
				 struct params *params, struct arena *arena);
/* y[tokens][width] from x[tokens][width] */
void norm_forward(struct norm *norm, size_t tokens, const real *x, real *y);
/* Adds to d_x and overwrites the gain's gradient; x is the forward input. */
void norm_backward(struct norm *norm, size_t tokens, const real *x, const real *d_y, real *d_x);

#endif
