/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scatter.h -- a placement that knows nodes: copies of an expert in different nodes, and there on different devices.
 */
#ifndef SIM_CLUSTER_SCATTER_H
#define SIM_CLUSTER_SCATTER_H

#include "sim/cluster/placement.h"

/* Copies as EPLB gives them, the heaviest first: each to the lightest node with room that has none of the expert, there
 * to the lightest device with room that has none.  With --copies nearest a token finds a copy in its own node where
 * there are as many as nodes. */
void scatter_place(const struct placement_shape *shape, const uint64_t *load, uint32_t *expert);

#endif
