/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scatter.c -- a placement that knows nodes.
 */
#include <config.h>

#include "sim/cluster/scatter.h"

#include <stdlib.h>

#include "sim/cluster/eplb.h"

/* Places that items are put in: nodes, or devices. */
struct places {
	size_t n, room; /* room of each */
	double *filled;
	size_t *items, *mark; /* mark: 1 + the expert that came last */
};

struct piece {
	double share;
	uint32_t expert;
};

static void *take(size_t n, size_t size)
{
	void *memory = calloc(n ? n : 1, size);
	if (memory == NULL)
		error_no_memory("a placement");
	return memory;
}

static struct places places_open(size_t n, size_t room)
{
	return (struct places){ n, room, take(n, sizeof(double)), take(n, sizeof(size_t)), take(n, sizeof(size_t)) };
}

static void places_close(struct places *places)
{
	free(places->filled);
	free(places->items);
	free(places->mark);
}

/* The lightest of those from `begin` up to `end` that has room; one without the expert before one with it. */
static size_t choose(const struct places *places, size_t begin, size_t end, uint32_t expert)
{
	size_t best = end;
	for (size_t p = begin; p < end; p++) {
		if (places->items[p] == places->room)
			continue;
		bool has = places->mark[p] == expert + (size_t)1,
			 best_has = best < end && places->mark[best] == expert + (size_t)1;
		if (best == end || has < best_has || (has == best_has && places->filled[p] < places->filled[best]))
			best = p;
	}
	return best;
}

static void put(struct places *places, size_t at, const struct piece *piece)
{
	places->filled[at] += piece->share;
	places->items[at]++;
	places->mark[at] = piece->expert + (size_t)1;
}

static int by_share(const void *left, const void *right)
{
	const struct piece *a = left, *b = right;
	if (a->share != b->share)
		return a->share > b->share ? -1 : 1;
	return (a->expert > b->expert) - (a->expert < b->expert);
}

/* All copies, the heaviest first, those of an expert one behind the other. */
static struct piece *pieces_of(const struct placement_shape *shape, const uint64_t *load)
{
	float *weight = take(shape->experts, sizeof *weight);
	uint32_t *item = take(shape->slots, sizeof *item), *copies = take(shape->experts, sizeof *copies);
	struct piece *piece = take(shape->slots, sizeof *piece);
	for (size_t e = 0; e < shape->experts; e++)
		weight[e] = (float)load[e];
	eplb_replicate(weight, shape->experts, shape->slots, item, copies);
	for (size_t s = 0; s < shape->slots; s++)
		piece[s] = (struct piece){ (double)load[item[s]] / copies[item[s]], item[s] };
	qsort(piece, shape->slots, sizeof *piece, by_share);
	free(weight);
	free(item);
	free(copies);
	return piece;
}

void scatter_place(const struct placement_shape *shape, const uint64_t *load, uint32_t *expert)
{
	size_t per_node = shape->devices / shape->nodes, room = shape->slots / shape->devices;
	struct places nodes = places_open(shape->nodes, room * per_node), devices = places_open(shape->devices, room);
	struct piece *piece = pieces_of(shape, load);
	for (size_t i = 0; i < shape->slots; i++) {
		size_t node = choose(&nodes, 0, shape->nodes, piece[i].expert);
		size_t device = choose(&devices, node * per_node, (node + 1) * per_node, piece[i].expert);
		expert[device * room + devices.items[device]] = piece[i].expert;
		put(&nodes, node, &piece[i]);
		put(&devices, device, &piece[i]);
	}
	free(piece);
	places_close(&nodes);
	places_close(&devices);
}
