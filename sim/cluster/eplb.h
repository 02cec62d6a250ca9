/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * eplb.h -- DeepSeek's expert-parallel load balancer (deepseek-ai/EPLB, eplb.py), step by step.
 */
#ifndef SIM_CLUSTER_EPLB_H
#define SIM_CLUSTER_EPLB_H

#include <stddef.h>
#include <stdint.h>

#include "sim/cluster/placement.h"

/* Puts n items into m packs of n / m each: the heaviest first, each into the lightest pack that has room, the first of
 * equals.  Packs of one item are the items in order.  pack[n], rank[n]: the item's pack and its place in there. */
void eplb_pack(const float *weight, size_t n, size_t m, uint32_t *pack, uint32_t *rank);

/* Gives each of n items a copy, and one more at a time to the item whose share weight / copies is largest, until there
 * are `slots`.  item[slots] is what each slot holds, copies[n] how many slots an item has. */
void eplb_replicate(const float *weight, size_t n, size_t slots, uint32_t *item, uint32_t *copies);

/* Groups to nodes, copies within each node, slots to the devices of the node; where the groups are not a multiple of
 * the nodes, all at once as if there was one node. */
void eplb_place(const struct placement_shape *shape, const uint64_t *load, uint32_t *expert);

#endif
