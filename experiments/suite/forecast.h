/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * forecast.h -- what runs will cost, before any is started.
 */
#ifndef EXPERIMENTS_SUITE_FORECAST_H
#define EXPERIMENTS_SUITE_FORECAST_H

#include "experiments/suite/grid.h"

struct forecast {
	double params_total, params_active;
	double flops_per_token; /* forward */
	double flops;           /* of the whole run, evaluations included */
	double bytes;           /* of memory */
};

/* Counts one run exactly, by the code that `run` uses. */
int forecast_run(const struct grid *grid, const struct grid_run *run, struct forecast *forecast, struct error *err);

/* Seconds that a FLOP takes here in a run like this one: trains a few of its steps on one thread, for about half a
 * second, and keeps nothing. */
int forecast_pace(const struct grid *grid, const struct grid_run *run, double *seconds, struct error *err);

#endif
