/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * product.c -- matrix products, and linear maps in blocks of rows.
 */
#include <config.h>

#include "sim/multiply/product.h"

#include <string.h>

#include "sim/base/parallel.h"
#include "sim/multiply/multiply.h"

const char *const product_kernel_words[] = { "auto", "fused", "portable", NULL };

static const struct multiply_set *chosen; /* NULL: the best one */

static const struct multiply_set *set_in_use(void)
{
	return chosen ? chosen : multiply_sets();
}

static int refuse_kernel(const char *word, struct error *err)
{
	return multiply_sets()->kernel
			   ? fail(err, ERROR_USER, "%s: this processor has no fused multiply-add (use portable)", word)
			   : fail(err, ERROR_USER, "%s: this build multiplies with %s (configure without --with-blas, or use auto)",
					  word, multiply_name());
}

int product_use(enum product_kernel kernel, struct error *err)
{
	const struct multiply_set *set = multiply_sets();
	const char *word = product_kernel_words[kernel];
	chosen = NULL;
	if (kernel == PRODUCT_AUTO)
		return 0;
	while (set->name && !(set->kernel && strcmp(set->kernel, word) == 0))
		set++;
	if (!set->name)
		return refuse_kernel(word, err), fail_at(err, "--kernel", 0, 0);
	chosen = set;
	return 0;
}

const char *product_kernel(void)
{
	return set_in_use()->kernel ? set_in_use()->kernel : multiply_name();
}

static void multiply_any(size_t m, size_t n, size_t k, struct factor a, struct factor b, bool add, real *c, size_t ld_c)
{
	if (m == 0 || n == 0)
		return;
	if (k > 0)
		set_in_use()->multiply(m, n, k, a, b, add, c, ld_c);
	else
		for (size_t i = 0; i < m && !add; i++)
			memset(c + i * ld_c, 0, n * sizeof(real));
}

void product_nn(size_t m, size_t n, size_t k, const real *a, size_t ld_a, const real *b, size_t ld_b, bool add, real *c,
				size_t ld_c)
{
	multiply_any(m, n, k, (struct factor){ a, ld_a, false }, (struct factor){ b, ld_b, false }, add, c, ld_c);
}

void product_nt(size_t m, size_t n, size_t k, const real *a, size_t ld_a, const real *b, size_t ld_b, bool add, real *c,
				size_t ld_c)
{
	multiply_any(m, n, k, (struct factor){ a, ld_a, false }, (struct factor){ b, ld_b, true }, add, c, ld_c);
}

void product_tn(size_t m, size_t n, size_t k, const real *a, size_t ld_a, const real *b, size_t ld_b, bool add, real *c,
				size_t ld_c)
{
	multiply_any(m, n, k, (struct factor){ a, ld_a, true }, (struct factor){ b, ld_b, false }, add, c, ld_c);
}

static size_t block_rows(size_t rows, size_t block)
{
	size_t size = parallel_block(rows), first = block * size;
	return rows - first < size ? rows - first : size;
}

void linear_forward(size_t rows, size_t in, size_t out, const real *x, const real *w, real *y)
{
	size_t size = parallel_block(rows), blocks = parallel_blocks(rows);
	PARALLEL_FOR
	for (size_t b = 0; b < blocks; b++)
		product_nn(block_rows(rows, b), out, in, x + b * size * in, in, w, out, false, y + b * size * out, out);
}

static void backward(size_t rows, size_t in, size_t out, const real *x, const real *w, const real *d_y, bool add_w,
					 real *d_w, bool add, real *d_x)
{
	size_t strip = parallel_strip(out), x_size = parallel_block(rows), x_blocks = d_x ? parallel_blocks(rows) : 0;
	PARALLEL_FOR
	for (size_t j = 0; j < out; j += strip) /* a unit sums over all tokens, so that no sum is shared between units */
		product_tn(in, out - j < strip ? out - j : strip, rows, x, in, d_y + j, out, add_w, d_w + j, out);
	PARALLEL_FOR
	for (size_t b = 0; b < x_blocks; b++)
		product_nt(block_rows(rows, b), in, out, d_y + b * x_size * out, out, w, out, add, d_x + b * x_size * in, in);
}

void linear_backward(size_t rows, size_t in, size_t out, const real *x, const real *w, const real *d_y, real *d_w,
					 bool add, real *d_x)
{
	backward(rows, in, out, x, w, d_y, false, d_w, add, d_x);
}

void linear_backward_add(size_t rows, size_t in, size_t out, const real *x, const real *w, const real *d_y, real *d_w,
						 real *d_x)
{
	backward(rows, in, out, x, w, d_y, true, d_w, true, d_x);
}

void product_single_threaded(void)
{
	multiply_single_threaded();
}

const char *product_library(void)
{
	return chosen ? chosen->name : multiply_name();
}
