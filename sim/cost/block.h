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

/* Why the numbers of a shape cannot belong together, NULL if they can; is one of them negative? */
const char *shape_contradiction(const struct cost_shape *shape);
bool shape_is_negative(const struct cost_shape *shape);

/* Experts that the router tells apart, those without weights included. */
int64_t shape_routed(const struct cost_shape *shape);

/* Those of them without a network that nevertheless may be chosen. */
int64_t shape_bare(const struct cost_shape *shape);

/* The maps of one layer's attention; `experts` is all of them for what is stored, top_k for what a token passes. */
struct block attention_block(const struct cost_shape *shape, const struct cost_mixer *mixer, int64_t experts);

/* The indexer in front of it, which is empty where there is none of its own. */
bool attention_is_indexed(const struct cost_mixer *mixer);
struct block indexer_block(const struct cost_mixer *mixer, int64_t width);

/* The size of a head's values. */
int64_t attention_values(const struct cost_mixer *mixer);

/* The residual's own weights: of one layer, of all and what surrounds them, of that what stands behind the last layer,
 * and the map that joins several streams. */
struct block residual_layer(const struct cost_shape *shape);
struct block residual_all(const struct cost_shape *shape);
struct block residual_end(const struct cost_shape *shape);
struct block residual_head(const struct cost_shape *shape);

/* Embeddings of n-grams: tables, their rows in all, and the maps behind them, before the first layer. */
int64_t gram_tables(const struct cost_shape *shape);
int64_t gram_rows(const struct cost_shape *shape);
struct block gram_maps(const struct cost_shape *shape);

/* FLOPs per token of scores and of the indexers' scores, the mean over a causal sequence of `context` tokens. */
int64_t scores_flops(const struct cost_shape *shape, int64_t context);
int64_t indexer_flops(const struct cost_shape *shape, int64_t context);

/* Values kept for each further token, for a sequence of `context` tokens, and in states of one size. */
int64_t cache_values(const struct cost_shape *shape);
int64_t cache_context(const struct cost_shape *shape, int64_t context);
int64_t cache_states(const struct cost_shape *shape);

/* Is it a mixer whose memory of the past has one size for sequences of any length? */
bool recurrent_is(const struct cost_mixer *mixer);

/* One layer of such a mixer, in a network of that width. */
struct block recurrent_block(const struct cost_mixer *mixer, int64_t width);

/* FLOPs per token of its state, and the numbers of its state and of what its convolution looks back on. */
int64_t recurrent_flops(const struct cost_mixer *mixer);
int64_t recurrent_state(const struct cost_mixer *mixer);

#endif
