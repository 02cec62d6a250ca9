/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * eplb.c -- DeepSeek's expert-parallel load balancer.
 *
 * The original computes in single precision, which decides ties; so does this.
 */
#include <config.h>

#include "sim/cluster/eplb.h"

#include <stdlib.h>

static void *take(size_t n, size_t size)
{
	void *memory = calloc(n ? n : 1, size);
	if (memory == NULL)
		error_no_memory("a placement");
	return memory;
}

struct ranked {
	float weight;
	uint32_t item;
};

/* Heaviest first, equals in their order. */
static int by_weight(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return (a->item > b->item) - (a->item < b->item);
}

static struct ranked *sorted(const float *weight, size_t n)
{
	struct ranked *order = take(n, sizeof *order);
	for (size_t i = 0; i < n; i++)
		order[i] = (struct ranked){ weight[i], (uint32_t)i };
	qsort(order, n, sizeof *order, by_weight);
	return order;
}

static size_t lightest(const float *filled, const uint32_t *items, size_t m, size_t room)
{
	size_t best = m;
	for (size_t p = 0; p < m; p++)
		if (items[p] < room && (best == m || filled[p] < filled[best]))
			best = p;
	return best;
}

void eplb_pack(const float *weight, size_t n, size_t m, uint32_t *pack, uint32_t *rank)
{
	if (n == m) {
		for (size_t i = 0; i < n; i++) {
			pack[i] = (uint32_t)i;
			rank[i] = 0;
		}
		return;
	}
	struct ranked *order = sorted(weight, n);
	float *filled = take(m, sizeof *filled);
	uint32_t *items = take(m, sizeof *items);
	for (size_t i = 0; i < n; i++) {
		size_t p = lightest(filled, items, m, n / m);
		pack[order[i].item] = (uint32_t)p;
		rank[order[i].item] = items[p]++;
		filled[p] += order[i].weight;
	}
	free(order);
	free(filled);
	free(items);
}

void eplb_replicate(const float *weight, size_t n, size_t slots, uint32_t *item, uint32_t *copies)
{
	float *share = take(n, sizeof *share); /* divided once a copy: the search for the largest is what takes time */
	for (size_t i = 0; i < n; i++) {
		item[i] = (uint32_t)i;
		copies[i] = 1;
		share[i] = weight[i];
	}
	for (size_t s = n; s < slots; s++) {
		size_t largest = 0;
		for (size_t i = 1; i < n; i++)
			if (share[i] > share[largest])
				largest = i;
		item[s] = (uint32_t)largest;
		share[largest] = weight[largest] / (float)++copies[largest];
	}
	free(share);
}

/* The experts in the order in which their groups are packed to nodes. */
static void order_by_node(const float *weight, const struct placement_shape *shape, uint32_t *ordered)
{
	size_t groups = shape->groups, size = shape->experts / groups;
	float *sum = take(groups, sizeof *sum);
	uint32_t *pack = take(groups, sizeof *pack), *rank = take(groups, sizeof *rank);
	for (size_t e = 0; e < shape->experts; e++)
		sum[e / size] += weight[e];
	eplb_pack(sum, groups, shape->nodes, pack, rank);
	for (size_t e = 0; e < shape->experts; e++)
		ordered[(pack[e / size] * (groups / shape->nodes) + rank[e / size]) * size + e % size] = (uint32_t)e;
	free(sum);
	free(pack);
	free(rank);
}

/* The slots of one node, which holds the n experts that `ordered` names. */
static void place_node(const float *weight, const uint32_t *ordered, size_t n, size_t slots, size_t devices,
					   uint32_t *expert)
{
	float *own = take(n, sizeof *own), *share = take(slots, sizeof *share);
	uint32_t *item = take(slots, sizeof *item), *copies = take(n, sizeof *copies), *pack = take(slots, sizeof *pack),
			 *rank = take(slots, sizeof *rank);
	for (size_t i = 0; i < n; i++)
		own[i] = weight[ordered[i]];
	eplb_replicate(own, n, slots, item, copies);
	for (size_t s = 0; s < slots; s++)
		share[s] = own[item[s]] / (float)copies[item[s]];
	eplb_pack(share, slots, devices, pack, rank);
	for (size_t s = 0; s < slots; s++)
		expert[pack[s] * (slots / devices) + rank[s]] = ordered[item[s]];
	free(own);
	free(share);
	free(item);
	free(copies);
	free(pack);
	free(rank);
}

void eplb_place(const struct placement_shape *given, const uint64_t *load, uint32_t *expert)
{
	struct placement_shape shape = *given;
	if (shape.groups % shape.nodes != 0)
		shape.groups = shape.nodes = 1;
	float *weight = take(shape.experts, sizeof *weight);
	uint32_t *ordered = take(shape.experts, sizeof *ordered);
	for (size_t e = 0; e < shape.experts; e++)
		weight[e] = (float)load[e];
	order_by_node(weight, &shape, ordered);
	size_t experts = shape.experts / shape.nodes, slots = shape.slots / shape.nodes;
	for (size_t n = 0; n < shape.nodes; n++)
		place_node(weight, ordered + n * experts, experts, slots, shape.devices / shape.nodes, expert + n * slots);
	free(weight);
	free(ordered);
}
