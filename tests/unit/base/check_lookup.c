/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_lookup.c -- equal texts get one number, in the order in which they are met; lists of pieces are not mixed up.
 */
#include <config.h>

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/base/lookup.h"
#include "sim/base/text.h"

START_TEST(texts_are_numbered_in_order)
{
	struct arena arena = { .first = NULL };
	struct lookup lookup = { .arena = &arena };
	char copy[] = "top-k";
	ck_assert_uint_eq(lookup_find(&lookup, "top-k"), SIZE_MAX);
	ck_assert_uint_eq(lookup_add(&lookup, "top-k"), 0);
	ck_assert_uint_eq(lookup_add(&lookup, ""), 1);
	ck_assert_uint_eq(lookup_add(&lookup, copy), 0);
	ck_assert_uint_eq(lookup.n, 2);
	ck_assert_uint_eq(lookup_find(&lookup, copy), 0);
	ck_assert_uint_eq(lookup_find(&lookup, "top"), SIZE_MAX);
	arena_free(&arena);
}
END_TEST

START_TEST(numbers_stay_while_it_grows)
{
	enum { MANY = 20000 };
	static char text[MANY][8];
	struct arena arena = { .first = NULL };
	struct lookup lookup = { .arena = &arena };
	for (size_t i = 0; i < MANY; i++) {
		snprintf(text[i], sizeof text[i], "%zu", i * 7 % MANY);
		ck_assert_uint_eq(lookup_add(&lookup, text[i]), i);
	}
	for (size_t i = 0; i < MANY; i++)
		ck_assert_uint_eq(lookup_find(&lookup, text[i]), i);
	ck_assert_uint_eq(lookup.n, MANY);
	arena_free(&arena);
}
END_TEST

START_TEST(only_equal_lists_of_pieces_are_equal_texts)
{
	static const char *const list[][3] = { { "a", "b", "" }, { "ab", "", "" },   { "", "ab", "" },
										   { "a", "", "b" }, { "1:a", "b", "" }, { "a1:b", "", "" } };
	enum { LISTS = sizeof list / sizeof *list };
	for (size_t i = 0; i < LISTS; i++)
		for (size_t j = 0; j < LISTS; j++)
			ck_assert_int_eq(text_keep_all(3, list[i]) == text_keep_all(3, list[j]), i == j);
	ck_assert_ptr_ne(text_keep_all(1, list[0]), text_keep_all(2, list[0]));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lookup");
	TCase *tests = tcase_create("lookup");
	tcase_add_test(tests, texts_are_numbered_in_order);
	tcase_add_test(tests, numbers_stay_while_it_grows);
	tcase_add_test(tests, only_equal_lists_of_pieces_are_equal_texts);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
