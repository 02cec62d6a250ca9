/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_json_source.c -- values of JSON read one behind the other: lists, strings, what is refused, and values that lie
 * across the end of the buffer.
 */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/trace/json_source.h"

static struct error err;

static struct source *open_text(struct json *json, const char *text, size_t size)
{
	struct source *source = source_open_bytes(text, size, &err);
	ck_assert_ptr_nonnull(source);
	ck_assert_int_eq(json_source_open(json, source, &err), 0);
	return source;
}

/* Reads the text as one list. */
static int read_list(const char *text, struct json_list *list)
{
	struct json json;
	struct source *source = open_text(&json, text, strlen(text));
	int status = json_source_list(&json, list, &err);
	source_close(source);
	return status;
}

START_TEST(lists_have_dimensions)
{
	static const struct {
		const char *text;
		unsigned dims;
		size_t n, dim[3];
		bool right;
	} rows[] = {
		{ "[]", 1, 0, { 0 }, true },
		{ "[7]", 1, 1, { 1 }, true },
		{ " [ 1 ,2,\n-3 ] ", 1, 3, { 3 }, true },
		{ "[[1,2],[3,4],[5,6]]", 2, 6, { 3, 2 }, true },
		{ "[[[1],[2]]]", 3, 2, { 1, 2, 1 }, true },
		{ "[[],[]]", 2, 0, { 2, 0 }, true },
		{ "[[1,2],[3]]", 2, 3, { 2, 2 }, false },
		{ "[[1],[[2]]]", 3, 2, { 2, 1, 1 }, false },
		{ "[1.5,2]", 1, 2, { 2 }, false },
		{ "[1e3]", 1, 1, { 1 }, false },
		{ "[12345678901234567890]", 1, 1, { 1 }, false },
		{ "[NaN]", 1, 1, { 1 }, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct json_list list = { .room = 0 };
		ck_assert_msg(read_list(rows[i].text, &list) == 0, "%s: %s", rows[i].text, err.text);
		ck_assert_msg(list.dims == rows[i].dims && list.n == rows[i].n, "%s", rows[i].text);
		for (unsigned d = 0; d < list.dims; d++)
			ck_assert_msg(list.dim[d] == rows[i].dim[d], "%s: dimension %u is %zu", rows[i].text, d, list.dim[d]);
		ck_assert_msg((list.wrong == NULL) == rows[i].right, "%s", rows[i].text);
		free(list.value);
	}
}
END_TEST

START_TEST(numbers_of_a_list_are_exact)
{
	static const int64_t wanted[] = { 0, 9, 10, 999999999, 1000000000, 123456789012345678, -1, -123456789012345678 };
	struct json_list list = { .room = 0 };
	ck_assert_int_eq(read_list("[0,9, 10,999999999,1000000000,123456789012345678,-1,\t-123456789012345678]", &list), 0);
	ck_assert_uint_eq(list.n, sizeof wanted / sizeof *wanted);
	ck_assert_int_eq(memcmp(list.value, wanted, sizeof wanted), 0);
	free(list.value);
}
END_TEST

/* What is no JSON, and the column where it is seen. */
START_TEST(what_is_no_json_is_refused)
{
	static const struct {
		const char *text;
		unsigned column;
	} rows[] = {
		{ "[1,]", 4 },
		{ "[01]", 2 },
		{ "[010,2]", 2 },
		{ "[1 2]", 4 },
		{ "{\"a\" 1}", 6 },
		{ "{\"a\":1,}", 8 },
		{ "{,}", 2 },
		{ "[tru]", 2 },
		{ "\"\\x\"", 2 },
		{ "[1,2}", 5 },
		{ "-", 1 },
		{ "[1.]", 2 },
		{ "[1e]", 2 },
		{ "[.5]", 2 },
		{ "[+1]", 2 },
		{ "{\"a\":[1,2", 10 },
		{ "\"abc", 5 },
		{ "\"a\nb\"", 3 },
		{ "\"\xff\"", 2 },
		{ "\"\xc0\x80\"", 2 },
		{ "\"\xed\xa0\x80\"", 2 },
		{ "\"\\u12g4\"", 2 },
		{ "nul", 1 },
		{ "'a'", 1 },
		{ "[1]]", 4 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct json json;
		struct source *source = open_text(&json, rows[i].text, strlen(rows[i].text));
		char next = 1;
		int status = 0;
		while (status == 0 && next != 0)
			if ((status = json_source_peek(&json, &next, &err)) == 0 && next != 0)
				status = json_source_skip(&json, &err);
		ck_assert_msg(status != 0, "%s is taken for JSON", rows[i].text);
		ck_assert_msg(err.column == rows[i].column && err.line == 1, "%s: column %u", rows[i].text, err.column);
		source_close(source);
	}
}
END_TEST

START_TEST(strings_are_unescaped_and_cut)
{
	static const char text[] = "\"a\\n\\\"\\u00e4\xc3\xa4\" \"0123456789\"";
	struct json json;
	struct source *source = open_text(&json, text, strlen(text));
	char out[32];
	uint64_t whole, cut;
	ck_assert_int_eq(json_source_string(&json, out, sizeof out, NULL, &err), 0);
	ck_assert_str_eq(out, "a\n\"\\u00e4\xc3\xa4");
	ck_assert_int_eq(json_source_string(&json, out, 5, &cut, &err), 0);
	ck_assert_str_eq(out, "0123");
	source_close(source);
	source = open_text(&json, "\"0123456789\"", 12);
	ck_assert_int_eq(json_source_string(&json, NULL, 0, &whole, &err), 0);
	ck_assert_uint_eq(whole, cut);
	source_close(source);
}
END_TEST

/* A document of many buffers, whose values lie across their ends at every place: each number is its own index. */
START_TEST(values_lie_across_buffers)
{
	char *text;
	size_t size, n = 200000;
	FILE *to = open_memstream(&text, &size);
	for (size_t i = 0; i < n; i++)
		fprintf(to, "%s%zu", i == 0 ? "{\"skipped\": \"\xc3\xa4\", \"list\": [" : i % 7 == 0 ? ",\n  " : ", ", i);
	fputs("]}", to);
	fclose(to);
	struct json json;
	struct source *source = open_text(&json, text, size);
	struct json_list list = { .room = 0 };
	char key[JSON_KEY];
	bool closed;
	ck_assert_int_eq(json_source_take(&json, '{', &err), 0);
	ck_assert_int_eq(json_source_string(&json, key, sizeof key, NULL, &err), 0);
	ck_assert_int_eq(json_source_take(&json, ':', &err), 0);
	ck_assert_int_eq(json_source_skip(&json, &err), 0);
	ck_assert_int_eq(json_source_next(&json, '}', &closed, &err), 0);
	ck_assert_int_eq(json_source_string(&json, key, sizeof key, NULL, &err), 0);
	ck_assert_str_eq(key, "list");
	ck_assert_int_eq(json_source_take(&json, ':', &err), 0);
	ck_assert_int_eq(json_source_list(&json, &list, &err), 0);
	ck_assert_uint_eq(list.n, n);
	size_t right = 0;
	for (size_t i = 0; i < n; i++)
		right += list.value[i] == (int64_t)i;
	ck_assert_uint_eq(right, n);
	ck_assert_uint_eq(json.line, 1 + (n - 1) / 7);
	free(list.value);
	source_close(source);
	free(text);
}
END_TEST

START_TEST(real_numbers_are_read_flat)
{
	struct json json;
	struct source *source = open_text(&json, "[[0.5, 1],[-2e1, NaN]]", 22);
	struct json_reals reals = { .room = 0 };
	ck_assert_int_eq(json_source_reals(&json, &reals, &err), 0);
	ck_assert_uint_eq(reals.n, 4);
	ck_assert_float_eq(reals.value[0], 0.5f);
	ck_assert_float_eq(reals.value[1], 1);
	ck_assert_float_eq(reals.value[2], -20);
	ck_assert_float_nan(reals.value[3]);
	free(reals.value);
	source_close(source);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tests = tcase_create("json");
	tcase_add_test(tests, lists_have_dimensions);
	tcase_add_test(tests, numbers_of_a_list_are_exact);
	tcase_add_test(tests, what_is_no_json_is_refused);
	tcase_add_test(tests, strings_are_unescaped_and_cut);
	tcase_add_test(tests, values_lie_across_buffers);
	tcase_add_test(tests, real_numbers_are_read_flat);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
