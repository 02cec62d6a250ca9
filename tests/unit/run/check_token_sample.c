/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_token_sample.c -- which tokens of a batch are told one by one, and their picks in order.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sim/run/token_picks.h"
#include "sim/run/token_sample.h"

/* The domain with which each sequence begins, and the sequences that are to be chosen. */
static const struct {
	const char *domains, *chosen;
} cases[] = {
	{ "0123", "0123" }, { "0012", "0231" },       { "0000000", "0123" }, { "01010101", "0123" }, { "00000012", "0671" },
	{ "3210", "0123" }, { "0101230123", "0145" }, { "0", "0" },          { "11", "01" },
};
enum { CASES = sizeof cases / sizeof *cases, LENGTH = 3 };

START_TEST(sequences_of_different_domains_come_first)
{
	uint32_t domain[16 * LENGTH];
	size_t sequence[TOKEN_SAMPLE_SEQUENCES];
	const struct batch batch = { .sequences = strlen(cases[_i].domains), .length = LENGTH, .domain = domain };
	for (size_t t = 0; t < batch.sequences * LENGTH; t++) /* what follows in a sequence does not count */
		domain[t] = t % LENGTH == 0 ? (uint32_t)(cases[_i].domains[t / LENGTH] - '0') : 9;
	ck_assert_uint_eq(token_sample(&batch, sequence), strlen(cases[_i].chosen));
	for (size_t i = 0; cases[_i].chosen[i]; i++)
		ck_assert_uint_eq(sequence[i], (size_t)(cases[_i].chosen[i] - '0'));
}
END_TEST

START_TEST(short_sequences_are_told_whole)
{
	ck_assert_uint_eq(token_sample_length(&(struct batch){ .length = 5 }), 5);
	ck_assert_uint_eq(token_sample_length(&(struct batch){ .length = 500 }), TOKEN_SAMPLE_LENGTH);
}
END_TEST

/* Found in the order of the experts, as where these choose: token 1 has none, the best choice comes first. */
START_TEST(picks_are_sorted_by_token_and_rank)
{
	uint32_t token[] = { 2, 0, 2, 0, 2 }, expert[] = { 4, 5, 6, 7, 8 };
	uint32_t rank[] = { 1, 0, 0, 0, 2 };
	uint32_t first[3 + 2], pick[5];
	struct token_picks by = { first, pick };
	const struct moe_picks picks = { .n = 5, .token = token, .expert = expert, .rank = rank };
	static const uint32_t begins[] = { 0, 2, 2, 5 }, wanted[] = { 5, 7, 6, 4, 8 };
	token_picks_sort(&by, &picks, 3);
	for (size_t t = 0; t < 4; t++)
		ck_assert_uint_eq(first[t], begins[t]);
	for (size_t i = 0; i < 5; i++)
		ck_assert_uint_eq(expert[pick[i]], wanted[i]);
}
END_TEST

/* Pairs that ran are found by token and expert; one that is not among them was dropped. */
START_TEST(a_dropped_pick_has_no_weight)
{
	uint32_t token_first[] = { 0, 1, 3 }, by_token[] = { 2, 0, 1 }, expert[] = { 3, 5, 3 };
	real weight[] = { (real)0.25, (real)0.5, 1 };
	const struct moe_plan plan = {
		.token_first = token_first, .by_token = by_token, .expert = expert, .weight = weight
	};
	ck_assert_double_eq((double)token_picks_weight(&plan, 0, 3), 1);
	ck_assert_double_eq((double)token_picks_weight(&plan, 1, 3), 0.25);
	ck_assert_double_eq((double)token_picks_weight(&plan, 1, 5), 0.5);
	ck_assert_double_eq((double)token_picks_weight(&plan, 0, 5), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("token_sample");
	TCase *cases_of = tcase_create("token_sample");
	tcase_add_loop_test(cases_of, sequences_of_different_domains_come_first, 0, CASES);
	tcase_add_test(cases_of, short_sequences_are_told_whole);
	tcase_add_test(cases_of, picks_are_sorted_by_token_and_rank);
	tcase_add_test(cases_of, a_dropped_pick_has_no_weight);
	suite_add_tcase(suite, cases_of);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
