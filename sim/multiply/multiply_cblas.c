/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * multiply_cblas.c -- matrix products over any CBLAS.
 */
#include <config.h>

#include <gsl/gsl_cblas.h>

#include "sim/base/text.h"
#include "sim/multiply/multiply.h"

#ifdef MOE_DOUBLE
#define GEMM cblas_dgemm
#else
#define GEMM cblas_sgemm
#endif

static enum CBLAS_TRANSPOSE order(struct factor factor)
{
	return factor.turned ? CblasTrans : CblasNoTrans;
}

static void multiply(size_t m, size_t n, size_t k, struct factor a, struct factor b, bool add, real *c, size_t ld_c)
{
	GEMM(CblasRowMajor, order(a), order(b), (int)m, (int)n, (int)k, 1, a.at, (int)a.ld, b.at, (int)b.ld, add ? 1 : 0, c,
		 (int)ld_c);
}

const struct multiply_set *multiply_sets(void)
{
	static const struct multiply_set sets[] = { { BLAS_NAME, NULL, multiply }, { NULL, NULL, NULL } };
	return sets;
}

#ifdef HAVE_OPENBLAS_SET_NUM_THREADS
void openblas_set_num_threads(int threads);
char *openblas_get_config(void);
#endif
#ifdef HAVE_BLI_THREAD_SET_NUM_THREADS
void bli_thread_set_num_threads(long threads);
#endif

void multiply_single_threaded(void)
{
#ifdef HAVE_OPENBLAS_SET_NUM_THREADS
	openblas_set_num_threads(1);
#endif
#ifdef HAVE_BLI_THREAD_SET_NUM_THREADS
	bli_thread_set_num_threads(1);
#endif
}

const char *multiply_name(void)
{
#ifdef HAVE_OPENBLAS_SET_NUM_THREADS
	return text_keep(openblas_get_config());
#else
	return BLAS_NAME;
#endif
}
