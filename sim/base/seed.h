/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * seed.h -- named random streams from one seed.
 *
 * Every consumer of randomness opens a stream of its own by name and index ("train", step).  The stream's numbers
 * depend on seed, name and index alone, so that a new consumer moves nobody else's numbers, strategies are compared
 * on the same tokens and initial weights, and a resumed run needs no generator state.
 */
#ifndef SIM_BASE_SEED_H
#define SIM_BASE_SEED_H

#include <gsl/gsl_rng.h>
#include <moesim/moesim.h>
#include <stdint.h>

/* A stream for parts.  Philox4x32-10: the key is hash(seed, name), the counter's high half is the index. */
struct moe_rng seed_stream(uint64_t seed, const char *name, uint64_t index);

/* The start of the stream of the same seed and name at another index, without hashing the name again. */
static inline struct moe_rng seed_at(const struct moe_rng *stream, uint64_t index)
{
	return (struct moe_rng){
		.key = { stream->key[0], stream->key[1] },
		.counter = { 0, 0, (uint32_t)index, (uint32_t)(index >> 32) },
		.used = 4,
	};
}

/* Passes over n numbers (moe_bits), as if they had been drawn. */
void seed_skip(struct moe_rng *rng, uint64_t n);

/* The same numbers behind a gsl_rng, for GSL's distributions: allocate once, then point it at a stream. */
extern const gsl_rng_type *const seed_rng_type;
void seed_open(gsl_rng *rng, uint64_t seed, const char *name, uint64_t index);

#endif
