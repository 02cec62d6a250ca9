/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * topology.h -- the devices of a cluster and the links between them.
 *
 * A cluster has N nodes of g devices each.  Device d is in node d / g.  Devices of one node are connected by a fast
 * link, called nvl whatever it is made of; every device reaches the other nodes by its own network card, called nic.
 */
#ifndef SIM_CLUSTER_TOPOLOGY_H
#define SIM_CLUSTER_TOPOLOGY_H

#include <stddef.h>

#include "sim/cluster/curve.h"

enum level { LEVEL_NVL, LEVEL_NIC, LEVELS };
/* Which way rows travel: to their experts, or back. */
enum travel { TRAVEL_DISPATCH, TRAVEL_COMBINE, TRAVELS };

extern const char *const level_names[LEVELS];

/* Of one device, in one direction. */
struct link {
	double bandwidth;        /* bytes/s */
	double latency[TRAVELS]; /* s per exchange */
	struct curve curve;      /* what an exchange reaches of the bandwidth, by the bytes of its busiest device */
};

struct topology {
	size_t nodes, per_node;
	struct link link[LEVELS];
	double compute; /* FLOP/s of one device in the matrix products of experts */
	double memory;  /* bytes/s at which one device reads weights */
};

static inline size_t topology_devices(const struct topology *topology)
{
	return topology->nodes * topology->per_node;
}

static inline size_t topology_node(const struct topology *topology, size_t device)
{
	return device / topology->per_node;
}

#endif
