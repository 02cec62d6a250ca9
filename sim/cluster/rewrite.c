/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rewrite.c -- what it costs to go from one placement to another.
 */
#include <config.h>

#include "sim/cluster/rewrite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct mover {
	const struct placement *from, *to;
	const struct topology *topology;
	size_t room;                               /* slots of a device */
	uint64_t *sent[LEVELS], *received[LEVELS]; /* [devices] */
	struct rewrite *rewrite;
};

static void *take(size_t n, size_t size)
{
	void *memory = calloc(n ? n : 1, size);
	if (memory == NULL)
		error_no_memory("a rewrite");
	return memory;
}

static bool holds(const uint32_t *slots, size_t n, uint32_t expert)
{
	for (size_t i = 0; i < n; i++)
		if (slots[i] == expert)
			return true;
	return false;
}

static uint64_t sent_in_all(const struct mover *mover, size_t device)
{
	return mover->sent[LEVEL_NVL][device] + mover->sent[LEVEL_NIC][device];
}

/* Who held the expert: of the node before others, of these the one that has sent least. */
static size_t find_sender(const struct mover *mover, uint32_t expert, size_t device)
{
	const struct placement *from = mover->from;
	size_t node = topology_node(mover->topology, device), best = SIZE_MAX;
	bool best_near = false;
	for (size_t i = from->first[expert]; i < from->first[expert + 1]; i++) {
		size_t one = placement_device(&from->shape, from->slot[i]);
		bool near = topology_node(mover->topology, one) == node;
		if (best == SIZE_MAX || near > best_near ||
			(near == best_near && sent_in_all(mover, one) < sent_in_all(mover, best))) {
			best = one;
			best_near = near;
		}
	}
	return best;
}

static void move(struct mover *mover, uint32_t expert, size_t device)
{
	size_t sender = find_sender(mover, expert, device);
	bool near = topology_node(mover->topology, sender) == topology_node(mover->topology, device);
	enum level level = near ? LEVEL_NVL : LEVEL_NIC;
	mover->sent[level][sender]++;
	mover->received[level][device]++;
	mover->rewrite->moved++;
	mover->rewrite->between += level == LEVEL_NIC;
}

/* What the device lacks, each expert once: another slot with the same is filled from the first. */
static void fill_device(struct mover *mover, size_t device)
{
	const uint32_t *held = mover->from->expert + device * mover->room,
				   *wanted = mover->to->expert + device * mover->room;
	for (size_t i = 0; i < mover->room; i++)
		if (!holds(held, mover->room, wanted[i]) && !holds(wanted, i, wanted[i]))
			move(mover, wanted[i], device);
}

static void find_most(struct mover *mover, size_t devices)
{
	for (int level = 0; level < LEVELS; level++)
		for (size_t d = 0; d < devices; d++) {
			uint64_t sent = mover->sent[level][d], received = mover->received[level][d],
					 most = sent > received ? sent : received;
			if (most > mover->rewrite->most[level])
				mover->rewrite->most[level] = most;
		}
}

static int weigh(const struct topology *topology, uint64_t expert_bytes, struct rewrite *rewrite, struct error *err)
{
	for (int level = 0; level < LEVELS; level++) {
		const struct link *link = &topology->link[level];
		double bytes = (double)rewrite->most[level] * (double)expert_bytes;
		if (rewrite->most[level] > 0)
			rewrite->seconds = fmax(rewrite->seconds, link->latency[TRAVEL_DISPATCH] + bytes / link->bandwidth);
	}
	if (__builtin_mul_overflow(rewrite->moved, expert_bytes, &rewrite->bytes) || rewrite->bytes > UINT64_C(1) << 62)
		return fail(err, ERROR_USER, "%.3g experts of %.3g bytes exceed 64 bits", (double)rewrite->moved,
					(double)expert_bytes);
	return 0;
}

int rewrite_count(const struct placement *from, const struct placement *to, const struct topology *topology,
				  uint64_t expert_bytes, struct rewrite *rewrite, struct error *err)
{
	size_t devices = to->shape.devices;
	if (from->shape.slots != to->shape.slots || from->shape.devices != devices ||
		from->shape.experts != to->shape.experts)
		BUG("a rewrite between placements of two shapes");
	*rewrite = (struct rewrite){ .moved = 0 };
	struct mover mover = {
		.from = from, .to = to, .topology = topology, .room = to->shape.slots / devices, .rewrite = rewrite
	};
	for (int level = 0; level < LEVELS; level++) {
		mover.sent[level] = take(devices, sizeof(uint64_t));
		mover.received[level] = take(devices, sizeof(uint64_t));
	}
	for (size_t d = 0; d < devices; d++)
		fill_device(&mover, d);
	find_most(&mover, devices);
	for (int level = 0; level < LEVELS; level++) {
		free(mover.sent[level]);
		free(mover.received[level]);
	}
	return weigh(topology, expert_bytes, rewrite, err);
}

/* Distinct experts of slots b that a has not, and that it has. */
static size_t missing(const uint32_t *a, const uint32_t *b, size_t n, size_t *both)
{
	size_t lacking = 0;
	*both = 0;
	for (size_t i = 0; i < n; i++) {
		if (holds(b, i, b[i]))
			continue;
		bool has = holds(a, n, b[i]);
		*both += has;
		lacking += !has;
	}
	return lacking;
}

/* Of the slots that are left those that the device lacks least of, and of equals those that it has most of. */
static size_t choose(const uint32_t *held, const uint32_t *placed, size_t devices, size_t room, const bool *used,
					 size_t *lacking)
{
	size_t best = SIZE_MAX, most = 0;
	for (size_t p = 0; p < devices; p++) {
		size_t both, lacks = used[p] ? SIZE_MAX : missing(held, placed + p * room, room, &both);
		if (used[p] || (best != SIZE_MAX && (lacks > *lacking || (lacks == *lacking && both <= most))))
			continue;
		best = p;
		*lacking = lacks;
		most = both;
	}
	return best;
}

static void relabel_node(const uint32_t *from, size_t devices, size_t room, uint32_t *to, uint32_t *placed, bool *used)
{
	size_t before = 0, after = 0;
	memcpy(placed, to, devices * room * sizeof *to);
	memset(used, 0, devices * sizeof *used);
	for (size_t d = 0; d < devices; d++) {
		size_t both, lacking = 0, best = choose(from + d * room, placed, devices, room, used, &lacking);
		before += missing(from + d * room, placed + d * room, room, &both);
		after += lacking;
		used[best] = true;
		memcpy(to + d * room, placed + best * room, room * sizeof *to);
	}
	if (after > before) /* the first to choose left the others too little */
		memcpy(to, placed, devices * room * sizeof *to);
}

void rewrite_relabel(const struct placement_shape *shape, const uint32_t *from, uint32_t *to)
{
	size_t devices = shape->devices / shape->nodes, room = shape->slots / shape->devices;
	uint32_t *placed = take(devices * room, sizeof *placed);
	bool *used = take(devices, sizeof *used);
	for (size_t n = 0; n < shape->nodes; n++)
		relabel_node(from + n * devices * room, devices, room, to + n * devices * room, placed, used);
	free(placed);
	free(used);
}
