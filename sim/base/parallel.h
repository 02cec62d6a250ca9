/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * parallel.h -- loops over independent units of work.
 *
 * The units (an expert, a fixed block of tokens, a sequence) never depend on the number of threads, and each unit is
 * computed by one thread in one fixed order; so results are byte-equal at any number of threads.
 */
#ifndef SIM_BASE_PARALLEL_H
#define SIM_BASE_PARALLEL_H

#include <stddef.h>

#ifdef _OPENMP
#include <omp.h>
#define PARALLEL_FOR _Pragma("omp parallel for schedule(dynamic, 1)")
#else
#define PARALLEL_FOR
#endif

static inline void parallel_threads(int threads)
{
#ifdef _OPENMP
	omp_set_num_threads(threads);
#else
	(void)threads;
#endif
}

/* Rows of a unit when n rows are cut into blocks: an eighth of them, at least 32, in whole groups of 16. */
static inline size_t parallel_block(size_t n)
{
	size_t block = (n / 8 + 15) / 16 * 16;
	return block < 32 ? 32 : block;
}

static inline size_t parallel_blocks(size_t n)
{
	return (n + parallel_block(n) - 1) / parallel_block(n);
}

#endif
