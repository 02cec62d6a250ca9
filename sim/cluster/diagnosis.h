/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * diagnosis.h -- what a layer spends most of its time on, and why, in one sentence.
 */
#ifndef SIM_CLUSTER_DIAGNOSIS_H
#define SIM_CLUSTER_DIAGNOSIS_H

#include "sim/cluster/exchange.h"
#include "sim/cluster/placement.h"
#include "sim/cluster/step.h"
#include "sim/cluster/topology.h"
#include "sim/cluster/traffic.h"

enum cause {
	CAUSE_NVL,
	CAUSE_NIC,
	CAUSE_LATENCY,
	CAUSE_STRAGGLER,
	CAUSE_COMPUTE,
	CAUSE_MEMORY,
	CAUSE_REDUCE,
	CAUSE_LOCAL
};
extern const char *const cause_names[];

struct diagnosis {
	enum cause cause;
	size_t device;        /* the one that holds everybody up */
	double seconds;       /* of the layer that the cause accounts for */
	const char *sentence; /* lives as long as the program */
};

/* Without a sentence, which is NULL. */
struct diagnosis diagnosis_cause(const struct work *work, const struct step *step);

struct diagnosis diagnosis_of(const struct traffic *routing, const struct placement *placement,
							  const struct topology *topology, const struct work *work, const struct rows *rows,
							  const struct step *step);

#endif
