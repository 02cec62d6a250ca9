/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * pairs.c -- how often which target follows which token in the long run of a stream, and the losses that follow.
 */
#include <config.h>

#include "sim/data/pairs.h"

#include <math.h>

void pairs_take(struct pairs *pairs, struct arena *arena, size_t vocabulary)
{
	pairs->vocabulary = vocabulary;
	pairs->weight = ARENA_TAKE(arena, vocabulary * vocabulary, double);
	pairs->row = ARENA_TAKE(arena, vocabulary, double);
}

void pairs_add(struct pairs *pairs, size_t token, size_t target, double weight)
{
	pairs->weight[token * pairs->vocabulary + target] += weight;
	pairs->row[token] += weight;
}

void pairs_add_uniform(struct pairs *pairs, size_t token, size_t first, size_t n, double weight)
{
	for (size_t i = 0; i < n; i++)
		pairs_add(pairs, token, first + i, weight / (double)n);
}

static double all(const struct pairs *pairs)
{
	double sum = 0;
	for (size_t token = 0; token < pairs->vocabulary; token++)
		sum += pairs->row[token];
	return sum;
}

double pairs_unigram(const struct pairs *pairs)
{
	double entropy = 0, sum = all(pairs);
	for (size_t target = 0; target < pairs->vocabulary; target++) {
		double p = 0;
		for (size_t token = 0; token < pairs->vocabulary; token++)
			p += pairs->weight[token * pairs->vocabulary + target] / sum;
		entropy -= p > 0 ? p * log(p) : 0;
	}
	return entropy;
}

double pairs_bigram(const struct pairs *pairs, const struct batch *batch)
{
	double loss = 0;
	for (size_t at = 0; at < batch->sequences * batch->length; at++) {
		size_t token = batch->id[at], target = batch->target[at];
		if (batch_counts(batch, at))
			loss -= log(pairs->weight[token * pairs->vocabulary + target] / pairs->row[token]);
	}
	return loss;
}
