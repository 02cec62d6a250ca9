/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * follow.h -- placements that follow the loads of a scene over time, and what came of it.
 */
#ifndef EXPERIMENTS_CLUSTERS_FOLLOW_H
#define EXPERIMENTS_CLUSTERS_FOLLOW_H

#include "experiments/clusters/scene.h"
#include "sim/cluster/overtime.h"

/* One layer over all steps. */
struct followed {
	uint32_t layer;
	struct moment *moment; /* [steps] */
};

/* Sums and means of one layer, or of all. */
struct followed_sum {
	double balancedness, initial, oracle; /* means over steps, weighted by their choices */
	double seconds, initial_seconds, oracle_seconds;
	double stall;
	uint64_t rewrites;
	double bytes;
};

struct follow {
	struct series series;
	struct schedule schedule;
	struct followed *layer; /* [series.layers] */
	struct arena arena;
};

/* Reads or takes the loads over time and follows them in every layer; follow_free() also after a failure. */
int follow_scene(const struct scene *scene, struct follow *follow, struct error *err);
void follow_free(struct follow *follow);

/* Of the layers from `begin` up to `end`. */
struct followed_sum follow_sum(const struct scene *scene, const struct follow *follow, size_t begin, size_t end);

#endif
