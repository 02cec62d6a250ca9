/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hottest.c -- placements with the hottest experts on every device.
 */
#include <config.h>

#include "sim/cluster/hottest.h"

#include <stdlib.h>

#include "sim/cluster/eplb.h"
#include "sim/cluster/heaviest.h"
#include "sim/cluster/shadow.h"

static void *take(size_t n, size_t size)
{
	void *memory = calloc(n ? n : 1, size);
	if (memory == NULL)
		error_no_memory("a placement");
	return memory;
}

/* Slots of each device when so many experts stand on all of them. */
static size_t room_with(const struct placement_shape *shape, size_t hot)
{
	return hot + (shape->experts - hot + shape->devices - 1) / shape->devices;
}

/* How many experts may stand on all devices. */
static size_t most_hot(const struct placement_shape *shape)
{
	size_t hot = 0, room = shape->slots / shape->devices;
	while (hot < shape->experts && room_with(shape, hot + 1) <= room)
		hot++;
	return hot;
}

/* The first `hot` of order[] on every device, behind the slots of the others, which are returned one device after the
 * other: slot i of the others is slot others_slot(i) of all. */
static void place_hot(const struct placement_shape *shape, const uint32_t *order, size_t hot, uint32_t *expert)
{
	size_t room = shape->slots / shape->devices;
	for (size_t d = 0; d < shape->devices; d++)
		for (size_t i = 0; i < hot; i++)
			expert[d * room + room - hot + i] = order[i];
}

/* The others' n experts, `rest`, by EPLB's two steps into the slots that are left. */
static void place_rest(const struct placement_shape *shape, const uint64_t *load, const uint32_t *rest, size_t n,
					   size_t hot, uint32_t *expert)
{
	size_t room = shape->slots / shape->devices, slots = shape->devices * (room - hot);
	struct placement_shape flat = { .experts = n, .slots = slots, .devices = shape->devices, .nodes = 1, .groups = 1 };
	uint64_t *own = take(n, sizeof *own);
	uint32_t *placed = take(slots, sizeof *placed);
	for (size_t i = 0; i < n; i++)
		own[i] = load[rest[i]];
	eplb_place(&flat, own, placed);
	for (size_t s = 0; s < slots; s++)
		expert[s / (room - hot) * room + s % (room - hot)] = rest[placed[s]];
	free(own);
	free(placed);
}

void biased_place(const struct placement_shape *shape, const uint64_t *load, uint32_t *expert)
{
	size_t hot = most_hot(shape);
	uint32_t *order = take(shape->experts, sizeof *order);
	heaviest_first(load, shape->experts, order);
	place_hot(shape, order, hot, expert);
	if (hot < shape->experts)
		place_rest(shape, load, order + hot, shape->experts - hot, hot, expert);
	else /* slots beyond all experts */
		for (size_t s = 0, room = shape->slots / shape->devices; s < shape->slots; s++)
			expert[s] = s % room < room - hot ? (uint32_t)(s % room % shape->experts) : expert[s];
	free(order);
}

size_t biased_slots(const struct placement_shape *shape, const uint64_t *load)
{
	(void)load;
	return shape->devices * room_with(shape, 1);
}

static size_t choose(const struct placement_shape *shape, const uint64_t *load, uint32_t *order)
{
	return shadow_choose(shape->costs ? shape->costs : &shadow_published, load, shape->experts, order);
}

void shadows_place(const struct placement_shape *shape, const uint64_t *load, uint32_t *expert)
{
	uint32_t *order = take(shape->experts, sizeof *order);
	bool *is_hot = take(shape->experts, sizeof *is_hot);
	size_t hot = choose(shape, load, order), most = most_hot(shape), room = shape->slots / shape->devices, n = 0;
	hot = hot < most ? hot : most;
	for (size_t i = 0; i < hot; i++)
		is_hot[order[i]] = true;
	place_hot(shape, order, hot, expert);
	for (uint32_t e = 0; e < shape->experts; e++) /* order[] behind the hot ones: the others, ascending */
		if (!is_hot[e])
			order[hot + n++] = e;
	size_t left = room - hot;
	for (size_t i = 0; n > 0 && i < shape->devices * left; i++)
		expert[i / left * room + i % left] = order[hot + i % n];
	free(order);
	free(is_hot);
}

size_t shadows_slots(const struct placement_shape *shape, const uint64_t *load)
{
	uint32_t *order = take(shape->experts, sizeof *order);
	size_t hot = choose(shape, load, order);
	free(order);
	return shape->devices * room_with(shape, hot);
}
