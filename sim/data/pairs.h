/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * pairs.h -- how often which target follows which token in the long run of a stream, and the losses that follow.
 *
 * A stream whose law is a list of cases adds each pair with its weight; targets that do not count are not added.
 */
#ifndef SIM_DATA_PAIRS_H
#define SIM_DATA_PAIRS_H

#include <stddef.h>

#include "sim/base/arena.h"
#include "sim/data/stream.h"

struct pairs {
	size_t vocabulary;
	double *weight; /* [vocabulary][vocabulary] of a token and its target; any scale */
	double *row;    /* [vocabulary] their sums */
};

void pairs_take(struct pairs *pairs, struct arena *arena, size_t vocabulary);
void pairs_add(struct pairs *pairs, size_t token, size_t target, double weight);
/* The same for every target in [first, first + n), which share the weight equally. */
void pairs_add_uniform(struct pairs *pairs, size_t token, size_t first, size_t n, double weight);

/* Entropy of the law of a target, in nats. */
double pairs_unigram(const struct pairs *pairs);
/* The sum of -ln P(target | token) over the batch's targets that count, in nats. */
double pairs_bigram(const struct pairs *pairs, const struct batch *batch);

#endif
