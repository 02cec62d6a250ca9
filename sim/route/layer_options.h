/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer_options.h -- the options of the MoE layer that belong to no part.
 */
#ifndef SIM_ROUTE_LAYER_OPTIONS_H
#define SIM_ROUTE_LAYER_OPTIONS_H

#include <moesim/moesim.h>

enum overflow_rule {
	OVERFLOW_POSITION,
	OVERFLOW_LOWEST_SCORE,
	OVERFLOW_LOWEST_WEIGHT,
	OVERFLOW_BATCH_ORDER,
	OVERFLOW_NEXT_BEST,
	OVERFLOW_RECYCLED
};

struct layer_options {
	int64_t experts, k, shared, expert_width;
	int64_t zero, copy, constant; /* experts without a network, which stand behind the others in this order */
	double capacity;              /* factor; 0: no limit */
	double eval_capacity;         /* the same in evaluation; 0: as in training */
	int overflow;                 /* enum overflow_rule */
	double jitter;
	double router_scale, router_lr;
};
extern const struct moe_opt layer_rows[];

/* A layer of these options, as far as they tell: experts of all kinds, and how many a token goes to. */
struct moe_call layer_options_call(const struct layer_options *layer);

#endif
