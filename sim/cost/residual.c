/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * residual.c -- counts of what stands beside a layer's mixer and FFN: several residual streams, attention over earlier
 * layers, embeddings of each layer, and embeddings of n-grams.
 */
#include <config.h>

#include "sim/cost/block.h"

/* n streams: weights n of reading them, n of writing them and n n of mixing them follow from all of them. */
static struct block hyper_connection(const struct cost_shape *s)
{
	struct block block = { 0 };
	int64_t mixes = times(s->streams, plus(s->streams, 2));
	add_matrix(&block, mixes, times(s->streams, s->width));
	add_other(&block, plus(mixes, 3));
	return block;
}

struct block residual_head(const struct cost_shape *s)
{
	struct block block = { 0 };
	add_matrix(&block, s->streams, times(s->streams, s->width));
	add_other(&block, plus(s->streams, 1));
	return block;
}

struct block residual_layer(const struct cost_shape *s)
{
	struct block block = { 0 };
	if (s->streams > 0)
		add_copies(&block, hyper_connection(s), 2);
	if (s->residual_attention) {
		add_matrix(&block, times(2, s->width), 1);
		add_other(&block, times(2, s->width));
	}
	if (s->layer_embedding > 0) {
		add_matrix(&block, times(3, s->width), s->layer_embedding);
		add_other(&block, s->width);
	}
	add_other(&block, s->layer_scalars);
	return block;
}

struct block residual_end(const struct cost_shape *s)
{
	struct block block = { 0 };
	if (s->streams > 0)
		add_copies(&block, residual_head(s), 1);
	if (s->residual_attention) {
		add_matrix(&block, s->width, 1);
		add_other(&block, s->width);
	}
	return block;
}

int64_t gram_tables(const struct cost_shape *s)
{
	return s->gram_length > 1 ? times(s->gram_length - 1, s->gram_splits) : 0;
}

/* The maps behind the tables. */
struct block gram_maps(const struct cost_shape *s)
{
	struct block block = { 0 };
	int64_t tables = gram_tables(s);
	if (tables > 0)
		add_matrix(&block, times(tables, s->width / tables), s->width);
	return block;
}

/* Row counts are odd numbers in a row, n of them in all n x (the mean). */
int64_t gram_rows(const struct cost_shape *s)
{
	int64_t tables = gram_tables(s);
	return times(tables, plus(times(s->gram_ratio, s->vocabulary), tables));
}

struct block residual_all(const struct cost_shape *s)
{
	struct block block = residual_end(s);
	add_copies(&block, residual_layer(s), s->layers);
	add_copies(&block, gram_maps(s), 1);
	add_other(&block, s->layer_embedding);
	return block;
}
