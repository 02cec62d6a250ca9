/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lookahead.h -- does a router look ahead: can later tokens of a sequence decide where earlier ones go?
 *
 * The question is about the rule, not about one batch.  So the router alone is asked, with inputs of the probe's own
 * choice: what earlier tokens bring stays the same to the bit, what later tokens of the same sequence bring is changed,
 * and the earlier tokens' experts and weights must not move.  A router computes a token's row by itself or it looks
 * ahead, so that nothing but looking ahead can move them: not rounding, and no near tie that rounding tips over.
 */
#ifndef SIM_ROUTE_LOOKAHEAD_H
#define SIM_ROUTE_LOOKAHEAD_H

#include "sim/route/router.h"

/* Memory for probes. */
struct lookahead {
	uint32_t *id, *domain, *guess; /* [tokens] as in struct moe_tokens */
	real *row;                     /* [tokens][width] */
	size_t *pairs;                 /* [length] of each earlier token, as it was routed first */
	uint32_t *expert;
	real *weight; /* [pairs] of all earlier tokens */
};

/* router: any of those that will be probed; call: the largest batch. */
void lookahead_create(struct lookahead *memory, const struct router *router, const struct moe_call *call,
					  struct arena *arena);

/* Can later tokens move earlier ones, in the phase of `call`?  Futures are tried until one does, or none of the budget
 * is left: in single sequences and in whole batches, each
 *   - real      rows x[call->tokens][width] of a forward pass, mixed at random, through the whole router
 *   - chance    random logits, ids and labels, which no collapsed router and no small vocabulary can make alike
 *   - crowd     logits by which all later tokens want the expert of an earlier one that has just found room there
 * Parts keep their state; the router's last route is overwritten.  Draws from the seed's stream "lookahead". */
bool lookahead_found(struct lookahead *memory, struct router *router, const struct moe_call *call,
					 const struct moe_tokens *of, const real *x, uint64_t seed);

#endif
