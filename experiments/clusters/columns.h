/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * columns.h -- the CSVs of `moesim cluster` and their columns as a table, made from columns.def.
 */
#ifndef EXPERIMENTS_CLUSTERS_COLUMNS_H
#define EXPERIMENTS_CLUSTERS_COLUMNS_H

#include "experiments/clusters/place.h"
#include "experiments/clusters/price.h"
#include "sim/base/csv_column.h"

enum cluster_file { CLUSTER_PHASES, CLUSTER_LAYERS, CLUSTER_PLACED, CLUSTER_SLOTS };

/* What a row is about; what a file's columns do not name may be left out. */
struct cluster_row {
	const struct traffic *routing;
	const struct priced *priced;
	const struct measure *measure;
	const struct placed *placed;
	size_t slot;
};

/* Opens the CSV on stdout, with its header. */
struct csv_writer *cluster_csv_open(enum cluster_file file);
void cluster_csv_row(enum cluster_file file, struct csv_writer *to, const struct cluster_row *row);

#endif
