/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bound.c -- how good a placement can be.
 */
#include <config.h>

#include "sim/cluster/bound.h"

#include <math.h>
#include <moesim/kit.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/seed.h"

/* Steps of the innermost loops, and what a candidate costs besides; some 50 ms in all. */
static const double work_limit = 1e7, work_of_candidate = 500;

/* Copies as EPLB gives them, one by one to the heaviest: no other way makes the heaviest copy lighter, because each
 * expert has as few copies as bring it below the final maximum, or one more. */
static void give_copies(const struct placement_shape *shape, const uint64_t *load, uint32_t *copies)
{
	for (size_t e = 0; e < shape->experts; e++)
		copies[e] = 1;
	for (size_t s = shape->experts; s < shape->slots; s++) {
		size_t most = 0;
		for (size_t e = 1; e < shape->experts; e++)
			if ((double)load[e] / copies[e] > (double)load[most] / copies[most])
				most = e;
		copies[most]++;
	}
}

static int ascending(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	return (a > b) - (a < b);
}

/* Without copies the heaviest expert shares its device with as many others as a device has slots, at best the lightest.
 */
static double bound_without_copies(const struct placement_shape *shape, const uint64_t *load)
{
	size_t experts = shape->experts, room = shape->slots / shape->devices;
	uint64_t *sorted = calloc(experts, sizeof *sorted), sum;
	if (sorted == NULL)
		error_no_memory("a placement");
	memcpy(sorted, load, experts * sizeof *sorted);
	qsort(sorted, experts, sizeof *sorted, ascending);
	sum = sorted[experts - 1];
	for (size_t i = 0; i + 1 < room; i++)
		sum += sorted[i];
	free(sorted);
	return (double)sum;
}

double placement_bound(const struct placement_shape *shape, const uint64_t *load)
{
	uint32_t *copies = calloc(shape->experts, sizeof *copies);
	if (copies == NULL)
		error_no_memory("a placement");
	double bound = placement_mean_load(shape, load);
	give_copies(shape, load, copies);
	for (size_t e = 0; e < shape->experts; e++)
		if ((double)load[e] / copies[e] > bound)
			bound = (double)load[e] / copies[e];
	free(copies);
	return shape->slots == shape->experts ? fmax(bound, bound_without_copies(shape, load)) : bound;
}

/* A candidate, and how good it is: the fullest device decides, between equals the sum of squares. */
struct candidate {
	uint32_t *copies, *expert; /* [experts], [slots] */
	double most, squares;
};

struct search {
	const struct placement_shape *shape;
	const uint64_t *load;
	size_t room;    /* slots of a device */
	double *filled; /* [devices] */
	uint32_t *items;
	struct piece {
		double share;
		uint32_t expert;
	} * piece; /* [slots] */
	double work;
	struct candidate now, next;
};

static bool is_better(const struct candidate *a, const struct candidate *b)
{
	return a->most < b->most || (a->most == b->most && a->squares < b->squares);
}

static int by_share(const void *left, const void *right)
{
	const struct piece *a = left, *b = right;
	if (a->share != b->share)
		return a->share > b->share ? -1 : 1;
	return (a->expert > b->expert) - (a->expert < b->expert);
}

static double share_of(const struct search *search, const struct candidate *of, uint32_t expert)
{
	return (double)search->load[expert] / of->copies[expert];
}

static void weigh(struct search *search, struct candidate *of)
{
	of->most = of->squares = 0;
	for (size_t d = 0; d < search->shape->devices; d++) {
		double sum = 0;
		for (size_t i = d * search->room; i < (d + 1) * search->room; i++)
			sum += share_of(search, of, of->expert[i]);
		search->filled[d] = sum;
		of->most = sum > of->most ? sum : of->most;
		of->squares += sum * sum;
	}
	search->work += (double)search->shape->slots;
}

/* The heaviest piece first, each to the lightest device with room. */
static void pack(struct search *search, struct candidate *of)
{
	size_t n = 0, devices = search->shape->devices;
	for (uint32_t e = 0; e < search->shape->experts; e++)
		for (uint32_t c = 0; c < of->copies[e]; c++)
			search->piece[n++] = (struct piece){ share_of(search, of, e), e };
	qsort(search->piece, n, sizeof *search->piece, by_share);
	memset(search->filled, 0, devices * sizeof *search->filled);
	memset(search->items, 0, devices * sizeof *search->items);
	for (size_t i = 0; i < n; i++) {
		size_t best = devices;
		for (size_t d = 0; d < devices; d++)
			if (search->items[d] < search->room && (best == devices || search->filled[d] < search->filled[best]))
				best = d;
		of->expert[best * search->room + search->items[best]++] = search->piece[i].expert;
		search->filled[best] += search->piece[i].share;
	}
	search->work += (double)n * (double)(devices + 16);
	weigh(search, of);
}

static size_t fullest(const struct search *search)
{
	size_t most = 0;
	for (size_t d = 1; d < search->shape->devices; d++)
		if (search->filled[d] > search->filled[most])
			most = d;
	return most;
}

/* Trades a slot of the fullest device for a lighter one elsewhere, so that both end below its load. */
static bool trade(struct search *search, struct candidate *of)
{
	size_t from = fullest(search);
	for (size_t a = from * search->room; a < (from + 1) * search->room && search->work < work_limit; a++)
		for (size_t b = 0; b < search->shape->slots; b++) {
			size_t to = b / search->room;
			double less = share_of(search, of, of->expert[a]) - share_of(search, of, of->expert[b]);
			search->work++;
			if (to == from || less <= 0 || search->filled[to] + less >= search->filled[from] * (1 - 1e-12))
				continue;
			uint32_t kept = of->expert[a];
			of->expert[a] = of->expert[b];
			of->expert[b] = kept;
			weigh(search, of);
			return true;
		}
	return false;
}

static void improve(struct search *search, struct candidate *of)
{
	while (search->work < work_limit && trade(search, of))
		continue;
}

static void copy_candidate(const struct placement_shape *shape, struct candidate *to, const struct candidate *from)
{
	memcpy(to->copies, from->copies, shape->experts * sizeof *to->copies);
	memcpy(to->expert, from->expert, shape->slots * sizeof *to->expert);
	to->most = from->most;
	to->squares = from->squares;
}

/* Moves a few copies from one expert to another, at random; returns whether any moved. */
static bool shift(const struct placement_shape *shape, struct candidate *of, struct moe_rng *rng)
{
	bool moved = false;
	for (size_t i = 1 + moe_below(rng, 3); i > 0; i--) {
		size_t from = moe_below(rng, shape->experts), to = moe_below(rng, shape->experts);
		if (of->copies[from] < 2 || from == to)
			continue;
		of->copies[from]--;
		of->copies[to]++;
		moved = true;
	}
	return moved;
}

static void look_around(struct search *search, double bound)
{
	struct moe_rng rng = seed_stream(0, "placement", 0);
	for (; search->work < work_limit && search->now.most > bound * (1 + 1e-12); search->work += work_of_candidate) {
		copy_candidate(search->shape, &search->next, &search->now);
		if (!shift(search->shape, &search->next, &rng))
			continue;
		pack(search, &search->next);
		improve(search, &search->next);
		if (is_better(&search->next, &search->now))
			copy_candidate(search->shape, &search->now, &search->next);
	}
}

static struct candidate candidate_take(const struct placement_shape *shape, struct arena *arena)
{
	return (struct candidate){ .copies = ARENA_TAKE(arena, shape->experts, uint32_t),
							   .expert = ARENA_TAKE(arena, shape->slots, uint32_t) };
}

static void search_open(struct search *search, const struct placement_shape *shape, const uint64_t *load,
						struct arena *arena)
{
	*search = (struct search){ .shape = shape,
							   .load = load,
							   .room = shape->slots / shape->devices,
							   .filled = ARENA_TAKE(arena, shape->devices, double),
							   .items = ARENA_TAKE(arena, shape->devices, uint32_t),
							   .piece = ARENA_TAKE(arena, shape->slots, struct piece),
							   .now = candidate_take(shape, arena),
							   .next = candidate_take(shape, arena) };
}

double placement_search(const struct placement_shape *shape, const uint64_t *load, uint32_t *expert)
{
	struct arena arena = { 0 };
	struct search search;
	search_open(&search, shape, load, &arena);
	memcpy(search.now.expert, expert, shape->slots * sizeof *expert);
	for (size_t s = 0; s < shape->slots; s++)
		search.now.copies[expert[s]]++;
	weigh(&search, &search.now);
	improve(&search, &search.now);
	if (shape->slots > shape->experts)
		look_around(&search, placement_bound(shape, load));
	memcpy(expert, search.now.expert, shape->slots * sizeof *expert);
	double most = search.now.most;
	arena_free(&arena);
	return most;
}
