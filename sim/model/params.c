/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * params.c -- the model's parameters.
 */
#include <config.h>

#include "sim/model/params.h"

#include <gsl/gsl_randist.h>
#include <stdlib.h>

#include "sim/base/error.h"
#include "sim/base/seed.h"
#include "sim/base/text.h"

void params_add(struct params *params, struct weight *weight, size_t n, const char *name, uint64_t index, double mean,
				double std, bool decay)
{
	if (params->spans == params->room) {
		params->room = params->room ? 2 * params->room : 64;
		params->span = realloc(params->span, params->room * sizeof *params->span);
		if (params->span == NULL)
			error_no_memory("a list of parameters");
	}
	weight->n = n;
	params->span[params->spans++] = (struct param_span){ text_keep(name), index, weight, mean, std, decay, 1 };
	if (__builtin_add_overflow(params->n, n, &params->n))
		params->n = SIZE_MAX; /* only a counting arena may see this; the estimate then refuses the run */
}

void params_scale_rate(struct params *params, double factor)
{
	params->span[params->spans - 1].rate = factor;
}

void params_allocate(struct params *params, struct arena *arena)
{
	params->value = ARENA_TAKE(arena, params->n, real);
	params->grad = ARENA_TAKE(arena, params->n, real);
	params->m = ARENA_TAKE(arena, params->n, real);
	params->v = ARENA_TAKE(arena, params->n, real);
	if (arena->counting)
		return;
	size_t at = 0;
	for (size_t i = 0; i < params->spans; i++) {
		params->span[i].weight->w = params->value + at;
		params->span[i].weight->d_w = params->grad + at;
		at += params->span[i].weight->n;
	}
}

void params_init(struct params *params, uint64_t seed)
{
	gsl_rng *rng = gsl_rng_alloc(seed_rng_type);
	for (size_t i = 0; i < params->spans; i++) {
		const struct param_span *span = &params->span[i];
		seed_open(rng, seed, text_keep_f("init/%s", span->name), span->index);
		for (size_t j = 0; j < span->weight->n; j++)
			span->weight->w[j] = (real)(span->mean + (span->std > 0 ? gsl_ran_gaussian_ziggurat(rng, span->std) : 0));
	}
	gsl_rng_free(rng);
}

void params_free(struct params *params)
{
	free(params->span);
	*params = (struct params){ 0 };
}
