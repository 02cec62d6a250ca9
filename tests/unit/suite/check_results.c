/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_results.c -- the gathered summary holds the finished runs of the suite as it is now, each once, in its order.
 */
#include <config.h>

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "experiments/suite/results.h"
#include "sim/base/files.h"
#include "sim/base/text.h"
#include "tests/support/folder.h"
#include "tests/support/suite_rows.h"

static const char two_by_two[] = "[a]\nstrategy = top-k | bias\nseed = 1..2\n";

static struct suite suite;
static struct grid grid;
static struct results results;

static void open_as(const char *file)
{
	struct error err;
	ck_assert_msg(parse_few(file, &suite, &err) == 0, "%s", err.text);
	ck_assert_msg(grid_build(&suite, NULL, &grid, &err) == 0, "%s", err.text);
	results_open(folder, &grid, &results);
}

static void close_all(void)
{
	results_close(&results);
	grid_free(&grid);
	suite_free(&suite);
}

static void put(size_t run, const char *name, const char *text)
{
	struct error err;
	ck_assert_int_eq(folder_make(results_path(&results, run), &err), 0);
	put_file(path_join(results_path(&results, run), name), text, strlen(text));
}

/* Leaves the run's folder as `run` would, with the run's number for its loss. */
static void finish(size_t run, const char *status)
{
	put(run, "manifest.json", text_keep_f("{\"status\": \"%s\"}", status));
	put(run, "summary.csv", text_keep_f("seed,loss\n%s,%zu\n", grid.run[run].seed, run));
	results_look(&results, run);
}

static const char *gathered(void)
{
	struct error err;
	ck_assert_msg(results_gather(&results, NULL, &err) == 0, "%s", err.text);
	return file_text(in_folder("summary.csv"));
}

/* What the labels look like is the grid's affair. */
static const char *expected(void)
{
	const char *text = "seed,loss,label,strategy\n";
	for (size_t i = 0; i < grid.n; i++)
		text = text_keep_f("%s%s,%zu,%s,%s\n", text, grid.run[i].seed, i, grid.point[grid.run[i].point].label,
						   i < 2 ? "top-k" : "bias");
	return text;
}

START_TEST(rows_are_in_the_order_of_the_grid_whichever_ends_first)
{
	static const size_t order[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 2, 0, 3, 1 } };
	open_as(two_by_two);
	for (size_t i = 0; i < 4; i++)
		finish(order[_i][i], "done");
	ck_assert_str_eq(gathered(), expected());
	close_all();
}
END_TEST

START_TEST(gathering_again_doubles_no_row)
{
	open_as(two_by_two);
	for (size_t i = 0; i < 4; i++) {
		finish(i, i == 1 ? "diverged" : "done");
		gathered();
	}
	ck_assert_int_eq(results.state[1], RUN_DIVERGED);
	ck_assert_str_eq(gathered(), expected());
	close_all();
	open_as(two_by_two);
	ck_assert_str_eq(gathered(), expected());
	close_all();
}
END_TEST

/* A run is killed before its manifest, before its summary, or before its manifest says that it is done. */
START_TEST(a_killed_run_is_no_result_and_costs_no_other)
{
	open_as(two_by_two);
	finish(0, "done");
	put(1, "steps.csv", "step,loss\n1,");
	put(2, "manifest.json", "{\"status\": \"done\"}");
	put(2, "summary.csv.tmp", "seed,lo");
	finish(3, "running");
	for (size_t i = 1; i < 4; i++)
		ck_assert_int_eq(results_look(&results, i), RUN_UNFINISHED);
	gathered();
	ck_assert_ptr_nonnull(strstr(file_text(in_folder("summary.csv")), "\n1,0,"));
	ck_assert_ptr_null(strstr(strstr(file_text(in_folder("summary.csv")), "\n1,0,") + 1, "\n1,"));
	close_all();
}
END_TEST

START_TEST(a_manifest_cut_short_is_an_unfinished_run)
{
	open_as(two_by_two);
	finish(0, "done");
	put(0, "manifest.json", "{\"status\": \"do");
	ck_assert_int_eq(results_look(&results, 0), RUN_UNFINISHED);
	close_all();
}
END_TEST

START_TEST(a_run_of_other_settings_is_not_ours)
{
	open_as(two_by_two);
	finish(0, "done");
	put(0, "manifest.json",
		text_keep_f("{\"status\": \"done\", \"settings_hash\": \"%016" PRIx64 "\"}", grid.run[0].hash));
	ck_assert_int_eq(results_look(&results, 0), RUN_DONE);
	put(0, "manifest.json",
		text_keep_f("{\"status\": \"done\", \"settings_hash\": \"%016" PRIx64 "\"}", grid.run[0].hash ^ 1));
	ck_assert_int_eq(results_look(&results, 0), RUN_UNFINISHED);
	close_all();
}
END_TEST

START_TEST(a_folder_that_cannot_be_read_may_hold_anything)
{
	open_as(two_by_two);
	finish(0, "done");
	ck_assert_int_eq(unlink(path_join(results_path(&results, 0), "manifest.json")), 0);
	ck_assert_int_eq(symlink("manifest.json", path_join(results_path(&results, 0), "manifest.json")), 0);
	ck_assert_int_eq(results_look(&results, 0), RUN_UNREADABLE);
	close_all();
}
END_TEST

START_TEST(runs_of_other_settings_are_left_out)
{
	open_as(two_by_two);
	for (size_t i = 0; i < 4; i++)
		finish(i, "done");
	close_all();
	open_as("[global]\nsteps = 7\n[a]\nstrategy = top-k | bias\nseed = 1..2\n");
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(results.state[i], RUN_MISSING);
	ck_assert_uint_eq(results.strange, 4);
	finish(2, "done");
	ck_assert_str_eq(gathered(), text_keep_f("seed,loss,label,strategy\n1,2,%s,bias\n", grid.point[1].label));
	close_all();
}
END_TEST

START_TEST(a_summary_of_which_no_run_is_left_goes)
{
	open_as(two_by_two);
	finish(0, "done");
	gathered();
	close_all();
	open_as("[a]\nstrategy = hash\n");
	struct error err;
	ck_assert_int_eq(results_gather(&results, NULL, &err), 0);
	ck_assert(!file_exists(in_folder("summary.csv")));
	close_all();
}
END_TEST

START_TEST(a_run_under_another_label_keeps_its_folder)
{
	open_as("[a]\nstrategy = bias\n");
	finish(0, "done");
	const char *path = results_path(&results, 0);
	close_all();
	open_as("[b]\nstrategy = top-k | bias\n");
	ck_assert_int_eq(results.state[0], RUN_MISSING);
	ck_assert_int_eq(results.state[1], RUN_DONE);
	ck_assert_str_eq(results_path(&results, 1), path);
	ck_assert_uint_eq(results.strange, 0);
	close_all();
}
END_TEST

static Suite *results_suite(void)
{
	Suite *all = suite_create("results");
	TCase *tests = tcase_create("folder");
	tcase_add_checked_fixture(tests, folder_setup, folder_teardown);
	tcase_add_loop_test(tests, rows_are_in_the_order_of_the_grid_whichever_ends_first, 0, 3);
	tcase_add_test(tests, gathering_again_doubles_no_row);
	tcase_add_test(tests, a_killed_run_is_no_result_and_costs_no_other);
	tcase_add_test(tests, a_manifest_cut_short_is_an_unfinished_run);
	tcase_add_test(tests, a_run_of_other_settings_is_not_ours);
	tcase_add_test(tests, a_folder_that_cannot_be_read_may_hold_anything);
	tcase_add_test(tests, runs_of_other_settings_are_left_out);
	tcase_add_test(tests, a_summary_of_which_no_run_is_left_goes);
	tcase_add_test(tests, a_run_under_another_label_keeps_its_folder);
	suite_add_tcase(all, tests);
	return all;
}

int main(void)
{
	SRunner *runner = srunner_create(results_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
