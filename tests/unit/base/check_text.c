/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_text.c -- numbers are read and printed exactly, in any locale; words are suggested with sense.
 */
#include <config.h>

#include <check.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <moesim/kit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

/* ---- parsing ------------------------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	double value;
} good_reals[] = {
	{ "0", 0 },
	{ "-0", 0 },
	{ "1", 1 },
	{ "007", 7 },
	{ "0.01", 0.01 },
	{ ".5", 0.5 },
	{ "5.", 5 },
	{ "-1e-3", -1e-3 },
	{ "1E+3", 1000 },
	{ "1e308", 1e308 },
	{ "0e999999999999999999999", 0 },
	{ "1.7976931348623157e308", 1.7976931348623157e308 },
	{ "5e-324", 0x1p-1074 },
	{ "0.000000000000000000000000000000000000000000000000000000000001", 1e-60 },
};

START_TEST(reals_are_read)
{
	double value = -77;
	ck_assert(text_to_real(good_reals[_i].text, &value));
	ck_assert_double_eq(value, good_reals[_i].value);
}
END_TEST

static const char *const bad_reals[] = {
	"",      " ",     "-",    "+",        "+1",    ".",      "-.",     "e5",
	"1e",    "1e+",   " 1",   "1 ",       "1\n",   "0x10",   "0x1p3",  "nan",
	"NaN",   "inf",   "-inf", "infinity", "1e309", "-1e309", "1e-400", "1e99999999999999999999",
	"1,5",   "1.5.2", "1.5k", "--1",      "1e5x",  "1e5.5",  "1_000",  "\xd9\xa1",
	"1'000", "one",
};

START_TEST(other_texts_are_no_reals)
{
	double value = -77;
	ck_assert_msg(!text_to_real(bad_reals[_i], &value), "'%s' was taken for %g", bad_reals[_i], value);
	ck_assert_double_eq(value, -77);
}
END_TEST

static const struct {
	const char *text;
	int64_t value;
} good_ints[] = {
	{ "0", 0 },
	{ "-0", 0 },
	{ "42", 42 },
	{ "-42", -42 },
	{ "4k", 4000 },
	{ "3M", 3000000 },
	{ "2G", INT64_C(2000000000) },
	{ "-2k", -2000 },
	{ "1e6", 1000000 },
	{ "1.5k", 1500 },
	{ "0.25e2", 25 },
	{ "100e-2", 1 },
	{ "1e3k", 1000000 },
	{ "7.000", 7 },
	{ "0e-5", 0 },
	{ "0e99999999", 0 },
	{ "9223372036854775807", INT64_MAX },
	{ "-9223372036854775808", INT64_MIN },
	{ "9.223372036854775807e18", INT64_MAX },
	{ "9007199254740993", INT64_C(9007199254740993) }, /* 2^53 + 1: no double */
};

START_TEST(integers_are_read_exactly)
{
	int64_t value = -77;
	ck_assert(text_to_int(good_ints[_i].text, &value));
	ck_assert_int_eq(value, good_ints[_i].value);
}
END_TEST

static const char *const bad_ints[] = {
	"",
	" ",
	"k",
	"-k",
	"+1",
	" 1",
	"1 ",
	"1.5",
	"1e-1",
	"0x10",
	"1K",
	"1m",
	"1kk",
	"1k ",
	"1T",
	"1.2345k",
	"0.0001k",
	"9223372036854775808",
	"-9223372036854775809",
	"10000000000G",
	"1e19",
	"1e999999999999",
	"nan",
	"1,000",
	"99999999999999999999999999999999",
	"1e-999999999999",
};

START_TEST(other_texts_are_no_integers)
{
	int64_t value = -77;
	ck_assert_msg(!text_to_int(bad_ints[_i], &value), "'%s' was taken for %lld", bad_ints[_i], (long long)value);
	ck_assert_int_eq(value, -77);
}
END_TEST

/* ---- printing ------------------------------------------------------------------------------------------------ */

/* The fewest digits by trying every number of them. */
static size_t fewest_digits(double value)
{
	char text[64];
	for (int digits = 1; digits < 17; digits++) {
		snprintf(text, sizeof text, "%.*e", digits - 1, value);
		if (strtod(text, NULL) == value)
			return (size_t)digits;
	}
	return 17;
}

static size_t fewest_float_digits(float value)
{
	char text[64];
	for (int digits = 1; digits < 9; digits++) {
		snprintf(text, sizeof text, "%.*e", digits - 1, (double)value);
		if (strtof(text, NULL) == value)
			return (size_t)digits;
	}
	return 9;
}

/* Digits of the number without its exponent, leading and trailing zeros. */
static size_t digits_in(const char *text)
{
	size_t n = 0, zeros = 0;
	for (; *text != 0 && *text != 'e'; text++) {
		if (*text == '0')
			zeros += n > 0;
		else if (*text >= '1' && *text <= '9') {
			n += zeros + 1;
			zeros = 0;
		}
	}
	return n;
}

START_TEST(every_double_reads_back_and_is_shortest)
{
	struct moe_rng rng = { .key = { 1, 2 }, .used = 4 };
	for (int i = 0; i < 20000; i++) {
		union {
			uint64_t bits;
			double value;
		} any = { .bits = (uint64_t)moe_bits(&rng) << 32 | moe_bits(&rng) };
		if (!isfinite(any.value))
			continue;
		double value = i % 2 ? any.value : (moe_uniform(&rng) - 0.5) * 100, back = -77;
		char text[TEXT_NUMBER];
		ck_assert(text_to_real(text_of_double(value, text), &back));
		ck_assert_double_eq(back, value);
		ck_assert_uint_eq(digits_in(text), fewest_digits(value));
	}
}
END_TEST

START_TEST(every_float_reads_back_and_is_shortest)
{
	struct moe_rng rng = { .key = { 3, 4 }, .used = 4 };
	for (int i = 0; i < 20000; i++) {
		union {
			uint32_t bits;
			float value;
		} any = { .bits = moe_bits(&rng) };
		if (!isfinite(any.value))
			continue;
		float value = i % 2 ? any.value : (float)(moe_uniform(&rng) - 0.5) * 100;
		char text[TEXT_NUMBER];
		ck_assert(strtof(text_of_float(value, text), NULL) == value);
		ck_assert_uint_eq(digits_in(text), fewest_float_digits(value));
	}
}
END_TEST

static const struct {
	double value;
	const char *text;
} printed[] = {
	{ 0.1, "0.1" },
	{ -2.5, "-2.5" },
	{ 1e-5, "1e-05" },
	{ 0, "0" },
	{ 100, "100" },
	{ 1e300, "1e+300" },
	{ 0x1p-1074, "5e-324" },
	{ 1. / 3, "0.3333333333333333" },
	{ 123456789, "123456789" },
	{ INFINITY, "inf" },
	{ -INFINITY, "-inf" },
	{ -1.7976931348623157e308, "-1.7976931348623157e+308" },
};

START_TEST(doubles_look_as_expected)
{
	char text[TEXT_NUMBER];
	ck_assert_str_eq(text_of_double(printed[_i].value, text), printed[_i].text);
}
END_TEST

START_TEST(special_floats_look_as_expected)
{
	char text[TEXT_NUMBER];
	ck_assert_str_eq(text_of_float(0.1f, text), "0.1");
	ck_assert_str_eq(text_of_float(-INFINITY, text), "-inf");
	ck_assert_str_eq(text_of_float(0x1p-149f, text), "1e-45");
	ck_assert_str_eq(text_of_float(16777216.0f, text), "16777216");
	ck_assert_str_eq(text_of_float(NAN, text), "nan");
	ck_assert_str_eq(text_of_double(-NAN, text), "nan");
}
END_TEST

static const struct {
	double value;
	const char *count, *bytes;
} for_people[] = {
	{ 0, "0", "0 B" },
	{ 7, "7", "7 B" },
	{ 789, "789", "789 B" },
	{ 999, "999", "999 B" },
	{ 1000, "1.00 k", "1.0 kB" },
	{ 1234567, "1.23 M", "1.2 MB" },
	{ 3.4e6, "3.40 M", "3.4 MB" },
	{ 45600, "45.6 k", "45.6 kB" },
	{ 999499, "999 k", "999 kB" },
	{ 999600, "1.00 M", "1.0 MB" },
	{ 99960, "100 k", "100 kB" },
	{ 9996, "10.0 k", "10.0 kB" },
	{ -1500, "-1.50 k", "-1.5 kB" },
	{ 2.5e12, "2.50 T", "2.5 TB" },
	{ 1.6e18, "1.60 E", "1.6 EB" },
	{ 1e30, "1e+12 E", "1e+12 EB" },
};

START_TEST(counts_and_sizes_are_for_people)
{
	char text[TEXT_NUMBER];
	ck_assert_str_eq(text_of_count(for_people[_i].value, text), for_people[_i].count);
	ck_assert_str_eq(text_of_bytes(for_people[_i].value, text), for_people[_i].bytes);
}
END_TEST

START_TEST(fractions_are_counted_too)
{
	char text[TEXT_NUMBER];
	ck_assert_str_eq(text_of_count(12.345, text), "12.3");
	ck_assert_str_eq(text_of_count(0.5, text), "0.5");
	ck_assert_str_eq(text_of_count(0.012345, text), "0.0123");
	ck_assert_str_eq(text_of_count(NAN, text), "nan");
	ck_assert_str_eq(text_of_count(999.7, text), "1.00 k");
}
END_TEST

/* A comma locale must change nothing; where none is installed the test shows nothing. */
START_TEST(the_locale_does_not_matter)
{
	static const char *const comma[] = { "de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", NULL };
	for (size_t i = 0; comma[i] != NULL && setlocale(LC_ALL, comma[i]) == NULL; i++)
		;
	char text[TEXT_NUMBER];
	double value = 0;
	ck_assert_str_eq(text_of_double(0.5, text), "0.5");
	ck_assert_str_eq(text_of_count(1234, text), "1.23 k");
	ck_assert(text_to_real("0.5", &value));
	ck_assert(!text_to_real("0,5", &value));
	ck_assert_double_eq(value, 0.5);
	setlocale(LC_ALL, "C");
}
END_TEST

/* ---- suggesting ---------------------------------------------------------------------------------------------- */

START_TEST(distances_are_known)
{
	ck_assert_uint_eq(text_distance("", ""), 0);
	ck_assert_uint_eq(text_distance("", "abc"), 3);
	ck_assert_uint_eq(text_distance("kitten", "sitting"), 3);
	ck_assert_uint_eq(text_distance("sunday", "saturday"), 3);
	ck_assert_uint_eq(text_distance("rate", "raet"), 1);
	ck_assert_uint_eq(text_distance("ca", "abc"), 3); /* optimal string alignment; 2 without its restriction */
	ck_assert_uint_eq(text_distance("a", "b"), 1);
}
END_TEST

START_TEST(beginnings_are_listed)
{
	static const char *const words[] = { "top-k", "top-p", "TOP-any", "hash", NULL };
	static const char *const many[] = { "abc1", "abc2", "abc3", "abc4", "abc5", "abc6", NULL };
	ck_assert_str_eq(text_beginnings("hash", words), "'hash'");
	ck_assert_str_eq(text_beginnings("top", words), "'top-k', 'top-p', or 'TOP-any'");
	ck_assert_str_eq(text_beginnings("abc", many + 4), "'abc5' or 'abc6'");
	ck_assert_str_eq(text_beginnings("abc", many + 1), "'abc2', 'abc3', 'abc4', 'abc5', or 'abc6'");
	ck_assert_ptr_null(text_beginnings("abc", many));
	ck_assert_ptr_null(text_beginnings("to", words));
	ck_assert_ptr_null(text_beginnings("topk", words));
}
END_TEST

START_TEST(a_distance_has_its_limit)
{
	char word[66];
	memset(word, 'a', 65);
	word[65] = 0;
	ck_assert_uint_eq(text_distance(word, "a"), UINT_MAX);
	ck_assert_uint_eq(text_distance(word + 1, ""), 64);
	ck_assert_uint_eq(text_distance(word + 1, word + 1), 0);
}
END_TEST

static char letter(struct moe_rng *rng)
{
	return (char)('a' + moe_below(rng, 3));
}

START_TEST(a_distance_is_symmetric_and_bounded_by_the_edits)
{
	struct moe_rng rng = { .key = { 5, 6 }, .used = 4 };
	for (int i = 0; i < 5000; i++) {
		char a[12] = "", b[12];
		size_t n = 2 + moe_below(&rng, 8);
		for (size_t j = 0; j < n; j++)
			a[j] = letter(&rng);
		strcpy(b, a);
		size_t edits = moe_below(&rng, 3);
		for (size_t j = 0; j < edits; j++)
			b[moe_below(&rng, n)] = letter(&rng);
		ck_assert_uint_le(text_distance(a, b), edits);
		ck_assert_uint_eq(text_distance(a, b), text_distance(b, a));
		ck_assert_int_eq(text_distance(a, b) == 0, strcmp(a, b) == 0);
	}
}
END_TEST

static const char *const words[] = {
	"k", "z", "rate", "weight", "scope", "expert-choice", "aux-loss", "capacity", NULL
};

static const struct {
	const char *typed, *meant;
} typed[] = {
	{ "rat", "rate" },
	{ "raet", "rate" },
	{ "wieght", "weight" },
	{ "capcity", "capacity" },
	{ "expert_choice", "expert-choice" },
	{ "Expert-Choice", "expert-choice" },
	{ "expertchoise", "expert-choice" },
	{ "aux", "aux-loss" },
	{ "exp", "expert-choice" },
	{ "K", "k" },
	{ "kk", NULL },
	{ "q", NULL },
	{ "", NULL },
	{ "banana", NULL },
	{ "ca", NULL },
	{ "expert-top-and-much-more", NULL },
	{ "a-word-that-is-longer-than-the-sixty-four-letters-that-are-looked-at", NULL },
};

START_TEST(near_words_are_suggested)
{
	const char *found = text_nearest(typed[_i].typed, words);
	ck_assert_pstr_eq(found, typed[_i].meant);
}
END_TEST

START_TEST(an_ambiguous_beginning_suggests_nothing)
{
	static const char *const twins[] = { "expert-top", "expert-choice", NULL };
	ck_assert_ptr_null(text_nearest("expe", twins));
	static const char *const none[] = { NULL };
	ck_assert_ptr_null(text_nearest("expe", none));
}
END_TEST

/* ---- keeping, names, hashes ---------------------------------------------------------------------------------- */

START_TEST(equal_texts_share_one_copy)
{
	char mine[] = "hello";
	const char *kept = text_keep(mine);
	ck_assert_ptr_ne(kept, mine);
	ck_assert_ptr_eq(kept, text_keep("hello"));
	ck_assert_ptr_eq(kept, text_keep_n("hello, world", 5));
	ck_assert_ptr_eq(kept, text_keep_f("%s%c", "hell", 'o'));
	ck_assert_ptr_ne(kept, text_keep("hell"));
	ck_assert_uint_eq((uintptr_t)kept % _Alignof(max_align_t), 0);
}
END_TEST

START_TEST(many_texts_are_kept)
{
	enum { MANY = 5000 };
	const char *kept[MANY];
	for (int i = 0; i < MANY; i++)
		kept[i] = text_keep_f("text %d", i);
	for (int i = 0; i < MANY; i++) {
		char again[32];
		snprintf(again, sizeof again, "text %d", i);
		ck_assert_str_eq(kept[i], again);
		ck_assert_ptr_eq(kept[i], text_keep(again));
	}
}
END_TEST

START_TEST(names_are_safe_as_file_names)
{
	static const char *const good[] = { "a", "top-k,k=2", "run_1.csv", "=x", "+1", "A..", NULL };
	static const char *const bad[] = {
		"", ".", "..", ".hidden", "-rf", "a/b", "a b", "a\n", "caf\xc3\xa9", "a*", NULL
	};
	for (int i = 0; good[i] != NULL; i++)
		ck_assert_msg(text_is_name(good[i]), "%s", good[i]);
	for (int i = 0; bad[i] != NULL; i++)
		ck_assert_msg(!text_is_name(bad[i]), "%s", bad[i]);
	char long_name[202] = "";
	memset(long_name, 'n', 200);
	ck_assert(text_is_name(long_name));
	long_name[200] = 'n';
	ck_assert(!text_is_name(long_name));
}
END_TEST

/* The test vectors of FNV's authors (Fowler, Noll, Vo; draft-eastlake-fnv). */
START_TEST(the_hash_is_fnv_1a)
{
	ck_assert_uint_eq(text_hash(""), UINT64_C(0xcbf29ce484222325));
	ck_assert_uint_eq(text_hash("a"), UINT64_C(0xaf63dc4c8601ec8c));
	ck_assert_uint_eq(text_hash("foobar"), UINT64_C(0x85944171f73967e8));
	ck_assert_uint_eq(text_hash_bytes("bar", 3, text_hash("foo")), text_hash("foobar"));
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static TCase *parsing(void)
{
	TCase *tests = tcase_create("parsing");
	tcase_add_loop_test(tests, reals_are_read, 0, COUNT(good_reals));
	tcase_add_loop_test(tests, other_texts_are_no_reals, 0, COUNT(bad_reals));
	tcase_add_loop_test(tests, integers_are_read_exactly, 0, COUNT(good_ints));
	tcase_add_loop_test(tests, other_texts_are_no_integers, 0, COUNT(bad_ints));
	return tests;
}

static TCase *printing(void)
{
	TCase *tests = tcase_create("printing");
	tcase_add_test(tests, every_double_reads_back_and_is_shortest);
	tcase_add_test(tests, every_float_reads_back_and_is_shortest);
	tcase_add_loop_test(tests, doubles_look_as_expected, 0, COUNT(printed));
	tcase_add_test(tests, special_floats_look_as_expected);
	tcase_add_loop_test(tests, counts_and_sizes_are_for_people, 0, COUNT(for_people));
	tcase_add_test(tests, fractions_are_counted_too);
	tcase_add_test(tests, the_locale_does_not_matter);
	return tests;
}

static TCase *wording(void)
{
	TCase *tests = tcase_create("words");
	tcase_add_test(tests, distances_are_known);
	tcase_add_test(tests, beginnings_are_listed);
	tcase_add_test(tests, a_distance_has_its_limit);
	tcase_add_test(tests, a_distance_is_symmetric_and_bounded_by_the_edits);
	tcase_add_loop_test(tests, near_words_are_suggested, 0, COUNT(typed));
	tcase_add_test(tests, an_ambiguous_beginning_suggests_nothing);
	tcase_add_test(tests, equal_texts_share_one_copy);
	tcase_add_test(tests, many_texts_are_kept);
	tcase_add_test(tests, names_are_safe_as_file_names);
	tcase_add_test(tests, the_hash_is_fnv_1a);
	return tests;
}

int main(void)
{
	Suite *suite = suite_create("text");
	suite_add_tcase(suite, parsing());
	suite_add_tcase(suite, printing());
	suite_add_tcase(suite, wording());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
