/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_discrete.c -- our table is GSL's, to the bit.
 */
#include <config.h>

#include <check.h>
#include <gsl/gsl_rng.h>
#include <stdlib.h>

#include "sim/base/discrete.h"

enum { MOST = 300 };

static void check_same(size_t n, const double *weight)
{
	gsl_ran_discrete_t *ours = discrete_open(n, weight), *theirs = gsl_ran_discrete_preproc(n, weight);
	ck_assert_uint_eq(ours->K, theirs->K);
	ck_assert_mem_eq(ours->A, theirs->A, n * sizeof *ours->A);
	ck_assert_mem_eq(ours->F, theirs->F, n * sizeof *ours->F);
	gsl_ran_discrete_free(ours);
	gsl_ran_discrete_free(theirs);
}

/* Equal weights, one alone, powers, and ones with zeros among them. */
START_TEST(any_law_gives_the_same_table)
{
	double weight[MOST];
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	for (size_t n = 1; n <= MOST; n += 1 + n / 7) {
		for (size_t i = 0; i < n; i++)
			weight[i] = _i == 0 ? 1 : _i == 1 ? 1 / (double)(i + 1) : _i == 2 ? gsl_rng_uniform(rng) : i % 3 == 0;
		check_same(n, weight);
	}
	gsl_rng_free(rng);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("discrete");
	TCase *cases = tcase_create("table");
	tcase_add_loop_test(cases, any_law_gives_the_same_table, 0, 4);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
