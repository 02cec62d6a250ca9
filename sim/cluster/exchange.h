/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * exchange.h -- the rows that devices send to each other in one exchange of a layer, counted.
 *
 * A row is one token's hidden state.  It is sent to each expert (dedup none), once to each device that has experts of
 * the token (device), or once to each node (node): there it goes to the device at the sender's place in its own node,
 * which forwards it to the devices of the token.  A combine sends the same rows back.  What a device keeps is no row.
 */
#ifndef SIM_CLUSTER_EXCHANGE_H
#define SIM_CLUSTER_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/cluster/placement.h"
#include "sim/cluster/topology.h"
#include "sim/cluster/traffic.h"

enum dedup { DEDUP_NONE, DEDUP_DEVICE, DEDUP_NODE };

/* Which copy of an expert a token goes to. */
enum copy_choice {
	COPIES_TURNS,    /* each in its turn */
	COPIES_NEAREST,  /* that of its device, else one of its node, else any, in turns */
	COPIES_LIGHTEST, /* that on the device with fewest rows so far */
	COPIES_MAX_FLOW  /* as maxflow_share() shares the batch, beginning with the nearest */
};
extern const char *const copy_choices[];

struct exchange_rule {
	enum dedup dedup;
	double capacity; /* factor: an expert takes ceil(factor * assignments / experts) rows, the first; 0: all */
	bool pad;        /* and is sent exactly as many, whatever was routed */
	int copies;      /* enum copy_choice */
};

struct rows {
	size_t devices;
	uint64_t tokens;                           /* of all devices; 0: not known */
	uint64_t *sent[LEVELS], *received[LEVELS]; /* [devices] */
	uint64_t *computed;                        /* [devices] rows that experts of the device compute */
	uint64_t *touched;                         /* [devices] its experts that have any row */
	uint64_t *by_slot;                         /* [slots] rows of each */
	uint64_t kept, dropped;                    /* choices with and without room */
	uint64_t device_visits, node_visits;       /* distinct devices and nodes of a token, summed; 0 without tokens */
};

/* Counts the rows of a layer.  A layer of counts alone is taken as sent by all devices equally, and needs dedup none;
 * its copies are not chosen as the lightest, which goes token by token. */
int exchange_count(const struct traffic *routing, const struct placement *placement, const struct topology *topology,
				   const struct exchange_rule *rule, struct arena *arena, struct rows *rows, struct error *err);

/* Each token stands for times / of tokens alike: all numbers of rows are multiplied, and rounded up.  A number beyond
 * 64 bits is an error. */
int rows_scale(struct rows *rows, size_t slots, uint64_t times, uint64_t of, struct error *err);

/* Rows that an expert has room for. */
uint64_t exchange_capacity(const struct traffic *routing, double factor);

/* Groups that k of E experts, drawn without replacement, are in, on average, where G groups have E / G experts each:
 * G (1 - C(E - E/G, k) / C(E, k)). */
double exchange_expected_groups(size_t experts, size_t groups, size_t k);

#endif
