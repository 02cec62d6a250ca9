/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_files.c -- files appear whole or not at all; folders are made with their parents.
 */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "sim/base/files.h"
#include "tests/support/folder.h"

static struct error err;

static void setup(void)
{
	signal(SIGXFSZ, SIG_IGN);
	memset(&err, 0, sizeof err);
	folder_setup();
}

/* ---- replacing ----------------------------------------------------------------------------------------------- */

START_TEST(a_file_is_created_and_replaced)
{
	const char *path = in_folder("file");
	ck_assert_int_eq(file_replace(path, "one", 3, &err), 0);
	ck_assert_str_eq(file_text(path), "one");
	ck_assert_int_eq(file_replace(path, "second", 6, &err), 0);
	ck_assert_str_eq(file_text(path), "second");
	ck_assert_int_eq(file_replace(path, "", 0, &err), 0);
	ck_assert_str_eq(file_text(path), "");
	ck_assert_int_eq(folder_entries(), 1);
}
END_TEST

START_TEST(pieces_stand_one_behind_the_other)
{
	const struct file_piece pieces[] = { { "one,", 4 }, { "", 0 }, { "two", 3 } };
	ck_assert_int_eq(file_replace_pieces(in_folder("file"), pieces, 3, &err), 0);
	ck_assert_str_eq(file_text(in_folder("file")), "one,two");
	ck_assert_int_eq(file_replace_pieces(in_folder("file"), NULL, 0, &err), 0);
	ck_assert_str_eq(file_text(in_folder("file")), "");
}
END_TEST

START_TEST(a_reserved_file_appears_when_it_is_placed)
{
	const char *path = in_folder("file"), *beside;
	ck_assert_int_eq(file_replace(path, "old", 3, &err), 0);
	ck_assert_int_eq(file_reserve(path, &beside, &err), 0);
	ck_assert_str_eq(file_text(beside), "");
	ck_assert_str_eq(file_text(path), "old");
	ck_assert_int_eq(folder_entries(), 2);
	FILE *to = fopen(beside, "w");
	ck_assert_int_eq(fputs("new", to) < 0 || fclose(to) != 0, 0);
	ck_assert_int_eq(file_place(beside, path, &err), 0);
	ck_assert_str_eq(file_text(path), "new");
	ck_assert_int_eq(folder_entries(), 1);
}
END_TEST

START_TEST(what_cannot_be_placed_is_removed)
{
	const char *path = in_folder("place"), *beside;
	ck_assert_int_eq(file_reserve(path, &beside, &err), 0);
	ck_assert_int_eq(mkdir(path, 0777), 0);
	ck_assert_int_ne(file_place(beside, path, &err), 0);
	ck_assert_int_eq(err.code, ERROR_WORLD);
	ck_assert_str_eq(err.file, path);
	ck_assert(!file_exists(beside));
	ck_assert_int_ne(file_reserve(path, &beside, &err), 0);
	ck_assert_int_ne(file_reserve(in_folder("nowhere/file"), &beside, &err), 0);
	ck_assert_int_eq(folder_entries(), 1);
}
END_TEST

START_TEST(a_replaced_file_has_the_usual_mode)
{
	mode_t before = umask(027);
	ck_assert_int_eq(file_replace(in_folder("file"), "one", 3, &err), 0);
	umask(before);
	struct stat now;
	ck_assert_int_eq(stat(in_folder("file"), &now), 0);
	ck_assert_uint_eq(now.st_mode & 0777, 0640);
}
END_TEST

START_TEST(a_relative_name_will_do)
{
	char here[512];
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(file_replace("file", "one", 3, &err), 0);
	ck_assert_int_eq(chdir(here), 0);
	ck_assert_str_eq(file_text(in_folder("file")), "one");
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_file)
{
	const char *path = in_folder("file");
	static char large[5000];
	ck_assert_int_eq(file_replace(path, "old", 3, &err), 0);
	limit_files(1000);
	int status = file_replace(path, large, sizeof large, &err);
	limit_files(RLIM_INFINITY);
	ck_assert_int_eq(status, -1);
	ck_assert_int_eq(err.code, ERROR_WORLD);
	ck_assert_str_eq(err.file, path);
	ck_assert_str_eq(err.text, "cannot write: File too large");
	ck_assert_str_eq(file_text(path), "old");
	ck_assert_int_eq(folder_entries(), 1);
}
END_TEST

START_TEST(a_missing_folder_is_an_error)
{
	ck_assert_int_eq(file_replace(in_folder("no/file"), "one", 3, &err), -1);
	ck_assert_int_eq(err.code, ERROR_WORLD);
	ck_assert_str_eq(err.text, "cannot create: No such file or directory");
	ck_assert_str_eq(err.file, in_folder("no/file"));
	ck_assert_int_eq(folder_entries(), 0);
}
END_TEST

START_TEST(folders_and_devices_are_not_replaced)
{
	ck_assert_int_eq(file_replace(folder, "one", 3, &err), -1);
	ck_assert_str_eq(err.text, "cannot write: is a folder, not a file");
	ck_assert(folder_exists(folder));
	ck_assert_int_eq(file_replace("/dev/null", "one", 3, &err), -1);
	ck_assert_str_eq(err.text, "cannot write: is a device, not a file");
	ck_assert(file_exists("/dev/null"));
}
END_TEST

/* A file that was left behind by a process of the same number, which crashed. */
START_TEST(an_old_temporary_file_is_no_obstacle)
{
	char left[64];
	snprintf(left, sizeof left, "file.%ld-0.tmp", (long)getpid());
	put_file(in_folder(left), "junk", 4);
	ck_assert_int_eq(file_replace(in_folder("file"), "one", 3, &err), 0);
	ck_assert_str_eq(file_text(in_folder("file")), "one");
	ck_assert_str_eq(file_text(in_folder(left)), "junk");
}
END_TEST

/* ---- bytes --------------------------------------------------------------------------------------------------- */

static void on_alarm(int number)
{
	(void)number;
}

/* A signal every millisecond, and no restart of what it interrupts. */
static void interrupt_often(bool often)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const struct itimerval timer = { .it_interval = { 0, often ? 1000 : 0 }, .it_value = { 0, often ? 1000 : 0 } };
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

enum { FLOW = 1 << 20 };

/* Sums what comes through the pipe, with pauses that leave the writer waiting. */
static void sum_slowly(int fd)
{
	unsigned sum = 0;
	char bytes[16384];
	for (ssize_t n; (n = read(fd, bytes, sizeof bytes)) > 0; usleep(200))
		for (ssize_t i = 0; i < n; i++)
			sum += (unsigned char)bytes[i];
	_exit(sum % 251);
}

START_TEST(writing_survives_signals_and_short_writes)
{
	static unsigned char bytes[FLOW];
	unsigned sum = 0;
	for (size_t i = 0; i < FLOW; i++)
		sum += bytes[i] = (unsigned char)(i * i >> 3);
	int ends[2], status;
	ck_assert_int_eq(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		close(ends[1]);
		sum_slowly(ends[0]);
	}
	close(ends[0]);
	interrupt_often(true);
	int written = file_write_all(ends[1], bytes, FLOW);
	interrupt_often(false);
	close(ends[1]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(written, 0);
	ck_assert(WIFEXITED(status));
	ck_assert_uint_eq(WEXITSTATUS(status), sum % 251);
}
END_TEST

START_TEST(a_failed_write_says_why)
{
	int fd = open("/dev/full", O_WRONLY);
	if (fd < 0)
		return;
	ck_assert_int_eq(file_write_all(fd, "x", 1), -1);
	ck_assert_int_eq(errno, ENOSPC);
	close(fd);
}
END_TEST

/* ---- reading ------------------------------------------------------------------------------------------------- */

static void check_read(const char *path, size_t limit, const char *bytes, size_t size)
{
	char *got;
	size_t n;
	ck_assert_int_eq(file_read(path, limit, &got, &n, &err), 0);
	ck_assert_uint_eq(n, size);
	ck_assert_mem_eq(got, bytes, size + 1);
	free(got);
}

START_TEST(files_are_read_whole)
{
	static char large[100001];
	memset(large, 'z', sizeof large - 1);
	put_file(in_folder("empty"), "", 0);
	check_read(in_folder("empty"), 0, "", 0);
	check_read(in_folder("empty"), SIZE_MAX, "", 0);
	put_file(in_folder("small"), "a\0b", 3);
	check_read(in_folder("small"), 3, "a\0b", 3);
	put_file(in_folder("large"), large, sizeof large - 1);
	check_read(in_folder("large"), sizeof large - 1, large, sizeof large - 1);
	check_read(in_folder("large"), SIZE_MAX, large, sizeof large - 1);
	check_read("/dev/null", 10, "", 0);
}
END_TEST

static void check_no_read(const char *path, size_t limit, enum error_code code, const char *text)
{
	char *bytes = NULL;
	size_t size;
	ck_assert_int_eq(file_read(path, limit, &bytes, &size, &err), -1);
	ck_assert_ptr_null(bytes);
	ck_assert_int_eq(err.code, code);
	ck_assert_str_eq(err.text, text);
	ck_assert_str_eq(err.file, path);
}

START_TEST(what_cannot_be_read_is_explained)
{
	put_file(in_folder("file"), "0123456789", 10);
	check_no_read(in_folder("file"), 9, ERROR_USER, "is larger than 9 B, the limit for such files");
	check_no_read(in_folder("file"), 0, ERROR_USER, "is larger than 0 B, the limit for such files");
	check_no_read("/dev/zero", 100000, ERROR_USER, "is larger than 100 kB, the limit for such files");
	check_no_read(in_folder("none"), 9, ERROR_USER, "cannot read: No such file or directory");
	check_no_read(in_folder("file/none"), 9, ERROR_USER, "cannot read: Not a directory");
	check_no_read(folder, 9, ERROR_USER, "cannot read: Is a directory");
}
END_TEST

/* ---- folders ------------------------------------------------------------------------------------------------- */

START_TEST(folders_are_made_with_their_parents)
{
	ck_assert_int_eq(folder_make(in_folder("a/b//c/"), &err), 0);
	ck_assert(folder_exists(in_folder("a/b/c")));
	ck_assert_int_eq(folder_make(in_folder("a/b/c"), &err), 0);
	ck_assert_int_eq(folder_make("/", &err), 0);
	ck_assert_int_eq(folder_make(".", &err), 0);
}
END_TEST

START_TEST(what_is_in_the_way_is_named)
{
	put_file(in_folder("file"), "x", 1);
	ck_assert_int_eq(folder_make(in_folder("file/sub/deeper"), &err), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_str_eq(err.file, in_folder("file"));
	ck_assert_str_eq(err.text, "cannot create a folder here: a file of this name exists");
	ck_assert_int_eq(folder_make("", &err), -1);
	ck_assert_str_eq(err.text, "empty folder name");
	ck_assert_int_eq(folder_make("/proc/moesim", &err), -1);
	ck_assert_int_eq(err.code, ERROR_WORLD);
	ck_assert_str_eq(err.file, "/proc/moesim");
}
END_TEST

START_TEST(files_and_folders_are_told_apart)
{
	put_file(in_folder("file"), "x", 1);
	ck_assert(file_exists(in_folder("file")));
	ck_assert(!folder_exists(in_folder("file")));
	ck_assert(folder_exists(folder));
	ck_assert(!file_exists(folder));
	ck_assert(!file_exists(in_folder("none")));
	ck_assert(!folder_exists(in_folder("none")));
}
END_TEST

START_TEST(paths_are_joined)
{
	ck_assert_str_eq(path_join("a", "b"), "a/b");
	ck_assert_str_eq(path_join("a/", "b"), "a/b");
	ck_assert_str_eq(path_join("/", "b"), "/b");
	ck_assert_str_eq(path_join("", "b"), "b");
}
END_TEST

START_TEST(the_last_part_of_a_path)
{
	static const char *const parts[][2] = { { "a/b", "b" },   { "a/b/", "b" },  { "a/b//", "b" }, { "/b", "b" },
											{ "b", "b" },     { "b/", "b" },    { "/", "" },      { "", "" },
											{ "a b/.", "." }, { "../..", ".." } };
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		ck_assert_str_eq(path_last(parts[i][0]), parts[i][1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("files");
	TCase *files = tcase_create("files");
	tcase_add_checked_fixture(files, setup, folder_teardown);
	tcase_add_test(files, a_file_is_created_and_replaced);
	tcase_add_test(files, pieces_stand_one_behind_the_other);
	tcase_add_test(files, a_reserved_file_appears_when_it_is_placed);
	tcase_add_test(files, what_cannot_be_placed_is_removed);
	tcase_add_test(files, a_replaced_file_has_the_usual_mode);
	tcase_add_test(files, a_relative_name_will_do);
	tcase_add_test(files, a_full_disk_leaves_the_old_file);
	tcase_add_test(files, a_missing_folder_is_an_error);
	tcase_add_test(files, folders_and_devices_are_not_replaced);
	tcase_add_test(files, an_old_temporary_file_is_no_obstacle);
	tcase_add_test(files, writing_survives_signals_and_short_writes);
	tcase_add_test(files, a_failed_write_says_why);
	tcase_add_test(files, files_are_read_whole);
	tcase_add_test(files, what_cannot_be_read_is_explained);
	suite_add_tcase(suite, files);
	TCase *folders = tcase_create("folders");
	tcase_add_checked_fixture(folders, setup, folder_teardown);
	tcase_add_test(folders, folders_are_made_with_their_parents);
	tcase_add_test(folders, what_is_in_the_way_is_named);
	tcase_add_test(folders, files_and_folders_are_told_apart);
	tcase_add_test(folders, paths_are_joined);
	tcase_add_test(folders, the_last_part_of_a_path);
	suite_add_tcase(suite, folders);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
