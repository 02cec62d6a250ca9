/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scene.h -- what all layers have in common: the cluster, the routing, what travels, and where experts stand.
 */
#ifndef EXPERIMENTS_CLUSTERS_SCENE_H
#define EXPERIMENTS_CLUSTERS_SCENE_H

#include "experiments/clusters/options.h"
#include "sim/cluster/exchange.h"
#include "sim/cluster/placement.h"
#include "sim/cluster/presets.h"
#include "sim/cluster/shadow.h"
#include "sim/cluster/step.h"
#include "sim/cluster/topology.h"
#include "sim/cluster/traffic.h"

struct scene {
	const struct cluster_options *opt;
	struct placement_shape shape; /* of which devices and nodes are known */
	struct topology topology;
	struct work work;
	struct exchange_rule rule;
	struct shadow_costs costs;
	uint64_t times; /* tokens that those of a routing stand for together; 0: for themselves */
	struct traffics traffic;
};

/* From checked options: devices, links, work and routing, which is read or drawn. */
int scene_open(const struct cluster_options *opt, struct scene *scene, struct error *err);
/* The same but for the routing. */
int scene_open_empty(const struct cluster_options *opt, struct scene *scene, struct error *err);
void scene_close(struct scene *scene);

/* The presets that come with the program, and those of a file of the user's ("": none). */
int scene_presets(const char *more, struct presets *presets, struct error *err);

/* How often a row of that layer is sent, where the options leave it open; says so where counts decide it. */
enum dedup scene_dedup(const struct scene *scene, const struct traffic *routing, bool *lacks_tokens);

/* The shape of a placement by the rule (NULL: of a file) of so many experts with these loads; slots 0: as many as the
 * rule takes. */
int scene_shape(const struct scene *scene, const struct placement_rule *rule, size_t experts, const uint64_t *load,
				size_t slots, struct placement_shape *shape, struct error *err);

/* The placement of that name, a rule or a file, for a layer; slots 0: as many as experts, or as the file has. */
int scene_placement(const struct scene *scene, const struct traffic *routing, const char *name, size_t slots,
					struct arena *arena, struct placement *placement, struct error *err);

#endif
