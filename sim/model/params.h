/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * params.h -- the model's parameters: one slab for values, one for gradients, two for Adam's moments.
 *
 * A piece of the model registers its weights; when all are known the slabs are taken and every struct weight is
 * pointed into them.
 */
#ifndef SIM_MODEL_PARAMS_H
#define SIM_MODEL_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/real.h"

/* A matrix or vector of parameters, row-major. */
struct weight {
	size_t n;
	real *w;   /* [n] */
	real *d_w; /* [n] its gradient */
};

struct param_span {
	const char *name; /* also the random stream of its initial values, "init/NAME" */
	uint64_t index;   /* of that stream: layer and expert, so that an expert starts alike whatever their number */
	struct weight *weight;
	double mean, std; /* initial values: normal */
	bool decay;       /* takes part in weight decay */
	double rate;      /* factor of the learning rate; 1 unless said otherwise */
};

struct params {
	size_t n;                   /* parameters in all */
	real *value, *grad, *m, *v; /* [n] */
	size_t spans, room;
	struct param_span *span;
};

/* Registers n parameters.  The weight's address must stay valid. */
void params_add(struct params *params, struct weight *weight, size_t n, const char *name, uint64_t index, double mean,
				double std, bool decay);
/* Sets the factor of the learning rate of what was registered last; 0 leaves it as it was drawn. */
void params_scale_rate(struct params *params, double factor);
/* Takes the slabs from the arena and points the weights into them. */
void params_allocate(struct params *params, struct arena *arena);
/* Draws the initial values of all spans. */
void params_init(struct params *params, uint64_t seed);
void params_free(struct params *params); /* the list of spans; the slabs belong to the arena */

#endif
