/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * multiply_dnnl.c -- matrix products by oneDNN's sgemm, which is row-major.
 *
 * It has none in double precision; there, which is in tests of gradients alone, GSL's are taken.
 */
#include <config.h>

#ifdef MOE_DOUBLE
#include "sim/multiply/multiply_cblas.c"
#else

#include <dnnl.h>
#include <omp.h>

#include "sim/base/text.h"
#include "sim/multiply/multiply.h"

static char order(struct factor factor)
{
	return factor.turned ? 'T' : 'N';
}

/* oneDNN asks OpenMP how many threads it may use; in a parallel region it uses one anyway. */
static void multiply(size_t m, size_t n, size_t k, struct factor a, struct factor b, bool add, real *c, size_t ld_c)
{
	int threads = omp_get_max_threads();
	omp_set_num_threads(1);
	dnnl_sgemm(order(a), order(b), (dnnl_dim_t)m, (dnnl_dim_t)n, (dnnl_dim_t)k, 1, a.at, (dnnl_dim_t)a.ld, b.at,
			   (dnnl_dim_t)b.ld, add ? 1 : 0, c, (dnnl_dim_t)ld_c);
	omp_set_num_threads(threads);
}

const struct multiply_set *multiply_sets(void)
{
	static const struct multiply_set sets[] = { { BLAS_NAME, NULL, multiply }, { NULL, NULL, NULL } };
	return sets;
}

void multiply_single_threaded(void)
{
}

const char *multiply_name(void)
{
	const dnnl_version_t *version = dnnl_version();
	return text_keep_f("oneDNN %d.%d.%d", version->major, version->minor, version->patch);
}

#endif
