/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_cluster.h -- the cluster of a run: what its setting asks for, and what the run's routing costs there.
 *
 * The simulated model is tiny, and on a real cluster its rows would be nothing but latency.  So its layers stand for
 * larger ones of the same proportions: a row has as many elements as `moesim cluster` takes, an expert is as wide in
 * proportion as the run's, and the tokens of a batch, which the devices share in order, stand for `tokens` on each.
 */
#ifndef EXPERIMENTS_CLUSTERS_RUN_CLUSTER_H
#define EXPERIMENTS_CLUSTERS_RUN_CLUSTER_H

#include "experiments/clusters/options.h"
#include "experiments/clusters/scene.h"
#include "sim/run/columns.h"

struct run_cluster {
	bool exists; /* the settings name one */
	struct cluster_options opt;
	struct scene scene;
};

/* Reads the setting and checks that the run's experts can stand on the cluster and its batch be shared by the devices.
 * It must stay where it is. */
int run_cluster_open(const struct settings *settings, struct run_cluster *cluster, struct error *err);

/* Adds the layers of what the trainer's routers have last done: kept choices travel, dropped ones do not.  Their phases
 * and devices, and their time with other bandwidths, are added to the bill (which begins zeroed) unless it is NULL. */
int run_cluster_price(const struct run_cluster *cluster, const struct trainer *trainer, struct run_price *price,
					  struct run_bill *bill, struct error *err);

/* "on h800, 2 nodes of 8 devices: rows of 7168, experts of 1792, 4096 tokens per device"; lives as long as the program.
 */
const char *run_cluster_text(const struct run_cluster *cluster);

/* The options that the setting may have, NULL-ended. */
const char *const *run_cluster_option_names(void);

#endif
