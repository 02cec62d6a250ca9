/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_campaign.c -- a campaign makes what is not finished, and one failure costs no other run.
 *
 * A run is this program run anew, and so is a run here: told to `run`, it leaves what its strategy says.
 */
#include <config.h>

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "experiments/suite/campaign.h"
#include "sim/base/files.h"
#include "sim/base/text.h"
#include "tests/support/child.h"
#include "tests/support/folder.h"
#include "tests/support/suite_rows.h"

/* ---- the run --------------------------------------------------------------------------------------------- */

static void leave(const char *out, const char *name, const char *text)
{
	FILE *to = fopen(path_join(out, name), "w");
	if (!to || fputs(text, to) < 0 || fclose(to) != 0)
		_exit(90);
}

static int finish(const char *out, const char *status, bool resumed)
{
	leave(out, "manifest.json", text_keep_f("{\"status\": \"%s\"}", status));
	leave(out, "summary.csv", resumed ? "how\nresumed\n" : "how\nbegun\n");
	return strcmp(status, "diverged") == 0 ? 3 : 0;
}

static int be_a_run(int argc, char **argv)
{
	const char *out = "", *strategy = "";
	bool resume = false;
	struct error err;
	for (int i = 2; i < argc; i++) {
		out = strncmp(argv[i], "--out=", 6) == 0 ? argv[i] + 6 : out;
		strategy = strncmp(argv[i], "--strategy=", 11) == 0 ? argv[i] + 11 : strategy;
		resume |= strcmp(argv[i], "--resume") == 0;
	}
	if (folder_make(out, &err) != 0)
		return 91;
	if (strcmp(strategy, "killed") == 0)
		raise(SIGKILL);
	if (strcmp(strategy, "idle") == 0)
		return 0;
	if (strcmp(strategy, "stale") == 0 && resume)
		return ERROR_USER;
	if (strcmp(strategy, "refused") == 0) {
		fputs("moesim: first line\nmoesim: the reason\n", stderr);
		return 2;
	}
	return finish(out, strcmp(strategy, "diverging") == 0 ? "diverged" : "done", resume);
}

/* ---- the campaign ---------------------------------------------------------------------------------------- */

static struct suite suite;
static struct grid grid;
static struct results results;
static struct campaign campaign;

static void open_all(const char *strategies)
{
	const char *file = text_keep_f("[a]\nstrategy = %s\n", strategies);
	struct error err;
	ck_assert_msg(parse_few(file, &suite, &err) == 0, "%s", err.text);
	ck_assert_msg(grid_build(&suite, NULL, &grid, &err) == 0, "%s", err.text);
	results_open(folder, &grid, &results);
	campaign = (struct campaign){ .grid = &grid, .results = &results, .at_a_time = 2, .quiet = true };
}

static void close_all(void)
{
	results_close(&results);
	grid_free(&grid);
	suite_free(&suite);
}

static void make_all(void)
{
	struct error err;
	ck_assert_msg(campaign_run(&campaign, 0, grid.n, &err) == 0, "%s", err.text);
}

static const char *summary_of(size_t run)
{
	return file_text(path_join(results_path(&results, run), "summary.csv"));
}

/* Leaves a run as a killed campaign would: begun, with a checkpoint. */
static void begin(size_t run)
{
	struct error err;
	const char *path = results_path(&results, run);
	ck_assert_int_eq(folder_make(path, &err), 0);
	put_file(path_join(path, "manifest.json"), "{}", 2);
	put_file(path_join(path, "checkpoint.bin"), "x", 1);
	results_look(&results, run);
}

/* ---- the tests ------------------------------------------------------------------------------------------- */

START_TEST(all_are_made_once)
{
	open_all("top-k | diverging | bias");
	make_all();
	ck_assert_uint_eq(campaign.made, 3);
	ck_assert_uint_eq(campaign.diverged, 1);
	ck_assert_uint_eq(campaign.failed, 0);
	ck_assert_int_eq(results.state[1], RUN_DIVERGED);
	close_all();
	open_all("top-k | diverging | bias | hash");
	make_all();
	ck_assert_uint_eq(campaign.skipped, 3);
	ck_assert_uint_eq(campaign.made, 1);
	close_all();
}
END_TEST

static void make_with_failures(void)
{
	open_all("killed | top-k | refused | idle | bias");
	make_all();
	_exit(campaign.made == 2 && campaign.failed == 3 && campaign.worst == 128 + SIGKILL ? 0 : 1);
}

START_TEST(a_run_that_fails_is_named_and_costs_no_other)
{
	struct ending ending = child_run(make_with_failures);
	ck_assert_int_eq(ending.exit_code, 0);
	ck_assert_ptr_nonnull(strstr(ending.words, "ended by signal 9\n"));
	ck_assert_ptr_nonnull(strstr(ending.words, "failed with exit code 2: the reason\n"));
	ck_assert_ptr_nonnull(strstr(ending.words, "ended without a finished run folder\n"));
}
END_TEST

START_TEST(an_unfinished_run_goes_on_from_its_checkpoint)
{
	open_all("top-k | bias");
	begin(1);
	make_all();
	ck_assert_str_eq(summary_of(0), "how\nbegun\n");
	ck_assert_str_eq(summary_of(1), "how\nresumed\n");
	close_all();
}
END_TEST

static void make_with_a_stale_checkpoint(void)
{
	open_all("stale | top-k");
	begin(0);
	make_all();
	_exit(campaign.made == 2 && campaign.failed == 0 && strcmp(summary_of(0), "how\nbegun\n") == 0 ? 0 : 1);
}

START_TEST(a_run_whose_checkpoint_does_not_fit_begins_anew)
{
	struct ending ending = child_run(make_with_a_stale_checkpoint);
	ck_assert_int_eq(ending.exit_code, 0);
	ck_assert_ptr_nonnull(strstr(ending.words, " begins anew, since it cannot be resumed: it does not say why\n"));
}
END_TEST

START_TEST(a_run_is_made_by_one_process)
{
	struct error err;
	open_all("top-k");
	ck_assert_int_eq(folder_make(results_path(&results, 0), &err), 0);
	ck_assert_int_eq(campaign_lock_run(&campaign, 0, &err), 0);
	ck_assert_int_eq(campaign_lock_run(&campaign, 0, &err), -1);
	ck_assert_int_eq(err.code, ERROR_WORLD);
	ck_assert_str_eq(err.text, "another process makes this run");
	ck_assert_str_eq(err.file, results_log(&results, 0));
	close_all();
}
END_TEST

START_TEST(a_part_of_the_grid_is_made_alone)
{
	struct error err;
	open_all("top-k | bias | hash");
	ck_assert_int_eq(campaign_run(&campaign, 1, 2, &err), 0);
	ck_assert_uint_eq(campaign.made, 1);
	ck_assert_int_eq(results.state[0], RUN_MISSING);
	ck_assert_int_eq(results.state[1], RUN_DONE);
	ck_assert_int_eq(results.state[2], RUN_MISSING);
	close_all();
}
END_TEST

static Suite *campaign_suite(void)
{
	Suite *all = suite_create("campaign");
	TCase *tests = tcase_create("runs");
	tcase_add_checked_fixture(tests, folder_setup, folder_teardown);
	tcase_add_test(tests, all_are_made_once);
	tcase_add_test(tests, a_run_that_fails_is_named_and_costs_no_other);
	tcase_add_test(tests, an_unfinished_run_goes_on_from_its_checkpoint);
	tcase_add_test(tests, a_run_whose_checkpoint_does_not_fit_begins_anew);
	tcase_add_test(tests, a_run_is_made_by_one_process);
	tcase_add_test(tests, a_part_of_the_grid_is_made_alone);
	suite_add_tcase(all, tests);
	return all;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return be_a_run(argc, argv);
	SRunner *runner = srunner_create(campaign_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
