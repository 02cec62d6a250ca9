/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_multiply.c -- matrix products are the sums they should be, for every instruction set that this machine has.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/multiply/multiply.h"
#include "sim/multiply/product.h"

enum { MOST = 600 }; /* beyond two blocks of k or n */

/* One product with gaps between its rows; the gaps must stay as they are. */
struct problem {
	size_t m, n, k;
	bool turn_a, turn_b, add;
	size_t gap;
};

static uint32_t noise;

static real small_number(void)
{
	noise = noise * 1664525u + 1013904223u;
	return (real)((int)(noise >> 24) - 128);
}

static real *numbers(size_t n)
{
	real *x = malloc(n * sizeof *x);
	ck_assert_ptr_nonnull(x);
	for (size_t i = 0; i < n; i++)
		x[i] = small_number();
	return x;
}

static struct factor factor_of(size_t rows, size_t columns, size_t gap, bool turned)
{
	size_t ld = (turned ? rows : columns) + gap;
	return (struct factor){ numbers(ld * (turned ? columns : rows)), ld, turned };
}

static double element(struct factor x, size_t i, size_t j)
{
	return (double)(x.turned ? x.at[j * x.ld + i] : x.at[i * x.ld + j]);
}

/* c by the definition; sums of whole numbers, which are exact in either precision in any order */
static void multiply_plainly(const struct problem *p, struct factor a, struct factor b, real *c)
{
	for (size_t i = 0; i < p->m; i++)
		for (size_t j = 0; j < p->n; j++) {
			double sum = p->add ? (double)c[i * (p->n + p->gap) + j] : 0;
			for (size_t l = 0; l < p->k; l++)
				sum += element(a, i, l) * element(b, l, j);
			c[i * (p->n + p->gap) + j] = (real)sum;
		}
}

static void check_problem(const struct problem *p)
{
	struct factor a = factor_of(p->m, p->k, p->gap, p->turn_a), b = factor_of(p->k, p->n, p->gap, p->turn_b);
	size_t ld = p->n + p->gap, size = p->m * ld * sizeof(real);
	real *before = numbers(p->m * ld), *want = malloc(size), *got = malloc(size);
	memcpy(want, before, size);
	multiply_plainly(p, a, b, want);
	for (const struct multiply_set *set = multiply_sets(); set->name; set++) {
		memcpy(got, before, size);
		set->multiply(p->m, p->n, p->k, a, b, p->add, got, ld);
		ck_assert_msg(memcmp(got, want, size) == 0, "%s: %zu x %zu x %zu, turned %d %d, add %d, gap %zu", set->name,
					  p->m, p->n, p->k, p->turn_a, p->turn_b, p->add, p->gap);
	}
	free((void *)a.at);
	free((void *)b.at);
	free(before);
	free(want);
	free(got);
}

/* Every remainder of rows, columns and squares. */
START_TEST(all_small_sizes)
{
	struct problem p = { .turn_a = _i & 1, .turn_b = _i & 2, .add = _i & 4, .gap = _i & 8 ? 3 : 0 };
	for (p.m = 1; p.m <= 26; p.m++)
		for (p.n = 1; p.n <= 34; p.n++)
			for (p.k = 1; p.k <= 9; p.k += p.m % 2 + 1)
				check_problem(&p);
}
END_TEST

START_TEST(sizes_beyond_a_block)
{
	static const size_t sizes[] = { 1, 13, 255, 256, 257, 513, MOST };
	struct problem p = { .turn_a = _i & 1, .turn_b = _i & 2, .add = _i & 4, .gap = _i & 8 ? 5 : 0, .m = 25 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
			p.n = sizes[i];
			p.k = sizes[j];
			check_problem(&p);
		}
}
END_TEST

/* The bits of an element depend on its own row of A and column of B alone: not on the rows that are computed along
 * with it, and so not on how the work is cut.  That is what makes results independent of the blocks. */
START_TEST(rows_do_not_depend_on_their_neighbours)
{
	enum { M = 37, N = 45, K = 700 };
	const struct multiply_set *set = multiply_sets();
	struct factor a = factor_of(M, K, 0, false), b = factor_of(K, N, 0, _i);
	real *whole = numbers(M * N), *rows = numbers(M * N);
	if (strcmp(BLAS_NAME, "own") != 0)
		return; /* libraries differ in this */
	for (size_t i = 0; i < M * K; i++)
		((real *)a.at)[i] /= 7;
	set->multiply(M, N, K, a, b, false, whole, N);
	for (size_t i = 0; i < M; i += 5) {
		struct factor part = { a.at + i * K, K, false };
		set->multiply(M - i < 5 ? M - i : 5, N, K, part, b, false, rows + i * N, N);
	}
	ck_assert_mem_eq(whole, rows, M * N * sizeof(real));
	for (; strstr(set->name, "portable") == NULL; set++) { /* nor on the length of a vector */
		set->multiply(M, N, K, a, b, false, rows, N);
		ck_assert_mem_eq(whole, rows, M * N * sizeof(real));
	}
	free((void *)a.at);
	free((void *)b.at);
	free(whole);
	free(rows);
}
END_TEST

static void check_in_use(const struct multiply_set *set)
{
	enum { M = 7, N = 9, K = 11 };
	struct factor a = factor_of(M, K, 0, false), b = factor_of(K, N, 0, false);
	real *want = numbers(M * N), *got = numbers(M * N);
	for (size_t i = 0; i < M * K; i++)
		((real *)a.at)[i] /= 7;
	set->multiply(M, N, K, a, b, false, want, N);
	product_nn(M, N, K, a.at, K, b.at, N, false, got, N);
	ck_assert_mem_eq(got, want, M * N * sizeof(real));
	free((void *)a.at);
	free((void *)b.at);
	free(want);
	free(got);
}

/* What was asked for computes, until something else is asked for. */
START_TEST(a_kernel_is_chosen)
{
	struct error err = { .code = ERROR_NONE };
	const struct multiply_set *best = multiply_sets(), *last = best;
	while (last[1].name)
		last++;
	if (best->kernel == NULL) {
		ck_assert_int_eq(product_use(PRODUCT_PORTABLE, &err), -1);
		ck_assert_str_eq(err.file, "--kernel");
		ck_assert_ptr_nonnull(strstr(err.text, "this build multiplies with"));
		return;
	}
	ck_assert_int_eq(product_use(PRODUCT_PORTABLE, &err), 0);
	ck_assert_str_eq(product_kernel(), "portable");
	ck_assert_str_eq(product_library(), last->name);
	check_in_use(last);
	ck_assert_int_eq(product_use(PRODUCT_AUTO, &err), 0);
	ck_assert_str_eq(product_kernel(), best->kernel);
	ck_assert_str_eq(product_library(), best->name);
	check_in_use(best);
	if (strcmp(best->kernel, "fused") == 0) {
		ck_assert_int_eq(product_use(PRODUCT_FUSED, &err), 0);
		check_in_use(best);
	} else {
		ck_assert_int_eq(product_use(PRODUCT_FUSED, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "no fused multiply-add (use portable)"));
	}
	ck_assert_int_eq(product_use(PRODUCT_AUTO, &err), 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("multiply");
	TCase *tests = tcase_create("multiply");
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, all_small_sizes, 0, 16);
	tcase_add_loop_test(tests, sizes_beyond_a_block, 0, 16);
	tcase_add_loop_test(tests, rows_do_not_depend_on_their_neighbours, 0, 2);
	tcase_add_test(tests, a_kernel_is_chosen);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(make_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
