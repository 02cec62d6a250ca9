/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * optim.h -- AdamW (Loshchilov & Hutter 2019) with gradient clipping, warm-up and decay.
 */
#ifndef SIM_MODEL_OPTIM_H
#define SIM_MODEL_OPTIM_H

#include "sim/model/params.h"

enum optim_decay { OPTIM_COSINE, OPTIM_LINEAR, OPTIM_CONSTANT };

struct optim {
	double rate, floor; /* peak learning rate; the share of it that is left at the last step */
	size_t warmup, steps;
	enum optim_decay decay;
	double beta1, beta2, epsilon, weight_decay;
	double clip; /* largest norm of the whole gradient; 0: no clipping */
};

/* The learning rate of step 1, 2, ... steps. */
double optim_rate(const struct optim *optim, size_t step);
/* The Euclidean norm of the whole gradient, summed in fixed slices. */
double optim_norm(const struct params *params);
/* One update with the gradients as they stand; norm is optim_norm(). */
void optim_step(const struct optim *optim, struct params *params, size_t step, double norm);

#endif
