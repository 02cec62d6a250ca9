/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_table.c -- a table for a person: whole in a file, in parts on a terminal that is too narrow.
 */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "experiments/host/table.h"

static void print(FILE *to)
{
	static const char *const header[] = { "<name", "<of", "first", "second", "<note", NULL };
	struct table table;
	table_begin(&table, header);
	table_cell(&table, "top-k");
	table_cell(&table, "a");
	table_number(&table, 1.5, 2);
	table_interval(&table, 0.25, 0.125, 3);
	table_cell(&table, "%s", "");
	table_cell(&table, "bias");
	table_cell(&table, "b");
	table_number(&table, -10, 2);
	table_number(&table, 0.0 / 0.0, 3);
	table_cell(&table, "undecided");
	table_end(&table, to);
}

static const char whole[] = "name   of   first          second  note\n"
							"top-k  a     1.50  0.250 +- 0.125\n"
							"bias   b   -10.00               -  undecided\n";

START_TEST(a_file_has_it_whole)
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	print(to);
	fclose(to);
	ck_assert_str_eq(text, whole);
	free(text);
}
END_TEST

static char shown[1024];

/* What a terminal of so many columns is sent; false where there are no terminals. */
static bool show(unsigned short columns)
{
	const struct winsize window = { .ws_row = 24, .ws_col = columns };
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0)
		return false;
	FILE *to = fopen(ptsname(terminal), "w");
	ck_assert_ptr_nonnull(to);
	ck_assert_int_eq(ioctl(fileno(to), TIOCSWINSZ, &window), 0);
	print(to);
	fclose(to);
	size_t kept = 0;
	char byte;
	while (kept + 1 < sizeof shown && read(terminal, &byte, 1) == 1) /* what was sent, and then an error */
		if (byte != '\r')
			shown[kept++] = byte;
	shown[kept] = '\0';
	close(terminal);
	return true;
}

START_TEST(a_narrow_terminal_has_it_in_parts)
{
	static const struct {
		unsigned short columns;
		const char *text;
	} cases[] = {
		{ 80, whole },
		{ 44, whole },
		{ 43, "name   of   first          second\n"
			  "top-k  a     1.50  0.250 +- 0.125\n"
			  "bias   b   -10.00               -\n"
			  "\n"
			  "name   of  note\n"
			  "top-k  a\n"
			  "bias   b   undecided\n" },
		/* a column that is wider than what is left has a part of its own */
		{ 20, "name   of   first\n"
			  "top-k  a     1.50\n"
			  "bias   b   -10.00\n"
			  "\n"
			  "name   of          second\n"
			  "top-k  a   0.250 +- 0.125\n"
			  "bias   b                -\n"
			  "\n"
			  "name   of  note\n"
			  "top-k  a\n"
			  "bias   b   undecided\n" },
	};
	unsetenv("COLUMNS");
	if (show(cases[_i].columns))
		ck_assert_str_eq(shown, cases[_i].text);
}
END_TEST

static Suite *table_suite(void)
{
	Suite *all = suite_create("table");
	TCase *tests = tcase_create("width");
	tcase_add_test(tests, a_file_has_it_whole);
	tcase_add_loop_test(tests, a_narrow_terminal_has_it_in_parts, 0, 4);
	suite_add_tcase(all, tests);
	return all;
}

int main(void)
{
	SRunner *runner = srunner_create(table_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
