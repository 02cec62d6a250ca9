/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * caches.h -- what a cache of experts hits in each layer of a scene.
 */
#ifndef EXPERIMENTS_CLUSTERS_CACHES_H
#define EXPERIMENTS_CLUSTERS_CACHES_H

#include "experiments/clusters/scene.h"
#include "sim/cluster/cache.h"

/* One policy in one layer and step. */
struct cached {
	const struct cache_policy *policy;
	struct cache_result result, bound; /* bound: of Belady's */
	double touched, expected;          /* experts of a batch, on average; when tokens choose at random */
	uint64_t bytes;                    /* fetched */
	size_t tokens;
};

struct caches {
	size_t policies;       /* rows of each layer */
	struct cached *cached; /* [layers of the scene][policies], in the arena */
	struct arena arena;
};

/* The policy that the options ask for, or all. */
int caches_scene(const struct scene *scene, struct caches *caches, struct error *err);
void caches_free(struct caches *caches);

#endif
