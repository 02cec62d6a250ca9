/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_watch.c -- what the progress line of a suite says of runs that are under way.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "experiments/host/jobs.h"
#include "experiments/suite/watch.h"
#include "sim/base/files.h"
#include "tests/support/folder.h"

static void put(const char *name, const char *text)
{
	FILE *to = fopen(in_folder(name), "w");
	ck_assert_ptr_nonnull(to);
	fputs(text, to);
	ck_assert_int_eq(fclose(to), 0);
}

START_TEST(a_folder_without_files_tells_nothing)
{
	struct glimpse seen = watch_glimpse(folder);
	ck_assert(isnan(seen.step) && isnan(seen.loss) && isnan(seen.maxvio));
}
END_TEST

/* A row of an evaluation has no loss of training; the last row is only half written. */
START_TEST(the_last_number_of_a_column_is_told)
{
	put("steps.csv", "step,loss,eval_loss\n0,5.5,\n10,4.25,\n20,,4.5\n30,4.");
	put("layers.csv", "step,layer,maxvio\n10,0,0.5\n10,1,0.75\n");
	struct glimpse seen = watch_glimpse(folder);
	ck_assert_double_eq(seen.step, 20);
	ck_assert_double_eq(seen.loss, 4.25);
	ck_assert_double_eq(seen.maxvio, 0.75);
}
END_TEST

static double behind; /* seconds since the suite began */

static char said[2048];

static void draw_line(void)
{
	const char *const folders[] = { folder, "nowhere" }, *const names[] = { "top-k-s1", "hash-s1" };
	const double steps[] = { 40, 40 };
	struct watch watch;
	watch_begin(&watch, 4);
	ck_assert(!watch.on); /* no terminal here */
	watch_draw(&watch, 2, folders, names, steps);
	watch_clear(&watch);
	watch.on = true;
	watch.done = 1;
	watch.began = jobs_clock() - behind;
	watch_draw(&watch, 2, folders, names, steps);
	watch_clear(&watch);
}

/* Into said[]; in this process, since what another one runs is not counted as run. */
static void draw(void)
{
	FILE *to = tmpfile();
	int before = dup(STDERR_FILENO);
	ck_assert(to != NULL && before >= 0);
	dup2(fileno(to), STDERR_FILENO);
	draw_line();
	fflush(stderr);
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(to);
	said[fread(said, 1, sizeof said - 1, to)] = 0;
	fclose(to);
}

/* One run of four is done and another half: 2.5 of 4 are left, 5 / 3 of the time that has gone. */
START_TEST(the_line_tells_what_is_done_and_what_is_left)
{
	int hours = 0, minutes, seconds, length = 0;
	put("steps.csv", "step,loss\n20,4.25\n");
	put("layers.csv", "step,layer,maxvio\n20,0,0.5\n");
	behind = 36000;
	draw();
	ck_assert_int_eq(sscanf(said, "\r1 of 4 runs done, %d:%2d:%2d left%n", &hours, &minutes, &seconds, &length), 3);
	ck_assert_int_ge(hours * 3600 + minutes * 60 + seconds, 60000);
	ck_assert_int_lt(hours * 3600 + minutes * 60 + seconds, 61200);
	ck_assert_str_eq(said + length, " | top-k-s1 loss 4.250 MaxVio 0.50 | hash-s1\033[K\r\033[K");
	behind = 60;
	draw();
	ck_assert_int_eq(sscanf(said, "\r1 of 4 runs done, %d:%2d left%n", &minutes, &seconds, &length), 2);
	ck_assert_int_ge(minutes * 60 + seconds, 100);
	ck_assert_int_lt(minutes * 60 + seconds, 1300);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("watch");
	TCase *tests = tcase_create("line");
	tcase_add_checked_fixture(tests, folder_setup, folder_teardown);
	tcase_add_test(tests, a_folder_without_files_tells_nothing);
	tcase_add_test(tests, the_last_number_of_a_column_is_told);
	tcase_add_test(tests, the_line_tells_what_is_done_and_what_is_left);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
