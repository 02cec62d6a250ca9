/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * maxflow.h -- the rows of a batch shared among copies of their experts so that the fullest device has fewest.
 */
#ifndef SIM_CLUSTER_MAXFLOW_H
#define SIM_CLUSTER_MAXFLOW_H

#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/cluster/placement.h"

/* Given rows that each slot would have, wish[slots]: how many of them each is to have, by_slot[slots], and the load of
 * the fullest device, than which none is possible that is less.  Rows flow from an expert to the devices of its copies;
 * a load is possible where all rows flow while no device takes more, which a maximum flow tells (Dinic 1970); the least
 * one is found by halving.  The flow begins with what was wished for and moves only what it must. */
uint64_t maxflow_share(const struct placement *placement, const uint64_t *wish, struct arena *arena, uint64_t *by_slot);

#endif
