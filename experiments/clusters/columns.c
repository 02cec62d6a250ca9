/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * columns.c -- the CSVs of `moesim cluster` and their columns as a table, made from columns.def.
 */
#include <config.h>

#include "experiments/clusters/columns.h"

static double visits_per_token(uint64_t visits, const struct traffic *routing)
{
	return visits > 0 ? (double)visits / (double)routing->tokens : NAN;
}

#define COLUMN(file, name, unit, meaning, ...) COLUMN_PUT(cluster_row, file, name, __VA_ARGS__)
#include "experiments/clusters/columns.def"
#undef COLUMN

enum { phases = CLUSTER_PHASES, layers, placed, slots, moments, followed, cached };

static const struct csv_column columns[] = {
#define COLUMN(file, name, unit, meaning, kind, ...) COLUMN_ROW(file, file, name, unit, meaning, kind)
#include "experiments/clusters/columns.def"
#undef COLUMN
	{ .name = NULL },
};

struct csv_writer *cluster_csv_open(enum cluster_file file)
{
	return csv_open_stream(stdout, csv_columns_header(columns, (int)file));
}

void cluster_csv_row(enum cluster_file file, struct csv_writer *to, const struct cluster_row *row)
{
	csv_columns_put(columns, (int)file, to, row);
	csv_row(to);
}
