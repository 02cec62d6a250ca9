/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * multiply_xsmm.c -- matrix products by libxsmm, which writes code for small ones at run time.
 *
 * It hands what it has no code for (first factors that are turned, large sizes) to the OpenBLAS it is linked with.
 */
#include <config.h>

#include <libxsmm.h>

#include "sim/base/text.h"
#include "sim/multiply/multiply.h"

#ifdef MOE_DOUBLE
#define GEMM libxsmm_dgemm
#else
#define GEMM libxsmm_sgemm
#endif

void openblas_set_num_threads(int threads);

static const char *order(struct factor factor)
{
	return factor.turned ? "T" : "N";
}

/* libxsmm counts by columns: what we call C = A B is C' = B' A' to it. */
static void multiply(size_t m, size_t n, size_t k, struct factor a, struct factor b, bool add, real *c, size_t ld_c)
{
	const libxsmm_blasint rows = (libxsmm_blasint)n, columns = (libxsmm_blasint)m, depth = (libxsmm_blasint)k;
	const libxsmm_blasint ld_left = (libxsmm_blasint)b.ld, ld_right = (libxsmm_blasint)a.ld, ld = (libxsmm_blasint)ld_c;
	const real one = 1, scale = add ? 1 : 0;
	GEMM(order(b), order(a), &rows, &columns, &depth, &one, b.at, &ld_left, a.at, &ld_right, &scale, c, &ld);
}

const struct multiply_set *multiply_sets(void)
{
	static const struct multiply_set sets[] = { { BLAS_NAME, NULL, multiply }, { NULL, NULL, NULL } };
	return sets;
}

void multiply_single_threaded(void)
{
	libxsmm_init();
	openblas_set_num_threads(1);
}

const char *multiply_name(void)
{
	return "libxsmm";
}
