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
	size_t *held, *filled;                     /* [experts] 1 + the last device that held it, and that has it now */
	struct rewrite *rewrite;
};

static void *take(size_t n, size_t size)
{
	void *memory = calloc(n ? n : 1, size);
	if (memory == NULL)
		error_no_memory("a rewrite");
	return memory;
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
		mover->held[held[i]] = device + 1;
	for (size_t i = 0; i < mover->room; i++) {
		if (mover->held[wanted[i]] != device + 1 && mover->filled[wanted[i]] != device + 1)
			move(mover, wanted[i], device);
		mover->filled[wanted[i]] = device + 1;
	}
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
	mover.held = take(to->shape.experts, sizeof *mover.held);
	mover.filled = take(to->shape.experts, sizeof *mover.filled);
	for (size_t d = 0; d < devices; d++)
		fill_device(&mover, d);
	free(mover.held);
	free(mover.filled);
	find_most(&mover, devices);
	for (int level = 0; level < LEVELS; level++) {
		free(mover.sent[level]);
		free(mover.received[level]);
	}
	return weigh(topology, expert_bytes, rewrite, err);
}

/* The slots of a node's devices, to be dealt out anew. */
struct deal {
	size_t devices, room;
	uint32_t *placed; /* [devices][room] the distinct experts of each, */
	size_t *distinct; /* [devices] so many */
	bool *used;       /* [devices] has been dealt out */
	bool *held;       /* [experts] the device in turn holds it */
};

static void keep_distinct(struct deal *deal, const uint32_t *to, size_t *mark, size_t d)
{
	deal->distinct[d] = 0;
	for (size_t i = 0; i < deal->room; i++) {
		uint32_t expert = to[d * deal->room + i];
		if (mark[expert] != d + 1)
			deal->placed[d * deal->room + deal->distinct[d]++] = expert;
		mark[expert] = d + 1;
	}
}

/* Experts of those slots that the device in turn holds. */
static size_t shared(const struct deal *deal, size_t p)
{
	size_t both = 0;
	for (size_t i = 0; i < deal->distinct[p]; i++)
		both += deal->held[deal->placed[p * deal->room + i]];
	return both;
}

/* Of the slots that are left those that the device lacks least of, and of equals those that it has most of. */
static size_t choose(const struct deal *deal, size_t *lacking)
{
	size_t best = SIZE_MAX, most = 0;
	for (size_t p = 0; p < deal->devices; p++) {
		if (deal->used[p])
			continue;
		size_t both = shared(deal, p), lacks = deal->distinct[p] - both;
		if (best != SIZE_MAX && (lacks > *lacking || (lacks == *lacking && both <= most)))
			continue;
		best = p;
		*lacking = lacks;
		most = both;
	}
	return best;
}

static void relabel_node(struct deal *deal, const uint32_t *from, const uint32_t *before, uint32_t *to)
{
	size_t lacked = 0, lacks = 0, room = deal->room;
	for (size_t d = 0; d < deal->devices; d++) {
		size_t lacking = 0;
		for (size_t i = 0; i < room; i++)
			deal->held[from[d * room + i]] = true;
		size_t best = choose(deal, &lacking);
		lacked += deal->distinct[d] - shared(deal, d);
		lacks += lacking;
		deal->used[best] = true;
		memcpy(to + d * room, before + best * room, room * sizeof *to);
		for (size_t i = 0; i < room; i++)
			deal->held[from[d * room + i]] = false;
	}
	if (lacks > lacked) /* the first to choose left the others too little */
		memcpy(to, before, deal->devices * room * sizeof *to);
}

void rewrite_relabel(const struct placement_shape *shape, const uint32_t *from, uint32_t *to)
{
	size_t devices = shape->devices / shape->nodes, room = shape->slots / shape->devices, own = devices * room;
	struct arena arena = { 0 };
	struct deal deal = { .devices = devices,
						 .room = room,
						 .placed = ARENA_TAKE(&arena, own, uint32_t),
						 .distinct = ARENA_TAKE(&arena, devices, size_t),
						 .used = ARENA_TAKE(&arena, devices, bool),
						 .held = ARENA_TAKE(&arena, shape->experts, bool) };
	uint32_t *before = ARENA_TAKE(&arena, own, uint32_t);
	size_t *mark = ARENA_TAKE(&arena, shape->experts, size_t);
	for (size_t n = 0; (double)devices * (double)shape->slots <= REWRITE_WORK && n < shape->nodes; n++) {
		memcpy(before, to + n * own, own * sizeof *to);
		memset(mark, 0, shape->experts * sizeof *mark);
		memset(deal.used, 0, devices * sizeof *deal.used);
		for (size_t d = 0; d < devices; d++)
			keep_distinct(&deal, before, mark, d);
		relabel_node(&deal, from + n * own, before, to + n * own);
	}
	arena_free(&arena);
}
