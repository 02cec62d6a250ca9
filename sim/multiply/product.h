/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * product.h -- matrix products; row-major, one thread a call.
 *
 * C is always [m][n] and k is the summed dimension; ld_ is the distance between rows.  With `add` the product is
 * added to C, else it replaces C.  Zero sizes are allowed (k = 0 without `add` writes zeros).
 */
#ifndef SIM_MULTIPLY_PRODUCT_H
#define SIM_MULTIPLY_PRODUCT_H

#include <stdbool.h>

#include "sim/base/error.h"
#include "sim/base/real.h"

/* C = A B, A [m][k], B [k][n] */
void product_nn(size_t m, size_t n, size_t k, const real *a, size_t ld_a, const real *b, size_t ld_b, bool add, real *c,
				size_t ld_c);
/* C = A B', A [m][k], B [n][k] */
void product_nt(size_t m, size_t n, size_t k, const real *a, size_t ld_a, const real *b, size_t ld_b, bool add, real *c,
				size_t ld_c);
/* C = A' B, A [k][m], B [k][n] */
void product_tn(size_t m, size_t n, size_t k, const real *a, size_t ld_a, const real *b, size_t ld_b, bool add, real *c,
				size_t ld_c);

/* A linear map over densely stored rows, in parallel over fixed blocks.
 *   forward   y[rows][out]  = x[rows][in] w[in][out]
 *   backward  d_w = x' d_y  and then  d_x (+)= d_y w';  d_x may be NULL, and may be x itself */
void linear_forward(size_t rows, size_t in, size_t out, const real *x, const real *w, real *y);
void linear_backward(size_t rows, size_t in, size_t out, const real *x, const real *w, const real *d_y, real *d_w,
					 bool add, real *d_x);

/* The same with d_w += x' d_y and d_x += d_y w'. */
void linear_backward_add(size_t rows, size_t in, size_t out, const real *x, const real *w, const real *d_y, real *d_w,
						 real *d_x);

/* Makes the library compute each call on the calling thread alone.  Call once at start. */
void product_single_threaded(void);
/* Which kernels compute from now on.  Those of one word give the same bits wherever they run: fused ones take one
 * rounding for a multiplication and an addition, which a processor must have, portable ones two.  Auto is fused where
 * the processor can, and all that another library than our own has.  -1 and *err where that kernel cannot be had. */
enum product_kernel { PRODUCT_AUTO, PRODUCT_FUSED, PRODUCT_PORTABLE };
extern const char *const product_kernel_words[]; /* ended by NULL */
int product_use(enum product_kernel kernel, struct error *err);
/* What the bits of a product depend on: "fused", "portable", or the name of another library. */
const char *product_kernel(void);

/* What computes the products, for the manifest: "own kernels, AVX-512", "OpenBLAS 0.3.21 Haswell ...", "gsl". */
const char *product_library(void);

#endif
