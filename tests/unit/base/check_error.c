/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_error.c -- errors are one clean line with a place; bugs and an empty memory end the program.
 */
#include <config.h>

#include <check.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_sf_log.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/error.h"
#include "tests/support/child.h"

static struct error err;

START_TEST(fail_fills_the_error)
{
	memset(&err, 'x', sizeof err);
	ck_assert_int_eq(fail(&err, ERROR_USER, "k = %d: must be %s", 65, "smaller"), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_str_eq(err.text, "k = 65: must be smaller");
	ck_assert_str_eq(err.file, "");
	ck_assert_uint_eq(err.line, 0);
	ck_assert_uint_eq(err.column, 0);
}
END_TEST

START_TEST(a_long_text_is_cut)
{
	char text[5000];
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = 0;
	fail(&err, ERROR_USER, "%s", text);
	ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
	fail_at(&err, text, 1, 1);
	ck_assert_uint_eq(strlen(err.file), sizeof err.file - 1);
}
END_TEST

/* 1023 bytes of room: the euro sign (three bytes) is cut after one, two and no byte. */
START_TEST(a_cut_never_leaves_half_a_character)
{
	for (int before = 1020; before <= 1022; before++) {
		char text[1100];
		memset(text, 'a', (size_t)before);
		strcpy(text + before, "\xe2\x82\xac and so on");
		fail(&err, ERROR_USER, "%s", text);
		ck_assert_uint_eq(strlen(err.text), before == 1020 ? 1023 : before);
		ck_assert_int_eq(strncmp(err.text, text, strlen(err.text)), 0);
	}
}
END_TEST

START_TEST(control_characters_become_question_marks)
{
	fail(&err, ERROR_USER, "a\nb\033[2Jc\td\177 \xc3\xa9");
	ck_assert_str_eq(err.text, "a?b?[2Jc?d? \xc3\xa9");
	fail_at(&err, "x\ny", 0, 0);
	ck_assert_str_eq(err.file, "x?y");
}
END_TEST

START_TEST(an_error_can_be_put_into_another)
{
	fail(&err, ERROR_WORLD, "the disk is full");
	fail_at(&err, "a.csv", 3, 4);
	fail(&err, err.code, "run 7: %s: %s", err.file, err.text);
	ck_assert_str_eq(err.text, "run 7: a.csv: the disk is full");
	ck_assert_int_eq(err.code, ERROR_WORLD);
	ck_assert_str_eq(err.file, "");
}
END_TEST

START_TEST(the_first_place_stays)
{
	fail(&err, ERROR_USER, "wrong");
	ck_assert_int_eq(fail_at(&err, "a.suite", 7, 12), -1);
	ck_assert_int_eq(fail_at(&err, "b.suite", 1, 2), -1);
	ck_assert_str_eq(err.file, "a.suite");
	ck_assert_uint_eq(err.line, 7);
	ck_assert_uint_eq(err.column, 12);
}
END_TEST

START_TEST(a_known_column_stays_when_the_file_is_added)
{
	fail(&err, ERROR_USER, "wrong");
	err.column = 5;
	fail_at(&err, "a.suite", 7, 12);
	ck_assert_uint_eq(err.line, 7);
	ck_assert_uint_eq(err.column, 5);
}
END_TEST

static int second(struct error *to)
{
	TRY(fail(to, ERROR_CHECK, "first"));
	return fail(to, ERROR_USER, "second");
}

START_TEST(try_stops_at_the_first_failure)
{
	ck_assert_int_eq(second(&err), -1);
	ck_assert_str_eq(err.text, "first");
	ck_assert_int_eq(err.code, ERROR_CHECK);
}
END_TEST

static void print(void)
{
	error_print(&err);
}

static void check_print(const char *file, unsigned line, unsigned column, const char *printed)
{
	fail(&err, ERROR_USER, "unknown key 'capcity'");
	fail_at(&err, file, line, column);
	struct ending ending = child_run(print);
	ck_assert_str_eq(ending.words, printed);
	ck_assert_int_eq(ending.exit_code, 0);
}

START_TEST(printing_leaves_out_what_is_not_known)
{
	check_print("a.suite", 7, 12, "moesim: a.suite:7:12: unknown key 'capcity'\n");
	check_print("a.suite", 7, 0, "moesim: a.suite:7: unknown key 'capcity'\n");
	check_print("--strategy", 0, 9, "moesim: --strategy:9: unknown key 'capcity'\n");
	check_print("--k", 0, 0, "moesim: --k: unknown key 'capcity'\n");
	check_print("", 0, 0, "moesim: unknown key 'capcity'\n");
}
END_TEST

static void have_a_bug(void)
{
	BUG("the sky is green");
}

START_TEST(a_bug_aborts_and_names_the_line)
{
	struct ending ending = child_run(have_a_bug);
	ck_assert_int_eq(ending.signal, SIGABRT);
	ck_assert_ptr_nonnull(strstr(ending.words, "check_error.c:"));
	ck_assert_ptr_nonnull(strstr(ending.words, ": internal error: the sky is green (please report this)\n"));
	ck_assert_uint_eq(strcspn(ending.words, "\n"), strlen(ending.words) - 1);
}
END_TEST

static void ask_gsl_for_nonsense(void)
{
	error_catch_gsl();
	gsl_sf_log(-1);
}

static void let_gsl_run_out_of_memory(void)
{
	error_catch_gsl();
	gsl_error("no space", "rng.c", 1, GSL_ENOMEM);
}

START_TEST(but_for_want_of_memory)
{
	struct ending ending = child_run(let_gsl_run_out_of_memory);
	ck_assert_int_eq(ending.exit_code, ERROR_WORLD);
	ck_assert_str_eq(ending.words, "moesim: out of memory: GSL\n");
}
END_TEST

START_TEST(a_gsl_error_is_a_bug)
{
	struct ending ending = child_run(ask_gsl_for_nonsense);
	ck_assert_int_eq(ending.signal, SIGABRT);
	ck_assert_ptr_nonnull(strstr(ending.words, "GSL: "));
}
END_TEST

static void run_out(void)
{
	error_no_memory("7 TB asked for");
}

START_TEST(no_memory_is_the_worlds_failure)
{
	struct ending ending = child_run(run_out);
	ck_assert_int_eq(ending.exit_code, 1);
	ck_assert_str_eq(ending.words, "moesim: out of memory: 7 TB asked for\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("error");
	TCase *filling = tcase_create("filling");
	tcase_add_test(filling, fail_fills_the_error);
	tcase_add_test(filling, a_long_text_is_cut);
	tcase_add_test(filling, a_cut_never_leaves_half_a_character);
	tcase_add_test(filling, control_characters_become_question_marks);
	tcase_add_test(filling, an_error_can_be_put_into_another);
	tcase_add_test(filling, the_first_place_stays);
	tcase_add_test(filling, a_known_column_stays_when_the_file_is_added);
	tcase_add_test(filling, try_stops_at_the_first_failure);
	suite_add_tcase(suite, filling);
	TCase *ending = tcase_create("ending");
	tcase_add_test(ending, printing_leaves_out_what_is_not_known);
	tcase_add_test(ending, a_bug_aborts_and_names_the_line);
	tcase_add_test(ending, a_gsl_error_is_a_bug);
	tcase_add_test(ending, but_for_want_of_memory);
	tcase_add_test(ending, no_memory_is_the_worlds_failure);
	suite_add_tcase(suite, ending);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
