/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_gnuplot.c -- no text gets out of a gnuplot string.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/charts/gnuplot.h"

static const struct {
	const char *text, *quoted;
} pairs[] = {
	{ "", "''" },
	{ "top-k", "'top-k'" },
	{ "it's", "'it''s'" },
	{ "'", "''''" },
	{ "\"`!touch x`\" @A $(x) \\", "'\"`!touch x`\" @A $(x) \\'" }, /* nothing of this has a meaning inside '' */
	{ "a\nb\tc\x7f"
	  "d\x01",
	  "'a?b?c?d?'" },
	{ "Größe – 数 🙂", "'Größe – 数 🙂'" },
	{ "\xc2\x85", "'?'" }, /* a line end of ISO 6429 */
	{ "\x80"
	  "a\xff"
	  "b",
	  "'?a?b'" },         /* no UTF-8 */
	{ "\xc3'", "'?'''" }, /* a cut character does not swallow the quote */
	{ "\xe2\x82'x", "'\?\?''x'" },
	{ "\xf0\x9f", "'\?\?'" },
	{ "\xc0\xa7", "'\?\?'" }, /* an overlong quote */
};

static char *quoted(const char *text)
{
	char *out = NULL;
	size_t size;
	FILE *to = open_memstream(&out, &size);
	ck_assert_ptr_nonnull(to);
	gnuplot_quote(to, text);
	fclose(to);
	return out;
}

START_TEST(texts_and_their_strings)
{
	char *out = quoted(pairs[_i].text);
	ck_assert_str_eq(out, pairs[_i].quoted);
	free(out);
}
END_TEST

/* Every pair of bytes: the string ends where it should, and nowhere before. */
START_TEST(no_pair_of_bytes_ends_the_string)
{
	for (int first = 1; first < 256; first++)
		for (int second = 1; second < 256; second++) {
			char text[] = { (char)first, (char)second, 0 };
			char *out = quoted(text);
			size_t length = strlen(out), quotes = 0;
			ck_assert(out[0] == '\'' && out[length - 1] == '\'');
			for (size_t i = 1; i + 1 < length; i++) {
				ck_assert((unsigned char)out[i] >= 0x20);
				quotes += out[i] == '\'';
			}
			ck_assert_uint_eq(quotes, 2u * ((first == '\'') + (second == '\'')));
			free(out);
		}
}
END_TEST

static Suite *gnuplot_suite(void)
{
	Suite *suite = suite_create("gnuplot");
	TCase *cases = tcase_create("quote");
	tcase_add_loop_test(cases, texts_and_their_strings, 0, sizeof pairs / sizeof *pairs);
	tcase_add_test(cases, no_pair_of_bytes_ends_the_string);
	suite_add_tcase(suite, cases);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(gnuplot_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
