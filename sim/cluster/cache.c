/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cache.c -- experts that are kept while others are fetched.
 */
#include <config.h>

#include "sim/cluster/cache.h"

#include <math.h>
#include <stdlib.h>

#include "sim/cluster/heaviest.h"

static uint64_t worth_recent(const struct cache_view *view, uint32_t expert)
{
	(void)expert;
	return view->now + 1;
}

/* Of equals the one that was asked for last. */
static uint64_t worth_frequent(const struct cache_view *view, uint32_t expert)
{
	return view->seen[expert] << 32 | (view->now + 1);
}

static uint64_t worth_pinned(const struct cache_view *view, uint32_t expert)
{
	return view->pinned[expert];
}

/* Belady (1966): the one that is asked for again soonest. */
static uint64_t worth_in_future(const struct cache_view *view, uint32_t expert)
{
	(void)expert;
	return UINT32_MAX - view->requests->next[view->now];
}

const struct cache_policy cache_policies[] = {
	{ "lru", "least recently used goes first", worth_recent, false },
	{ "lfu", "least frequently used goes first", worth_frequent, false },
	{ "pin", "the experts that are used most, known beforehand, stay", worth_pinned, true },
	{ "belady", "the one whose next use is farthest goes first: no policy hits more", worth_in_future, true },
	{ .name = NULL },
};

double cache_expected_touched(size_t experts, double k, double batch)
{
	double all = (double)experts;
	return all * (1 - pow(1 - k / all, batch));
}

/* Notes when each expert is asked for next, from the end on. */
static void find_next(struct cache_requests *requests, struct arena *arena)
{
	uint32_t *last = ARENA_TAKE(arena, requests->experts, uint32_t);
	for (size_t e = 0; e < requests->experts; e++)
		last[e] = UINT32_MAX;
	for (size_t i = requests->n; i-- > 0;) {
		requests->next[i] = last[requests->expert[i]];
		last[requests->expert[i]] = (uint32_t)i;
	}
}

struct cache_requests cache_requests_of(const struct traffic *routing, size_t batch, struct arena *arena)
{
	struct cache_requests requests = { .experts = routing->experts,
									   .batches = (routing->tokens + batch - 1) / batch,
									   .expert = ARENA_TAKE(arena, routing->assignments, uint32_t),
									   .next = ARENA_TAKE(arena, routing->assignments, uint32_t),
									   .total = ARENA_TAKE(arena, routing->experts, uint64_t),
									   .order = ARENA_TAKE(arena, routing->experts, uint32_t) };
	size_t *mark = ARENA_TAKE(arena, routing->experts, size_t); /* 1 + the last batch that asked for it */
	for (size_t t = 0; t < routing->tokens; t++)
		for (size_t i = routing->first[t]; i < routing->first[t + 1]; i++) {
			uint32_t expert = routing->expert[i];
			if (mark[expert] == t / batch + 1)
				continue;
			mark[expert] = t / batch + 1;
			requests.total[expert]++;
			requests.expert[requests.n++] = expert;
		}
	find_next(&requests, arena);
	heaviest_first(requests.total, requests.experts, requests.order);
	return requests;
}

/* The experts that are kept, as a heap whose top is worth least; place[e] is 1 + where expert e stands, 0: nowhere. */
struct heap {
	size_t n;
	uint32_t *expert; /* [room] */
	uint64_t *worth;  /* [experts] */
	size_t *place;    /* [experts] */
};

static void put(struct heap *heap, size_t at, uint32_t expert)
{
	heap->expert[at] = expert;
	heap->place[expert] = at + 1;
}

static void sink(struct heap *heap, size_t at)
{
	uint32_t moving = heap->expert[at];
	for (size_t child; (child = 2 * at + 1) < heap->n; at = child) {
		if (child + 1 < heap->n && heap->worth[heap->expert[child + 1]] < heap->worth[heap->expert[child]])
			child++;
		if (heap->worth[heap->expert[child]] >= heap->worth[moving])
			break;
		put(heap, at, heap->expert[child]);
	}
	put(heap, at, moving);
}

static void rise(struct heap *heap, size_t at)
{
	uint32_t moving = heap->expert[at];
	for (; at > 0 && heap->worth[heap->expert[(at - 1) / 2]] > heap->worth[moving]; at = (at - 1) / 2)
		put(heap, at, heap->expert[(at - 1) / 2]);
	put(heap, at, moving);
}

/* An expert that was fetched takes a free place, or that of the one that is worth least. */
static void keep(struct heap *heap, const struct cache_policy *policy, size_t room, uint32_t expert, uint64_t worth)
{
	if (worth == 0)
		return;
	heap->worth[expert] = worth;
	if (heap->n < room) {
		put(heap, heap->n++, expert);
		rise(heap, heap->n - 1);
		return;
	}
	if (policy->turns_away && heap->worth[heap->expert[0]] >= worth)
		return;
	heap->place[heap->expert[0]] = 0;
	put(heap, 0, expert);
	sink(heap, 0);
}

static void renew(struct heap *heap, uint32_t expert, uint64_t worth)
{
	size_t at = heap->place[expert] - 1;
	heap->worth[expert] = worth;
	rise(heap, at);
	sink(heap, heap->place[expert] - 1);
}

struct cache_result cache_run(const struct cache_requests *requests, const struct cache_policy *policy, size_t room)
{
	struct arena arena = { 0 };
	uint64_t *seen = ARENA_TAKE(&arena, requests->experts, uint64_t);
	bool *pinned = ARENA_TAKE(&arena, requests->experts, bool);
	struct heap heap = { .expert = ARENA_TAKE(&arena, room, uint32_t),
						 .worth = ARENA_TAKE(&arena, requests->experts, uint64_t),
						 .place = ARENA_TAKE(&arena, requests->experts, size_t) };
	struct cache_view view = { .requests = requests, .room = room, .seen = seen, .pinned = pinned };
	struct cache_result result = { .requests = requests->n };
	for (size_t i = 0; i < room && i < requests->experts; i++)
		pinned[requests->order[i]] = true;
	for (view.now = 0; view.now < requests->n; view.now++) {
		uint32_t expert = requests->expert[view.now];
		seen[expert]++;
		uint64_t worth = policy->worth(&view, expert);
		if (heap.place[expert] != 0) {
			result.hits++;
			renew(&heap, expert, worth);
		} else {
			keep(&heap, policy, room, expert, worth);
		}
	}
	arena_free(&arena);
	return result;
}
