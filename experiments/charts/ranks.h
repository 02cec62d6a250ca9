/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ranks.h -- the order in which a chart shows experts, whose numbers mean nothing.
 */
#ifndef EXPERIMENTS_CHARTS_RANKS_H
#define EXPERIMENTS_CHARTS_RANKS_H

#include <stddef.h>

struct ranked {
	double value;
	size_t id;
};

/* The greatest value first; of equals, the lower number. */
void ranks_sort(struct ranked *order, size_t n);
void ranks_by_value(const double *value, size_t n, struct ranked *order);
/* share[domains][experts]: experts by the domain that uses them most, and within it by how much, so that blocks appear
 * on the diagonal; unused ones last. */
void ranks_by_domain(const double *share, size_t domains, size_t experts, struct ranked *order);

#endif
