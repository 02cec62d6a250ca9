/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * route_tables.h -- a routed batch as rows of a CSV.
 */
#ifndef EXPERIMENTS_CLI_ROUTE_TABLES_H
#define EXPERIMENTS_CLI_ROUTE_TABLES_H

#include "sim/base/csv.h"
#include "sim/route/router.h"

/* token,choice,expert,score,weight,kept in the order of the tokens. */
int route_choices(struct csv_writer *out, const struct router *router, const struct moe_call *call, struct arena *arena,
				  struct error *err);

/* metric,value: the balance of the batch, and the balancers' losses. */
void route_metrics(struct csv_writer *out, const struct router *router, const struct moe_call *call,
				   struct arena *arena);

#endif
