/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * columns.h -- the CSVs of `moesim cluster` and their columns as a table, made from columns.def.
 */
#ifndef EXPERIMENTS_CLUSTERS_COLUMNS_H
#define EXPERIMENTS_CLUSTERS_COLUMNS_H

#include "experiments/clusters/caches.h"
#include "experiments/clusters/follow.h"
#include "experiments/clusters/place.h"
#include "experiments/clusters/price.h"
#include "sim/base/csv_column.h"

enum cluster_file {
	CLUSTER_PHASES,
	CLUSTER_LAYERS,
	CLUSTER_PLACED,
	CLUSTER_SLOTS,
	CLUSTER_MOMENTS,
	CLUSTER_FOLLOWED,
	CLUSTER_CACHED
};

/* What a row is about; what a file's columns do not name may be left out. */
struct cluster_row {
	const struct traffic *routing;
	const struct priced *priced;
	const struct measure *measure;
	const struct placed *placed;
	const struct follow *follow;
	const struct followed *followed;
	const struct followed_sum *sum;
	const struct moment *moment;
	const char *label;
	const struct cluster_options *opt;
	const struct cached *cached;
	size_t slot, step;
};

/* Opens the CSV on stdout, with its header. */
struct csv_writer *cluster_csv_open(enum cluster_file file);
void cluster_csv_row(enum cluster_file file, struct csv_writer *to, const struct cluster_row *row);

#endif
