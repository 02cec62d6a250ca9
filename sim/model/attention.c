/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * attention.c -- causal multi-head self-attention with rotary positions, forward and backward.
 */
#include <config.h>

#include "sim/model/attention.h"

#include <math.h>
#include <moesim/kit.h>

#include "sim/base/parallel.h"
#include "sim/multiply/product.h"

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
	size_t head = attention->width / attention->heads, half = head / 2;
	for (size_t t = 0; t < attention->length; t++)
		for (size_t i = 0; i < half; i++) {
			double angle = (double)t * pow(10000, -2.0 * (double)i / (double)head);
			attention->turn[t * head + i] = (real)cos(angle);
			attention->turn[t * head + half + i] = (real)sin(angle);
		}
}

/* Turns the points (x, y) by an angle each. */
static inline void turn(size_t n, const real *restrict cosine, const real *restrict sine, real sign, real *restrict x,
						real *restrict y)
{
	for (size_t i = 0; i < n; i++) {
		real a = x[i], b = y[i], s = sign * sine[i];
		x[i] = a * cosine[i] - b * s;
		y[i] = a * s + b * cosine[i];
	}
}

/* Turns the pairs (i, i + half) of queries and keys of one sequence; sign -1 turns back, which is the backward pass. */
MOE_CLONED static void rotate(size_t length, size_t width, size_t heads, const real *angle, real sign, real *qkv)
{
	size_t head = width / heads, half = head / 2;
	for (size_t t = 0; t < length; t++)
		for (size_t h = 0; h < 2 * heads; h++) {
			const real *cosine = angle + t * head;
			real *x = qkv + t * 3 * width + h * head;
			turn(half, cosine, cosine + half, sign, x, x + half);
		}
}

/* A query meets no later key, so half of every [length][length] matrix is 0.  The products go over it in strips of keys
 * or queries and leave that half out, but for the upper corners of the squares on the diagonal. */
enum { STRIP = 32 };

static size_t strip_end(size_t length, size_t at)
{
	return length - at < STRIP ? length : at + STRIP;
}

/* s = q k' */
static void causal_scores(size_t length, size_t head, const real *q, size_t ld_q, const real *k, size_t ld_k, real *s)
{
	for (size_t at = 0; at < length; at += STRIP)
		product_nt(length - at, strip_end(length, at) - at, head, q + at * ld_q, ld_q, k + at * ld_k, ld_k, false,
				   s + at * length + at, length);
}

/* y = p x, one strip of keys after the other */
static void causal_mix(size_t length, size_t head, const real *p, const real *x, size_t ld_x, real *y, size_t ld_y)
{
	for (size_t at = 0; at < length; at += STRIP)
		product_nn(length - at, head, strip_end(length, at) - at, p + at * length + at, length, x + at * ld_x, ld_x,
				   at > 0, y + at * ld_y, ld_y);
}

/* y = p' x, one strip of queries after the other; the last, which meets all keys, first */
static void causal_mix_back(size_t length, size_t head, const real *p, const real *x, size_t ld_x, real *y, size_t ld_y)
{
	size_t last = (length - 1) / STRIP * STRIP;
	for (size_t at = last + STRIP; at > 0;) {
		at -= STRIP;
		product_tn(strip_end(length, at), head, strip_end(length, at) - at, p + at * length, length, x + at * ld_x,
				   ld_x, at < last, y, ld_y);
	}
}

static void hide_future(size_t length, real *rows)
{
	for (size_t t = 0; t < length; t++)
		for (size_t i = t + 1; i < strip_end(length, t / STRIP * STRIP); i++)
			rows[t * length + i] = -(real)INFINITY;
}

/* Scaled causal softmax of one [length][length] matrix, in place.  Rows are computed to the end of their strip, and the
 * future is 0 in what comes out. */
MOE_CLONED static void softmax_causal(size_t length, real scale, real *rows)
{
	hide_future(length, rows);
	for (size_t t = 0; t < length; t++) {
		real *row = rows + t * length;
		size_t end = strip_end(length, t / STRIP * STRIP);
		moe_softmax(row, end, scale, moe_max(row, end), row);
	}
}

/* d_scores = scale * probs * (d_probs - sum(probs d_probs)), in place over d_probs. */
MOE_CLONED static void softmax_backward(size_t length, real scale, const real *probs, real *d)
{
	for (size_t t = 0; t < length; t++) {
		const real *p = probs + t * length;
		size_t end = strip_end(length, t / STRIP * STRIP);
		real *row = d + t * length, dot = (real)moe_dot(p, row, end);
		for (size_t i = 0; i < end; i++)
			row[i] = scale * p[i] * (row[i] - dot);
	}
}

static void sequence_forward(struct attention *attention, size_t s)
{
	size_t length = attention->length, width = attention->width, head = width / attention->heads;
	real *qkv = attention->qkv + s * length * 3 * width, scale = (real)(1 / sqrt((double)head));
	rotate(length, width, attention->heads, attention->turn, 1, qkv);
	for (size_t h = 0; h < attention->heads; h++) {
		const real *q = qkv + h * head, *k = q + width, *v = k + width;
		real *probs = attention->probs + (s * attention->heads + h) * length * length;
		causal_scores(length, head, q, 3 * width, k, 3 * width, probs);
		softmax_causal(length, scale, probs);
		causal_mix(length, head, probs, v, 3 * width, attention->mixed + s * length * width + h * head, width);
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
		causal_scores(length, head, d_mixed, width, v, 3 * width, d_scores);
		causal_mix_back(length, head, probs, d_mixed, width, d_v, 3 * width);
		softmax_backward(length, scale, probs, d_scores);
		causal_mix(length, head, d_scores, k, 3 * width, d_q, 3 * width);
		causal_mix_back(length, head, d_scores, q, 3 * width, d_k, 3 * width);
	}
	rotate(length, width, attention->heads, attention->turn, -1, attention->d_qkv + at);
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
