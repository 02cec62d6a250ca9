/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * load.h -- routings drawn from a law of loads, for trying a cluster or a placement without a model.
 */
#ifndef SIM_CLUSTER_LOAD_H
#define SIM_CLUSTER_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/error.h"
#include "sim/cluster/traffic.h"

struct load_shape {
	size_t experts, k, tokens, devices; /* tokens of all devices together */
	size_t groups, group_top_k;         /* a token uses experts of at most so many groups; groups 0: of any */
	bool quota;                         /* and equally many of each */
	uint64_t seed;
	uint32_t step; /* tokens are drawn anew in each; the shares of a layer stay, but for the laws that move them */
};

struct load_law {
	const char *name, *summary;
	double low, high, preset; /* range of its number, and what stands for one that is not given */
	bool takes_number;
	bool moves; /* the stream of `shares` is one of the step, too */
	/* share[experts], to be scaled to a sum of 1; `rng` is at the start of a stream of this layer.  NULL: nothing is
	 * drawn, every device uses every expert as often as any other. */
	void (*shares)(const struct load_shape *, double number, void *rng, double *share);
};
extern const struct load_law load_laws[]; /* ended by a row without a name */

struct load_kind {
	const struct load_law *law;
	double number;
};

/* "KIND" or "KIND:X". */
int load_parse(const char *text, struct load_kind *load, struct error *err);
/* Do the numbers fit together?  If not, one line that says what to change. */
int load_check(const struct load_kind *load, const struct load_shape *shape, struct error *err);

/* The share of each expert among the first choices of tokens, their sum 1; of a law that draws. */
void load_shares(const struct load_kind *load, const struct load_shape *shape, uint32_t layer, double *share);

/* A layer of shape->tokens tokens.  A token's experts are drawn one after the other by their shares, without
 * replacement; its groups are the first that are met, as when groups are ranked by their best expert. */
struct traffic load_draw(const struct load_kind *load, const struct load_shape *shape, uint32_t layer,
						 struct arena *arena);

/* The same law for a router: logit[tokens][experts] whose k largest are a token's experts, in the order in which
 * load_draw() would draw them.  The logarithm of a share plus a number drawn from Gumbel's law is largest for expert e
 * with the chance share[e], and next largest for others as when they are drawn without replacement (Kool et al., arXiv
 * 1903.06059).  Groups are the router's affair.  A balanced load has logits k, k - 1, ... where it deals, 0 elsewhere.
 */
void load_logits(const struct load_kind *load, const struct load_shape *shape, uint32_t layer, double *logit);

#endif
