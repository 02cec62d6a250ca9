/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * multiply.h -- what computes matrix products: multiply_own.c, or another multiply_*.c where configure was told so.
 */
#ifndef SIM_MULTIPLY_MULTIPLY_H
#define SIM_MULTIPLY_MULTIPLY_H

#include <stdbool.h>

#include "sim/base/real.h"

/* A matrix as it lies in memory: rows `ld` apart, or, when turned, columns. */
struct factor {
	const real *at;
	size_t ld;
	bool turned;
};

/* Makes a library use one thread a call; once at start. */
void multiply_single_threaded(void);
const char *multiply_name(void); /* lives as long as the program */

/* The instruction sets that multiply_own.c is compiled for and this machine has, best first, ended by name = NULL. */
struct multiply_set {
	const char *name;
	const char *kernel; /* "fused" or "portable": sets of one kernel give the same bits; NULL: a library's own bits */
	/* C[m][n] = A B, or C += A B with `add`, over the summed dimension k; on the calling thread alone.  No size is 0.
	 */
	void (*multiply)(size_t m, size_t n, size_t k, struct factor a, struct factor b, bool add, real *c, size_t ld_c);
};
const struct multiply_set *multiply_sets(void);

#endif
