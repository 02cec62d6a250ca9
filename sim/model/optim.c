/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * optim.c -- AdamW with gradient clipping, warm-up and decay.
 */
#include <config.h>

#include "sim/model/optim.h"

#include <math.h>
#include <moesim/kit.h>

#include "sim/base/parallel.h"

/* The parameters are cut into so many slices of equal size, whatever they belong to. */
enum { SLICES = 64 };

double optim_rate(const struct optim *optim, size_t step)
{
	if (step <= optim->warmup)
		return optim->rate * (double)step / (double)optim->warmup;
	double done = (double)(step - optim->warmup) / (double)(optim->steps - optim->warmup), left = 1;
	if (optim->decay == OPTIM_COSINE)
		left = 0.5 * (1 + cos(M_PI * done));
	else if (optim->decay == OPTIM_LINEAR)
		left = 1 - done;
	return optim->rate * (optim->floor + (1 - optim->floor) * left);
}

MOE_CLONED static double sum_of_squares(const real *x, size_t n)
{
	double sum;
	MOE_SUM(sum, n, i, (double)x[i] * (double)x[i]);
	return sum;
}

static size_t slice_begin(const struct params *params, size_t slice)
{
	return params->n / SLICES * slice + (params->n % SLICES < slice ? params->n % SLICES : slice);
}

double optim_norm(const struct params *params)
{
	double part[SLICES], sum = 0;
	PARALLEL_FOR
	for (size_t i = 0; i < SLICES; i++) {
		size_t begin = slice_begin(params, i);
		part[i] = sum_of_squares(params->grad + begin, slice_begin(params, i + 1) - begin);
	}
	for (size_t i = 0; i < SLICES; i++)
		sum += part[i];
	return sqrt(sum);
}

struct update {
	real rate, beta1, beta2, epsilon, scale, decay; /* scale clips; decay multiplies the parameters */
};

MOE_CLONED static void update_block(const struct update *u, size_t n, const real *restrict grad, real *restrict m,
									real *restrict v, real *restrict w)
{
	for (size_t i = 0; i < n; i++) {
		real g = grad[i] * u->scale;
		m[i] = u->beta1 * m[i] + (1 - u->beta1) * g;
		v[i] = u->beta2 * v[i] + (1 - u->beta2) * g * g;
#ifdef MOE_DOUBLE
		w[i] = w[i] * u->decay - u->rate * m[i] / (sqrt(v[i]) + u->epsilon);
#else
		w[i] = w[i] * u->decay - u->rate * m[i] / (sqrtf(v[i]) + u->epsilon);
#endif
	}
}

/* The bias corrections are folded into the rate and epsilon: with c1 = 1 - beta1^step and c2 = 1 - beta2^step,
 * (m / c1) / (sqrt(v / c2) + epsilon) = sqrt(c2) / c1 * m / (sqrt(v) + sqrt(c2) epsilon). */
static struct update corrected(const struct optim *optim, size_t step, double norm)
{
	double rate = optim_rate(optim, step), c1 = 1 - pow(optim->beta1, (double)step);
	double c2 = sqrt(1 - pow(optim->beta2, (double)step));
	double scale = optim->clip > 0 && norm > optim->clip ? optim->clip / norm : 1;
	return (struct update){ .rate = (real)(rate * c2 / c1),
							.beta1 = (real)optim->beta1,
							.beta2 = (real)optim->beta2,
							.epsilon = (real)(optim->epsilon * c2),
							.scale = (real)scale,
							.decay = (real)(1 - rate * optim->weight_decay) };
}

void optim_step(const struct optim *optim, struct params *params, size_t step, double norm)
{
	struct update decayed = corrected(optim, step, norm), plain = decayed;
	plain.decay = 1;
	PARALLEL_FOR
	for (size_t i = 0; i < params->spans; i++) {
		const struct param_span *span = &params->span[i];
		size_t at = (size_t)(span->weight->w - params->value);
		struct update update = span->decay ? decayed : plain;
		update.rate *= (real)span->rate;
		update_block(&update, span->weight->n, params->grad + at, params->m + at, params->v + at, params->value + at);
	}
}
