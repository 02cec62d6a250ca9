/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_suite.c -- suite files are read as written, and every mistake is found at its place.
 */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/folder.h"
#include "tests/support/suite_rows.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* All of a suite in one line: "[global] steps=5 [a] strategy=top-k|bias" */
static void describe(const struct suite *suite, char *text, size_t size)
{
	FILE *to = fmemopen(text, size, "w");
	for (size_t i = 0; i < suite->n; i++) {
		fprintf(to, "%s[%s]", i ? " " : "", suite->section[i].name);
		for (size_t k = 0; k < suite->section[i].n; k++) {
			const struct suite_key *key = &suite->section[i].key[k];
			fprintf(to, " %s=", key->row->name);
			for (size_t v = 0; v < key->n; v++)
				fprintf(to, "%s%s", v ? "|" : "", key->value[v].text);
		}
	}
	fclose(to);
}

static const struct {
	const char *file, *meaning;
} good[] = {
	{ "", "[global]" },
	{ "\n \t\n# only a comment", "[global]" },
	{ "[global]\nsteps = 5\n", "[global] steps=5" },
	{ "[global]\nsteps=5", "[global] steps=5" },
	{ "\t[ global ]  # here\r\n steps\t=\t5 # there\r\n", "[global] steps=5" },
	{ "[a]\nstrategy = top-k | bias|hash\n", "[global] [a] strategy=top-k|bias|hash" },
	{ "[a]\nseed = 1..4\n", "[global] [a] seed=1|2|3|4" },
	{ "[a]\nseed = 7 | 1..3 | 5\n", "[global] [a] seed=7|1|2|3|5" },
	{ "[a]\nseed = 3..3\n", "[global] [a] seed=3" },
	{ "[a]\nsteps = 1e3 | 2k\n", "[global] [a] steps=1000|2000" },
	{ "[a]\nnum-experts = 4\n", "[global] [a] experts=4" },
	{ "[a]\nlr = 1e-2 | .5\n", "[global] [a] lr=0.01|0.5" },
	{ "[a]\ncapacity = none | 1.250\n", "[global] [a] capacity=none|1.25" },
	{ "[a]\noverflow = lowest\ntied = yes\n", "[global] [a] overflow=lowest tied=true" },
	{ "[a]\nbalance = aux,weight=0.01 + z,weight=1e-3\n", "[global] [a] balance=aux,weight=0.01+z,weight=1e-3" },
	{ "[a]\nbalance = aux+z | aux  +  bias + z\n", "[global] [a] balance=aux+z|aux+bias+z" },
	{ "[a]\nstrategy = 'a | b' | \"1..3\" | 'x # y' | 'p + q'\n", "[global] [a] strategy=a | b|1..3|x # y|p + q" },
	{ "[a]\nstrategy = scorer=sigmoid selector='top-k,k=2' gate=renorm\n",
	  "[global] [a] strategy=scorer=sigmoid selector=top-k,k=2 gate=renorm" },
	{ "[a]\nstrategy = ../a..b#c\n", "[global] [a] strategy=../a..b#c" },
	{ "[a]\nbalance = ''\n", "[global] [a] balance=" },
	{ "[a]\nbalance = 'x '\n", "[global] [a] balance=x " },
	{ "\xef\xbb\xbf[global]\nsteps = 5\n", "[global] steps=5" },
	{ "[a]\n[b.2_c-d]\nsteps = 1\n", "[global] [a] [b.2_c-d] steps=1" },
};

START_TEST(files_mean_what_they_say)
{
	struct suite suite;
	struct error err;
	char text[1024] = "";
	ck_assert_msg(parse_few(good[_i].file, &suite, &err) == 0, "%s", err.text);
	describe(&suite, text, sizeof text);
	ck_assert_str_eq(text, good[_i].meaning);
	suite_free(&suite);
}
END_TEST

static const struct {
	const char *file;
	unsigned line, column;
	const char *text; /* a part of the error */
} bad[] = {
	{ "[global]\nstepz = 5\n", 2, 1, "did you mean 'steps'" },
	{ "[global]\n  qwertyuiop = 5\n", 2, 3, "unknown key" },
	{ "[a]\nstrategy = x\nsteps = 5 | 6x | 7\n", 3, 13, "6x" },
	{ "[a]\nsteps = 0\n", 2, 9, "from 1 to" },
	{ "[a]\nlr = nan\n", 2, 6, "nan" },
	{ "[a]\nlr = 1e309\n", 2, 6, "1e309" },
	{ "[a]\nsteps = 0x10\n", 2, 9, "0x10" },
	{ "[a]\noverflow = lowst\n", 2, 12, "did you mean 'lowest'" },
	{ "[a]\nsteps =\n", 2, 8, "missing" },
	{ "[a]\nsteps = 5 |\n", 2, 12, "missing" },
	{ "[a]\nsteps = | 5\n", 2, 9, "missing" },
	{ "[a]\nsteps = 5 | # six\n", 2, 13, "missing" },
	{ "[a]\nsteps = 5 | 6 | 5\n", 2, 17, "twice" },
	{ "[a]\nsteps = 1000 | 1e3\n", 2, 16, "twice" },
	{ "[a]\nseed = 1..5 | 3\n", 2, 15, "twice" },
	{ "[a]\nseed = 5..1\n", 2, 8, "empty" },
	{ "[a]\nseed = 1..1000000\n", 2, 8, "more than" },
	{ "[a]\nseed = -9223372036854775808..9223372036854775807\n", 2, 8, "more than" },
	{ "[a]\nseed = 1...5\n", 2, 8, "1...5" },
	{ "[a]\nlr = 0.1..0.5\n", 2, 6, "0.1..0.5" },
	{ "[a]\nstrategy = 'open | b\n", 2, 12, "not closed" },
	{ "[a]\nsteps 5\n", 2, 7, "neither" },
	{ "[a]\n= 5\n", 2, 1, "neither" },
	{ "[a]\nhello\n", 2, 6, "neither" },
	{ "; comment\n", 1, 1, "neither" },
	{ "[a\nsteps = 5\n", 1, 3, "section is" },
	{ "[a b]\n", 1, 4, "section is" },
	{ "[]\n", 1, 2, "not a valid section name" },
	{ "[../a]\n", 1, 4, "section is" },
	{ "[..a]\n", 1, 2, "not a valid section name" },
	{ "[-a]\n", 1, 2, "not a valid section name" },
	{ "[a] steps = 5\n", 1, 5, "nothing may follow" },
	{ "[a]\n[b]\n[a]\n", 3, 2, "first in line 1" },
	{ "[a]\nsteps = 5\nseed = 1\nsteps = 6\n", 4, 1, "first in line 2" },
	{ "[a]\nexperts = 5\nnum-experts = 6\n", 3, 1, "first in line 2" },
	{ "steps = 5\n", 1, 1, "[global]" },
	{ "[a]\nsteps = 5\1\n", 2, 10, "0x01" },
	{ "[a]\ninclude = other.suite\n", 2, 1, "after a section" },
	{ "include = no/such.suite\n", 1, 11, "no file" },
	{ "include = a | b\n", 1, 13, "one file" },
	{ "include =\n", 1, 10, "missing" },
};

START_TEST(mistakes_are_found_at_their_place)
{
	struct suite suite;
	struct error err;
	ck_assert_int_eq(parse_few(bad[_i].file, &suite, &err), -1);
	ck_assert_msg(strstr(err.text, bad[_i].text), "got: %s", err.text);
	ck_assert_str_eq(err.file, "t.suite");
	ck_assert_uint_eq(err.line, bad[_i].line);
	ck_assert_uint_eq(err.column, bad[_i].column);
	ck_assert_int_eq(err.code, ERROR_USER);
}
END_TEST

START_TEST(a_null_byte_is_refused)
{
	struct suite suite;
	struct error err = { 0 };
	ck_assert_int_eq(suite_parse("t.suite", "[a]\nst\0", 7, &few_language, &suite, &err), -1);
	ck_assert_uint_eq(err.column, 3);
}
END_TEST

static const struct {
	const char *file, *question;
} questions[] = {
	{ "# Who wins?\n[a]\n", "Who wins?" },
	{ "\n\n#   Who wins,\n#\tand why?\n#\n# Not asked.\n[a]\n", "Who wins, and why?" },
	{ "# SPDX-License-Identifier: X\n# q.suite -- Who wins?\n\n# Else.\n", "Who wins?" },
	{ "# SPDX-License-Identifier: X\n#\n# Who wins?\n", "Who wins?" },
	{ "[a]\n# Too late.\n", "" },
	{ "# a b.suite -- c", "a b.suite -- c" },
	{ "", "" },
};

START_TEST(the_first_comment_is_the_question)
{
	struct suite suite;
	struct error err;
	ck_assert_int_eq(parse_few(questions[_i].file, &suite, &err), 0);
	ck_assert_str_eq(suite.question, questions[_i].question);
	suite_free(&suite);
}
END_TEST

START_TEST(a_setting_from_outside_takes_every_place)
{
	struct suite suite;
	struct error err;
	char text[1024] = "";
	ck_assert_int_eq(parse_few("[global]\nsteps = 5\n[a]\nsteps = 6\nseed = 1\n[b]\nlr = 1\nsteps = 7\n", &suite, &err),
					 0);
	ck_assert_int_eq(suite_set(&suite, "--set", "steps = 8 | 9", &err), 0);
	describe(&suite, text, sizeof text);
	ck_assert_str_eq(text, "[global] steps=8|9 [a] seed=1 [b] lr=1");
	ck_assert_int_eq(suite_set(&suite, "--set", "stepz=8", &err), -1);
	ck_assert_str_eq(err.file, "--set");
	suite_free(&suite);
}
END_TEST

/* ---- includes -------------------------------------------------------------------------------------------- */

static void write_file(const char *name, const char *text)
{
	FILE *to = fopen(in_folder(name), "w");
	ck_assert_ptr_nonnull(to);
	fputs(text, to);
	fclose(to);
}

START_TEST(an_included_file_goes_first_and_may_be_overruled)
{
	struct suite suite;
	struct error err = { 0 };
	char text[1024] = "";
	write_file("base.suite", "# Base?\n[global]\nsteps = 5\nlr = 1\n[a]\nstrategy = bias\n");
	write_file("top.suite", "# Top?\ninclude = base.suite\n[global]\nsteps = 6\n[b]\nseed = 1..2\n");
	ck_assert_msg(suite_read(in_folder("top.suite"), &few_language, &suite, &err) == 0, "%s", err.text);
	describe(&suite, text, sizeof text);
	ck_assert_str_eq(text, "[global] steps=6 lr=1 [a] strategy=bias [b] seed=1|2");
	ck_assert_str_eq(suite.question, "Top?");
	ck_assert_str_eq(suite.name, "top");
	suite_free(&suite);
}
END_TEST

START_TEST(an_error_in_an_included_file_names_that_file)
{
	struct suite suite;
	struct error err = { 0 };
	write_file("base.suite", "[global]\n\nsteps = x\n");
	write_file("top.suite", "include = 'base.suite'\n");
	ck_assert_int_eq(suite_read(in_folder("top.suite"), &few_language, &suite, &err), -1);
	ck_assert_str_eq(err.file, in_folder("base.suite"));
	ck_assert_uint_eq(err.line, 3);
}
END_TEST

START_TEST(a_circle_of_includes_ends)
{
	struct suite suite;
	struct error err = { 0 };
	write_file("top.suite", "include = base.suite\n");
	write_file("base.suite", "include = top.suite\n");
	ck_assert_int_eq(suite_read(in_folder("top.suite"), &few_language, &suite, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "included already"));
	write_file("base.suite", "include = ./base.suite\n");
	ck_assert_int_eq(suite_read(in_folder("top.suite"), &few_language, &suite, &err), -1);
}
END_TEST

/* ---- what no one meant ----------------------------------------------------------------------------------- */

/* Every beginning of a file is read or refused with a line of it; sanitizers watch. */
START_TEST(every_beginning_of_a_file_is_survived)
{
	static const char text[] =
		"# Q?\n[global]\nseed = 1..3 | 9 # s\n[a]\nbalance = 'x|y' + z | \"q\"\ncapacity = none\n";
	for (size_t n = 0; n <= strlen(text); n++) {
		struct suite suite;
		struct error err = { 0 };
		char *cut = malloc(n + 1); /* of this size alone, so that reading beyond is seen */
		ck_assert_ptr_nonnull(cut);
		memcpy(cut, text, n);
		if (suite_parse("t.suite", cut, n, &few_language, &suite, &err) == 0)
			suite_free(&suite);
		else
			ck_assert_uint_gt(err.line, 0);
		free(cut);
	}
}
END_TEST

static TCase *reading(void)
{
	TCase *tests = tcase_create("reading");
	tcase_add_loop_test(tests, files_mean_what_they_say, 0, COUNT(good));
	tcase_add_loop_test(tests, mistakes_are_found_at_their_place, 0, COUNT(bad));
	tcase_add_loop_test(tests, the_first_comment_is_the_question, 0, COUNT(questions));
	tcase_add_test(tests, a_null_byte_is_refused);
	tcase_add_test(tests, a_setting_from_outside_takes_every_place);
	tcase_add_test(tests, every_beginning_of_a_file_is_survived);
	return tests;
}

static TCase *including(void)
{
	TCase *tests = tcase_create("including");
	tcase_add_checked_fixture(tests, folder_setup, folder_teardown);
	tcase_add_test(tests, an_included_file_goes_first_and_may_be_overruled);
	tcase_add_test(tests, an_error_in_an_included_file_names_that_file);
	tcase_add_test(tests, a_circle_of_includes_ends);
	return tests;
}

int main(void)
{
	Suite *suite = suite_create("suite");
	suite_add_tcase(suite, reading());
	suite_add_tcase(suite, including());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
