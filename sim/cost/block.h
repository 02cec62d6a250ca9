/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * block.h -- the counted pieces of a layer, and arithmetic that never overflows unseen; for sim/cost alone.
 */
#ifndef SIM_COST_BLOCK_H
#define SIM_COST_BLOCK_H

#include "sim/cost/cost.h"

/* Arithmetic that stays at INT64_MAX once it got there; so one look at the end finds every overflow.  Operands are
 * never negative. */
static inline int64_t plus(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static inline int64_t times(int64_t a, int64_t b)
{
	return b > 0 && a > INT64_MAX / b ? INT64_MAX : a * b;
}

static inline int64_t times3(int64_t a, int64_t b, int64_t c)
{
	return times(times(a, b), c);
}

struct block {
	int64_t matrix, other; /* weights of matrix products; all other values */
};

static inline void add_matrix(struct block *block, int64_t rows, int64_t columns)
{
	block->matrix = plus(block->matrix, times(rows, columns));
}

static inline void add_other(struct block *block, int64_t values)
{
	block->other = plus(block->other, values);
}

static inline void add_copies(struct block *block, struct block one, int64_t copies)
{
	block->matrix = plus(block->matrix, times(one.matrix, copies));
	block->other = plus(block->other, times(one.other, copies));
}

static inline int64_t block_params(struct block block)
{
	return plus(block.matrix, block.other);
}

/* What of the residual's own weights stands behind the last layer. */
struct block residual_end(const struct cost_shape *shape);

/* The maps of the embeddings of n-grams, which stand before the first layer. */
struct block gram_maps(const struct cost_shape *shape);

/* Is it a mixer whose memory of the past has one size for sequences of any length? */
bool recurrent_is(const struct cost_mixer *mixer);

/* One layer of such a mixer, in a network of that width. */
struct block recurrent_block(const struct cost_mixer *mixer, int64_t width);

/* FLOPs per token of its state, and the numbers of its state and of what its convolution looks back on. */
int64_t recurrent_flops(const struct cost_mixer *mixer);
int64_t recurrent_state(const struct cost_mixer *mixer);

#endif
