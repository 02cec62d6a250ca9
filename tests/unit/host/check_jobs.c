/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_jobs.c -- every job runs once, ends with its own code, and outlives neither a stop nor a failure of the pool.
 *
 * A job is this program run anew, and so is a job here: with arguments, it is the job that they name.
 */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiments/host/jobs.h"
#include "tests/support/folder.h"

enum { MOST = 8 };

/* What a job is told, and what came of it. */
struct told {
	const char *word, *number;
	int code; /* -1: `ended` was not called */
};

static struct told told[MOST];
static size_t started, running, most_running;
static size_t stop_at; /* the job whose start brings a SIGTERM */
static bool go_on;     /* what `ended` says */
static const char *bad_log;
static size_t bad_log_of;

/* ---- the job --------------------------------------------------------------------------------------------- */

static int be_a_job(const char *word, const char *number)
{
	if (strcmp(word, "exit") == 0)
		return atoi(number);
	if (strcmp(word, "signal") == 0)
		raise(atoi(number));
	if (strcmp(word, "say") == 0)
		return printf("not kept\n") < 0 || fprintf(stderr, "job %s\n", number) < 0;
	while (strcmp(word, "wait") == 0)
		pause();
	return 99;
}

/* ---- the pool's functions -------------------------------------------------------------------------------- */

static char **arguments(void *context, size_t job)
{
	(void)context;
	const char **list = calloc(3, sizeof *list);
	ck_assert_ptr_nonnull(list);
	list[0] = told[job].word;
	list[1] = told[job].number;
	return (char **)list;
}

static const char *log_of(void *context, size_t job)
{
	static const char *const name[MOST] = { "0", "1", "2", "3", "4", "5", "6", "7" };
	(void)context;
	return bad_log && job == bad_log_of ? bad_log : in_folder(name[job]);
}

static void note_start(void *context, size_t job)
{
	(void)context;
	ck_assert_uint_eq(job, started++);
	running++;
	most_running = running > most_running ? running : most_running;
	if (job == stop_at)
		kill(getpid(), SIGTERM);
}

static bool note_end(void *context, size_t job, int code)
{
	(void)context;
	ck_assert_int_eq(told[job].code, -1);
	told[job].code = code;
	running--;
	return go_on;
}

static void setup(void)
{
	folder_setup();
	for (size_t i = 0; i < MOST; i++)
		told[i] = (struct told){ "exit", "0", -1 };
	started = running = most_running = 0;
	stop_at = MOST;
	go_on = true;
	bad_log = NULL;
}

static int run(size_t n, size_t at_a_time, struct error *err)
{
	const struct jobs jobs = {
		.n = n, .at_a_time = at_a_time, .arguments = arguments, .log = log_of, .started = note_start, .ended = note_end
	};
	*err = (struct error){ 0 };
	return jobs_run(&jobs, err);
}

static void assert_no_child(void)
{
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

/* ---- the tests ------------------------------------------------------------------------------------------- */

START_TEST(every_job_runs_once_and_no_more_at_a_time)
{
	static const char *const code[MOST] = { "0", "1", "2", "3", "4", "5", "6", "7" };
	struct error err;
	for (size_t i = 0; i < MOST; i++)
		told[i].number = code[i];
	ck_assert_int_eq(run(MOST, (size_t)_i, &err), 0);
	for (size_t i = 0; i < MOST; i++)
		ck_assert_int_eq(told[i].code, (int)i);
	ck_assert_uint_eq(started, MOST);
	ck_assert_uint_le(most_running, (size_t)_i);
	assert_no_child();
}
END_TEST

START_TEST(no_job_is_no_failure)
{
	struct error err;
	ck_assert_int_eq(run(0, 2, &err), 0);
	ck_assert_uint_eq(started, 0);
}
END_TEST

START_TEST(a_job_ended_by_a_signal_says_which_and_the_others_go_on)
{
	struct error err;
	told[1] = (struct told){ "signal", "9", -1 };
	told[2] = (struct told){ "signal", "15", -1 };
	ck_assert_int_eq(run(4, 1, &err), 0);
	ck_assert_int_eq(told[0].code, 0);
	ck_assert_int_eq(told[1].code, 128 + SIGKILL);
	ck_assert_int_eq(told[2].code, 128 + SIGTERM);
	ck_assert_int_eq(told[3].code, 0);
}
END_TEST

START_TEST(a_log_holds_what_its_job_said_last)
{
	struct error err;
	put_file(in_folder("1"), "an older and longer log", 23);
	told[0] = (struct told){ "say", "zero", -1 };
	told[1] = (struct told){ "say", "one", -1 };
	ck_assert_int_eq(run(3, 2, &err), 0);
	ck_assert_str_eq(file_text(in_folder("0")), "job zero\n");
	ck_assert_str_eq(file_text(in_folder("1")), "job one\n");
	ck_assert_str_eq(file_text(in_folder("2")), "");
}
END_TEST

START_TEST(no_more_are_started_when_one_end_says_so)
{
	struct error err;
	go_on = false;
	ck_assert_int_eq(run(MOST, 1, &err), 0);
	ck_assert_uint_eq(started, 1);
	ck_assert_int_eq(told[0].code, 0);
}
END_TEST

START_TEST(a_job_that_cannot_be_started_ends_those_that_run)
{
	struct error err;
	told[0].word = "wait";
	bad_log = in_folder("missing/log");
	bad_log_of = 1;
	ck_assert_int_eq(run(3, 2, &err), -1);
	ck_assert_int_eq(err.code, ERROR_WORLD);
	ck_assert_ptr_nonnull(strstr(err.file, "missing/log"));
	ck_assert_uint_eq(started, 1);
	ck_assert_int_eq(told[0].code, -1);
	assert_no_child();
}
END_TEST

START_TEST(a_signal_ends_all_jobs_and_is_returned)
{
	struct error err;
	sigset_t mask;
	told[0].word = told[1].word = "wait";
	stop_at = 1;
	ck_assert_int_eq(run(4, 2, &err), SIGTERM);
	ck_assert_uint_eq(started, 2);
	ck_assert_int_eq(told[0].code, -1);
	ck_assert_int_eq(told[1].code, -1);
	assert_no_child();
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
	ck_assert_int_eq(sigismember(&mask, SIGTERM), 0);
}
END_TEST

static Suite *jobs_suite(void)
{
	Suite *all = suite_create("jobs");
	TCase *tests = tcase_create("pool");
	tcase_add_checked_fixture(tests, setup, folder_teardown);
	tcase_add_loop_test(tests, every_job_runs_once_and_no_more_at_a_time, 1, 4);
	tcase_add_test(tests, no_job_is_no_failure);
	tcase_add_test(tests, a_job_ended_by_a_signal_says_which_and_the_others_go_on);
	tcase_add_test(tests, a_log_holds_what_its_job_said_last);
	tcase_add_test(tests, no_more_are_started_when_one_end_says_so);
	tcase_add_test(tests, a_job_that_cannot_be_started_ends_those_that_run);
	tcase_add_test(tests, a_signal_ends_all_jobs_and_is_returned);
	suite_add_tcase(all, tests);
	return all;
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return be_a_job(argv[1], argv[2]);
	SRunner *runner = srunner_create(jobs_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
