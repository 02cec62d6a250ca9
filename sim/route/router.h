/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * router.h -- the router of one MoE layer: from rows to a plan, and back.
 */
#ifndef SIM_ROUTE_ROUTER_H
#define SIM_ROUTE_ROUTER_H

#include "sim/model/params.h"
#include "sim/route/plan.h"
#include "sim/route/sentence.h"

/* Memory of one part in one layer. */
struct part_memory {
	void *state, *scratch;
	size_t state_size;
	struct moe_rng rng, table;
	struct moe_self self;
};

struct router {
	const struct sentence *sentence;
	size_t width, max_pairs;
	double capacity, jitter;
	enum overflow_rule overflow;
	uint64_t seed;
	unsigned wants;                 /* sentence_wants() */
	struct weight map;              /* [width][experts]; none when the scorer reads no logits */
	real *input;                    /* [tokens][width] the jittered rows; NULL without jitter */
	real *noise;                    /* [tokens][width] their factors */
	real *logits, *scores, *choice; /* [tokens][experts]; NULL where not needed */
	struct moe_grad grad;
	struct planner planner;
	struct moe_plan plan;
	struct moe_route route;
	struct part_memory memory[3 + SENTENCE_BALANCERS]; /* in the order of sentence_part() */
	struct moe_term term[SENTENCE_BALANCERS];          /* the losses of the last training forward pass */
};

/* call: the largest batch, with experts = 0 when the selector routes nothing. */
void router_create(struct router *router, const struct sentence *sentence, const struct layer_options *layer,
				   const struct moe_call *call, size_t width, uint64_t seed, struct params *params,
				   struct arena *arena);

/* Routes x[tokens][width], which must stay as it is until router_backward().  In training also computes the balancers'
 * losses and their gradients.  The plan, with its weights, is router->plan until the next call. */
void router_forward(struct router *router, const struct moe_call *call, const struct moe_tokens *of, const real *x);

/* What router_forward() does behind the projection: routes by the logits that stand in router->logits. */
void router_decide(struct router *router, const struct moe_call *call, const struct moe_tokens *of, const real *x);

/* From plan.d_weight and the balancers' gradients to the router's weights; adds to d_x[tokens][width]. */
void router_backward(struct router *router, const real *x, real *d_x);

/* Lets the parts update their state from the last route; after the optimizer's step. */
void router_settle(struct router *router);

/* What is added to each expert's score before selection, [experts], or NULL when no balancer does so. */
const real *router_offsets(const struct router *router);

/* Does this sentence need logits, and so a weight matrix? */
bool router_has_weights(const struct sentence *sentence);

#endif
