/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gather.h -- the tables of a suite's runs put together, for pandas, R and the like.
 */
#ifndef EXPERIMENTS_SUITE_GATHER_H
#define EXPERIMENTS_SUITE_GATHER_H

#include "experiments/suite/results.h"

/* Writes, for each table of a run folder that is not of wall time, one table of the suite, all_steps.csv for steps.csv:
 * the rows of all finished runs in the order of the grid, after the columns run, label, strategy and seed.  A column
 * that only some runs have is empty for the others.  What a run's manifest does not vouch for is refused.  A table that
 * no run has is removed. */
int gather_tables(const struct results *results, struct error *err);

#endif
