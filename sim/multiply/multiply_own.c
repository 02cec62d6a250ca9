/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * multiply_own.c -- matrix products without a library, for the small products of which MoE layers are made.
 *
 * Every element of C is one sum in the order of k, one fused multiply-add a term.  So its bits depend on no block size,
 * no vector length and no number of threads, and are the same with AVX2 and AVX-512 (the kernel "fused").
 * A machine without fused multiply-add rounds every product too, and so gets other last bits: "portable", which every
 * machine can compute.
 */
#include <config.h>

#include "sim/multiply/multiply.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Terms of a sum that are packed at a time, and the widest panel of any instruction set below. */
enum { DEPTH = 512, WIDEST = 128 / sizeof(real) };
enum { LINE = 64 }; /* bytes that a processor fetches at a time */
static _Thread_local real packed[DEPTH * WIDEST] __attribute__((aligned(64)));

static size_t at_most(size_t n, size_t limit)
{
	return n < limit ? n : limit;
}

/* The part of a factor that begins at row i and column j. */
static struct factor part(struct factor x, size_t i, size_t j)
{
	x.at += x.turned ? j * x.ld + i : i * x.ld + j;
	return x;
}

#define ROWS_1_TO_6(do) \
	do                  \
	(1) do(2) do(3) do(4) do(5) do(6)
#define ROWS_1_TO_12(do) ROWS_1_TO_6(do) do(7) do(8) do(9) do(10) do(11) do(12)

#if defined(__x86_64__)

#define NAME(word) word##_avx512
#define TARGET __attribute__((target("avx512f")))
#define BYTES 64
#define ROWS 12
#define EACH_ROWS ROWS_1_TO_12
#ifdef MOE_DOUBLE
#define FUSED(a, b, c) _mm512_fmadd_pd(a, b, c)
#else
#define FUSED(a, b, c) _mm512_fmadd_ps(a, b, c)
#endif
#include "sim/multiply/multiply_own.def"

#define NAME(word) word##_avx2
#define TARGET __attribute__((target("avx2,fma")))
#define BYTES 32
#define ROWS 6
#define EACH_ROWS ROWS_1_TO_6
#ifdef MOE_DOUBLE
#define FUSED(a, b, c) _mm256_fmadd_pd(a, b, c)
#else
#define FUSED(a, b, c) _mm256_fmadd_ps(a, b, c)
#endif
#include "sim/multiply/multiply_own.def"

#endif

#define NAME(word) word##_portable
#define TARGET
#define BYTES 16
#define ROWS 6
#define EACH_ROWS ROWS_1_TO_6
#define FUSED(a, b, c) ((a) * (b) + (c))
#include "sim/multiply/multiply_own.def"

static const struct multiply_set sets[] = {
#if defined(__x86_64__)
	{ "own kernels, AVX-512", "fused", multiply_avx512 },
	{ "own kernels, AVX2", "fused", multiply_avx2 },
#endif
	{ "own kernels, portable", "portable", multiply_portable },
	{ NULL, NULL, NULL },
};

const struct multiply_set *multiply_sets(void)
{
#if defined(__x86_64__)
	bool is_fused = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
	return sets + (__builtin_cpu_supports("avx512f") ? 0 : is_fused ? 1 : 2);
#else
	return sets;
#endif
}

void multiply_single_threaded(void)
{
}

const char *multiply_name(void)
{
	return multiply_sets()->name;
}
