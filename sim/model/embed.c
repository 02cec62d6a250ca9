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
#include "sim/multiply/product.h"

void embed_create(struct embed *embed, size_t vocabulary, size_t width, double scale, struct params *params)
{
	embed->vocabulary = vocabulary;
	embed->width = width;
	params_add(params, &embed->table, vocabulary * width, "embedding", 0, 0, scale, false);
}

void embed_forward(const struct embed *embed, size_t tokens, const uint32_t *id, real *x)
{
	size_t size = parallel_block(tokens), blocks = parallel_blocks(tokens);
	PARALLEL_FOR
	for (size_t b = 0; b < blocks; b++)
		for (size_t t = b * size; t < tokens && t < (b + 1) * size; t++)
			memcpy(x + t * embed->width, embed->table.w + id[t] * embed->width, embed->width * sizeof(real));
}

/* n columns of the table's gradient, each entry summed in token order. */
MOE_CLONED static void gather_columns(const struct embed *embed, size_t tokens, size_t n, const uint32_t *id,
									  const real *d_x, real *restrict table)
{
	size_t width = embed->width;
	for (size_t v = 0; v < embed->vocabulary; v++)
		memset(table + v * width, 0, n * sizeof(real));
	for (size_t t = 0; t < tokens; t++)
		for (size_t i = 0; i < n; i++)
			table[id[t] * width + i] += d_x[t * width + i];
}

void embed_backward(const struct embed *embed, size_t tokens, const uint32_t *id, const real *d_x)
{
	size_t width = embed->width, strip = parallel_strip(width);
	PARALLEL_FOR
	for (size_t j = 0; j < width; j += strip)
		gather_columns(embed, tokens, width - j < strip ? width - j : strip, id, d_x + j, embed->table.d_w + j);
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

/* Turns logits into probabilities; loss = -ln p(target). */
MOE_CLONED static void rows_loss(size_t rows, size_t n, const uint32_t *target, real *logits, double *loss)
{
	for (size_t t = 0; t < rows; t++) {
		real *row = logits + t * n, top = moe_max(row, n);
		double wanted = (double)(row[target[t]] - top);
		loss[t] = log(moe_softmax(row, n, 1, top, row)) - wanted;
	}
}

static size_t counted(size_t tokens, const bool *counts)
{
	size_t n = 0;
	for (size_t t = 0; counts && t < tokens; t++)
		n += counts[t];
	return counts ? n : tokens;
}

double head_forward(struct head *head, size_t tokens, const real *x, const uint32_t *target, const bool *counts)
{
	size_t n = head->vocabulary, width = head->width, size = parallel_block(tokens), blocks = parallel_blocks(tokens);
	PARALLEL_FOR
	for (size_t b = 0; b < blocks; b++) {
		size_t at = b * size, rows = tokens - at < size ? tokens - at : size;
		product_nn(rows, n, width, x + at * width, width, head->map.w, n, false, head->logits + at * n, n);
		rows_loss(rows, n, target + at, head->logits + at * n, head->loss + at);
	}
	double sum = 0;
	for (size_t t = 0; t < tokens; t++)
		sum += counts == NULL || counts[t] ? head->loss[t] : 0;
	return sum / (double)counted(tokens, counts);
}

/* d_logits = (p - [target]) scale, in place; 0 where the target does not count */
MOE_CLONED static void rows_gradient(size_t rows, size_t n, const uint32_t *target, const bool *counts, real scale,
									 real *probs)
{
	for (size_t t = 0; t < rows; t++) {
		real by = counts == NULL || counts[t] ? scale : 0;
		probs[t * n + target[t]] -= 1;
		for (size_t i = 0; i < n; i++)
			probs[t * n + i] *= by;
	}
}

void head_backward(struct head *head, size_t tokens, const real *x, const uint32_t *target, const bool *counts,
				   real *d_x)
{
	real scale = 1 / (real)counted(tokens, counts);
	size_t n = head->vocabulary, size = parallel_block(tokens), blocks = parallel_blocks(tokens);
	PARALLEL_FOR
	for (size_t b = 0; b < blocks; b++) {
		size_t at = b * size, rows = tokens - at < size ? tokens - at : size;
		rows_gradient(rows, n, target + at, counts ? counts + at : NULL, scale, head->logits + at * n);
	}
	linear_backward(tokens, head->width, n, x, head->map.w, head->logits, head->map.d_w, false, d_x);
}
