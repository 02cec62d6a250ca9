/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rewrite.h -- what it costs to go from one placement to another: weights that devices send each other.
 */
#ifndef SIM_CLUSTER_REWRITE_H
#define SIM_CLUSTER_REWRITE_H

#include <stdint.h>

#include "sim/base/error.h"
#include "sim/cluster/placement.h"
#include "sim/cluster/topology.h"

struct rewrite {
	uint64_t moved;        /* slots whose device did not hold their expert before */
	uint64_t between;      /* of these, from another node */
	uint64_t most[LEVELS]; /* slots that the busiest device sends or receives over each link */
	uint64_t bytes;        /* of all moves */
	double seconds;        /* both links at a time, each of the busiest device; latency where anything moves */
};

/* Counts the moves; slots of one device may trade places for nothing.  A device takes an expert from a device of its
 * node that held it, else from one of another node; of several from the one that has sent least.  Both placements have
 * one shape.  Bytes beyond 64 bits are an error. */
int rewrite_count(const struct placement *from, const struct placement *to, const struct topology *topology,
				  uint64_t expert_bytes, struct rewrite *rewrite, struct error *err);

/* Gives the devices of each node the slots that were placed for others of the node so that more experts stay where they
 * are: for one device after the other those with which it shares most.  It changes nothing else: devices of a node are
 * alike.  Nothing is relabeled where devices of a node times all slots exceed REWRITE_WORK. */
enum { REWRITE_WORK = 1 << 28 };
void rewrite_relabel(const struct placement_shape *shape, const uint32_t *from, uint32_t *to);

#endif
