/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_information.c -- information of tables against values worked out by hand, identities, and chance itself.
 */
#include <config.h>

#include <check.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/metrics/information.h"

enum { MOST = 32 };

static double scratch[2 * MOST];

START_TEST(certainty_is_the_whole_entropy)
{
	const double joint[] = { 2, 0, 0, 2 };
	struct information of = information_of_table(joint, 2, 2, scratch);
	ck_assert_double_eq_tol(of.mutual, log(2), 1e-15);
	ck_assert_double_eq_tol(of.row_entropy, log(2), 1e-15);
	ck_assert_double_eq_tol(of.column_entropy, log(2), 1e-15);
	ck_assert_double_eq_tol(of.normalized, 1, 1e-15);
	ck_assert_double_eq(of.purity, 1);
	ck_assert_uint_eq(of.cells, 2);
}
END_TEST

/* Rows and columns even; a row fixes the column with 3:1.  I = ln 2 - H(1/4) = (3/4) ln 3 - ln 2. */
START_TEST(three_to_one_by_hand)
{
	const double joint[] = { 3, 1, 1, 3 };
	struct information of = information_of_table(joint, 2, 2, scratch);
	ck_assert_double_eq_tol(of.mutual, 0.75 * log(3) - log(2), 1e-15);
	ck_assert_double_eq_tol(of.normalized, 0.75 * log(3) / log(2) - 1, 1e-15);
	ck_assert_double_eq(of.purity, 0.75);
	ck_assert_double_eq(information_bias(&of, 8), 1.0 / 16);
}
END_TEST

/* Rows weigh 1/3 and 2/3; the first has columns 1:1:0, the second 0:1:1.  Columns 1/6, 1/2, 1/3.
 * I = (1/6) ln 3 + (1/6) ln 1 + (1/3) ln 1 + (1/3) ln(3/2) = (1/6) ln 3 + (1/3) ln(3/2). */
START_TEST(two_by_three_by_hand)
{
	const double joint[] = { 1, 1, 0, 0, 2, 2 };
	struct information of = information_of_table(joint, 2, 3, scratch);
	double rows = log(3) - 2.0 / 3 * log(2), columns = log(6) / 6 + log(2) / 2 + log(3) / 3;
	ck_assert_double_eq_tol(of.row_entropy, rows, 1e-15);
	ck_assert_double_eq_tol(of.column_entropy, columns, 1e-15);
	ck_assert_double_eq_tol(of.mutual, log(3) / 6 + log(1.5) / 3, 1e-15);
	ck_assert_double_eq_tol(of.normalized, of.mutual / sqrt(rows * columns), 1e-15);
	ck_assert_double_eq_tol(of.purity, 5.0 / 6, 1e-15);
	ck_assert_uint_eq(of.cells, 4);
	ck_assert_double_eq(information_bias(&of, 6), 0); /* 4 cells - 2 rows - 3 columns + 1 */
}
END_TEST

START_TEST(independence_is_zero)
{
	const double joint[] = { 1, 2, 4, 3, 6, 12 };
	struct information of = information_of_table(joint, 2, 3, scratch);
	ck_assert_double_eq_tol(of.mutual, 0, 1e-16);
	ck_assert_double_ge(of.mutual, 0);
	ck_assert_double_eq_tol(of.normalized, 0, 1e-16);
}
END_TEST

START_TEST(one_row_or_column_says_nothing)
{
	const double joint[] = { 1, 2, 4 };
	struct information row = information_of_table(joint, 1, 3, scratch);
	struct information column = information_of_table(joint, 3, 1, scratch);
	ck_assert_double_eq(row.mutual, 0);
	ck_assert_double_eq(row.normalized, 0);
	ck_assert_double_eq(column.mutual, 0);
	ck_assert_double_eq(column.normalized, 0);
	ck_assert_double_eq_tol(column.purity, 4.0 / 7, 1e-15);
}
END_TEST

START_TEST(empty_table_is_no_value)
{
	const double joint[] = { 0, 0, 0, 0 };
	struct information of = information_of_table(joint, 2, 2, scratch);
	ck_assert_double_nan(of.mutual);
	ck_assert_double_nan(of.normalized);
	ck_assert_double_nan(of.row_entropy);
	ck_assert_double_nan(of.purity);
	ck_assert_double_nan(information_bias(&of, 10));
	ck_assert_double_nan(information_conditional(joint, 1, 2, 2, scratch));
	ck_assert_double_nan(information_of_table(joint, 0, 0, scratch).mutual);
}
END_TEST

static double entropy_of(const double *p, size_t n)
{
	double total = 0, entropy = 0;
	for (size_t i = 0; i < n; i++)
		total += p[i];
	for (size_t i = 0; i < n; i++)
		if (p[i] > 0)
			entropy += p[i] / total * log(total / p[i]);
	return entropy;
}

static void fill(gsl_rng *rng, double *joint, size_t n)
{
	for (size_t i = 0; i < n; i++)
		joint[i] = (double)gsl_rng_uniform_int(rng, 50);
	joint[0] += 1; /* never empty */
}

/* I = H(row) + H(column) - H(both), and a table says the same from either side. */
START_TEST(entropies_add_up)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double joint[MOST * MOST], turned[MOST * MOST];
	for (int i = 0; i < 200; i++) {
		size_t rows = 1 + gsl_rng_uniform_int(rng, MOST), columns = 1 + gsl_rng_uniform_int(rng, MOST);
		fill(rng, joint, rows * columns);
		for (size_t r = 0; r < rows; r++)
			for (size_t c = 0; c < columns; c++)
				turned[c * rows + r] = joint[r * columns + c];
		struct information of = information_of_table(joint, rows, columns, scratch);
		struct information back = information_of_table(turned, columns, rows, scratch);
		double both = entropy_of(joint, rows * columns);
		ck_assert_double_eq_tol(of.mutual, of.row_entropy + of.column_entropy - both, 1e-12);
		ck_assert_double_eq_tol(of.mutual, back.mutual, 1e-12);
		ck_assert_double_eq_tol(of.normalized, back.normalized, 1e-12);
	}
	gsl_rng_free(rng);
}
END_TEST

/* Row and column are independent, and each the other with the stratum: the exclusive or. */
START_TEST(condition_can_tell_all)
{
	const double joint[] = { 1, 0, 0, 1, 0, 1, 1, 0 };
	const double summed[] = { 1, 1, 1, 1 };
	ck_assert_double_eq(information_of_table(summed, 2, 2, scratch).mutual, 0);
	ck_assert_double_eq_tol(information_conditional(joint, 2, 2, 2, scratch), log(2), 1e-15);
}
END_TEST

/* Row and column agree because both follow the stratum; with it known nothing is left. */
START_TEST(condition_can_explain_all)
{
	const double joint[] = { 9, 3, 3, 1, 1, 3, 3, 9, 0, 0, 0, 0 };
	const double summed[] = { 10, 6, 6, 10 };
	ck_assert_double_gt(information_of_table(summed, 2, 2, scratch).mutual, 0.03);
	ck_assert_double_eq_tol(information_conditional(joint, 3, 2, 2, scratch), 0, 1e-16);
}
END_TEST

/* I(row; column, stratum) = I(row; stratum) + I(row; column | stratum). */
START_TEST(chain_rule)
{
	enum { STRATA = 4, ROWS = 5, COLUMNS = 6 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double joint[STRATA][ROWS][COLUMNS], pairs[ROWS][STRATA * COLUMNS], strata[ROWS][STRATA];
	for (int i = 0; i < 100; i++) {
		fill(rng, &joint[0][0][0], STRATA * ROWS * COLUMNS);
		memset(strata, 0, sizeof strata);
		for (size_t s = 0; s < STRATA; s++)
			for (size_t r = 0; r < ROWS; r++)
				for (size_t c = 0; c < COLUMNS; c++) {
					pairs[r][s * COLUMNS + c] = joint[s][r][c];
					strata[r][s] += joint[s][r][c];
				}
		double both = information_of_table(&pairs[0][0], ROWS, STRATA * COLUMNS, scratch).mutual;
		double known = information_of_table(&strata[0][0], ROWS, STRATA, scratch).mutual;
		double left = information_conditional(&joint[0][0][0], STRATA, ROWS, COLUMNS, scratch);
		ck_assert_double_eq_tol(both, known + left, 1e-12);
	}
	gsl_rng_free(rng);
}
END_TEST

START_TEST(level_makes_rows_weigh_the_same)
{
	double joint[] = { 1, 3, 0, 0, 10, 10 };
	const double expected[] = { 0.25, 0.75, 0, 0, 0.5, 0.5 };
	information_level(joint, 3, 2);
	for (size_t i = 0; i < 6; i++)
		ck_assert_double_eq(joint[i], expected[i]);
}
END_TEST

/* ---- chance --------------------------------------------------------------------------------------------------- */

enum { REPEATS = 400, DOMAINS = 3, EXPERTS = 8 };

/* Random k-of-E routing of the tokens of each domain; level: weigh the domains equally. */
static double random_information(gsl_rng *rng, size_t k, const double *tokens, bool level)
{
	size_t all[EXPERTS] = { 0, 1, 2, 3, 4, 5, 6, 7 }, chosen[EXPERTS];
	double joint[DOMAINS * EXPERTS] = { 0 };
	for (size_t d = 0; d < DOMAINS; d++)
		for (double t = 0; t < tokens[d]; t++) {
			gsl_ran_choose(rng, chosen, k, all, EXPERTS, sizeof *all);
			for (size_t i = 0; i < k; i++)
				joint[d * EXPERTS + chosen[i]] += 1;
		}
	if (level)
		information_level(joint, DOMAINS, EXPERTS);
	return information_of_table(joint, DOMAINS, EXPERTS, scratch).mutual;
}

static void check_mean(const double *values, double expected)
{
	double room = 5 * gsl_stats_sd(values, 1, REPEATS) / sqrt(REPEATS);
	ck_assert_double_eq_tol(gsl_stats_mean(values, 1, REPEATS), expected, room + 0.01 * expected);
}

START_TEST(random_routing_shows_the_noise)
{
	const double tokens[DOMAINS] = { 2000, 500, 1000 };
	const size_t k = _i % 2 ? 3 : 1;
	bool level = _i / 2;
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double values[REPEATS], weights[DOMAINS * EXPERTS];
	for (size_t r = 0; r < REPEATS; r++)
		values[r] = random_information(rng, k, tokens, level);
	for (size_t i = 0; i < DOMAINS * EXPERTS; i++)
		weights[i] = level ? 1 : tokens[i / EXPERTS];
	check_mean(values, information_noise(weights, tokens, DOMAINS, EXPERTS, (double)k));
	gsl_rng_free(rng);
}
END_TEST

START_TEST(noise_by_hand)
{
	const double level[] = { 1, 1, 1, 1 }, tokens[] = { 100, 100 }, none[] = { 100, 0 }, one[] = { 1, 1, 0, 0 };
	/* (rows - 1)(columns - k) / (2 k T) */
	ck_assert_double_eq_tol(information_noise(level, tokens, 2, 2, 1), 1.0 / 400, 1e-17);
	ck_assert_double_eq(information_noise(level, tokens, 2, 2, 2), 0);
	ck_assert_double_eq(information_noise(one, none, 2, 2, 1), 0);
	ck_assert_double_nan(information_noise(level, none, 2, 2, 1));
	ck_assert_double_nan(information_noise(level, tokens, 2, 2, 3));
	ck_assert_double_nan(information_noise(level, tokens, 2, 2, 0));
}
END_TEST

/* Independent draws of an uneven but independent table. */
START_TEST(independent_draws_show_the_bias)
{
	enum { DRAWS = 2000 };
	const double share[6] = { 0.06, 0.18, 0.06, 0.14, 0.42, 0.14 }; /* (0.3, 0.7) x (0.2, 0.6, 0.2) */
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double values[REPEATS], joint[6], bias = 0;
	unsigned drawn[6];
	for (size_t r = 0; r < REPEATS; r++) {
		gsl_ran_multinomial(rng, 6, DRAWS, share, drawn);
		for (size_t i = 0; i < 6; i++)
			joint[i] = drawn[i];
		struct information of = information_of_table(joint, 2, 3, scratch);
		values[r] = of.mutual;
		bias = information_bias(&of, DRAWS);
	}
	ck_assert_double_eq(bias, 2.0 / (2 * DRAWS));
	check_mean(values, bias);
	gsl_rng_free(rng);
}
END_TEST

START_TEST(all_pairs_are_counted)
{
	double pair[16] = { 0 };
	const uint32_t first[] = { 2, 0, 3 }, second[] = { 2, 3, 1 };
	const double expected[16] = { 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 2, 2, 1, 1, 2, 2 };
	information_coactivate(pair, 4, first, 3);
	information_coactivate(pair, 4, second, 3);
	for (size_t i = 0; i < 16; i++)
		ck_assert_double_eq(pair[i], expected[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("information");
	TCase *tables = tcase_create("tables"), *chance = tcase_create("chance");
	tcase_add_test(tables, certainty_is_the_whole_entropy);
	tcase_add_test(tables, three_to_one_by_hand);
	tcase_add_test(tables, two_by_three_by_hand);
	tcase_add_test(tables, independence_is_zero);
	tcase_add_test(tables, one_row_or_column_says_nothing);
	tcase_add_test(tables, empty_table_is_no_value);
	tcase_add_test(tables, entropies_add_up);
	tcase_add_test(tables, condition_can_tell_all);
	tcase_add_test(tables, condition_can_explain_all);
	tcase_add_test(tables, chain_rule);
	tcase_add_test(tables, level_makes_rows_weigh_the_same);
	tcase_add_test(tables, all_pairs_are_counted);
	tcase_add_loop_test(chance, random_routing_shows_the_noise, 0, 4);
	tcase_add_test(chance, noise_by_hand);
	tcase_add_test(chance, independent_draws_show_the_bias);
	tcase_set_timeout(chance, 60);
	suite_add_tcase(suite, tables);
	suite_add_tcase(suite, chance);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
