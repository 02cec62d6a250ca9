/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ranks.c -- the order in which a chart shows experts.
 */
#include <config.h>

#include "experiments/charts/ranks.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

void ranks_sort(struct ranked *order, size_t n)
{
	qsort(order, n, sizeof *order, by_value);
}

void ranks_by_value(const double *value, size_t n, struct ranked *order)
{
	for (size_t i = 0; i < n; i++)
		order[i] = (struct ranked){ value[i], i };
	ranks_sort(order, n);
}

void ranks_by_domain(const double *share, size_t domains, size_t experts, struct ranked *order)
{
	for (size_t e = 0; e < experts; e++) {
		size_t best = 0;
		double sum = 0;
		for (size_t d = 0; d < domains; d++) {
			sum += share[d * experts + e];
			if (share[d * experts + e] > share[best * experts + e])
				best = d;
		}
		double value = sum > 0 ? 2 * (double)(domains - best) + share[best * experts + e] / sum : 0;
		order[e] = (struct ranked){ value, e };
	}
	ranks_sort(order, experts);
}
