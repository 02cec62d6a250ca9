/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_metrics.c -- the metric table, and the struct that is filled from counts.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/metrics/balance.h"
#include "sim/metrics/information.h"
#include "sim/metrics/metrics.h"

enum { EXPERTS = 4, DOMAINS = 2 };

static const double joint[DOMAINS * EXPERTS] = { 4, 2, 1, 1, 10, 10, 20, 40 };
static double scratch[DOMAINS + EXPERTS];

START_TEST(header_is_the_table)
{
	const char *at = metric_header;
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		size_t n = strlen(metric_rows[i].name);
		ck_assert_int_eq(*at, ',');
		ck_assert(strncmp(at + 1, metric_rows[i].name, n) == 0);
		at += n + 1;
	}
	ck_assert_int_eq(*at, 0);
}
END_TEST

START_TEST(rows_are_complete)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		const struct metric *row = &metric_rows[i];
		ck_assert_uint_gt(strlen(row->meaning), 10);
		ck_assert_int_ne(row->meaning[strlen(row->meaning) - 1], '.');
		ck_assert_uint_eq(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_0123456789"), strlen(row->name));
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(row->name, metric_rows[j].name);
	}
}
END_TEST

START_TEST(values_are_found_by_row)
{
	struct metrics m;
	metrics_clear(&m);
	for (size_t i = 0; i < METRIC_COUNT; i++)
		ck_assert_double_nan(metric_value(&metric_rows[i], &m));
	m.cv = 3;
	ck_assert_double_eq(metric_value(&metric_rows[METRIC_cv], &m), 3);
	ck_assert_str_eq(metric_rows[METRIC_cv].name, "cv");
}
END_TEST

/* Only the rows of these groups are measured. */
static void check_groups(const struct metrics *m, unsigned groups)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		bool measured = !isnan(metric_value(&metric_rows[i], m)), wanted = groups >> metric_rows[i].group & 1;
		ck_assert_msg(measured == wanted, "%s", metric_rows[i].name);
	}
}

START_TEST(load_fills_its_group)
{
	struct metrics m;
	metrics_clear(&m);
	metrics_of_load(&m, joint, EXPERTS, 2, 4, scratch);
	check_groups(&m, 1u << METRIC_LOAD);
	ck_assert_double_eq(m.assignments, 8);
	ck_assert_double_eq(m.maxvio, 1);
	ck_assert_double_eq(m.max_load, 2);
	ck_assert_double_eq(m.min_load, 0.5);
	ck_assert_double_eq(m.gini, 0.3125);
	ck_assert_double_eq(m.cv_floor, 0.5); /* sqrt((4 - 2) / (2 * 4)) */
	ck_assert_double_eq(m.maxvio_floor, balance_noise_maxvio(EXPERTS, 2, 4));
	metrics_of_load(&m, joint, EXPERTS, 0, 0, scratch);
	ck_assert_double_nan(m.maxvio_floor);
	ck_assert_double_eq(m.maxvio, 1);
}
END_TEST

START_TEST(domains_fill_their_group)
{
	const double tokens[DOMAINS] = { 4, 40 };
	struct metrics m;
	metrics_clear(&m);
	metrics_of_domains(&m, joint, DOMAINS, EXPERTS, 2, tokens, scratch);
	check_groups(&m, 1u << METRIC_DOMAIN);
	ck_assert_double_eq(m.domain_mi, information_of_table(joint, DOMAINS, EXPERTS, scratch).mutual);
	ck_assert_double_eq_tol(m.domain_mi_floor, (EXPERTS - 2) / (2.0 * 2 * 44), 1e-15);
	metrics_of_domains(&m, joint, DOMAINS, EXPERTS, 2, NULL, scratch);
	ck_assert_double_nan(m.domain_mi_floor);
}
END_TEST

START_TEST(one_domain_says_nothing)
{
	const double tokens[DOMAINS] = { 4, 0 };
	double one[DOMAINS * EXPERTS] = { 4, 2, 1, 1 };
	struct metrics m;
	metrics_clear(&m);
	metrics_of_domains(&m, one, DOMAINS, EXPERTS, 2, tokens, scratch);
	check_groups(&m, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("metrics");
	TCase *table = tcase_create("table"), *counts = tcase_create("counts");
	tcase_add_test(table, header_is_the_table);
	tcase_add_test(table, rows_are_complete);
	tcase_add_test(table, values_are_found_by_row);
	tcase_add_test(counts, load_fills_its_group);
	tcase_add_test(counts, domains_fill_their_group);
	tcase_add_test(counts, one_domain_says_nothing);
	suite_add_tcase(suite, table);
	suite_add_tcase(suite, counts);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
