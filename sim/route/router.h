/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * router.h -- the router of one MoE layer: from rows to a plan, and back.
 */
#ifndef SIM_ROUTE_ROUTER_H
#define SIM_ROUTE_ROUTER_H

#include "sim/model/params.h"
#include "sim/route/plan.h"
#include "sim/route/recording.h"
#include "sim/route/sentence.h"

/* Memory of one part in one layer. */
struct part_memory {
	void *state, *scratch;
	size_t state_size;
	struct moe_rng train, eval, table; /* the part's streams, at index 0 but for `table` */
	struct moe_rng rng;                /* the one in use */
	struct moe_self self;
};

/* How a layer makes logits from rows, with what it learns by. */
struct projection {
	size_t width, params;
	struct weight param[MOE_PARAMS]; /* [params] the projector's */
	struct moe_tools tools;          /* the same, as the projector sees them */
	double jitter;
	struct moe_rng jitter_rng;
	real *input;          /* [tokens][width] the jittered rows; NULL without jitter */
	real *d_input;        /* [tokens][width] their gradient */
	real *noise;          /* [tokens][width] their factors */
	real *logits;         /* [tokens][experts]; NULL when the scorer reads none */
	struct moe_grad grad; /* of logits and scores */
};

struct router {
	const struct sentence *sentence;
	size_t max_pairs;
	double capacity, eval_capacity; /* factors; 0: no limit; 0: as in training */
	enum overflow_rule overflow;
	struct moe_rng overflow_rng[2]; /* in evaluation and in training, at index 0 */
	unsigned wants;                 /* sentence_wants() */
	struct projection projection;   /* zero in a router of logits from elsewhere */
	real *scores, *choice;          /* [tokens][experts]; NULL where not needed */
	real *keep; /* [tokens][experts] weights of all picks, where they decide who is dropped; NULL: they do not */
	const real *offset;                /* [experts]; NULL: none */
	const struct recording *recording; /* what is done again, in its phase; NULL: nothing */
	struct planner planner;
	struct moe_plan plan;
	struct moe_route route;
	struct part_memory *memory; /* [sentence_parts()] */
	struct moe_term *term;      /* [balancers] the losses of the last training pass */
};

/* A router of logits that come from elsewhere: a layer's own projection, or a file.  call: the largest batch, with
 * experts = 0 when the selector routes nothing.  Random streams are those of seed 0 until router_seed(). */
void router_create(struct router *router, const struct sentence *sentence, const struct layer_options *layer,
				   const struct moe_call *call, struct arena *arena);

/* Draws all that is random from the streams of this seed. */
void router_seed(struct router *router, uint64_t seed);

/* Has offset[experts], which must outlive the router, added to the scores that the selection reads, before any balancer
 * moves them: the biases of a model that is there already.  After router_create(), of a sentence with scores. */
void router_add_offset(struct router *router, const real *offset, struct arena *arena);

/* Has the picks of this recording, which must outlive the router, take the place of the selector's, in training or in
 * evaluation; call->step is the number of the batch, from 1. */
void router_replay(struct router *router, const struct recording *recording);

/* The capacity factor in training or in evaluation; 0: no limit. */
double router_capacity(const struct router *router, bool training);

/* Gives the router a projection from rows of `width` to logits, with its parameters and gradients: what
 * router_forward() and router_backward() need.  layer: as router_create() got it. */
void router_add_projection(struct router *router, const struct layer_options *layer, size_t width,
						   struct params *params, struct arena *arena);

/* Routes by logits[tokens][experts] as they are.  The plan, with its weights, is router->plan until the next call; the
 * balancers' terms are computed when call->training is set, their gradients are not.  x[tokens][width], the labels in
 * `of` and the logits may be NULL where the sentence does not want them (see sentence_lacks()). */
void router_route(struct router *router, const struct moe_call *call, const struct moe_tokens *of, const real *x,
				  const real *logits);

/* Projects x[tokens][width], which must stay as it is until router_backward(), and routes by the logits.  In training
 * also computes the gradients of the balancers' terms. */
void router_forward(struct router *router, const struct moe_call *call, const struct moe_tokens *of, const real *x);

/* From plan.d_weight and the balancers' gradients to the router's weights; adds to d_x[tokens][width]. */
void router_backward(struct router *router, const real *x, real *d_x);

/* Lets the parts update their state from the last route; after the optimizer's step. */
void router_settle(struct router *router);

/* Does the selector choose how many experts a token gets, so that k does not tell? */
bool router_varies(const struct sentence *sentence);

/* Kept pairs of the experts first .. end - 1 in the last route. */
size_t router_pairs(const struct router *router, size_t first, size_t end);

/* What is added to each expert's score before selection, [experts], or NULL when no balancer does so. */
const real *router_offsets(const struct router *router);

/* The parameters of the projector in a layer of call->width and call->experts, and their number: 0 where nothing is
 * projected. */
size_t router_params(const struct sentence *sentence, const struct moe_call *call, struct moe_param list[MOE_PARAMS]);

#endif
