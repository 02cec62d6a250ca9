/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bound_lp.h -- a lower bound of the fullest device from a linear program over what devices can hold.
 */
#ifndef SIM_CLUSTER_BOUND_LP_H
#define SIM_CLUSTER_BOUND_LP_H

#include <stdint.h>

#include "sim/cluster/placement.h"

/* A pattern is what one device may hold without exceeding a load T: as many copies as it has slots, each of an expert
 * that is split into so many.  If no mixture of as many patterns as devices has all copies that some mixture of splits
 * needs, T cannot be reached; GLPK looks for one, new patterns come from a knapsack (Gilmore and Gomory 1961), and that
 * there is none is proved by the dual values alone, whatever GLPK's tolerance.  Returns the largest T from `low` up to
 * `high` for which that is found with a limited amount of work: `low`, which must be a bound already, where the problem
 * is large, or moesim was built without GLPK. */
double placement_bound_lp(const struct placement_shape *shape, const uint64_t *load, double low, double high);

#endif
