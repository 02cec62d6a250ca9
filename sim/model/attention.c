/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * attention.c -- causal multi-head self-attention with rotary positions, forward and backward.
 */
#include <config.h>

#include "sim/model/attention.h"

#include <math.h>
#include <moesim/kit.h>

#include "sim/base/parallel.h"
#include "sim/base/product.h"

void attention_create(struct attention *attention, size_t sequences, size_t length, size_t width, size_t heads,
					  size_t layers, uint64_t layer, struct params *params, struct arena *arena)
{
	size_t tokens = sequences * length;
	double std = 1 / sqrt((double)width);
	attention->width = width;
	attention->heads = heads;
	attention->length = length;
	params_add(params, &attention->in, width * 3 * width, "attention-in", layer, 0, std, true);
	params_add(params, &attention->out, width * width, "attention-out", layer, 0, std / sqrt(2.0 * (double)layers),
			   true);
	attention->qkv = ARENA_TAKE(arena, tokens * 3 * width, real);
	attention->d_qkv = ARENA_TAKE(arena, tokens * 3 * width, real);
	attention->mixed = ARENA_TAKE(arena, tokens * width, real);
	attention->d_mixed = ARENA_TAKE(arena, tokens * width, real);
	attention->probs = ARENA_TAKE(arena, tokens * heads * length, real);
	attention->scores = ARENA_TAKE(arena, tokens * length, real);
	attention->turn = ARENA_TAKE(arena, length * (width / heads), real);
}

void attention_init(struct attention *attention)
{
	size_t head = attention->width / attention->heads;
	for (size_t t = 0; t < attention->length; t++)
		for (size_t i = 0; i < head / 2; i++) {
			double angle = (double)t * pow(10000, -2.0 * (double)i / (double)head);
			attention->turn[t * head + 2 * i] = (real)cos(angle);
			attention->turn[t * head + 2 * i + 1] = (real)sin(angle);
		}
}

/* Turns the pairs (i, i + half) of queries and keys of one row; sign -1 turns back, which is the backward pass. */
static void rotate(const struct attention *attention, size_t position, real sign, real *row)
{
	size_t head = attention->width / attention->heads, half = head / 2;
	const real *turn = attention->turn + position * head;
	for (size_t h = 0; h < 2 * attention->heads; h++) {
		real *x = row + h * head;
		for (size_t i = 0; i < half; i++) {
			real c = turn[2 * i], s = sign * turn[2 * i + 1], a = x[i], b = x[i + half];
			x[i] = a * c - b * s;
			x[i + half] = a * s + b * c;
		}
	}
}

/* Scaled causal softmax of one [length][length] block, in place; the future is set to 0. */
static void softmax_causal(size_t length, real scale, real *rows)
{
	for (size_t t = 0; t < length; t++) {
		real *row = rows + t * length, top = row[0], sum = 0;
		for (size_t i = 1; i <= t; i++)
			top = row[i] > top ? row[i] : top;
		for (size_t i = 0; i <= t; i++)
			row[i] = moe_exp((row[i] - top) * scale);
		for (size_t i = 0; i <= t; i++)
			sum += row[i];
		for (size_t i = 0; i <= t; i++)
			row[i] /= sum;
		for (size_t i = t + 1; i < length; i++)
			row[i] = 0;
	}
}

/* d_scores = scale * probs * (d_probs - sum(probs d_probs)), in place over d_probs. */
static void softmax_backward(size_t length, real scale, const real *probs, real *d)
{
	for (size_t t = 0; t < length; t++) {
		const real *p = probs + t * length;
		real *row = d + t * length, dot = 0;
		for (size_t i = 0; i <= t; i++)
			dot += p[i] * row[i];
		for (size_t i = 0; i <= t; i++)
			row[i] = scale * p[i] * (row[i] - dot);
		for (size_t i = t + 1; i < length; i++)
			row[i] = 0;
	}
}

static void sequence_forward(struct attention *attention, size_t s)
{
	size_t length = attention->length, width = attention->width, head = width / attention->heads;
	real *qkv = attention->qkv + s * length * 3 * width, scale = (real)(1 / sqrt((double)head));
	for (size_t t = 0; t < length; t++)
		rotate(attention, t, 1, qkv + t * 3 * width);
	for (size_t h = 0; h < attention->heads; h++) {
		const real *q = qkv + h * head, *k = q + width, *v = k + width;
		real *probs = attention->probs + (s * attention->heads + h) * length * length;
		product_nt(length, length, head, q, 3 * width, k, 3 * width, false, probs, length);
		softmax_causal(length, scale, probs);
		product_nn(length, head, length, probs, length, v, 3 * width, false,
				   attention->mixed + s * length * width + h * head, width);
	}
}

void attention_forward(struct attention *attention, size_t sequences, const real *x, real *y)
{
	size_t width = attention->width, tokens = sequences * attention->length;
	linear_forward(tokens, width, 3 * width, x, attention->in.w, attention->qkv);
	PARALLEL_FOR
	for (size_t s = 0; s < sequences; s++)
		sequence_forward(attention, s);
	linear_forward(tokens, width, width, attention->mixed, attention->out.w, y);
}

static void sequence_backward(struct attention *attention, size_t s)
{
	size_t length = attention->length, width = attention->width, head = width / attention->heads;
	size_t at = s * length * 3 * width;
	real scale = (real)(1 / sqrt((double)head)), *d_scores = attention->scores + s * length * length;
	for (size_t h = 0; h < attention->heads; h++) {
		const real *q = attention->qkv + at + h * head, *k = q + width, *v = k + width;
		real *d_q = attention->d_qkv + at + h * head, *d_k = d_q + width, *d_v = d_k + width;
		const real *probs = attention->probs + (s * attention->heads + h) * length * length;
		const real *d_mixed = attention->d_mixed + s * length * width + h * head;
		product_nt(length, length, head, d_mixed, width, v, 3 * width, false, d_scores, length);
		product_tn(length, head, length, probs, length, d_mixed, width, false, d_v, 3 * width);
		softmax_backward(length, scale, probs, d_scores);
		product_nn(length, head, length, d_scores, length, k, 3 * width, false, d_q, 3 * width);
		product_tn(length, head, length, d_scores, length, q, 3 * width, false, d_k, 3 * width);
	}
	for (size_t t = 0; t < length; t++)
		rotate(attention, t, -1, attention->d_qkv + at + t * 3 * width);
}

void attention_backward(struct attention *attention, size_t sequences, const real *x, const real *d_y, real *d_x)
{
	size_t width = attention->width, tokens = sequences * attention->length;
	linear_backward(tokens, width, width, attention->mixed, attention->out.w, d_y, attention->out.d_w, false,
					attention->d_mixed);
	PARALLEL_FOR
	for (size_t s = 0; s < sequences; s++)
		sequence_backward(attention, s);
	linear_backward(tokens, width, 3 * width, x, attention->in.w, attention->d_qkv, attention->in.d_w, false, d_x);
}
