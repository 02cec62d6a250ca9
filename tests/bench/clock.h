/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * clock.h -- what the benchmarks measure with.
 */
#ifndef TESTS_BENCH_CLOCK_H
#define TESTS_BENCH_CLOCK_H

#include <stdlib.h>
#include <time.h>

static inline double clock_seconds(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Of the processor, for one thread on a machine that others use, too. */
static inline double clock_busy(void)
{
	return clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static inline int clock_ascending(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

/* Sorts the samples. */
static inline double clock_median(double *sample, size_t n)
{
	qsort(sample, n, sizeof *sample, clock_ascending);
	return n % 2 ? sample[n / 2] : (sample[n / 2 - 1] + sample[n / 2]) / 2;
}

#endif
