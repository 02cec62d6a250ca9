/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * shadow.h -- FasterMoE's choice of experts that every device holds a copy of, so that their rows travel nowhere
 * (He et al., PPoPP 2022; laekov/fastmoe, fmoe/fastermoe/shadow_policy.py).
 */
#ifndef SIM_CLUSTER_SHADOW_H
#define SIM_CLUSTER_SHADOW_H

#include <stddef.h>
#include <stdint.h>

struct shadow_costs {
	double row_flops, row_bytes; /* of one row of an expert, forward; on its way */
	double expert_bytes;         /* of the weights of an expert */
	double compute, bandwidth;   /* FLOP/s, bytes/s */
};

/* Those of the published code where nothing else is set: rows of 2048 floats, experts of twice that inner width, 11.5
 * TFLOP/s, 50 Gb/s. */
extern const struct shadow_costs shadow_published;

/* The time of a layer whose heaviest expert that is no shadow has `load` rows: three times its products, four times its
 * rows on their way, and the shadows' weights to all. */
double shadow_latency(const struct shadow_costs *costs, double load, size_t shadows);

/* From the heaviest expert on, as long as another shadow makes the layer faster; equal loads in their order.
 * order[n]: the experts by load; the first so many, which is the result, are shadows. */
size_t shadow_choose(const struct shadow_costs *costs, const uint64_t *load, size_t n, uint32_t *order);

#endif
