/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * router_parts.h -- the parts of a router by their kind; for its files alone.
 */
#ifndef SIM_ROUTE_ROUTER_PARTS_H
#define SIM_ROUTE_ROUTER_PARTS_H

#include "sim/route/router.h"

/* The places of the parts in a sentence and in a router's memory. */
enum { PROJECTOR, SCORER, SELECTOR, GATE, BALANCER };

static inline const struct moe_projector *router_projector(const struct sentence *sentence)
{
	return (const struct moe_projector *)sentence->projector.part;
}

static inline const struct moe_scorer *router_scorer(const struct router *r)
{
	return (const struct moe_scorer *)r->sentence->scorer.part;
}

static inline const struct moe_selector *router_selector(const struct router *r)
{
	return (const struct moe_selector *)r->sentence->selector.part;
}

static inline const struct moe_gate *router_gate(const struct router *r)
{
	return (const struct moe_gate *)r->sentence->gate.part;
}

static inline const struct moe_balancer *router_balancer(const struct router *r, size_t i)
{
	return (const struct moe_balancer *)r->sentence->balancer[i].part;
}

/* Bytes of scratch that a part wants for such a call. */
static inline size_t router_scratch(const struct part_use *use, const struct moe_call *call)
{
	return use->part->scratch_size ? use->part->scratch_size(call, use->opt) : 0;
}

/* Pairs that the selector may pick in such a call. */
static inline size_t router_most_picks(const struct router *r, const struct moe_call *call)
{
	const struct moe_selector *selector = router_selector(r);
	return selector->max_picks ? selector->max_picks(call, r->sentence->selector.opt) : call->tokens * call->k;
}

#endif
