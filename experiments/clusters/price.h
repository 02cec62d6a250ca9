/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * price.h -- what each layer of a scene costs.
 */
#ifndef EXPERIMENTS_CLUSTERS_PRICE_H
#define EXPERIMENTS_CLUSTERS_PRICE_H

#include <stdbool.h>

#include "experiments/clusters/scene.h"
#include "sim/cluster/diagnosis.h"

/* One layer with all that is known of it. */
struct priced {
	struct arena arena;
	struct placement placement;
	struct rows rows;
	struct step step;
	struct diagnosis diagnosis;
};

struct prices {
	struct priced *layer; /* [layers of the scene] */
	bool lacks_tokens;    /* the routing is counts, so that each choice is taken for a row of its own */
};

/* Places, counts and times one layer; of the diagnosis, the sentence is left out.  *lacks_tokens is set when the
 * routing is counts. */
int price_routing(const struct scene *scene, const struct traffic *routing, struct priced *priced, bool *lacks_tokens,
				  struct error *err);

/* Fills *prices, which price_free() gives back also after a failure. */
int price_scene(struct scene *scene, struct prices *prices, struct error *err);
void price_free(const struct scene *scene, struct prices *prices);

/* The busiest device over the mean; NAN of a sum. */
double measure_imbalance(const struct measure *measure);
/* Has a sum no rows of its own, or a phase nothing at all? */
bool measure_is_sum(const struct measure *measure);
bool measure_is_empty(const struct measure *measure);

/* Tables and a verdict for a person, on stdout. */
void price_show(const struct scene *scene, const struct prices *prices);

#endif
