/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_run_folder.c -- a run folder is read as it was written, each file once, and damage does not pass.
 */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/run/columns.h"
#include "sim/run/run.h"
#include "sim/run/run_folder.h"
#include "tests/support/folder.h"
#include "tests/support/tiny_run.h"

static struct arena arena;
static const struct run_reading how = { .remedy = "mend it", .arena = &arena };

static void make_run(const char *name, const struct assignment *more)
{
	struct settings settings;
	struct trainer trainer;
	struct outcome outcome;
	struct error err = { .code = ERROR_NONE };
	int signal;
	tiny_resolve(&settings, more);
	ck_assert_msg(trainer_open(&trainer, &settings, &err) == 0, "%s", err.text);
	const struct run_plan plan = { .folder = text_keep(in_folder(name)), .mode = RUN_NEW, .threads = 1 };
	ck_assert_msg(run_train(&trainer, &plan, &outcome, &signal, &err) == 0, "%s", err.text);
	trainer_close(&trainer);
}

static void setup(void)
{
	folder_setup();
	arena = (struct arena){ .bytes = 0 };
	make_run("r", NULL);
}

static void teardown(void)
{
	arena_free(&arena);
	folder_teardown();
}

static int open_run(const char *name, struct run_folder *run, struct error *err)
{
	*err = (struct error){ .code = ERROR_NONE };
	return run_folder_open(text_keep(in_folder(name)), &how, run, err);
}

static struct run_folder opened(const char *name)
{
	struct run_folder run;
	struct error err;
	if (open_run(name, &run, &err) != 0)
		ck_abort_msg("%s: %s", err.file, err.text);
	return run;
}

START_TEST(what_was_written_is_read)
{
	struct run_folder run = opened("r");
	double value;
	struct error err;
	ck_assert_str_eq(run.name, "r");
	ck_assert_str_eq(run.status, "done");
	ck_assert_int_eq(run.seed, 1);
	ck_assert(run.summed_up);
	ck_assert_double_eq(run.tokens_per_step, 15);
	ck_assert_int_eq(run_folder_summary(&run, "steps", &value, &err), 0);
	ck_assert_double_eq(value, 12);
	ck_assert_int_eq(run.record.steps_done, 12);
	ck_assert_uint_eq(run.record.files, 6);
	ck_assert_str_eq(run_folder_setting(&run, "selector"), "top-k");
	ck_assert_str_eq(run_folder_setting(&run, "experts"), "8");
	ck_assert_str_eq(run_folder_setting(&run, "stream"), "uniform");
	ck_assert_str_eq(run_folder_setting(&run, "uniform.vocabulary"), "11");
	ck_assert_str_eq(run_folder_setting(&run, "width"), "8");
	ck_assert_str_eq(run_folder_setting(&run, "no such"), "");
	run_folder_close(&run);
}
END_TEST

/* Names with the signs of a sentence in them are no sentence. */
START_TEST(a_path_of_any_bytes_is_a_setting)
{
	static const char text[] = "it was the best of times, it was the worst of times, it was the age of wisdom, it was "
							   "the age of foolishness, it was the epoch of belief, it was the epoch of incredulity\n";
	const char *path = text_keep(in_folder("a+b, c=d top-k=9.txt"));
	char escaped[1200] = "corpus,path=", *to = escaped + strlen(escaped);
	for (const char *at = path; *at; *to++ = *at++)
		if (*at == ',' || *at == '\\')
			*to++ = '\\';
	put_file(path, text, sizeof text - 1);
	const struct assignment more[] = { { "stream", escaped }, { NULL, NULL } };
	make_run("c", more);
	struct run_folder run = opened("c");
	ck_assert_str_eq(run_folder_setting(&run, "corpus.path"), path);
	ck_assert_str_eq(run_folder_setting(&run, "stream"), "corpus");
	ck_assert_str_eq(run_folder_setting(&run, "top-k"), "2");
	run_folder_close(&run);
}
END_TEST

/* Manifests of earlier versions have the sentences alone: the grammar that wrote them reads them. */
START_TEST(an_older_manifest_is_read_by_its_sentences)
{
	static const char text[] =
		"{\"format\": 1, \"status\": \"running\", \"seed\": 3, \"strategy\": \"mine\", "
		"\"sentence\": \"scorer=softmax selector=top-k balance=aux,weight=0.5+z,weight=0.25 top-k=3\", "
		"\"stream\": {\"sentence\": \"corpus,path=a+b\\\\,c.txt\"}, \"settings\": []}";
	ck_assert_int_eq(mkdir(in_folder("old"), 0777), 0);
	put_file(in_folder("old/manifest.json"), text, sizeof text - 1);
	struct run_folder run = opened("old");
	ck_assert_str_eq(run_folder_setting(&run, "balance"), "aux+z");
	ck_assert_str_eq(run_folder_setting(&run, "aux.weight"), "0.5");
	ck_assert_str_eq(run_folder_setting(&run, "z.weight"), "0.25");
	ck_assert_str_eq(run_folder_setting(&run, "top-k"), "3");
	ck_assert_str_eq(run_folder_setting(&run, "stream"), "corpus");
	ck_assert_str_eq(run_folder_setting(&run, "corpus.path"), "a+b,c.txt");
	run_folder_close(&run);
}
END_TEST

/* What has been read is there still when the files are gone: so no file is opened twice. */
START_TEST(a_file_is_opened_once)
{
	struct run_folder run = opened("r");
	struct csv_table first[RUN_FILES], again;
	struct error err;
	for (int i = 0; i < RUN_FILES; i++)
		ck_assert_int_eq(run_folder_table(&run, run_file_name((enum run_file)i), &first[i], &err), 0);
	for (int i = 0; i < RUN_FILES; i++)
		if (!run_file_is_optional((enum run_file)i))
			ck_assert_int_eq(unlink(path_join(run.path, run_file_name((enum run_file)i))), 0);
	ck_assert_int_eq(unlink(path_join(run.path, "manifest.json")), 0);
	ck_assert_int_eq(run_folder_verify(&run, &err), 0);
	for (int i = 0; i < RUN_FILES; i++) {
		ck_assert_int_eq(run_folder_table(&run, run_file_name((enum run_file)i), &again, &err), 0);
		ck_assert_uint_eq(again.rows, first[i].rows);
		ck_assert_uint_eq(again.columns, first[i].columns);
		for (size_t cell = 0; cell < again.rows * again.columns; cell++)
			ck_assert_str_eq(again.cell[cell], first[i].cell[cell]);
		csv_table_free(&again);
		csv_table_free(&first[i]);
	}
	run_folder_close(&run);
}
END_TEST

/* Replaces the byte at that place. */
static void damage(const char *path, off_t at, char with)
{
	int fd = open(path, O_WRONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, &with, 1, at), 1);
	ck_assert_int_eq(close(fd), 0);
}

static int read_all(const char *name, struct error *err)
{
	struct run_folder run;
	TRY(open_run(name, &run, err));
	int status = run_folder_verify(&run, err);
	run_folder_close(&run);
	return status;
}

static const char *const listed[] = { "steps.csv",   "layers.csv",  "experts.csv",
									  "domains.csv", "summary.csv", "tokens.csv" };

START_TEST(a_changed_byte_is_found)
{
	const char *path = path_join(text_keep(in_folder("r")), listed[_i]);
	struct error err;
	ck_assert_int_eq(read_all("r", &err), 0);
	damage(path, (off_t)strlen(file_text(path)) - 2, '~');
	ck_assert_int_ne(read_all("r", &err), 0);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_str_eq(err.file, path);
	ck_assert_ptr_nonnull(strstr(err.text, "is not what the run wrote, by its hash in manifest.json (mend it)"));
}
END_TEST

START_TEST(missing_rows_and_files_are_found_before_anything_is_read)
{
	const char *path = path_join(text_keep(in_folder("r")), listed[_i]);
	struct run_folder run;
	struct error err;
	ck_assert_int_eq(truncate(path, (off_t)strcspn(file_text(path), "\n") + 1), 0);
	ck_assert_int_ne(open_run("r", &run, &err), 0);
	ck_assert_str_eq(err.file, path);
	ck_assert_ptr_nonnull(strstr(err.text, "by its size"));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_ne(open_run("r", &run, &err), 0);
	ck_assert_str_eq(err.file, path);
	ck_assert_ptr_nonnull(strstr(err.text, "is missing"));
}
END_TEST

/* The manifest with the first `from` replaced by `to`. */
static void edit_manifest(const char *name, const char *from, const char *to)
{
	const char *path = path_join(text_keep(in_folder(name)), "manifest.json");
	const char *text = text_keep(file_text(path)), *at = strstr(text, from);
	ck_assert_ptr_nonnull(at);
	const char *edited = text_keep_f("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	put_file(path, edited, strlen(edited));
}

START_TEST(a_manifest_that_says_nonsense_is_refused)
{
	static const char *const edits[][3] = {
		{ "\"format\": 1", "\"format\": 2", "another format" },
		{ "\"format\": 1", "\"format\": \"1\"", "another format" },
		{ "\"status\": \"done\"", "\"status\": \"DONE\"", "'DONE' is unknown" },
		{ "\"seed\": 1", "\"seed\": -1", "'seed'" },
		{ "\"seed\": 1", "\"seed\": \"1\"", "'seed'" },
		{ "\"settings\": [", "\"settings\": [ 7, ", "name and value" },
		{ "{", "", "invalid JSON" },
	};
	struct run_folder run;
	struct error err;
	edit_manifest("r", edits[_i][0], edits[_i][1]);
	ck_assert_int_ne(open_run("r", &run, &err), 0);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_msg(strstr(err.text, edits[_i][2]) != NULL, "%s", err.text);
}
END_TEST

START_TEST(what_is_not_finished_has_no_results)
{
	static const char *const status[] = { "interrupted", "running", "replacing" };
	struct run_list list;
	struct error err = { .code = ERROR_NONE };
	char *folders[] = { folder };
	make_run("s", NULL);
	edit_manifest("r", "\"status\": \"done\"", text_keep_f("\"status\": \"%s\"", status[_i]));
	ck_assert_msg(run_list_find(1, folders, false, &list, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(list.n, 2);
	ck_assert(!list.run[0].summed_up);
	ck_assert_uint_eq(list.run[0].summary.columns, 0);
	ck_assert(list.run[1].summed_up);
	ck_assert_uint_eq(list.omissions, 1);
	ck_assert_str_eq(path_last(list.omission[0].path), "r");
	ck_assert_ptr_nonnull(strstr(list.omission[0].reason, status[_i]));
	run_list_free(&list);
}
END_TEST

START_TEST(damage_is_an_error_or_a_run_the_less)
{
	struct run_list list;
	struct error err = { .code = ERROR_NONE };
	char *folders[] = { folder };
	make_run("s", NULL);
	const char *path = text_keep(in_folder("r/experts.csv"));
	damage(path, 100, '~'); /* which nothing has read so far */
	ck_assert_int_eq(run_list_find(1, folders, false, &list, &err), 0);
	run_list_free(&list);
	ck_assert_msg(run_list_find(1, folders, true, &list, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(list.n, 1);
	ck_assert_str_eq(list.run[0].name, "s");
	ck_assert_uint_eq(list.omissions, 1);
	ck_assert_ptr_nonnull(strstr(list.omission[0].reason, "experts.csv"));
	run_list_free(&list);
	ck_assert_int_eq(truncate(path, 10), 0);
	ck_assert_int_ne(run_list_find(1, folders, false, &list, &err), 0);
	ck_assert_int_eq(err.code, ERROR_USER);
}
END_TEST

START_TEST(the_last_rows_of_a_growing_table)
{
	struct csv_table table;
	char text[20000] = "step,loss\n";
	size_t n = strlen(text);
	for (int i = 0; i < 1500; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%d,%d.5\n", i, i);
	n += (size_t)snprintf(text + n, sizeof text - n, "1500,15");
	put_file(in_folder("grow.csv"), text, n);
	run_folder_tail(folder, "grow.csv", &table);
	ck_assert_uint_eq(table.columns, 2);
	ck_assert_uint_gt(table.rows, 100);
	ck_assert_str_eq(csv_cell(&table, table.rows - 1, 0), "1499");
	ck_assert_str_eq(csv_cell(&table, table.rows - 1, 1), "1499.5");
	for (size_t row = 1; row < table.rows; row++)
		ck_assert_double_eq(csv_number(&table, row, 0, NULL), csv_number(&table, row - 1, 0, NULL) + 1);
	csv_table_free(&table);
	put_file(in_folder("grow.csv"), "step,loss\n1,2\n", 14);
	run_folder_tail(folder, "grow.csv", &table);
	ck_assert_uint_eq(table.rows, 1);
	csv_table_free(&table);
	put_file(in_folder("grow.csv"), "step,lo", 7);
	run_folder_tail(folder, "grow.csv", &table);
	ck_assert_uint_eq(table.columns, 0);
	run_folder_tail(folder, "none.csv", &table);
	ck_assert_uint_eq(table.columns, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("run_folder");
	TCase *cases = tcase_create("run_folder");
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, what_was_written_is_read);
	tcase_add_test(cases, a_path_of_any_bytes_is_a_setting);
	tcase_add_test(cases, an_older_manifest_is_read_by_its_sentences);
	tcase_add_test(cases, a_file_is_opened_once);
	tcase_add_loop_test(cases, a_changed_byte_is_found, 0, 5);
	tcase_add_loop_test(cases, missing_rows_and_files_are_found_before_anything_is_read, 0, 5);
	tcase_add_loop_test(cases, a_manifest_that_says_nonsense_is_refused, 0, 7);
	tcase_add_loop_test(cases, what_is_not_finished_has_no_results, 0, 3);
	tcase_add_test(cases, damage_is_an_error_or_a_run_the_less);
	tcase_add_test(cases, the_last_rows_of_a_growing_table);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
