/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * series.h -- how often each expert of each layer is used in each step, from a file or a drawn routing.
 */
#ifndef SIM_CLUSTER_SERIES_H
#define SIM_CLUSTER_SERIES_H

#include <stddef.h>
#include <stdint.h>

#include "sim/base/error.h"
#include "sim/cluster/traffic.h"

struct series {
	size_t steps, layers, experts;
	int64_t *step;   /* [steps] ascending, as the file numbers them */
	uint32_t *layer; /* [layers] ascending */
	uint64_t *count; /* [steps][layers][experts] */
};

enum { SERIES_CELLS = 1 << 26 /* of counts, at most */ };

/* Counts or tokens with a column `step`; with step_tokens > 0 so many tokens, as they are numbered, are a step.  The
 * choice's step is ignored.  A file with one step is an error. */
int series_read(const char *path, const struct traffic_choice *choice, uint64_t step_tokens, struct series *series,
				struct error *err);
/* The same of drawn steps. */
int series_take(const struct traffics *traffic, struct series *series, struct error *err);
void series_free(struct series *series);

static inline const uint64_t *series_counts(const struct series *series, size_t step, size_t layer)
{
	return series->count + (step * series->layers + layer) * series->experts;
}

#endif
