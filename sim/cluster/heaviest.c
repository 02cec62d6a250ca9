/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * heaviest.c -- experts by their load.
 */
#include <config.h>

#include "sim/cluster/heaviest.h"

#include <stdlib.h>

#include "sim/base/error.h"

struct ranked {
	uint64_t load;
	uint32_t expert;
};

static int by_load(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	if (a->load != b->load)
		return a->load > b->load ? -1 : 1;
	return (a->expert > b->expert) - (a->expert < b->expert);
}

void heaviest_first(const uint64_t *load, size_t n, uint32_t *order)
{
	struct ranked *ranked = calloc(n + 1, sizeof *ranked);
	if (ranked == NULL)
		error_no_memory("an order of experts");
	for (size_t i = 0; i < n; i++)
		ranked[i] = (struct ranked){ load[i], (uint32_t)i };
	qsort(ranked, n, sizeof *ranked, by_load);
	for (size_t i = 0; i < n; i++)
		order[i] = ranked[i].expert;
	free(ranked);
}
