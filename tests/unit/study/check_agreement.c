/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_agreement.c -- two random routings compared, against sets of bits counted one by one; and percentiles.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/study/agreement.h"
#include "experiments/study/spread.h"
#include "sim/trace/trace.h"
#include "tests/support/folder.h"

enum { TOKENS = 500, LAYERS = 3, EXPERTS = 16, K = 4 };

/* Who goes where, a bit an expert. */
static uint32_t routed[2][LAYERS][TOKENS];

static uint64_t state = 1;
static unsigned draw(unsigned below)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(state >> 33) % below;
}

static uint32_t draw_set(void)
{
	uint32_t set = 0;
	while (__builtin_popcount(set) < K)
		set |= 1u << draw(EXPERTS);
	return set;
}

/* The second routing is mostly the first with one expert exchanged, and equal for a third of the tokens. */
static void draw_routings(void)
{
	for (unsigned l = 0; l < LAYERS; l++)
		for (unsigned t = 0; t < TOKENS; t++) {
			uint32_t set = routed[0][l][t] = draw_set();
			if (t % 3 != 0) {
				set &= set - 1;
				while (__builtin_popcount(set) < K)
					set |= 1u << draw(EXPERTS);
			}
			routed[1][l][t] = set;
		}
}

/* Tokens in the order t * step modulo TOKENS, as CSV. */
static void write_routing(const char *path, int which, unsigned step)
{
	FILE *to = fopen(path, "w");
	ck_assert_ptr_nonnull(to);
	fputs("layer,token,slot,expert\n", to);
	for (unsigned l = 0; l < LAYERS; l++)
		for (unsigned i = 0; i < TOKENS; i++) {
			unsigned t = i * step % TOKENS, slot = 0;
			for (unsigned e = 0; e < EXPERTS; e++)
				if (routed[which][l][t] >> e & 1)
					fprintf(to, "%u,%u,%u,%u\n", l, t, slot++, e);
		}
	fclose(to);
}

static void check_layer(const struct agreement *of, unsigned layer)
{
	double common = 0, jaccard = 0, differing = 0;
	for (unsigned t = 0; t < TOKENS; t++) {
		uint32_t a = routed[0][layer][t], b = routed[1][layer][t];
		common += __builtin_popcount(a & b);
		jaccard += (double)__builtin_popcount(a & b) / __builtin_popcount(a | b);
		differing += a != b;
	}
	ck_assert_double_eq(of->tokens, TOKENS);
	ck_assert_double_eq_tol(of->equal_choices, common / (TOKENS * K), 1e-12);
	ck_assert_double_eq_tol(of->jaccard, jaccard / TOKENS, 1e-12);
	ck_assert_double_eq_tol(of->differing, differing / TOKENS, 1e-12);
	ck_assert_double_nan(of->differing_any_layer);
	ck_assert_double_nan(of->by_margin[0]);
}

START_TEST(routings_are_compared_as_sets)
{
	static const struct analysis_choice choice = { .model = "", .config = "", .step = TRACE_ALL_STEPS };
	char first[1024], second[1024], *file[2] = { first, second };
	struct agreements result;
	struct error err;
	double differing = 0;
	snprintf(first, sizeof first, "%s", in_folder("first.csv"));
	snprintf(second, sizeof second, "%s", in_folder("second.csv"));
	draw_routings();
	write_routing(first, 0, 1);
	write_routing(second, 1, 7);
	ck_assert_int_eq(agreement_read(file, &choice, &result, &err), 0);
	ck_assert_uint_eq(result.n, LAYERS + 1);
	for (unsigned l = 0; l < LAYERS; l++)
		check_layer(&result.of[l], l);
	for (unsigned t = 0; t < TOKENS; t++) {
		bool differs = false;
		for (unsigned l = 0; l < LAYERS; l++)
			differs = differs || routed[0][l][t] != routed[1][l][t];
		differing += differs;
	}
	ck_assert_double_eq_tol(result.of[LAYERS].differing_any_layer, differing / TOKENS, 1e-12);
	ck_assert_double_eq(result.of[LAYERS].tokens, TOKENS * LAYERS);
	agreement_free(&result);
}
END_TEST

/* NumPy: percentile([1, 2, 4, 8, 16], [50, 75, 90, 95]) is 4, 8, 12.8, 14.4. */
START_TEST(percentiles_and_worst_by_hand)
{
	static const double value[] = { 4, NAN, 16, 1, 8, 2 };
	static const double wanted[SPREAD_POINTS] = { 1, 4, 8, 12.8, 14.4, 16 };
	struct spread spread = spread_of(value, sizeof value / sizeof *value);
	ck_assert_uint_eq(spread.n, 5);
	for (size_t p = 0; p < SPREAD_POINTS; p++)
		ck_assert_double_eq_tol(spread.point[p], wanted[p], 1e-12);
	ck_assert_uint_eq(spread.worst[0], 2);
	ck_assert_uint_eq(spread.worst[1], 4);
	ck_assert_uint_eq(spread.worst[2], 0);
}
END_TEST

START_TEST(nothing_measured_has_no_percentiles)
{
	static const double value[] = { NAN, NAN };
	ck_assert_uint_eq(spread_of(value, 2).n, 0);
	ck_assert_double_nan(spread_of(value, 2).point[0]);
	ck_assert_double_nan(spread_of(value, 0).point[5]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("agreement");
	TCase *routings = tcase_create("routings"), *spread = tcase_create("spread");
	tcase_add_checked_fixture(routings, folder_setup, folder_teardown);
	tcase_add_test(routings, routings_are_compared_as_sets);
	tcase_add_test(spread, percentiles_and_worst_by_hand);
	tcase_add_test(spread, nothing_measured_has_no_percentiles);
	suite_add_tcase(suite, routings);
	suite_add_tcase(suite, spread);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
