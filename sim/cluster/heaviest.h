/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * heaviest.h -- experts by their load.
 */
#ifndef SIM_CLUSTER_HEAVIEST_H
#define SIM_CLUSTER_HEAVIEST_H

#include <stddef.h>
#include <stdint.h>

/* order[n]: experts by falling load, equals in their order. */
void heaviest_first(const uint64_t *load, size_t n, uint32_t *order);

#endif
