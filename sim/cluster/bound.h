/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bound.h -- how good a placement can be: a lower bound that holds for all, and the best that a search finds.
 */
#ifndef SIM_CLUSTER_BOUND_H
#define SIM_CLUSTER_BOUND_H

#include <stdint.h>

#include "sim/cluster/placement.h"

/* No placement has a fullest device below this: the largest of the mean load, of the heaviest copy when copies are
 * given so that the heaviest is as light as it can be, and, without copies, of the heaviest expert with the lightest
 * others that fill its device. */
double placement_bound(const struct placement_shape *shape, const uint64_t *load);

/* Looks for a placement with a lower maximum, from the one in expert[slots] on, which it replaces by the best found.
 * Copies move from one expert to another, slots are packed again, and slots of two devices trade places; nodes and
 * groups are ignored.  The work is limited, the result the same every time; it is no worse than what was given.
 * Returns its maximum. */
double placement_search(const struct placement_shape *shape, const uint64_t *load, uint32_t *expert);

#endif
