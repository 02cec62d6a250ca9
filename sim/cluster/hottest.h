/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hottest.h -- placements with the hottest experts on every device: as many as there is room for (biased), or as many
 * as pay (FasterMoE's shadows).
 */
#ifndef SIM_CLUSTER_HOTTEST_H
#define SIM_CLUSTER_HOTTEST_H

#include "sim/cluster/placement.h"

/* The hottest experts on every device, as many as leave a slot for each of the others, which EPLB's two steps place. */
void biased_place(const struct placement_shape *shape, const uint64_t *load, uint32_t *expert);
/* Without a number of slots: room for the hottest one on every device. */
size_t biased_slots(const struct placement_shape *shape, const uint64_t *load);

/* shadow_choose()'s experts on every device, as far as there is room, and the others in order. */
void shadows_place(const struct placement_shape *shape, const uint64_t *load, uint32_t *expert);
size_t shadows_slots(const struct placement_shape *shape, const uint64_t *load);

#endif
