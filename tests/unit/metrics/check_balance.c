/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_balance.c -- load metrics against values worked out by hand, other formulas, and chance itself.
 */
#include <config.h>

#include <check.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "sim/metrics/balance.h"

enum { MOST = 64 };

/* Shares 1/2, 1/4, 1/8, 1/8 of the load. */
static const double uneven[] = { 4, 2, 1, 1 };
static const double even[] = { 3, 3, 3, 3, 3 };
static const double collapsed[] = { 0, 0, 7, 0 };
static const double nothing[] = { 0, 0, 0 };

START_TEST(uneven_load_by_hand)
{
	double scratch[4];
	ck_assert_double_eq(balance_maxvio(uneven, 4), 1);
	ck_assert_double_eq(balance_minvio(uneven, 4), 0.5);
	ck_assert_double_eq_tol(balance_cv(uneven, 4), sqrt(1.5) / 2, 1e-15);
	ck_assert_double_eq_tol(balance_entropy(uneven, 4), 1.75 * log(2), 1e-15);
	ck_assert_double_eq_tol(balance_entropy_share(uneven, 4), 1.75 / 2, 1e-15);
	ck_assert_double_eq_tol(balance_effective(uneven, 4), exp2(1.75), 1e-14);
	ck_assert_double_eq_tol(balance_effective_simpson(uneven, 4), 64.0 / 22, 1e-14);
	ck_assert_double_eq(balance_gini(uneven, 4, scratch), 10.0 / 32);
	ck_assert_double_eq(balance_utilisation(uneven, 4), 0.75);
	ck_assert_double_eq(balance_dead(uneven, 4), 0);
	ck_assert_double_eq(balance_efficiency(uneven, 4), 0.5);
}
END_TEST

START_TEST(even_load_is_perfect)
{
	double scratch[5];
	ck_assert_double_eq(balance_maxvio(even, 5), 0);
	ck_assert_double_eq(balance_minvio(even, 5), 0);
	ck_assert_double_eq(balance_cv(even, 5), 0);
	ck_assert_double_eq_tol(balance_entropy(even, 5), log(5), 1e-15);
	ck_assert_double_eq_tol(balance_entropy_share(even, 5), 1, 1e-15);
	ck_assert_double_eq_tol(balance_effective(even, 5), 5, 1e-14);
	ck_assert_double_eq_tol(balance_effective_simpson(even, 5), 5, 1e-14);
	ck_assert_double_eq(balance_gini(even, 5, scratch), 0);
	ck_assert_double_eq(balance_utilisation(even, 5), 1);
	ck_assert_double_eq(balance_dead(even, 5), 0);
	ck_assert_double_eq(balance_efficiency(even, 5), 1);
}
END_TEST

START_TEST(collapse_is_the_other_end)
{
	double scratch[4];
	ck_assert_double_eq(balance_maxvio(collapsed, 4), 3);
	ck_assert_double_eq(balance_minvio(collapsed, 4), 1);
	ck_assert_double_eq_tol(balance_cv(collapsed, 4), sqrt(3), 1e-15);
	ck_assert_double_eq(balance_entropy(collapsed, 4), 0);
	ck_assert_double_eq(balance_entropy_share(collapsed, 4), 0);
	ck_assert_double_eq(balance_effective(collapsed, 4), 1);
	ck_assert_double_eq(balance_effective_simpson(collapsed, 4), 1);
	ck_assert_double_eq(balance_gini(collapsed, 4, scratch), 0.75);
	ck_assert_double_eq(balance_utilisation(collapsed, 4), 0.25);
	ck_assert_double_eq(balance_dead(collapsed, 4), 3);
	ck_assert_double_eq(balance_efficiency(collapsed, 4), 0.25);
}
END_TEST

START_TEST(one_expert_is_in_balance)
{
	double one = 5, scratch;
	ck_assert_double_eq(balance_maxvio(&one, 1), 0);
	ck_assert_double_eq(balance_cv(&one, 1), 0);
	ck_assert_double_eq(balance_entropy(&one, 1), 0);
	ck_assert_double_eq(balance_entropy_share(&one, 1), 1);
	ck_assert_double_eq(balance_effective(&one, 1), 1);
	ck_assert_double_eq(balance_gini(&one, 1, &scratch), 0);
	ck_assert_double_eq(balance_utilisation(&one, 1), 1);
	ck_assert_double_eq(balance_noise_maxvio(1, 1, 100), 0);
}
END_TEST

/* No load at all (3 experts), and no experts at all. */
START_TEST(nothing_counted_is_no_value)
{
	double scratch[3];
	size_t experts = _i ? 0 : 3;
	ck_assert_double_nan(balance_maxvio(nothing, experts));
	ck_assert_double_nan(balance_minvio(nothing, experts));
	ck_assert_double_nan(balance_cv(nothing, experts));
	ck_assert_double_nan(balance_entropy(nothing, experts));
	ck_assert_double_nan(balance_entropy_share(nothing, experts));
	ck_assert_double_nan(balance_effective(nothing, experts));
	ck_assert_double_nan(balance_effective_simpson(nothing, experts));
	ck_assert_double_nan(balance_gini(nothing, experts, scratch));
	ck_assert_double_nan(balance_dead(nothing, experts));
	ck_assert_double_nan(balance_utilisation(nothing, experts));
	ck_assert_double_nan(balance_efficiency(nothing, experts));
}
END_TEST

/* The fair load is 100: 0.99 is dead, 1 is not. */
START_TEST(dead_is_below_one_percent_of_fair)
{
	const double count[] = { 0, 0.99, 1, 398.01 };
	ck_assert_double_eq(balance_dead(count, 4), 2);
}
END_TEST

static void fill(gsl_rng *rng, double *count, size_t n)
{
	for (size_t i = 0; i < n; i++)
		count[i] = (double)gsl_rng_uniform_int(rng, 1000);
}

/* Half the relative mean absolute difference of all pairs. */
static double gini_of_pairs(const double *count, size_t n)
{
	double apart = 0, sum = 0;
	for (size_t i = 0; i < n; i++) {
		sum += count[i];
		for (size_t j = 0; j < n; j++)
			apart += fabs(count[i] - count[j]);
	}
	return apart / (2 * (double)n * sum);
}

START_TEST(other_formulas_agree_on_random_loads)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double count[MOST], half[MOST], scratch[MOST];
	for (size_t n = 2; n <= MOST; n++) {
		fill(rng, count, n);
		count[0] += 1; /* never all zero */
		double mean = gsl_stats_mean(count, 1, n), cv = gsl_stats_sd_with_fixed_mean(count, 1, n, mean) / mean;
		ck_assert_double_eq_tol(balance_cv(count, n), cv, 1e-12);
		ck_assert_double_eq_tol(balance_gini(count, n, scratch), gini_of_pairs(count, n), 1e-12);
		ck_assert_double_eq_tol(balance_maxvio(count, n), gsl_stats_max(count, 1, n) / mean - 1, 1e-12);
		ck_assert_double_eq_tol(balance_minvio(count, n), 1 - gsl_stats_min(count, 1, n) / mean, 1e-12);
		/* sum f^2 = (1 + cv^2) / n */
		ck_assert_double_eq_tol(balance_effective_simpson(count, n), (double)n / (1 + cv * cv), 1e-10);
		for (size_t i = 0; i < n; i++)
			half[i] = count[i] / 2;
		ck_assert_double_eq_tol(balance_entropy(half, n), balance_entropy(count, n), 1e-12);
		ck_assert_double_ge(balance_effective(count, n), balance_effective_simpson(count, n));
	}
	gsl_rng_free(rng);
}
END_TEST

START_TEST(gini_leaves_its_input_alone)
{
	double count[] = { 3, 1, 2 }, scratch[3];
	balance_gini(count, 3, scratch);
	ck_assert_double_eq(count[0], 3);
	ck_assert_double_eq(count[1], 1);
	ck_assert_double_eq(count[2], 2);
}
END_TEST

/* ---- chance --------------------------------------------------------------------------------------------------- */

static double maximum_density(double x, void *n)
{
	double power = *(double *)n - 1;
	return x * (power + 1) * gsl_ran_ugaussian_pdf(x) * exp(power * log1p(-gsl_cdf_ugaussian_Q(x)));
}

/* The expectation as an adaptive quadrature of x times the density: another integrand, another rule. */
START_TEST(normal_maximum_is_the_expectation)
{
	double n[] = { 3, 8, 16, 64, 256, 1e4, 1e6 };
	gsl_integration_cquad_workspace *space = gsl_integration_cquad_workspace_alloc(200);
	for (size_t i = 0; i < sizeof n / sizeof *n; i++) {
		gsl_function f = { maximum_density, &n[i] };
		double expected, error;
		ck_assert_int_eq(gsl_integration_cquad(&f, -12, 12, 1e-10, 0, space, &expected, &error, NULL), 0);
		ck_assert_double_eq_tol(balance_normal_maximum((size_t)n[i]), expected, 1e-9);
	}
	gsl_integration_cquad_workspace_free(space);
}
END_TEST

START_TEST(normal_maximum_of_known_sizes)
{
	ck_assert_double_nan(balance_normal_maximum(0));
	ck_assert_double_eq_tol(balance_normal_maximum(1), 0, 1e-12);
	ck_assert_double_eq_tol(balance_normal_maximum(2), 1 / sqrt(M_PI), 1e-12);
	ck_assert_double_eq_tol(balance_normal_maximum(3), 1.5 / sqrt(M_PI), 1e-12);
	ck_assert_double_eq_tol(balance_normal_maximum(8), 1.42, 0.005);
	ck_assert_double_eq_tol(balance_normal_maximum(16), 1.77, 0.005);
	ck_assert_double_eq_tol(balance_normal_maximum(64), 2.35, 0.01);
}
END_TEST

static void route_at_random(gsl_rng *rng, size_t experts, size_t k, size_t tokens, double *count)
{
	size_t all[MOST], chosen[MOST];
	for (size_t e = 0; e < experts; e++) {
		all[e] = e;
		count[e] = 0;
	}
	for (size_t t = 0; t < tokens; t++) {
		gsl_ran_choose(rng, chosen, k, all, experts, sizeof *all);
		for (size_t i = 0; i < k; i++)
			count[chosen[i]] += 1;
	}
}

static const struct {
	size_t experts, k, tokens;
} chances[] = { { 2, 1, 2000 }, { 8, 2, 1000 }, { 16, 2, 1000 }, { 64, 8, 1000 } };

/* Mean over repetitions, with five standard errors of room and 2.5% for the normal approximation. */
START_TEST(random_routing_shows_the_noise)
{
	enum { REPEATS = 400 };
	size_t experts = chances[_i].experts, k = chances[_i].k, tokens = chances[_i].tokens;
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double maxvio[REPEATS], square[REPEATS], count[MOST];
	for (size_t r = 0; r < REPEATS; r++) {
		route_at_random(rng, experts, k, tokens, count);
		double cv = balance_cv(count, experts);
		maxvio[r] = balance_maxvio(count, experts);
		square[r] = cv * cv;
	}
	double noise = balance_noise_maxvio(experts, (double)k, (double)tokens);
	double cv2 = pow(balance_noise_cv(experts, (double)k, (double)tokens), 2);
	double root = sqrt(REPEATS);
	ck_assert_double_eq_tol(gsl_stats_mean(maxvio, 1, REPEATS), noise,
							0.025 * noise + 5 * gsl_stats_sd(maxvio, 1, REPEATS) / root);
	ck_assert_double_eq_tol(gsl_stats_mean(square, 1, REPEATS), cv2, 5 * gsl_stats_sd(square, 1, REPEATS) / root);
	gsl_rng_free(rng);
}
END_TEST

START_TEST(noise_at_the_ends)
{
	ck_assert_double_eq(balance_noise_cv(8, 8, 100), 0);
	ck_assert_double_eq(balance_noise_maxvio(8, 8, 100), 0);
	ck_assert_double_eq_tol(balance_noise_cv(64, 8, 4096), sqrt(56.0 / 32768), 1e-15);
	ck_assert_double_nan(balance_noise_cv(8, 0, 100));
	ck_assert_double_nan(balance_noise_cv(8, 9, 100));
	ck_assert_double_nan(balance_noise_cv(8, 2, 0));
	ck_assert_double_nan(balance_noise_cv(8, NAN, 100));
	ck_assert_double_nan(balance_noise_maxvio(0, 1, 100));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("balance");
	TCase *load = tcase_create("load"), *chance = tcase_create("chance");
	tcase_add_test(load, uneven_load_by_hand);
	tcase_add_test(load, even_load_is_perfect);
	tcase_add_test(load, collapse_is_the_other_end);
	tcase_add_test(load, one_expert_is_in_balance);
	tcase_add_loop_test(load, nothing_counted_is_no_value, 0, 2);
	tcase_add_test(load, dead_is_below_one_percent_of_fair);
	tcase_add_test(load, other_formulas_agree_on_random_loads);
	tcase_add_test(load, gini_leaves_its_input_alone);
	tcase_add_test(chance, normal_maximum_is_the_expectation);
	tcase_add_test(chance, normal_maximum_of_known_sizes);
	tcase_add_loop_test(chance, random_routing_shows_the_noise, 0, sizeof chances / sizeof *chances);
	tcase_add_test(chance, noise_at_the_ends);
	tcase_set_timeout(chance, 60);
	suite_add_tcase(suite, load);
	suite_add_tcase(suite, chance);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
