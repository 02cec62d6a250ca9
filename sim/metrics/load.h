/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * load.h -- counts of one layer's routing over any number of batches, and the metrics made from them.
 */
#ifndef SIM_METRICS_LOAD_H
#define SIM_METRICS_LOAD_H

#include "sim/metrics/metrics.h"
#include "sim/route/router.h"

struct load {
	size_t experts, domains, length;
	size_t bare, constant;         /* of the experts: see moe_call; those of the last batch */
	double *assigned, *kept;       /* [experts] picks before the capacity, pairs after it */
	double *prob;                  /* [experts] sum over tokens of the expert's share of the token's scores */
	double *joint;                 /* [domains][experts] picks before the capacity */
	double *domain_tokens;         /* [domains] */
	double *position_assigned;     /* [length] picks before the capacity, by the token's place in its sequence */
	double *position_kept;         /* [length] pairs after it */
	double *scratch;               /* [domains + experts] */
	double tokens, unrouted;       /* unrouted: tokens that no expert processed */
	double entropy, top1, logit_z; /* sums over tokens; NAN when there are no scores or logits */
};

void load_create(struct load *load, size_t experts, size_t domains, size_t length, struct arena *arena);
void load_clear(struct load *load);
/* Adds the router's last batch; domain[tokens]. */
void load_add(struct load *load, const struct router *router, const uint32_t *domain);
/* The metrics of the load are those of the experts that are networks, for it is they that have work; all others are of
 * all experts.  What is expected by chance is that of as many picks a token as were counted. */
void load_metrics(struct load *load, struct metrics *metrics);
/* Of the experts that are networks: picks per token, before the capacity, and kept pairs per token; 0 when nothing was
 * counted. */
double load_picks(const struct load *load);
double load_pairs(const struct load *load);
/* Kept pairs per token of all experts without a network, and of the constant ones among them. */
double load_bare_pairs(const struct load *load);
double load_constant_pairs(const struct load *load);

#endif
