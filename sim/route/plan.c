/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plan.c -- from picks to a plan: capacity, dropping, grouping.
 */
#include <config.h>

#include "sim/route/plan.h"

#include <float.h>
#include <math.h>
#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

struct contest {
	real score;
	uint32_t pick, token;
};

void planner_create(struct planner *planner, size_t tokens, size_t experts, size_t max, struct arena *arena)
{
	planner->tokens = tokens;
	planner->experts = planner->limited = experts;
	planner->max = planner->picks.max = max;
	planner->picks.token = ARENA_TAKE(arena, max, uint32_t);
	planner->picks.expert = ARENA_TAKE(arena, max, uint32_t);
	planner->picks.rank = ARENA_TAKE(arena, max, uint32_t);
	planner->dropped = ARENA_TAKE(arena, max, uint8_t);
	planner->order = ARENA_TAKE(arena, max, uint32_t);
	planner->at = ARENA_TAKE(arena, (tokens > experts ? tokens : experts) + 1, uint32_t);
	planner->contest = ARENA_TAKE(arena, max, struct contest);
	planner->to = ARENA_TAKE(arena, max, uint32_t);
	planner->ends = ARENA_TAKE(arena, tokens, uint32_t);
	planner->moving = ARENA_TAKE(arena, max, uint32_t);
	planner->asked = ARENA_TAKE(arena, max, uint32_t);
}

void plan_create(struct moe_plan *plan, size_t tokens, size_t experts, size_t max, struct arena *arena)
{
	plan->token = ARENA_TAKE(arena, max, uint32_t);
	plan->expert = ARENA_TAKE(arena, max, uint32_t);
	plan->rank = ARENA_TAKE(arena, max, uint32_t);
	plan->by_token = ARENA_TAKE(arena, max, uint32_t);
	plan->weight = ARENA_TAKE(arena, max, real);
	plan->d_weight = ARENA_TAKE(arena, max, real);
	plan->first = ARENA_TAKE(arena, experts + 1, uint32_t);
	plan->assigned = ARENA_TAKE(arena, experts + 1, uint32_t);
	plan->token_first = ARENA_TAKE(arena, tokens + 1, uint32_t);
}

size_t plan_capacity(double factor, size_t tokens, size_t experts, size_t k)
{
	if (factor <= 0 || experts == 0)
		return SIZE_MAX;
	double rows = factor * (double)k * (double)tokens / (double)experts;
	/* 1.1 * 2 * 100 / 10 comes out a last bit above 22, which is no reason for a 23rd row */
	rows = ceil(rows * (1 - 4 * DBL_EPSILON));
	return rows < (double)SIZE_MAX ? (size_t)rows : SIZE_MAX;
}

static void count_picks(struct moe_plan *plan, const struct planner *planner, size_t tokens, const char *selector)
{
	const struct moe_picks *picks = &planner->picks;
	if (picks->n > picks->max)
		BUG(text_keep_f("selector '%s' picked more than its max_picks", selector));
	memset(plan->assigned, 0, (planner->experts + 1) * sizeof *plan->assigned);
	for (size_t i = 0; i < picks->n; i++) {
		if (picks->token[i] >= tokens || picks->expert[i] >= planner->experts)
			BUG(text_keep_f("selector '%s' picked a token or an expert that does not exist", selector));
		plan->assigned[picks->expert[i]]++;
	}
}

/* The most rows that this expert takes. */
static size_t room_of(const struct planner *planner, size_t expert, size_t capacity)
{
	return expert < planner->limited ? capacity : SIZE_MAX;
}

/* Marks what overflows, in the order of the batch. */
static void drop_in_order(struct planner *planner, size_t capacity)
{
	const struct moe_picks *picks = &planner->picks;
	memset(planner->at, 0, planner->experts * sizeof *planner->at);
	for (size_t i = 0; i < picks->n; i++) {
		uint32_t pick = planner->order[i], e = picks->expert[pick];
		planner->dropped[pick] = planner->at[e]++ >= room_of(planner, e, capacity);
	}
}

/* Marks what overflows, rank by rank, in the order of the batch. */
static void drop_by_position(struct planner *planner, size_t capacity)
{
	const struct moe_picks *picks = &planner->picks;
	uint32_t ranks = 1;
	memset(planner->at, 0, planner->experts * sizeof *planner->at);
	for (uint32_t rank = 0; rank < ranks; rank++)
		for (size_t i = 0; i < picks->n; i++) {
			const size_t pick = planner->order[i];
			if (picks->rank[pick] >= ranks)
				ranks = picks->rank[pick] + 1;
			if (picks->rank[pick] == rank) {
				const uint32_t e = picks->expert[pick];
				planner->dropped[pick] = planner->at[e]++ >= room_of(planner, e, capacity);
			}
		}
}

static int compare_contest(const void *left, const void *right)
{
	const struct contest *a = left, *b = right;
	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return a->token < b->token ? -1 : a->token > b->token;
}

/* Marks what overflows, lowest score first; `first` holds where each expert's contest begins. */
static void drop_by_score(struct planner *planner, const struct moe_plan *plan, size_t capacity, const real *choice)
{
	const struct moe_picks *picks = &planner->picks;
	uint32_t *at = planner->at, sum = 0;
	for (size_t e = 0; e < planner->experts; e++) {
		at[e] = sum;
		sum += plan->assigned[e];
	}
	for (uint32_t i = 0; i < picks->n; i++) {
		real score = choice[(size_t)picks->token[i] * planner->experts + picks->expert[i]];
		planner->contest[at[picks->expert[i]]++] = (struct contest){ score, i, picks->token[i] };
	}
	for (size_t e = 0, begin = 0; e < planner->limited; begin += plan->assigned[e++]) {
		if (plan->assigned[e] <= capacity)
			continue;
		qsort(planner->contest + begin, plan->assigned[e], sizeof *planner->contest, compare_contest);
		for (size_t i = capacity; i < plan->assigned[e]; i++)
			planner->dropped[planner->contest[begin + i].pick] = 1;
	}
}

/* Stable counting sort of all picks by token into planner->order. */
static void sort_by_token(struct planner *planner, size_t tokens)
{
	const struct moe_picks *picks = &planner->picks;
	uint32_t *at = planner->at;
	memset(at, 0, (tokens + 1) * sizeof *at);
	for (size_t i = 0; i < picks->n; i++)
		at[picks->token[i] + 1]++;
	for (size_t t = 0; t < tokens; t++)
		at[t + 1] += at[t];
	for (uint32_t i = 0; i < picks->n; i++)
		planner->order[at[picks->token[i]]++] = i;
}

/* ---- other places for those that found no room ------------------------------------------------------------------- */

static bool holds(const struct planner *planner, uint32_t token, uint32_t expert)
{
	for (uint32_t i = token ? planner->ends[token - 1] : 0; i < planner->ends[token]; i++)
		if (!planner->dropped[planner->order[i]] && planner->to[planner->order[i]] == expert)
			return true;
	return false;
}

/* Lists the picks without a place, rank by rank and in the order of the batch; returns their number. */
static size_t list_moving(struct planner *planner)
{
	const struct moe_picks *picks = &planner->picks;
	uint32_t ranks = 1;
	size_t n = 0;
	for (uint32_t rank = 0; rank < ranks; rank++)
		for (size_t i = 0; i < picks->n; i++) {
			uint32_t pick = planner->order[i];
			if (picks->rank[pick] >= ranks)
				ranks = picks->rank[pick] + 1;
			if (picks->rank[pick] == rank && planner->dropped[pick])
				planner->moving[n++] = pick;
		}
	return n;
}

static void move_to(struct planner *planner, uint32_t pick, uint32_t expert)
{
	planner->dropped[pick] = 0;
	planner->to[pick] = expert;
	planner->at[expert]++;
}

/* The best of the row behind `last`, or the best of all; the lower place wins a tie.  UINT32_MAX when there is none. */
static uint32_t best_behind(const real *row, size_t n, uint32_t last)
{
	uint32_t best = UINT32_MAX;
	for (uint32_t e = 0; e < n; e++)
		if ((last == UINT32_MAX || row[e] < row[last] || (row[e] == row[last] && e > last)) &&
			(best == UINT32_MAX || row[e] > row[best]))
			best = e;
	return best;
}

/* In each round every pick without a place asks one expert, the best that it has not asked yet (no token left behind,
 * in Mesh-TensorFlow): so nobody gets a third choice before all have asked their second. */
static void move_to_next_best(struct planner *planner, size_t capacity, const real *choice)
{
	size_t n = list_moving(planner);
	for (size_t i = 0; i < n; i++)
		planner->asked[i] = UINT32_MAX;
	for (size_t round = 0; round < planner->experts && n > 0; round++) {
		size_t left = 0;
		for (size_t i = 0; i < n; i++) {
			uint32_t pick = planner->moving[i], token = planner->picks.token[pick];
			uint32_t e = best_behind(choice + (size_t)token * planner->experts, planner->experts, planner->asked[i]);
			if (e == UINT32_MAX)
				continue;
			if (planner->at[e] < room_of(planner, e, capacity) && !holds(planner, token, e)) {
				move_to(planner, pick, e);
				continue;
			}
			planner->asked[left] = e;
			planner->moving[left++] = pick;
		}
		n = left;
	}
}

static size_t free_places(const struct planner *planner, size_t capacity, uint32_t token, uint32_t expert)
{
	if (planner->at[expert] >= capacity || holds(planner, token, expert))
		return 0;
	return capacity - planner->at[expert];
}

/* Each pick without a place gets one of the free places, all of which are alike (Hunyuan-Large's recycle routing). */
static void move_at_random(struct planner *planner, size_t capacity)
{
	size_t n = list_moving(planner);
	for (size_t i = 0; i < n; i++) {
		uint32_t pick = planner->moving[i], token = planner->picks.token[pick], e = 0;
		size_t places = 0, here = 0;
		for (uint32_t j = 0; j < planner->limited; j++)
			places += free_places(planner, capacity, token, j);
		if (places == 0)
			continue;
		for (size_t at = moe_below(&planner->rng, places); at >= (here = free_places(planner, capacity, token, e)); e++)
			at -= here;
		move_to(planner, pick, e);
	}
}

/* ---- grouping ------------------------------------------------------------------------------------------------------
 */

/* From picks in token order, the kept pairs grouped by expert. */
static void group_by_expert(struct moe_plan *plan, struct planner *planner)
{
	const struct moe_picks *picks = &planner->picks;
	uint32_t *at = planner->at;
	memset(plan->first, 0, (planner->experts + 1) * sizeof *plan->first);
	for (size_t i = 0; i < picks->n; i++)
		if (!planner->dropped[i])
			plan->first[planner->to[i] + 1]++;
	for (size_t e = 0; e < planner->experts; e++) {
		plan->first[e + 1] += plan->first[e];
		at[e] = plan->first[e];
	}
	plan->pairs = planner->experts ? plan->first[planner->experts] : 0;
	plan->dropped = picks->n - plan->pairs;
	for (size_t i = 0; i < picks->n; i++) {
		uint32_t pick = planner->order[i];
		if (planner->dropped[pick])
			continue;
		uint32_t pair = at[planner->to[pick]]++;
		plan->token[pair] = picks->token[pick];
		plan->expert[pair] = planner->to[pick];
		plan->rank[pair] = picks->rank[pick];
	}
}

/* The way back: for each token its pairs, in expert order. */
static void index_by_token(struct moe_plan *plan, struct planner *planner, size_t tokens)
{
	uint32_t *at = planner->at;
	memset(plan->token_first, 0, (tokens + 1) * sizeof *plan->token_first);
	for (size_t p = 0; p < plan->pairs; p++)
		plan->token_first[plan->token[p] + 1]++;
	for (size_t t = 0; t < tokens; t++) {
		plan->token_first[t + 1] += plan->token_first[t];
		at[t] = plan->token_first[t];
	}
	for (uint32_t p = 0; p < plan->pairs; p++)
		plan->by_token[at[plan->token[p]]++] = p;
}

static bool has_twins(const struct moe_plan *plan)
{
	for (size_t p = 1; p < plan->pairs; p++)
		if (plan->token[p] == plan->token[p - 1] && plan->expert[p] == plan->expert[p - 1])
			return true;
	return false;
}

static void make_room(const struct moe_plan *plan, struct planner *planner, size_t capacity,
					  enum overflow_rule overflow, const real *choice)
{
	switch (overflow) {
	case OVERFLOW_LOWEST_SCORE:
	case OVERFLOW_LOWEST_WEIGHT:
		drop_by_score(planner, plan, capacity, choice);
		return;
	case OVERFLOW_BATCH_ORDER:
		drop_in_order(planner, capacity);
		return;
	default:
		drop_by_position(planner, capacity);
	}
	if (overflow == OVERFLOW_NEXT_BEST)
		move_to_next_best(planner, capacity, choice);
	if (overflow == OVERFLOW_RECYCLED)
		move_at_random(planner, capacity);
}

void plan_build(struct moe_plan *plan, struct planner *planner, size_t tokens, size_t capacity,
				enum overflow_rule overflow, const real *choice, const char *selector)
{
	count_picks(plan, planner, tokens, selector);
	memset(planner->dropped, 0, planner->picks.n);
	memcpy(planner->to, planner->picks.expert, planner->picks.n * sizeof *planner->to);
	sort_by_token(planner, tokens);
	memcpy(planner->ends, planner->at, tokens * sizeof *planner->ends);
	if (capacity != SIZE_MAX)
		make_room(plan, planner, capacity, overflow, choice);
	group_by_expert(plan, planner);
	if (has_twins(plan))
		BUG(text_keep_f("selector '%s' gave a token the same expert twice", selector));
	index_by_token(plan, planner, tokens);
}

const char *plan_check(const struct moe_plan *plan, size_t tokens, size_t experts, size_t capacity)
{
	size_t picks = 0;
	if (plan->first[0] != 0 || plan->first[experts] != plan->pairs)
		return "the experts' rows do not cover the pairs";
	for (size_t e = 0; e < experts; e++) {
		picks += plan->assigned[e];
		if (plan->first[e + 1] < plan->first[e] || plan->first[e + 1] - plan->first[e] > capacity)
			return "an expert has more rows than its capacity";
		for (size_t p = plan->first[e]; p < plan->first[e + 1]; p++)
			if (plan->expert[p] != e || plan->token[p] >= tokens)
				return "a pair stands under the wrong expert";
		for (size_t p = plan->first[e] + 1; p < plan->first[e + 1]; p++)
			if (plan->token[p] <= plan->token[p - 1])
				return "an expert's tokens are not in order, or doubled";
	}
	if (picks != plan->pairs + plan->dropped)
		return "pairs and drops do not add up to the picks";
	if (plan->token_first[0] != 0 || plan->token_first[tokens] != plan->pairs)
		return "the tokens' lists do not cover the pairs";
	for (size_t t = 0; t < tokens; t++)
		for (size_t i = plan->token_first[t]; i < plan->token_first[t + 1]; i++)
			if (plan->token[plan->by_token[i]] != t)
				return "a pair stands in the wrong token's list";
	return NULL;
}
