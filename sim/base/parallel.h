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

/* Rows of a unit when n rows are cut into blocks: a sixteenth of them, but at least 512, because whatever a product
 * prepares for its second factor is done once a block. */
static inline size_t parallel_block(size_t n)
{
	size_t block = (n / 16 + 15) / 16 * 16;
	return block < 512 ? 512 : block;
}

static inline size_t parallel_blocks(size_t n)
{
	return (n + parallel_block(n) - 1) / parallel_block(n);
}

/* Columns of a unit when a matrix of n columns is cut: an eighth of them, in whole groups of 32. */
static inline size_t parallel_strip(size_t n)
{
	return n <= 32 ? 32 : (n / 8 + 31) / 32 * 32;
}

#endif
