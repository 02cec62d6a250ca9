/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * place.h -- placements of the experts of each layer of a scene, and how good they are.
 */
#ifndef EXPERIMENTS_CLUSTERS_PLACE_H
#define EXPERIMENTS_CLUSTERS_PLACE_H

#include "experiments/clusters/scene.h"
#include "sim/cluster/rewrite.h"

enum { PLACED_MOST = 16 };

/* A placement of one layer, the load of its fullest device, and with --summary how good one of as many slots can be. */
struct placed {
	const char *name;
	struct placement of;
	double load, bound, found;
	bool moves; /* --from is given */
	struct rewrite rewrite;
};

struct placed_layer {
	size_t n;
	struct placed placed[PLACED_MOST];
};

/* The placements of a layer that the options ask for: one, or with --summary and no --placement those of all rules. */
int place_layer(const struct scene *scene, const struct traffic *routing, struct arena *arena,
				struct placed_layer *layer, struct error *err);

#endif
