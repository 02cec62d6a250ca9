/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * embed.c -- embedding table, and head with cross-entropy.
 */
#include <config.h>

#include "sim/model/embed.h"

#include <math.h>
#include <moesim/kit.h>
#include <string.h>

#include "sim/base/parallel.h"
#include "sim/base/product.h"

void embed_create(struct embed *embed, size_t vocabulary, size_t width, struct params *params)
{
	embed->vocabulary = vocabulary;
	embed->width = width;
	params_add(params, &embed->table, vocabulary * width, "embedding", 0, 0, 1, false);
}

void embed_forward(const struct embed *embed, size_t tokens, const uint32_t *id, real *x)
{
	for (size_t t = 0; t < tokens; t++)
		memcpy(x + t * embed->width, embed->table.w + id[t] * embed->width, embed->width * sizeof(real));
}

void embed_backward(const struct embed *embed, size_t tokens, const uint32_t *id, const real *d_x)
{
	for (size_t t = 0; t < tokens; t++) {
		real *d = embed->table.d_w + id[t] * embed->width;
		for (size_t i = 0; i < embed->width; i++)
			d[i] += d_x[t * embed->width + i];
	}
}

void head_create(struct head *head, size_t tokens, size_t vocabulary, size_t width, struct params *params,
				 struct arena *arena)
{
	head->vocabulary = vocabulary;
	head->width = width;
	head->logits = ARENA_TAKE(arena, tokens * vocabulary, real);
	head->loss = ARENA_TAKE(arena, tokens, double);
	params_add(params, &head->map, width * vocabulary, "head", 0, 0, 1 / sqrt((double)width), true);
}

/* Turns logits into probabilities and returns -ln p(target). */
static double row_loss(size_t n, real *row, uint32_t target)
{
	real top = row[0];
	for (size_t i = 1; i < n; i++)
		top = row[i] > top ? row[i] : top;
	double wanted = (double)(row[target] - top), sum = 0;
	for (size_t i = 0; i < n; i++)
		row[i] = moe_exp(row[i] - top);
	for (size_t i = 0; i < n; i++)
		sum += (double)row[i];
	real scale = (real)(1 / sum);
	for (size_t i = 0; i < n; i++)
		row[i] *= scale;
	return log(sum) - wanted;
}

double head_forward(struct head *head, size_t tokens, const real *x, const uint32_t *target)
{
	size_t n = head->vocabulary, size = parallel_block(tokens), blocks = parallel_blocks(tokens);
	linear_forward(tokens, head->width, n, x, head->map.w, head->logits);
	PARALLEL_FOR
	for (size_t b = 0; b < blocks; b++)
		for (size_t t = b * size; t < tokens && t < (b + 1) * size; t++)
			head->loss[t] = row_loss(n, head->logits + t * n, target[t]);
	double sum = 0;
	for (size_t t = 0; t < tokens; t++)
		sum += head->loss[t];
	return sum / (double)tokens;
}

void head_backward(struct head *head, size_t tokens, const real *x, const uint32_t *target, real *d_x)
{
	size_t n = head->vocabulary, size = parallel_block(tokens), blocks = parallel_blocks(tokens);
	real scale = 1 / (real)tokens;
	PARALLEL_FOR
	for (size_t b = 0; b < blocks; b++)
		for (size_t t = b * size; t < tokens && t < (b + 1) * size; t++) {
			real *row = head->logits + t * n;
			row[target[t]] -= 1;
			for (size_t i = 0; i < n; i++)
				row[i] *= scale;
		}
	linear_backward(tokens, head->width, n, x, head->map.w, head->logits, head->map.d_w, false, d_x);
}
