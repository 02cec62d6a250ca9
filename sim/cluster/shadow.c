/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * shadow.c -- FasterMoE's choice of shadows.
 */
#include <config.h>

#include "sim/cluster/shadow.h"

#include "sim/cluster/heaviest.h"

const struct shadow_costs shadow_published = { .row_flops = 4.0 * 2 * 2048 * 2048,
											   .row_bytes = 2048 * 4,
											   .expert_bytes = 2.0 * 2 * 2048 * 2048 * 4,
											   .compute = 11.5e12,
											   .bandwidth = 50e9 / 8 };

double shadow_latency(const struct shadow_costs *costs, double load, size_t shadows)
{
	return 3 * costs->row_flops / costs->compute * load + 4 * costs->row_bytes / costs->bandwidth * load +
		   (double)shadows * costs->expert_bytes / costs->bandwidth;
}

size_t shadow_choose(const struct shadow_costs *costs, const uint64_t *load, size_t n, uint32_t *order)
{
	size_t shadows = 0;
	heaviest_first(load, n, order);
	double best = shadow_latency(costs, (double)load[order[0]], 0);
	while (shadows + 1 < n) {
		double next = shadow_latency(costs, (double)load[order[shadows + 1]], shadows + 1);
		if (next >= best)
			break;
		best = next;
		shadows++;
	}
	return shadows;
}
