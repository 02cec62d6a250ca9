/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_grid.c -- grids hold each run once, under a name that tells runs apart and stays.
 */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "experiments/suite/grid.h"
#include "sim/base/text.h"
#include "tests/support/suite_rows.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct suite suite;
static struct grid grid;

static void build(const char *file, const char *only)
{
	struct error err;
	ck_assert_msg(parse_few(file, &suite, &err) == 0, "%s", err.text);
	ck_assert_msg(grid_build(&suite, only, &grid, &err) == 0, "%s", err.text);
}

static void release(void)
{
	grid_free(&grid);
	suite_free(&suite);
}

static size_t row_of(const char *name)
{
	size_t i = 0;
	while (strcmp(few_rows[i].name, name) != 0)
		i++;
	return i;
}

static const char *value_of(size_t run, const char *name)
{
	return grid_value(&grid, &grid.run[run], row_of(name));
}

/* "label/seed label/seed ..." */
static const char *listed(void)
{
	static char text[4096];
	FILE *to = fmemopen(text, sizeof text, "w");
	for (size_t i = 0; i < grid.n; i++)
		fprintf(to, "%s%s/%s", i ? " " : "", grid.point[grid.run[i].point].label, grid.run[i].seed);
	fclose(to);
	return grid.n ? text : "";
}

static const struct {
	const char *file, *runs;
} expansions[] = {
	{ "", "top-k/1" },
	{ "[global]\nstrategy = a | b\nseed = 1..2\n", "a/1 a/2 b/1 b/2" },
	{ "[global]\nseed = 1..2\nstrategy = a | b\n", "a/1 a/2 b/1 b/2" },
	{ "[x]\nstrategy = a\n[y]\nstrategy = b\n", "x/1 y/1" },
	{ "[global]\nseed = 3\n[x]\n[y]\nseed = 4 | 5\nsteps = 2\n", "x/3 y/4 y/5" },
	{ "[x]\nlr = 1 | 2\nexperts = 8 | 16\n",
	  "x_lr=1_experts=8/1 x_lr=1_experts=16/1 x_lr=2_experts=8/1 x_lr=2_experts=16/1" },
	{ "[global]\nlr = 1 | 2\n[x]\nstrategy = a | b\n", "a_lr=1/1 b_lr=1/1 a_lr=2/1 b_lr=2/1" },
	{ "[global]\nlr = 1 | 2\n[x]\nlr = 3\n[y]\nlr = 4\n", "x/1 y/1" },
	{ "[x]\nstrategy = a | b\nlr = 1\n[y]\nstrategy = a | c\nlr = 2\n", "x.a/1 b/1 y.a/1 c/1" },
	{ "[x]\nstrategy = 'a,k=2 b' | ' ../x y'\n", "a_k=2_b/1 x_y/1" },
	{ "[x]\nstrategy = 'a b' | 'a  b'\n", "x.a_b.1/1 x.a_b.2/1" },
	{ "[x]\ncapacity = none | 2\n", "x_capacity=none/1 x_capacity=2/1" },
};

START_TEST(alternatives_make_the_grid)
{
	build(expansions[_i].file, NULL);
	ck_assert_str_eq(listed(), expansions[_i].runs);
	release();
}
END_TEST

START_TEST(the_number_of_runs_is_the_product)
{
	build("[global]\nseed = 1..5\n[a]\nlr = 1|2|3\nsteps = 1..7\nexperts = 2|4\n[b]\nlr = 4|5\n", NULL);
	ck_assert_uint_eq(grid.n, 5 * (3 * 7 * 2 + 2));
	ck_assert_uint_eq(grid.points, 3 * 7 * 2 + 2);
	release();
}
END_TEST

START_TEST(every_combination_is_there_once)
{
	bool seen[3][4][2] = { { { false } } };
	build("[a]\nseed = 0..2\nsteps = 1..4\noverflow = position | lowest\n", NULL);
	ck_assert_uint_eq(grid.n, 24);
	for (size_t i = 0; i < grid.n; i++) {
		bool *cell =
			&seen[atoi(value_of(i, "seed"))][atoi(value_of(i, "steps")) - 1][value_of(i, "overflow")[0] == 'l'];
		ck_assert(!*cell);
		*cell = true;
	}
	release();
}
END_TEST

/* The same run, written in another way, in another place, beside other runs. */
static const struct {
	const char *file;
	size_t run;
} same_run[] = {
	{ "[global]\nstrategy = bias\nlr = 0.5\nseed = 2\n", 0 },
	{ "[global]\nseed = 2\nlr = 5e-1\nstrategy = bias\n", 0 },
	{ "[other]\nseed = 1..3\nstrategy = top-k | bias\nlr = .50\n", 4 },
	{ "# said, but the default\n[x]\nsteps = 1000\nexperts = 64\nstrategy = bias\nlr = 0.5\nseed = 2\n", 0 },
};

START_TEST(a_hash_is_of_the_settings_alone)
{
	build(same_run[0].file, NULL);
	uint64_t hash = grid.run[0].hash;
	release();
	build(same_run[_i].file, NULL);
	ck_assert_uint_eq(grid.run[same_run[_i].run].hash, hash);
	release();
}
END_TEST

/* FNV-1a of "name\0value\0" of every row: written out here, so that a change that would make every
 * finished run anew does not go unseen. */
START_TEST(a_hash_is_as_it_has_always_been)
{
	static const char all[] = "strategy\0bias\0balance\0\0steps\0"
							  "1000\0experts\0"
							  "64\0seed\0"
							  "2\0lr\0"
							  "0.5\0capacity\0none\0overflow\0position\0tied\0false";
	build(same_run[0].file, NULL);
	uint64_t hash = text_hash_bytes(all, sizeof all, TEXT_HASH_START);
	ck_assert_uint_eq(grid.run[0].hash, hash);
	char name[64];
	snprintf(name, sizeof name, "bias-s2-%08x", (unsigned)(hash >> 32) ^ (unsigned)hash);
	ck_assert_str_eq(grid.run[0].name, name);
	release();
}
END_TEST

static const char *const other_runs[] = {
	"[global]\nstrategy = bias\nlr = 0.5\nseed = 3\n",
	"[global]\nstrategy = bias\nlr = 0.6\nseed = 2\n",
	"[global]\nstrategy = top-k\nlr = 0.5\nseed = 2\n",
	"[global]\nstrategy = bias\nlr = 0.5\nseed = 2\ntied = yes\n",
	"[global]\nstrategy = bia\nbalance = s\nlr = 0.5\nseed = 2\n",
};

START_TEST(a_changed_setting_changes_the_hash)
{
	build(same_run[0].file, NULL);
	uint64_t hash = grid.run[0].hash;
	release();
	build(other_runs[_i], NULL);
	ck_assert_uint_ne(grid.run[0].hash, hash);
	release();
}
END_TEST

/* A default that is said may overrule what a strategy's name stands for. */
START_TEST(what_is_in_effect_is_hashed)
{
	build("[x]\nstrategy = twins\n[y]\nstrategy = twins\nexperts = 2\n[z]\nstrategy = twins\nexperts = 64\n", NULL);
	ck_assert_uint_eq(grid.n, 2);
	ck_assert_uint_eq(grid.doubled, 1);
	ck_assert_str_eq(listed(), "x/1 z/1");
	release();
}
END_TEST

START_TEST(a_run_that_cannot_be_made_is_refused_at_its_place)
{
	struct error err;
	ck_assert_int_eq(parse_few("[x]\nlr = 1\n\nstrategy = fine | very broken # no\n", &suite, &err), 0);
	ck_assert_int_eq(grid_build(&suite, NULL, &grid, &err), -1);
	ck_assert_str_eq(err.file, "t.suite");
	ck_assert_uint_eq(err.line, 4);
	ck_assert_uint_eq(err.column, 24);
	suite_free(&suite);
}
END_TEST

START_TEST(a_run_in_two_sections_is_made_once)
{
	build("[x]\nstrategy = a | b\nseed = 1..2\n[y]\nstrategy = b | c\nseed = 2..3\n", NULL);
	ck_assert_uint_eq(grid.n, 7);
	ck_assert_uint_eq(grid.doubled, 1);
	ck_assert_str_eq(listed(), "a/1 a/2 x.b/1 x.b/2 y.b/3 c/2 c/3");
	release();
}
END_TEST

START_TEST(only_some_sections_keep_their_names)
{
	const char *file = "[x]\nstrategy = a | b\n[y]\nstrategy = c\n[z]\nlr = 1\n";
	build(file, "y,x");
	ck_assert_str_eq(listed(), "a/1 b/1 y/1");
	release();
	build(file, "");
	ck_assert_uint_eq(grid.n, 4);
	release();
}
END_TEST

START_TEST(an_unknown_section_is_refused)
{
	static const char *const wrong[] = { "tow", "one,", "global", "one,two,three", ",", "on" };
	struct error err;
	ck_assert_int_eq(parse_few("[one]\n[two]\n", &suite, &err), 0);
	int refused = grid_build(&suite, wrong[_i], &grid, &err);
	if (_i == 1) /* a comma at the end does no harm */
		grid_free(&grid);
	ck_assert_int_eq(refused, _i == 1 ? 0 : -1);
	suite_free(&suite);
}
END_TEST

START_TEST(what_is_swept_is_known)
{
	build("[x]\nlr = 1 | 2\nsteps = 5\n[y]\nexperts = 8\nsteps = 5\n", NULL);
	for (size_t i = 0; i < grid.n_rows; i++) {
		bool swept = strcmp(few_rows[i].name, "lr") == 0 || strcmp(few_rows[i].name, "experts") == 0;
		ck_assert_int_eq(grid.swept[i], swept);
	}
	release();
}
END_TEST

START_TEST(arguments_say_what_the_suite_says)
{
	static const char *const extra[] = { "--out", "x", NULL };
	static const char *const wanted[] = { "run", "--strategy=a | b", "--seed=2", "--tied=true", "--out", "x" };
	build("[x]\nseed = 2\ntied = 1\nstrategy = 'a | b'\n", NULL);
	char **got = grid_arguments(&grid, &grid.run[0], "run", extra);
	for (size_t i = 0; i < COUNT(wanted); i++)
		ck_assert_str_eq(got[i], wanted[i]);
	ck_assert_ptr_null(got[COUNT(wanted)]);
	free(got);
	release();
}
END_TEST

START_TEST(names_are_names)
{
	build("[x]\nstrategy = '../../etc/passwd' | '=1+1' | '-rf' | '' | \"'; rm *\" | '\303\251'\nseed = 1..2\n", NULL);
	for (size_t i = 0; i < grid.n; i++) {
		ck_assert_msg(text_is_name(grid.run[i].name), "%s", grid.run[i].name);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(grid.run[i].name, grid.run[j].name);
	}
	ck_assert_uint_eq(grid.n, 12);
	release();
}
END_TEST

START_TEST(a_long_value_is_cut_in_the_name)
{
	char file[4096];
	snprintf(file, sizeof file, "[x]\nstrategy = '%01000d' | '%01000d'\n", 1, 2);
	build(file, NULL);
	ck_assert_uint_eq(grid.n, 2);
	ck_assert_uint_lt(strlen(grid.run[0].name), 200);
	ck_assert_str_ne(grid.point[0].label, grid.point[1].label);
	release();
}
END_TEST

START_TEST(a_grid_too_large_is_refused)
{
	static const char *const files[] = { "[x]\nsteps = 1..1000\nseed = 1..101\n",
										 "[x]\nsteps = 1..60000\n[y]\nsteps = 1..60000\n",
										 "[x]\nsteps = 1..100000\nseed = 1..100000\nexperts = 1..4096\n" };
	struct error err;
	ck_assert_int_eq(parse_few(files[_i], &suite, &err), 0);
	ck_assert_int_eq(grid_build(&suite, NULL, &grid, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "more than"));
	suite_free(&suite);
}
END_TEST

START_TEST(ten_thousand_runs_are_two_thousand_points)
{
	few_resolved = 0;
	build("[x]\nsteps = 1..100\nlr = 1 | 2 | 3 | 4\nstrategy = a | b | c | d | e\nseed = 1..5\n", NULL);
	ck_assert_uint_eq(grid.n, 10000);
	ck_assert_uint_lt(grid.arena.bytes, 32u << 20);
	ck_assert_uint_le(few_resolved, 2001); /* seeds are not resolved one by one */
	release();
}
END_TEST

static TCase *expanding(void)
{
	TCase *tests = tcase_create("expanding");
	tcase_add_loop_test(tests, alternatives_make_the_grid, 0, COUNT(expansions));
	tcase_add_test(tests, the_number_of_runs_is_the_product);
	tcase_add_test(tests, every_combination_is_there_once);
	tcase_add_test(tests, a_run_in_two_sections_is_made_once);
	tcase_add_test(tests, a_run_that_cannot_be_made_is_refused_at_its_place);
	tcase_add_test(tests, only_some_sections_keep_their_names);
	tcase_add_loop_test(tests, an_unknown_section_is_refused, 0, 6);
	tcase_add_test(tests, what_is_swept_is_known);
	tcase_add_test(tests, arguments_say_what_the_suite_says);
	tcase_add_loop_test(tests, a_grid_too_large_is_refused, 0, 3);
	tcase_add_test(tests, ten_thousand_runs_are_two_thousand_points);
	return tests;
}

static TCase *naming(void)
{
	TCase *tests = tcase_create("naming");
	tcase_add_loop_test(tests, a_hash_is_of_the_settings_alone, 0, COUNT(same_run));
	tcase_add_test(tests, a_hash_is_as_it_has_always_been);
	tcase_add_loop_test(tests, a_changed_setting_changes_the_hash, 0, COUNT(other_runs));
	tcase_add_test(tests, what_is_in_effect_is_hashed);
	tcase_add_test(tests, names_are_names);
	tcase_add_test(tests, a_long_value_is_cut_in_the_name);
	return tests;
}

int main(void)
{
	Suite *all = suite_create("grid");
	suite_add_tcase(all, expanding());
	suite_add_tcase(all, naming());
	SRunner *runner = srunner_create(all);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
