/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_statistics.c -- the tests of compare against worked examples, an integral of our own, and ten thousand draws.
 */
#include <config.h>

#include <check.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "experiments/study/statistics.h"
#include "sim/base/seed.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Student (1908), "The probable error of a mean": additional hours of sleep, drug 2 less drug 1, ten patients.  Every
 * text has it; R's t.test(extra ~ group, paired = TRUE) prints t = 4.0621, df = 9, p = 0.002833, 0.7001142 2.4598858.
 */
static const double sleep_gain[] = { 1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4 };

START_TEST(students_sleep_data)
{
	struct estimate e = estimate_of(sleep_gain, COUNT(sleep_gain));
	ck_assert_uint_eq(e.n, 10);
	ck_assert_double_eq_tol(e.mean, 1.58, 1e-12);
	ck_assert_double_eq_tol(e.mean / (e.sd / sqrt(10)), 4.0621, 5e-5);
	ck_assert_double_eq_tol(e.low, 0.7001142, 5e-8);
	ck_assert_double_eq_tol(e.high, 2.4598858, 5e-8);
	ck_assert_double_eq_tol(estimate_p_zero(&e), 0.002833, 5e-7);
}
END_TEST

/* P(T > t) by Simpson's rule on the density, from the definition. */
static double tail(double t, double freedom)
{
	enum { PARTS = 20000 };
	double scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(freedom * acos(-1));
	double sum = 0, width = fabs(t) / PARTS;
	for (int i = 0; i <= PARTS; i++) {
		double x = i * width, weight = i == 0 || i == PARTS ? 1 : i % 2 ? 4 : 2;
		sum += weight * scale * pow(1 + x * x / freedom, -(freedom + 1) / 2);
	}
	double middle = sum * width / 3;
	return t > 0 ? 0.5 - middle : 0.5 + middle;
}

START_TEST(equivalence_is_two_one_sided_tests)
{
	static const double margins[] = { 0.1, 1, 1.58, 2, 2.5, 4 };
	struct estimate e = estimate_of(sleep_gain, COUNT(sleep_gain));
	double error = e.sd / sqrt(10), margin = margins[_i];
	double below = tail((e.mean + margin) / error, 9), above = tail((margin - e.mean) / error, 9);
	ck_assert_double_eq_tol(stats_equivalence(&e, margin), fmax(below, above), 1e-9);
	e.mean = -e.mean;
	ck_assert_double_eq_tol(stats_equivalence(&e, margin), fmax(below, above), 1e-9);
}
END_TEST

/* Schuirmann's tests at 5% and the 90% interval are the same rule; 1.833113 is the 95% point of t with 9 degrees. */
START_TEST(equivalence_is_an_interval_inside_the_margin)
{
	struct estimate e = estimate_of(sleep_gain, COUNT(sleep_gain));
	double end = e.mean + 1.833113 * e.sd / sqrt(10);
	ck_assert_double_lt(stats_equivalence(&e, end + 1e-4), 0.05);
	ck_assert_double_gt(stats_equivalence(&e, end - 1e-4), 0.05);
}
END_TEST

START_TEST(without_scatter_the_tests_compare)
{
	static const double same[] = { 0.1, 0.1, 0.1 };
	struct estimate e = estimate_of(same, 3), one = estimate_of(same, 1);
	ck_assert_double_eq(estimate_p_zero(&e), 0);
	ck_assert_double_eq(stats_equivalence(&e, 0.2), 0);
	ck_assert_double_eq(stats_equivalence(&e, 0.05), 1);
	ck_assert_double_eq(stats_equivalence(&e, 0.1), 1);
	ck_assert_double_nan(stats_equivalence(&one, 1));
	ck_assert_double_nan(estimate_p_zero(&one));
}
END_TEST

/* R: p.adjust(c(.01, .04, .03, .005), "holm") = .03 .06 .06 .02; the others by hand. */
static const struct {
	size_t n;
	double p[5], wanted[5];
} families[] = {
	{ 4, { 0.01, 0.04, 0.03, 0.005 }, { 0.03, 0.06, 0.06, 0.02 } },
	{ 1, { 0.04 }, { 0.04 } },
	{ 3, { 0.5, 0.6, 0.7 }, { 1, 1, 1 } },
	{ 5, { 0.01, NAN, 0.02, NAN, 0.01 }, { 0.03, NAN, 0.03, NAN, 0.03 } },
	{ 3, { 0, 0.02, 0.9 }, { 0, 0.04, 0.9 } },
	{ 0, { 0 }, { 0 } },
};

START_TEST(holm_corrects_the_family)
{
	double p[5];
	for (size_t i = 0; i < 5; i++)
		p[i] = families[_i].p[i];
	stats_holm(p, families[_i].n);
	for (size_t i = 0; i < families[_i].n; i++)
		if (isnan(families[_i].wanted[i]))
			ck_assert_double_nan(p[i]);
		else
			ck_assert_double_eq_tol(p[i], families[_i].wanted[i], 1e-12);
}
END_TEST

/* Alone in its family a difference is sure below 0.05 * 0.8, equivalence below 0.05 * 0.2. */
static const struct {
	double p_difference, p_equivalence, sign, p;
	enum verdict verdict;
} judged[] = {
	{ 0.01, 0.9, -1, 0.0125, VERDICT_LOWER },       { 0.01, 0.9, 1, 0.0125, VERDICT_HIGHER },
	{ 0.039, 0.9, 1, 0.04875, VERDICT_HIGHER },     { 0.041, 0.9, 1, 0.05125, VERDICT_UNDECIDED },
	{ 0.9, 0.009, 1, 0.045, VERDICT_EQUIVALENT },   { 0.9, 0.011, 1, 0.055, VERDICT_UNDECIDED },
	{ 0.001, 0.009, 1, 0.045, VERDICT_EQUIVALENT }, { 0.95, 0.5, 1, 1, VERDICT_UNDECIDED },
};

START_TEST(verdicts_say_no_more_than_the_tests)
{
	struct hypothesis one = { judged[_i].p_difference, judged[_i].p_equivalence, NAN, VERDICT_UNDECIDED };
	stats_judge(&one, &judged[_i].sign, 1);
	ck_assert_int_eq(one.verdict, judged[_i].verdict);
	ck_assert_double_eq_tol(one.p, judged[_i].p, 1e-12);
}
END_TEST

START_TEST(what_is_not_tested_is_no_part_of_the_family)
{
	struct hypothesis family[] = { { 0.03, 0.9, NAN, VERDICT_UNDECIDED }, { NAN, NAN, NAN, VERDICT_EQUAL } };
	const double sign[] = { 1, 1 };
	stats_judge(family, sign, 2);
	ck_assert_double_eq_tol(family[0].p, 0.0375, 1e-12);
	ck_assert_int_eq(family[1].verdict, VERDICT_EQUAL);
	ck_assert_double_nan(family[1].p);
}
END_TEST

START_TEST(the_pareto_set_is_what_nothing_beats)
{
	static const double point[][2] = { { 1, 5 }, { 2, 3 }, { 3, 3 }, { 4, 1 }, { 4, 1 }, { 5, 2 }, { 0, NAN } };
	static const bool wanted[] = { true, true, false, true, true, false, false };
	bool best[COUNT(wanted)];
	stats_pareto(&point[0][0], COUNT(wanted), 2, best);
	for (size_t i = 0; i < COUNT(wanted); i++)
		ck_assert_int_eq(best[i], wanted[i]);
}
END_TEST

START_TEST(the_pareto_set_of_many_points_is_that_of_comparing_all)
{
	enum { POINTS = 400, AXES = 3, VALUES = 12 }; /* few values, so that there are ties */
	double point[POINTS][AXES];
	bool best[POINTS];
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	for (size_t i = 0; i < POINTS; i++)
		for (size_t k = 0; k < AXES; k++)
			point[i][k] = gsl_rng_uniform_int(rng, 50) == 0 ? NAN : (double)gsl_rng_uniform_int(rng, VALUES);
	gsl_rng_free(rng);
	stats_pareto(&point[0][0], POINTS, AXES, best);
	for (size_t i = 0; i < POINTS; i++) {
		bool beaten = isnan(point[i][0] + point[i][1] + point[i][2]);
		for (size_t j = 0; j < POINTS; j++)
			beaten |= point[j][0] <= point[i][0] && point[j][1] <= point[i][1] && point[j][2] <= point[i][2] &&
					  (point[j][0] < point[i][0] || point[j][1] < point[i][1] || point[j][2] < point[i][2]);
		ck_assert_int_eq(best[i], !beaten);
	}
}
END_TEST

/* ---- ten thousand draws ---------------------------------------------------------------------------------- */

enum { DRAWS = 10000 };

/* One paired experiment: n differences around `mean` with the given sd. */
static struct estimate draw(gsl_rng *rng, size_t n, double mean, double sd)
{
	double x[16];
	for (size_t i = 0; i < n; i++)
		x[i] = mean + gsl_ran_gaussian_ziggurat(rng, sd);
	return estimate_of(x, n);
}

static const size_t sizes[] = { 2, 3, 5, 10 };

START_TEST(the_interval_covers_as_often_as_it_says)
{
	gsl_rng *rng = gsl_rng_alloc(seed_rng_type);
	seed_open(rng, 1, "coverage", (uint64_t)_i);
	unsigned covered = 0, found = 0;
	for (unsigned i = 0; i < DRAWS; i++) {
		struct estimate e = draw(rng, sizes[_i], 0.3, 2);
		covered += e.low <= 0.3 && 0.3 <= e.high;
		e = draw(rng, sizes[_i], 0, 2);
		found += estimate_p_zero(&e) < 0.05;
	}
	gsl_rng_free(rng);
	ck_assert_uint_ge(covered, (unsigned)(0.94 * DRAWS));
	ck_assert_uint_le(covered, (unsigned)(0.96 * DRAWS));
	ck_assert_uint_ge(found, (unsigned)(0.04 * DRAWS));
	ck_assert_uint_le(found, (unsigned)(0.06 * DRAWS));
}
END_TEST

/* A true difference of exactly the margin is called equivalent in one experiment of twenty, and not more. */
START_TEST(equivalence_errs_as_often_as_it_says)
{
	gsl_rng *rng = gsl_rng_alloc(seed_rng_type);
	seed_open(rng, 2, "equivalence", (uint64_t)_i);
	unsigned wrong = 0;
	for (unsigned i = 0; i < DRAWS; i++) {
		struct estimate e = draw(rng, sizes[_i], -1, 0.1);
		wrong += stats_equivalence(&e, 1) < 0.05;
	}
	gsl_rng_free(rng);
	ck_assert_uint_ge(wrong, (unsigned)(0.04 * DRAWS));
	ck_assert_uint_le(wrong, (unsigned)(0.06 * DRAWS));
}
END_TEST

/* Of ten strategies that are all the same, some pair is called different in at most one study of twenty. */
START_TEST(holm_keeps_the_level_of_the_whole_family)
{
	gsl_rng *rng = gsl_rng_alloc(seed_rng_type);
	seed_open(rng, 3, "family", 0);
	unsigned wrong = 0;
	for (unsigned i = 0; i < DRAWS; i++) {
		double p[10], least = 1;
		for (size_t j = 0; j < COUNT(p); j++) {
			struct estimate e = draw(rng, 5, 0, 1);
			p[j] = estimate_p_zero(&e);
		}
		stats_holm(p, COUNT(p));
		for (size_t j = 0; j < COUNT(p); j++)
			least = fmin(least, p[j]);
		wrong += least < 0.05;
	}
	gsl_rng_free(rng);
	ck_assert_uint_ge(wrong, (unsigned)(0.04 * DRAWS));
	ck_assert_uint_le(wrong, (unsigned)(0.055 * DRAWS));
}
END_TEST

/* A third of these twenty are found equivalent; what is left are the largest differences, and none of them is real. One
 * correction over the smaller p of each (Holm of min(p, p')) calls some of them different in every fourth family. */
START_TEST(what_is_left_of_equivalent_ones_is_not_called_different)
{
	gsl_rng *rng = gsl_rng_alloc(seed_rng_type);
	seed_open(rng, 4, "leftovers", 0);
	unsigned wrong = 0, equivalent = 0;
	enum { FAMILIES = 2000, MEMBERS = 20 };
	for (unsigned i = 0; i < FAMILIES; i++) {
		struct hypothesis family[MEMBERS];
		double sign[MEMBERS];
		bool any = false;
		for (size_t j = 0; j < MEMBERS; j++) {
			double x[20];
			for (size_t k = 0; k < COUNT(x); k++)
				x[k] = gsl_ran_gaussian_ziggurat(rng, 1);
			struct estimate e = estimate_of(x, COUNT(x));
			family[j] = (struct hypothesis){ estimate_p_zero(&e), stats_equivalence(&e, 0.9), NAN, VERDICT_UNDECIDED };
			sign[j] = e.mean;
		}
		stats_judge(family, sign, MEMBERS);
		for (size_t j = 0; j < MEMBERS; j++) {
			equivalent += family[j].verdict == VERDICT_EQUIVALENT;
			any |= family[j].verdict == VERDICT_LOWER || family[j].verdict == VERDICT_HIGHER;
		}
		wrong += any;
	}
	gsl_rng_free(rng);
	ck_assert_uint_le(wrong, FAMILIES / 20);
	ck_assert_uint_ge(equivalent, FAMILIES * MEMBERS / 4);
}
END_TEST

/* ---- power ----------------------------------------------------------------------------------------------- */

static const struct {
	size_t n;
	double alpha, power;
} sights[] = { { 2, 0.05, 0.8 }, { 3, 0.01, 0.8 }, { 5, 0.05, 0.8 }, { 5, 0.002, 0.8 }, { 10, 0.05, 0.5 } };

START_TEST(what_is_detectable_is_detected_as_often_as_it_says)
{
	size_t n = sights[_i].n;
	double mean = stats_detectable(n, sights[_i].alpha, sights[_i].power);
	unsigned found = 0;
	gsl_rng *rng = gsl_rng_alloc(seed_rng_type);
	seed_open(rng, 5, "power", (uint64_t)_i);
	for (unsigned i = 0; i < DRAWS; i++) {
		struct estimate e = draw(rng, n, 2 * mean, 2);
		found += estimate_p_zero(&e) < sights[_i].alpha;
	}
	gsl_rng_free(rng);
	ck_assert_double_eq_tol((double)found / DRAWS, sights[_i].power, 0.015);
	ck_assert_double_eq(stats_detectable(1, 0.05, 0.8), INFINITY);
}
END_TEST

/* ---- ratios ---------------------------------------------------------------------------------------------- */

/* t of mean(above - r below) */
static double t_at(const double *above, const double *below, size_t n, double r)
{
	double x[16];
	for (size_t i = 0; i < n; i++)
		x[i] = above[i] - r * below[i];
	struct estimate e = estimate_of(x, n);
	return e.mean / (e.sd / sqrt((double)n));
}

START_TEST(the_ends_of_a_ratio_are_just_not_refused)
{
	static const double above[] = { 0.30, 0.36, 0.28, 0.41, 0.33 }, below[] = { 0.40, 0.46, 0.39, 0.50, 0.43 };
	struct ratio ratio = stats_ratio(above, below, 5);
	ck_assert_double_eq_tol(ratio.value, 1.68 / 2.18, 1e-12);
	/* t(0.975, 4) = 2.776445 */
	ck_assert_double_eq_tol(t_at(above, below, 5, ratio.low), 2.776445, 1e-4);
	ck_assert_double_eq_tol(t_at(above, below, 5, ratio.high), -2.776445, 1e-4);
	static const double around_zero[] = { -0.4, 0.5, 0.1, -0.3, 0.2 };
	ratio = stats_ratio(above, around_zero, 5);
	ck_assert_double_nan(ratio.low); /* no end: the denominator may be zero */
	ck_assert_uint_eq(stats_ratio(above, below, 1).n, 1);
	ck_assert_double_nan(stats_ratio(above, below, 1).low);
	ck_assert_double_nan(stats_ratio(above, below, 0).value);
}
END_TEST

/* Each seed has a law of its own, with its own level and scatter: the share closed is 0.76 in all of them. */
START_TEST(the_interval_of_a_ratio_covers_when_each_seed_has_its_own_law)
{
	gsl_rng *rng = gsl_rng_alloc(seed_rng_type);
	seed_open(rng, 6, "ratio", (uint64_t)_i);
	size_t n = sizes[1 + _i];
	unsigned covered = 0, endless = 0;
	for (unsigned i = 0; i < DRAWS; i++) {
		double above[16], below[16];
		for (size_t j = 0; j < n; j++) {
			double level = exp(gsl_ran_gaussian_ziggurat(rng, 0.15)), scatter = 0.03 * level;
			double top = gsl_ran_gaussian_ziggurat(rng, scatter);
			above[j] = 0.76 * level + top + gsl_ran_gaussian_ziggurat(rng, scatter);
			below[j] = level + top + gsl_ran_gaussian_ziggurat(rng, scatter);
		}
		struct ratio ratio = stats_ratio(above, below, n);
		endless += isnan(ratio.low);
		covered += isnan(ratio.low) || (ratio.low <= 0.76 && 0.76 <= ratio.high);
	}
	gsl_rng_free(rng);
	ck_assert_uint_le(endless, DRAWS / 20);
	ck_assert_uint_ge(covered, (unsigned)(0.94 * DRAWS));
	ck_assert_uint_le(covered, (unsigned)(0.97 * DRAWS));
}
END_TEST

static TCase *examples(void)
{
	TCase *tests = tcase_create("examples");
	tcase_add_test(tests, students_sleep_data);
	tcase_add_loop_test(tests, equivalence_is_two_one_sided_tests, 0, 6);
	tcase_add_test(tests, equivalence_is_an_interval_inside_the_margin);
	tcase_add_test(tests, without_scatter_the_tests_compare);
	tcase_add_loop_test(tests, holm_corrects_the_family, 0, COUNT(families));
	tcase_add_loop_test(tests, verdicts_say_no_more_than_the_tests, 0, COUNT(judged));
	tcase_add_test(tests, what_is_not_tested_is_no_part_of_the_family);
	tcase_add_test(tests, the_pareto_set_is_what_nothing_beats);
	tcase_add_test(tests, the_pareto_set_of_many_points_is_that_of_comparing_all);
	tcase_add_test(tests, the_ends_of_a_ratio_are_just_not_refused);
	return tests;
}

static TCase *draws(void)
{
	TCase *tests = tcase_create("draws");
	tcase_add_loop_test(tests, the_interval_covers_as_often_as_it_says, 0, COUNT(sizes));
	tcase_add_loop_test(tests, equivalence_errs_as_often_as_it_says, 0, COUNT(sizes));
	tcase_add_test(tests, holm_keeps_the_level_of_the_whole_family);
	tcase_add_test(tests, what_is_left_of_equivalent_ones_is_not_called_different);
	tcase_add_loop_test(tests, what_is_detectable_is_detected_as_often_as_it_says, 0, COUNT(sights));
	tcase_add_loop_test(tests, the_interval_of_a_ratio_covers_when_each_seed_has_its_own_law, 0, COUNT(sizes) - 1);
	return tests;
}

int main(void)
{
	Suite *suite = suite_create("statistics");
	suite_add_tcase(suite, examples());
	suite_add_tcase(suite, draws());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
