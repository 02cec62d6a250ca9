/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_wrap.c -- text wrapped for a terminal: no word is split or lost, no line is wider than it may be.
 */
#include <config.h>

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/wrap.h"

static char *text;
static size_t size;

static FILE *open_text(void)
{
	free(text);
	text = NULL;
	return open_memstream(&text, &size);
}

static const char *wrapped(const char *words, size_t at, size_t indent, size_t columns)
{
	FILE *to = open_text();
	wrap_text(to, words, at, indent, columns);
	fclose(to);
	return text;
}

START_TEST(lines_are_full_and_no_wider)
{
	ck_assert_str_eq(wrapped("aa bb cc dd", 0, 0, 5), "aa bb\ncc dd\n");
	ck_assert_str_eq(wrapped("aa bb cc dd", 0, 0, 4), "aa\nbb\ncc\ndd\n");
	ck_assert_str_eq(wrapped("aa bb cc dd", 0, 2, 7), "aa bb\n  cc dd\n");
	ck_assert_str_eq(wrapped("aa bb", 4, 2, 6), "aa\n  bb\n");
	ck_assert_str_eq(wrapped("aa bb", 5, 2, 6), "\n  aa\n  bb\n");
	ck_assert_str_eq(wrapped("", 0, 0, 5), "\n");
	ck_assert_str_eq(wrapped("  aa   bb ", 0, 0, 80), "aa bb\n");
}
END_TEST

START_TEST(a_long_word_is_never_split)
{
	ck_assert_str_eq(wrapped("a abcdefghij b", 0, 0, 4), "a\nabcdefghij\nb\n");
	ck_assert_str_eq(wrapped("abcdefghij", 2, 2, 4), "abcdefghij\n");
}
END_TEST

START_TEST(characters_count_and_not_bytes)
{
	ck_assert_uint_eq(wrap_length("\xc3\xa4\xc3\xb6 x"), 4);
	ck_assert_str_eq(wrapped("\xc3\xa4\xc3\xb6 xy", 0, 0, 5), "\xc3\xa4\xc3\xb6 xy\n");
}
END_TEST

/* Any text at any width: the words in their order, and no line wider than the width or one word. */
START_TEST(nothing_is_lost_at_any_width)
{
	static const char words[] = "the load of the fullest expert over the mean load, minus 1; at perfect balance 0";
	size_t columns = (size_t)_i;
	char *copy = strdup(wrapped(words, 0, 0, columns)), joined[sizeof words + 1] = "";
	for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n")) {
		ck_assert(strlen(line) <= columns || !strchr(line, ' '));
		strcat(strcat(joined, *joined ? " " : ""), line);
	}
	ck_assert_str_eq(joined, words);
	free(copy);
}
END_TEST

START_TEST(entries_are_aligned)
{
	FILE *to = open_text();
	wrap_entry(to, "-a", 4, "one two", 13);
	wrap_entry(to, "--long", 4, "three", 13);
	wrap_entry(to, "-b", 4, "", 13);
	fclose(to);
	ck_assert_str_eq(text, "  -a    one\n"
						   "        two\n"
						   "  --long\n"
						   "        three\n"
						   "  -b\n");
}
END_TEST

START_TEST(the_width_is_that_of_the_environment)
{
	FILE *to = open_text();
	static const struct {
		const char *said;
		size_t columns;
	} cases[] = { { "60", 60 },        { "200", WRAP_WIDEST }, { "3", 20 },
				  { "x", WRAP_USUAL }, { "-5", WRAP_USUAL },   { "", WRAP_USUAL } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		setenv("COLUMNS", cases[i].said, 1);
		ck_assert_uint_eq(wrap_columns(to), cases[i].columns);
	}
	ck_assert_uint_eq(wrap_columns_of_terminal(to), WRAP_NEVER);
	fclose(to);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wrap");
	TCase *tests = tcase_create("wrap");
	tcase_add_test(tests, lines_are_full_and_no_wider);
	tcase_add_test(tests, a_long_word_is_never_split);
	tcase_add_test(tests, characters_count_and_not_bytes);
	tcase_add_loop_test(tests, nothing_is_lost_at_any_width, 1, 90);
	tcase_add_test(tests, entries_are_aligned);
	tcase_add_test(tests, the_width_is_that_of_the_environment);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	free(text);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
