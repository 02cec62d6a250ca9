/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bare.c -- an expert without a network.
 */
#include <config.h>

#include "sim/net/bare.h"

#include <math.h>
#include <moesim/kit.h>
#include <string.h>

enum bare_kind bare_kind_of(const struct moe_call *call, size_t i)
{
	return i < call->zero ? BARE_ZERO : i + call->constant < call->bare ? BARE_COPY : BARE_CONSTANT;
}

const char *bare_word(const struct moe_call *call, size_t expert)
{
	static const char *const words[] = { "zero", "copy", "constant" };
	size_t working = call->experts - call->bare;
	return expert < working ? "ffn" : words[bare_kind_of(call, expert - working)];
}

void bare_create(struct bare *bare, enum bare_kind kind, size_t width, uint64_t index, struct params *params)
{
	*bare = (struct bare){ .kind = kind, .width = width };
	if (kind != BARE_CONSTANT)
		return;
	params_add(params, &bare->mix, 2 * width, "constant-mix", index, 0, 1 / sqrt(3.0 * (double)width), true);
	params_add(params, &bare->vector, width, "constant-vector", index, 0, 1, false);
}

/* a: the softmax of two logits is the logistic function of their difference. */
static real share_of_input(const struct bare *bare, const real *x)
{
	const real *mix = bare->mix.w;
	double difference = moe_dot(mix, x, bare->width) - moe_dot(mix + bare->width, x, bare->width);
	return (real)(1 / (1 + exp(-difference)));
}

MOE_CLONED static void mix_rows(const struct bare *bare, const struct shipment *x, size_t first, size_t end,
								real *results)
{
	const real *restrict vector = bare->vector.w;
	for (size_t p = first; p < end; p++) {
		const real *restrict row = shipment_row(x, p);
		real *restrict result = results + p * bare->width;
		real a = share_of_input(bare, row), rest = 1 - a;
		for (size_t i = 0; i < bare->width; i++)
			result[i] = a * row[i] + rest * vector[i];
	}
}

void bare_forward(const struct bare *bare, const struct shipment *x, size_t first, size_t end, real *results)
{
	size_t width = bare->width;
	if (bare->kind == BARE_CONSTANT)
		mix_rows(bare, x, first, end, results);
	else if (bare->kind == BARE_ZERO)
		memset(results + first * width, 0, (end - first) * width * sizeof(real));
	else
		for (size_t p = first; p < end; p++)
			memcpy(results + p * width, shipment_row(x, p), width * sizeof(real));
}

/* With g the gradient of the result: d_v += (1 - a) g; the logits' is +- a (1 - a) <g, x - v>. */
MOE_CLONED static void unmix_rows(const struct bare *bare, const struct shipment *x, size_t first, size_t end,
								  const real *d_results, real *d_rows)
{
	size_t width = bare->width;
	const real *restrict vector = bare->vector.w, *restrict one = bare->mix.w, *restrict other = one + width;
	real *restrict d_vector = bare->vector.d_w, *restrict d_one = bare->mix.d_w, *restrict d_other = d_one + width;
	for (size_t p = first; p < end; p++) {
		const real *restrict row = shipment_row(x, p), *restrict g = d_results + p * width;
		real *restrict d_row = d_rows + p * width;
		real a = share_of_input(bare, row), rest = 1 - a;
		real d = a * rest * (real)(moe_dot(g, row, width) - moe_dot(g, vector, width));
		for (size_t i = 0; i < width; i++) {
			d_vector[i] += rest * g[i];
			d_one[i] += d * row[i];
			d_other[i] -= d * row[i];
			d_row[i] = a * g[i] + d * (one[i] - other[i]);
		}
	}
}

void bare_backward(const struct bare *bare, const struct shipment *x, size_t first, size_t end, const real *d_results,
				   real *d_rows)
{
	size_t width = bare->width;
	if (bare->kind == BARE_CONSTANT) {
		memset(bare->mix.d_w, 0, bare->mix.n * sizeof(real));
		memset(bare->vector.d_w, 0, bare->vector.n * sizeof(real));
		unmix_rows(bare, x, first, end, d_results, d_rows);
	} else if (bare->kind == BARE_ZERO)
		memset(d_rows + first * width, 0, (end - first) * width * sizeof(real));
	else
		memcpy(d_rows + first * width, d_results + first * width, (end - first) * width * sizeof(real));
}
