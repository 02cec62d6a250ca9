/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * maxflow.c -- the rows of a batch shared among copies of their experts.
 *
 * The network has an edge for each slot, from its expert to its device, with room for any number of rows.  What a slot
 * has can be taken back, so a path leads from an expert with rows left to a device, from there to another expert that
 * has rows on it, and so on, to a device that is not full.
 */
#include <config.h>

#include "sim/cluster/maxflow.h"

#include <string.h>

/* Rows under way. */
struct flow {
	uint64_t *left;    /* [experts] rows that no slot has yet */
	uint64_t *filled;  /* [devices] */
	uint64_t *by_slot; /* [slots] */
};

/* A search for paths that are as short as any; level 0: not reached. */
struct search {
	const struct placement *placement;
	size_t experts, slots, devices, room; /* room: slots of a device */
	uint64_t most;                        /* rows that a device may have */
	size_t *expert_level, *device_level;  /* 1, 3, 5, ... and 2, 4, ... */
	size_t *expert_next, *device_next;    /* edges before these lead nowhere: into `slot`; slots */
	size_t *queue, *path;                 /* nodes, devices behind experts; slots of a path */
};

static size_t device_of(const struct search *at, size_t slot)
{
	return slot / at->room;
}

static void reach(struct search *at, size_t node, size_t level, size_t *n)
{
	size_t *own = node < at->experts ? &at->expert_level[node] : &at->device_level[node - at->experts];
	if (*own == 0) {
		*own = level;
		at->queue[(*n)++] = node;
	}
}

/* The neighbors of a node. */
static void spread_from(struct search *at, const struct flow *flow, size_t node, size_t *n)
{
	const struct placement *placement = at->placement;
	if (node < at->experts) {
		for (size_t i = placement->first[node]; i < placement->first[node + 1]; i++)
			reach(at, at->experts + device_of(at, placement->slot[i]), at->expert_level[node] + 1, n);
		return;
	}
	size_t device = node - at->experts;
	for (size_t s = device * at->room; s < (device + 1) * at->room; s++)
		if (flow->by_slot[s] > 0)
			reach(at, placement->expert[s], at->device_level[device] + 1, n);
}

/* How far every node is from an expert with rows left.  False: no device that is not full is reached. */
static bool find_levels(struct search *at, const struct flow *flow)
{
	size_t n = 0;
	bool found = false;
	memset(at->expert_level, 0, at->experts * sizeof *at->expert_level);
	memset(at->device_level, 0, at->devices * sizeof *at->device_level);
	for (size_t e = 0; e < at->experts; e++)
		if (flow->left[e] > 0)
			reach(at, e, 1, &n);
	for (size_t i = 0; i < n; i++) {
		size_t node = at->queue[i];
		found |= node >= at->experts && flow->filled[node - at->experts] < at->most;
		spread_from(at, flow, node, &n);
	}
	for (size_t e = 0; e < at->experts; e++)
		at->expert_next[e] = at->placement->first[e];
	for (size_t d = 0; d < at->devices; d++)
		at->device_next[d] = d * at->room;
	return found;
}

/* The slot by which a path goes on from an expert; slots: none. */
static size_t from_expert(struct search *at, size_t expert)
{
	const struct placement *placement = at->placement;
	for (size_t *i = &at->expert_next[expert]; *i < placement->first[expert + 1]; ++*i) {
		size_t slot = placement->slot[*i];
		if (at->device_level[device_of(at, slot)] == at->expert_level[expert] + 1)
			return slot;
	}
	return at->slots;
}

static size_t from_device(struct search *at, const struct flow *flow, size_t device)
{
	for (size_t *s = &at->device_next[device]; *s < (device + 1) * at->room; ++*s)
		if (flow->by_slot[*s] > 0 && at->expert_level[at->placement->expert[*s]] == at->device_level[device] + 1)
			return *s;
	return at->slots;
}

/* The slots from an expert to a device that is not full; every second one gives rows back.  0: there is no path. */
static size_t find_path(struct search *at, const struct flow *flow, size_t expert)
{
	for (size_t n = 0;;) {
		bool gives = n % 2 == 1;
		size_t node = n == 0 ? expert : gives ? device_of(at, at->path[n - 1]) : at->placement->expert[at->path[n - 1]];
		if (gives && flow->filled[node] < at->most)
			return n;
		size_t slot = gives ? from_device(at, flow, node) : from_expert(at, node);
		if (slot < at->slots) {
			at->path[n++] = slot;
			continue;
		}
		if (n == 0)
			return 0;
		slot = at->path[--n]; /* leads nowhere */
		if (n % 2 == 0)
			at->expert_next[at->placement->expert[slot]]++;
		else
			at->device_next[device_of(at, slot)]++;
	}
}

/* As many rows as go. */
static void push(struct search *at, struct flow *flow, size_t expert, size_t n)
{
	size_t last = device_of(at, at->path[n - 1]);
	uint64_t rows = at->most - flow->filled[last];
	rows = flow->left[expert] < rows ? flow->left[expert] : rows;
	for (size_t i = 1; i < n; i += 2)
		rows = flow->by_slot[at->path[i]] < rows ? flow->by_slot[at->path[i]] : rows;
	for (size_t i = 0; i < n; i += 2)
		flow->by_slot[at->path[i]] += rows;
	for (size_t i = 1; i < n; i += 2)
		flow->by_slot[at->path[i]] -= rows;
	flow->left[expert] -= rows;
	flow->filled[last] += rows;
}

/* As many rows more as can be with at most so many on a device.  Are these all? */
static bool grow(struct search *at, struct flow *flow, uint64_t most)
{
	at->most = most;
	while (find_levels(at, flow))
		for (size_t e = 0; e < at->experts; e++)
			for (size_t n; flow->left[e] > 0 && (n = find_path(at, flow, e)) > 0;)
				push(at, flow, e, n);
	for (size_t e = 0; e < at->experts; e++)
		if (flow->left[e] > 0)
			return false;
	return true;
}

static struct flow flow_open(const struct search *at, struct arena *arena)
{
	return (struct flow){ ARENA_TAKE(arena, at->experts, uint64_t), ARENA_TAKE(arena, at->devices, uint64_t),
						  ARENA_TAKE(arena, at->slots, uint64_t) };
}

static void flow_copy(const struct search *at, const struct flow *from, struct flow *to)
{
	memcpy(to->left, from->left, at->experts * sizeof *to->left);
	memcpy(to->filled, from->filled, at->devices * sizeof *to->filled);
	memcpy(to->by_slot, from->by_slot, at->slots * sizeof *to->by_slot);
}

static struct search search_open(const struct placement *placement, struct arena *arena)
{
	const struct placement_shape *shape = &placement->shape;
	return (struct search){ .placement = placement,
							.experts = shape->experts,
							.slots = shape->slots,
							.devices = shape->devices,
							.room = shape->slots / shape->devices,
							.expert_level = ARENA_TAKE(arena, shape->experts, size_t),
							.device_level = ARENA_TAKE(arena, shape->devices, size_t),
							.expert_next = ARENA_TAKE(arena, shape->experts, size_t),
							.device_next = ARENA_TAKE(arena, shape->devices, size_t),
							.queue = ARENA_TAKE(arena, shape->experts + shape->devices, size_t),
							.path = ARENA_TAKE(arena, shape->experts + shape->devices, size_t) };
}

/* What is wished for, up to the mean load of a device; the sum of all rows. */
static uint64_t begin(const struct search *at, const uint64_t *wish, struct flow *flow)
{
	uint64_t sum = 0, mean;
	for (size_t s = 0; s < at->slots; s++) {
		flow->left[at->placement->expert[s]] += wish[s];
		sum += wish[s];
	}
	mean = (sum + at->devices - 1) / at->devices;
	for (size_t s = 0; s < at->slots; s++) {
		uint64_t *filled = &flow->filled[device_of(at, s)];
		flow->by_slot[s] = wish[s] < mean - *filled ? wish[s] : mean - *filled;
		*filled += flow->by_slot[s];
		flow->left[at->placement->expert[s]] -= flow->by_slot[s];
	}
	return sum;
}

uint64_t maxflow_share(const struct placement *placement, const uint64_t *wish, struct arena *arena, uint64_t *by_slot)
{
	struct search at = search_open(placement, arena);
	struct flow flow = flow_open(&at, arena), trial = flow_open(&at, arena);
	uint64_t high = begin(&at, wish, &flow), low = (high + at.devices - 1) / at.devices; /* enough; too few, or not */
	if (grow(&at, &flow, low))
		high = low;
	while (high > low + 1) {
		uint64_t middle = low + (high - low) / 2;
		flow_copy(&at, &flow, &trial);
		if (grow(&at, &trial, middle)) {
			high = middle;
			continue;
		}
		flow_copy(&at, &trial, &flow);
		low = middle;
	}
	grow(&at, &flow, high);
	memcpy(by_slot, flow.by_slot, at.slots * sizeof *by_slot);
	return high;
}
