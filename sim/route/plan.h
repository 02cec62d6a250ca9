/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plan.h -- from picks to a plan: capacity, dropping, grouping.
 */
#ifndef SIM_ROUTE_PLAN_H
#define SIM_ROUTE_PLAN_H

#include <moesim/moesim.h>

#include "sim/base/arena.h"
#include "sim/route/sentence.h"

/* Memory to build a plan from at most `picks` picks. */
struct planner {
	size_t tokens, experts, max;
	struct moe_picks picks;
	uint8_t *dropped;        /* [max] */
	uint32_t *order;         /* [max] picks sorted by token */
	uint32_t *at;            /* [max(tokens, experts) + 1] counting sorts */
	struct contest *contest; /* [max] the picks of one overfull expert */
	uint32_t *to;            /* [max] where a pick goes in the end */
	uint32_t *ends;          /* [tokens] token t's picks stand at order[ends[t - 1]] .. order[ends[t] - 1] */
	uint32_t *moving;        /* [max] picks without a place that look for another one */
	uint32_t *asked;         /* [max] the expert that such a pick has asked last */
	size_t limited;          /* the first so many experts have a capacity: all, unless the caller says otherwise */
	struct moe_rng rng;      /* for OVERFLOW_RECYCLED; set by the caller before each plan */
};

void planner_create(struct planner *planner, size_t tokens, size_t experts, size_t max, struct arena *arena);
void plan_create(struct moe_plan *plan, size_t tokens, size_t experts, size_t max, struct arena *arena);

/* The most rows that one expert takes: ceil(factor k tokens / experts), or SIZE_MAX for factor 0. */
size_t plan_capacity(double factor, size_t tokens, size_t experts, size_t k);

/* Groups planner->picks by expert, in token order inside an expert.  Where more than `capacity` picks fall on an
 * expert, keeps those of the better rank and, among equals, the earlier token (GShard's rule: all first choices before
 * any second choice), those with the highest choice[token][expert] (for OVERFLOW_LOWEST_WEIGHT their weights), or the
 * earlier tokens whatever the rank.  OVERFLOW_NEXT_BEST and OVERFLOW_RECYCLED keep by rank and token, too, and then
 * find other experts for the rest, where there is room and the token is not yet; places to recycle are those of experts
 * with a capacity.  Out-of-range or doubled picks are a
 * BUG() that names `selector`. */
void plan_build(struct moe_plan *plan, struct planner *planner, size_t tokens, size_t capacity,
				enum overflow_rule overflow, const real *choice, const char *selector);

/* Do all invariants hold?  NULL, or what is wrong. */
const char *plan_check(const struct moe_plan *plan, size_t tokens, size_t experts, size_t capacity);

#endif
