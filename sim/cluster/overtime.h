/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * overtime.h -- a placement that follows the loads: what it gains, and what moving experts costs.
 *
 * As engines do it: the loads of a window of steps are added up, every so many steps a new placement is made for them,
 * and experts move to it when it is worth while.  The next steps then meet loads that nobody knew.
 */
#ifndef SIM_CLUSTER_OVERTIME_H
#define SIM_CLUSTER_OVERTIME_H

#include "sim/cluster/placement.h"
#include "sim/cluster/rewrite.h"
#include "sim/cluster/series.h"
#include "sim/cluster/topology.h"

struct schedule {
	size_t window, interval; /* steps that are added up; steps from one look to the next */
	double trigger;          /* a new placement is made only where mean over maximum of the window is below this */
	double gain;             /* and taken only where it lowers the window's maximum by at least this share */
	const struct placement_rule *rule;
	struct placement_shape shape; /* slots are those of every placement */
	const struct topology *topology;
	uint64_t expert_bytes;
};

/* One step of a layer. */
struct moment {
	uint64_t assignments;
	double mean, load;      /* of the devices; of the fullest one as experts stand in this step */
	double initial, oracle; /* the same as they stood at first; as the rule places them knowing this step's loads */
	struct rewrite rewrite; /* after the step; moved 0: experts stay */
};

/* Fills moment[series->steps].  Experts stand in order at first. */
int overtime_run(const struct schedule *schedule, const struct series *series, size_t layer, struct moment *moment,
				 struct error *err);

/* Mean load over that of the fullest device, 1 where nothing is routed. */
double moment_balancedness(double mean, double load);

#endif
