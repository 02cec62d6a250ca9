/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * kit.h -- small inline helpers for parts.  Header only, so that a part needs no symbol of the program.
 */
#ifndef MOESIM_KIT_H
#define MOESIM_KIT_H

#include <Random123/philox.h>
#include <math.h>
#include <moesim/moesim.h>

/* Appends one pick.  The core sizes the arrays by max_picks(); a pick beyond them is not written, and the core
 * reports the part when it finds n > max. */
static inline void moe_pick(struct moe_picks *picks, size_t token, size_t expert, size_t rank)
{
	if (picks->n < picks->max) {
		picks->token[picks->n] = (uint32_t)token;
		picks->expert[picks->n] = (uint32_t)expert;
		picks->rank[picks->n] = (uint32_t)rank;
	}
	picks->n++;
}

/* 32 random bits: Philox4x32-10 (Salmon et al. 2011), four words a block. */
static inline uint32_t moe_bits(struct moe_rng *rng)
{
	if (rng->used == 4) {
		philox4x32_ctr_t counter = { { rng->counter[0], rng->counter[1], rng->counter[2], rng->counter[3] } };
		philox4x32_key_t key = { { rng->key[0], rng->key[1] } };
		philox4x32_ctr_t block = philox4x32(counter, key);
		for (int i = 0; i < 4; i++)
			rng->block[i] = block.v[i];
		if (++rng->counter[0] == 0)
			rng->counter[1]++;
		rng->used = 0;
	}
	return rng->block[rng->used++];
}

/* Uniform in [0, 1), 32 bits. */
static inline double moe_uniform(struct moe_rng *rng)
{
	return moe_bits(rng) * 0x1p-32;
}

/* Uniform in 0 .. n - 1 without modulo bias that matters: the bias is below n / 2^32 (Lemire's multiply). */
static inline size_t moe_below(struct moe_rng *rng, size_t n)
{
	return (size_t)(((uint64_t)moe_bits(rng) * n) >> 32);
}

/* Puts the k largest of row[0 .. n-1] into best[0 .. k-1], largest first; the lower index wins a tie, so that the
 * result does not depend on the order of comparison.  k <= n. */
static inline void moe_top_k(const real *row, size_t n, size_t k, uint32_t *best)
{
	size_t held = 0;
	for (size_t i = 0; i < n; i++) {
		if (held == k && !(row[i] > row[best[k - 1]]))
			continue;
		size_t at = held < k ? held++ : k - 1;
		for (; at > 0 && row[i] > row[best[at - 1]]; at--)
			best[at] = best[at - 1];
		best[at] = (uint32_t)i;
	}
}

/* e^x.  In single precision a polynomial after Cephes (relative error below 2e-7, flushed to 0 below -87) without a
 * branch or a call, so that a loop over it is vectorised; in double precision the library's. */
static inline real moe_exp(real x)
{
#ifdef MOE_DOUBLE
	return exp(x);
#else
	float keep = x > -87.0f ? 1.0f : 0.0f;
	x = x > -87.0f ? x : -87.0f; /* so written, a nan gives 0, and the 0 / 0 of a softmax brings it back */
	x = x < 88.0f ? x : 88.0f;
	float shifted = x * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: rounds x / ln 2 to the nearest integer */
	float n = shifted - 12582912.0f;
	float r = x - n * 0.693359375f - n * -2.12194440e-4f;
	float p = 1.9875691500e-4f;
	p = p * r + 1.3981999507e-3f;
	p = p * r + 8.3334519073e-3f;
	p = p * r + 4.1665795894e-2f;
	p = p * r + 1.6666665459e-1f;
	p = p * r + 5.0000001201e-1f;
	p = p * r * r + r + 1.0f;
	union {
		float f;
		int32_t i;
	} power = { .i = ((int32_t)n + 127) << 23 };
	return p * power.f * keep;
#endif
}

/* ln sum exp(row), without overflow. */
static inline double moe_log_sum_exp(const real *row, size_t n)
{
	double top = (double)row[0], sum = 0;
	for (size_t i = 1; i < n; i++)
		if ((double)row[i] > top)
			top = (double)row[i];
	for (size_t i = 0; i < n; i++)
		sum += exp((double)row[i] - top);
	return top + log(sum);
}

#endif
