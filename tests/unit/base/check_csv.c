/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_csv.c -- tables are written in whole lines and read with the place of every mistake.
 */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <moesim/kit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/base/csv.h"
#include "sim/base/text.h"
#include "tests/support/child.h"
#include "tests/support/folder.h"

static struct error err;
static struct csv_table table;

static void setup(void)
{
	signal(SIGXFSZ, SIG_IGN);
	memset(&err, 0, sizeof err);
	folder_setup();
}

/* ---- out ----------------------------------------------------------------------------------------------------- */

static struct csv_writer *open_new(const char *header)
{
	struct csv_writer *csv = csv_open(in_folder("t.csv"), header, NULL, &err);
	ck_assert_ptr_nonnull(csv);
	return csv;
}

static const char *closed(struct csv_writer *csv)
{
	ck_assert_int_eq(csv_close(csv, true, &err), 0);
	return file_text(in_folder("t.csv"));
}

START_TEST(rows_are_written)
{
	struct csv_writer *csv = open_new("step,loss,name,bias");
	csv_int(csv, 1);
	csv_double(csv, 0.1);
	csv_text(csv, "top-k");
	csv_float(csv, 0.1f);
	csv_row(csv);
	csv_int(csv, INT64_MIN);
	csv_double(csv, NAN);
	csv_empty(csv);
	csv_float(csv, -INFINITY);
	csv_row(csv);
	ck_assert_str_eq(closed(csv), "step,loss,name,bias\n1,0.1,top-k,0.1\n-9223372036854775808,nan,,-inf\n");
}
END_TEST

START_TEST(a_table_without_rows_has_its_header)
{
	ck_assert_str_eq(closed(open_new("a,b")), "a,b\n");
}
END_TEST

static const struct {
	const char *text, *cell;
} texts[] = {
	{ "plain", "plain" },
	{ "top-k_1.5:2/3", "top-k_1.5:2/3" },
	{ "a=b", "a=b" },
	{ "", "" },
	{ "two words", "\"two words\"" },
	{ "a,b", "\"a,b\"" },
	{ "say \"hi\"", "\"say \"\"hi\"\"\"" },
	{ "two\nlines", "\"two\nlines\"" },
	{ " lead", "\" lead\"" },
	{ "caf\xc3\xa9", "\"caf\xc3\xa9\"" },
	{ "=1+1", "\"'=1+1\"" },
	{ "+cmd", "\"'+cmd\"" },
	{ "-cmd", "\"'-cmd\"" },
	{ "@sum", "\"'@sum\"" },
	{ "\tx", "\"'\tx\"" },
	{ "\rx", "\"'\rx\"" },
	{ "-1.5", "-1.5" },
	{ "-1e-05", "-1e-05" },
	{ "-", "\"'-\"" },
	{ "-1+1", "\"'-1+1\"" },
	{ "+1", "\"'+1\"" },
};

START_TEST(texts_are_quoted_when_they_must_be)
{
	char expected[128];
	struct csv_writer *csv = open_new("text,end");
	csv_text(csv, texts[_i].text);
	csv_text(csv, "end");
	csv_row(csv);
	snprintf(expected, sizeof expected, "text,end\n%s,end\n", texts[_i].cell);
	ck_assert_str_eq(closed(csv), expected);
}
END_TEST

START_TEST(an_empty_cell_alone_is_no_empty_line)
{
	struct csv_writer *csv = open_new("only");
	csv_empty(csv);
	csv_row(csv);
	csv_int(csv, 1);
	csv_row(csv);
	ck_assert_str_eq(closed(csv), "only\n\"\"\n1\n");
	ck_assert_int_eq(csv_read(in_folder("t.csv"), &table, &err), 0);
	ck_assert_uint_eq(table.rows, 2);
	csv_table_free(&table);
}
END_TEST

START_TEST(only_whole_rows_reach_the_file)
{
	struct csv_writer *csv = open_new("a,b");
	csv_int(csv, 1);
	csv_int(csv, 2);
	csv_row(csv);
	csv_int(csv, 3);
	ck_assert_int_eq(csv_flush(csv, &err), 0);
	ck_assert_str_eq(file_text(in_folder("t.csv")), "a,b\n1,2\n");
	ck_assert_int_eq(csv_place(csv).size, 8);
	csv_int(csv, 4);
	csv_row(csv);
	ck_assert_int_eq(csv_flush(csv, &err), 0);
	ck_assert_int_eq(csv_place(csv).size, 12);
	csv_int(csv, 5); /* never ended */
	ck_assert_str_eq(closed(csv), "a,b\n1,2\n3,4\n");
}
END_TEST

static void put_rows(struct csv_writer *csv, int from, int to)
{
	for (; from < to; from++) {
		csv_int(csv, from);
		csv_int(csv, from * from);
		csv_row(csv);
	}
}

START_TEST(a_full_disk_leaves_whole_lines_and_can_be_tried_again)
{
	struct csv_writer *csv = open_new("a,b");
	put_rows(csv, 0, 10);
	ck_assert_int_eq(csv_flush(csv, &err), 0);
	int64_t before = csv_place(csv).size;
	put_rows(csv, 10, 1000);
	limit_files((rlim_t)before + 1001);
	int status = csv_flush(csv, &err);
	struct stat now;
	stat(in_folder("t.csv"), &now);
	limit_files(RLIM_INFINITY);
	ck_assert_int_eq(status, -1);
	ck_assert_int_eq(err.code, ERROR_WORLD);
	ck_assert_str_eq(err.text, "cannot write: File too large");
	ck_assert_str_eq(err.file, in_folder("t.csv"));
	ck_assert_int_eq(now.st_size, before);
	ck_assert_int_eq(csv_place(csv).size, before);
	const char *text = closed(csv);
	ck_assert_ptr_nonnull(strstr(text, "\n9,81\n10,100\n"));
	ck_assert_str_eq(text + strlen(text) - 12, "\n999,998001\n");
}
END_TEST

START_TEST(a_device_without_room_is_an_error)
{
	struct csv_writer *csv = csv_open("/dev/full", "a,b", NULL, &err);
	if (csv == NULL)
		return;
	put_rows(csv, 0, 3);
	ck_assert_int_eq(csv_flush(csv, &err), -1);
	ck_assert_str_eq(err.text, "cannot write: No space left on device");
	ck_assert_str_eq(err.file, "/dev/full");
	ck_assert_int_eq(csv_close(csv, true, &err), -1);
}
END_TEST

START_TEST(a_stream_stays_open)
{
	char *text;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	fputs("before\n", to);
	struct csv_writer *csv = csv_open_stream(to, "a,b");
	put_rows(csv, 3, 4);
	ck_assert_int_eq(csv_close(csv, false, &err), 0);
	fputs("after\n", to);
	fclose(to);
	ck_assert_str_eq(text, "before\na,b\n3,9\nafter\n");
	free(text);
}
END_TEST

START_TEST(a_full_stream_is_an_error)
{
	FILE *to = fopen("/dev/full", "w");
	if (to == NULL)
		return;
	struct csv_writer *csv = csv_open_stream(to, "a,b");
	put_rows(csv, 0, 5000);
	ck_assert_int_eq(csv_close(csv, false, &err), -1);
	ck_assert_str_eq(err.text, "cannot write: No space left on device");
	fclose(to);
}
END_TEST

START_TEST(a_file_is_continued_where_it_was)
{
	struct csv_writer *csv = open_new("a,b");
	put_rows(csv, 0, 2);
	ck_assert_int_eq(csv_flush(csv, &err), 0);
	struct csv_place place = csv_place(csv);
	put_rows(csv, 7, 9);
	ck_assert_str_eq(closed(csv), "a,b\n0,0\n1,1\n7,49\n8,64\n");
	csv = csv_open(in_folder("t.csv"), "a,b", &place, &err);
	ck_assert_ptr_nonnull(csv);
	ck_assert_str_eq(file_text(in_folder("t.csv")), "a,b\n0,0\n1,1\n7,49\n8,64\n");
	ck_assert_int_eq(csv_cut(csv, &err), 0);
	ck_assert_str_eq(file_text(in_folder("t.csv")), "a,b\n0,0\n1,1\n");
	ck_assert_int_eq(csv_place(csv).size, place.size);
	put_rows(csv, 2, 3);
	ck_assert_int_eq(csv_sync(csv, &err), 0);
	ck_assert_int_eq(csv_place(csv).size, 16);
	ck_assert_uint_eq(csv_place(csv).hash, text_hash("a,b\n0,0\n1,1\n2,4\n"));
	ck_assert_str_eq(closed(csv), "a,b\n0,0\n1,1\n2,4\n");
}
END_TEST

static void check_no_continuing(const char *header, struct csv_place place, const char *why)
{
	const char *before = text_keep(file_text(in_folder("t.csv")));
	ck_assert_ptr_null(csv_open(in_folder("t.csv"), header, &place, &err));
	ck_assert_str_eq(err.text, why);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_str_eq(file_text(in_folder("t.csv")), before);
}

#define CANNOT "cannot be continued: "
#define REMEDY " (start over with --force)"

START_TEST(another_file_is_not_continued)
{
	struct csv_writer *csv = open_new("a,b");
	put_rows(csv, 0, 2);
	ck_assert_int_eq(csv_flush(csv, &err), 0);
	struct csv_place place = csv_place(csv), longer = { 100, place.hash }, within = { 6, text_hash("a,b\n0,") };
	closed(csv);
	check_no_continuing("a,b", longer, CANNOT "the file is shorter than before" REMEDY);
	check_no_continuing("a,c", place, CANNOT "its columns have changed" REMEDY);
	check_no_continuing("a,b,c", place, CANNOT "its columns have changed" REMEDY);
	check_no_continuing("a", place, CANNOT "its columns have changed" REMEDY);
	check_no_continuing("a,b", (struct csv_place){ 6, place.hash }, CANNOT "its rows have changed" REMEDY);
	ck_assert_ptr_null(csv_open(in_folder("none.csv"), "a,b", &within, &err));
	ck_assert_str_eq(err.text, CANNOT "the file is missing" REMEDY);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_ptr_null(csv_open(in_folder("none/t.csv"), "a,b", NULL, &err));
	ck_assert_str_eq(err.text, "cannot create: No such file or directory");
}
END_TEST

/* As a power cut leaves it: the size is there, a page in the middle is not. */
START_TEST(a_file_with_a_damaged_row_is_not_continued)
{
	struct csv_writer *csv = open_new("a,b");
	put_rows(csv, 0, 2000);
	ck_assert_int_eq(csv_flush(csv, &err), 0);
	struct csv_place place = csv_place(csv);
	ck_assert_int_eq(csv_close(csv, true, &err), 0);
	int fd = open(in_folder("t.csv"), O_WRONLY);
	ck_assert_int_eq(pwrite(fd, "\0", 1, place.size / 2), 1);
	close(fd);
	ck_assert_ptr_null(csv_open(in_folder("t.csv"), "a,b", &place, &err));
	ck_assert_str_eq(err.text, CANNOT "its rows have changed" REMEDY);
}
END_TEST

START_TEST(a_link_is_not_followed)
{
	put_file(in_folder("else"), "mine\n", 5);
	ck_assert_int_eq(symlink(in_folder("else"), in_folder("t.csv")), 0);
	ck_assert_ptr_null(csv_open(in_folder("t.csv"), "a,b", NULL, &err));
	ck_assert_str_eq(err.text, "is a symbolic link, which is not followed (remove it)");
	ck_assert_str_eq(file_text(in_folder("else")), "mine\n");
}
END_TEST

static void end_a_short_row(void)
{
	struct csv_writer *csv = csv_open_stream(stdout, "a,b");
	csv_int(csv, 1);
	csv_row(csv);
}

START_TEST(a_short_row_is_a_bug)
{
	ck_assert_int_eq(child_run(end_a_short_row).signal, SIGABRT);
}
END_TEST

/* ---- in ------------------------------------------------------------------------------------------------------ */

static int read_text(const char *text)
{
	return csv_read_bytes("t.csv", text, strlen(text), &table, &err);
}

/* The table as text: cells in brackets, rows with their line. */
static const char *shown(void)
{
	static char text[4096];
	size_t at = 0;
	for (size_t j = 0; j < table.columns; j++)
		at += (size_t)snprintf(text + at, sizeof text - at, "[%s]", table.header[j]);
	for (size_t i = 0; i < table.rows; i++) {
		at += (size_t)snprintf(text + at, sizeof text - at, " %u:", table.line[i]);
		for (size_t j = 0; j < table.columns; j++)
			at += (size_t)snprintf(text + at, sizeof text - at, "[%s]", csv_cell(&table, i, (int)j));
	}
	return text;
}

static const struct {
	const char *text, *shown;
} good[] = {
	{ "a,b\n1,2\n3,4\n", "[a][b] 2:[1][2] 3:[3][4]" },
	{ "a,b\n1,2", "[a][b] 2:[1][2]" },
	{ "a,b", "[a][b]" },
	{ "a\n", "[a]" },
	{ "a,b\r\n1,2\r\n", "[a][b] 2:[1][2]" },
	{ "a,b\r1,2\r", "[a][b] 2:[1][2]" },
	{ "\xef\xbb\xbf"
	  "a,b\n1,2\n",
	  "[a][b] 2:[1][2]" },
	{ "a,b\n,\n", "[a][b] 2:[][]" },
	{ "a,b\n1,", "[a][b] 2:[1][]" },
	{ "a,b\n\n\r\n \t\n1,2\n\n", "[a][b] 5:[1][2]" },
	{ "\n\na,b\n1,2\n", "[a][b] 4:[1][2]" },
	{ "a,b\n 1 , 2 \n", "[a][b] 2:[1][2]" },
	{ "a,b\n\"1,5\",\" 2 \"\n", "[a][b] 2:[1,5][ 2 ]" },
	{ "a,b\n\"x\ny\n\nz\",2\n3,4\n", "[a][b] 2:[x\ny\n\nz][2] 6:[3][4]" },
	{ "a,b\n\"say \"\"hi\"\"\",\"\"\n", "[a][b] 2:[say \"hi\"][]" },
	{ "a,b\n\"1\" , \"2\"\n", "[a][b] 2:[1][2]" },
	{ "a\n\"\"\n1\n", "[a] 2:[] 3:[1]" },
	{ "\"a,1\",b\n1,2\n", "[a,1][b] 2:[1][2]" },
};

START_TEST(good_tables_are_read)
{
	ck_assert_msg(read_text(good[_i].text) == 0, "%u: %s", err.line, err.text);
	ck_assert_str_eq(shown(), good[_i].shown);
	csv_table_free(&table);
}
END_TEST

static const struct {
	const char *text;
	unsigned line, column;
	const char *error;
} bad[] = {
	{ "", 0, 0, "is empty (a CSV file begins with a line of column names)" },
	{ "\n\n", 0, 0, "is empty (a CSV file begins with a line of column names)" },
	{ "\xef\xbb\xbf", 0, 0, "is empty (a CSV file begins with a line of column names)" },
	{ "a,b\n1\n", 2, 0, "the row has 1 cell, the header has 2" },
	{ "a,b\n1,2\n\n1,2,3\n", 4, 0, "the row has 3 cells, the header has 2" },
	{ "a,b\n\"x\ny\",2\n1,2,3", 4, 0, "the row has 3 cells, the header has 2" },
	{ "a,b\n\"x\ny\"\n", 2, 0, "the row has 1 cell, the header has 2" },
	{ "a,b,a\n", 1, 0, "two columns are called 'a'" },
	{ "\n\na,a\n", 3, 0, "two columns are called 'a'" },
	{ "a,,b\n1,2,3\n", 1, 0, "column 2 has no name" },
	{ "a,b,\n1,2,3\n", 1, 0, "column 3 has no name" },
	{ "a,b\n1,x\"y\n", 2, 4, "misplaced quote (quote the whole cell and double each quote inside it)" },
	{ "a,b\n1,\"x\"y\n", 2, 6, "misplaced quote (quote the whole cell and double each quote inside it)" },
	{ "a,b\n1,2\n\"x,2\n3,4\n", 3, 0, "unterminated quoted cell (the row begins here)" },
	{ "a,b\n1,\"x\"\"", 2, 0, "unterminated quoted cell (the row begins here)" },
};

START_TEST(bad_tables_are_explained)
{
	ck_assert_int_eq(read_text(bad[_i].text), -1);
	ck_assert_str_eq(err.text, bad[_i].error);
	ck_assert_str_eq(err.file, "t.csv");
	ck_assert_uint_eq(err.line, bad[_i].line);
	ck_assert_uint_eq(err.column, bad[_i].column);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_ptr_null(table.text);
}
END_TEST

START_TEST(binary_files_are_refused)
{
	ck_assert_int_eq(csv_read_bytes("t.csv", "a,b\n1\0,2\n", 9, &table, &err), -1);
	ck_assert_str_eq(err.text, "not a text file (NUL byte)");
	ck_assert_uint_eq(err.line, 2);
	ck_assert_uint_eq(err.column, 2);
}
END_TEST

START_TEST(a_missing_file_is_the_users_mistake)
{
	ck_assert_int_eq(csv_read(in_folder("none.csv"), &table, &err), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_str_eq(err.file, in_folder("none.csv"));
	csv_table_free(&table);
}
END_TEST

START_TEST(columns_are_found_by_name)
{
	ck_assert_int_eq(read_text("step,loss\n1,0.5\n"), 0);
	ck_assert_int_eq(csv_column(&table, "step"), 0);
	ck_assert_int_eq(csv_column(&table, "loss"), 1);
	ck_assert_int_eq(csv_column(&table, "los"), -1);
	ck_assert_str_eq(csv_cell(&table, 0, 1), "0.5");
	csv_table_free(&table);
}
END_TEST

START_TEST(cells_are_numbers)
{
	bool ok = true;
	ck_assert_int_eq(read_text("a,b,c,d,e,f\n0.1,,nan,inf,-inf,-2e3\nx,1 2,0x1,+1,NaN,1e999\n"), 0);
	ck_assert_double_eq(csv_number(&table, 0, 0, &ok), 0.1);
	ck_assert_double_nan(csv_number(&table, 0, 1, &ok));
	ck_assert_double_nan(csv_number(&table, 0, 2, &ok));
	ck_assert_double_eq(csv_number(&table, 0, 3, &ok), INFINITY);
	ck_assert_double_eq(csv_number(&table, 0, 4, &ok), -INFINITY);
	ck_assert_double_eq(csv_number(&table, 0, 5, &ok), -2000);
	ck_assert(ok);
	for (int j = 0; j < 6; j++) {
		ok = true;
		ck_assert_double_nan(csv_number(&table, 1, j, &ok));
		ck_assert(!ok);
		ck_assert_double_nan(csv_number(&table, 1, j, NULL));
	}
	csv_table_free(&table);
}
END_TEST

static void read_beyond(void)
{
	struct error none;
	csv_read_bytes("t.csv", "a\n1\n", 4, &table, &none);
	csv_cell(&table, 1, 0);
}

START_TEST(a_cell_beyond_the_table_is_a_bug)
{
	ck_assert_int_eq(child_run(read_beyond).signal, SIGABRT);
}
END_TEST

START_TEST(many_columns_are_checked_quickly)
{
	enum { COLUMNS = 200000 };
	char *text = malloc(COLUMNS * 8), *to = text;
	for (int i = 0; i < COLUMNS; i++)
		to += sprintf(to, "c%d,", i);
	strcpy(to, "c77\n");
	ck_assert_int_eq(read_text(text), -1);
	ck_assert_str_eq(err.text, "two columns are called 'c77'");
	free(text);
}
END_TEST

/* ---- out and in ---------------------------------------------------------------------------------------------- */

enum { ROWS = 40, COLUMNS = 3 };

static const char *any_cell(struct moe_rng *rng)
{
	static const char *const pieces[] = { "a", "1", ",", "\"", "\n", "\r\n", " ", "\xe2\x82\xac", "'", ";", "\t", "-" };
	const char *cell = text_keep(moe_below(rng, 4) ? "x" : "");
	for (size_t n = moe_below(rng, 6); n > 0; n--)
		cell = text_keep_f("%s%s", cell, pieces[moe_below(rng, sizeof pieces / sizeof *pieces)]);
	return strchr("\t\r-=+@", *cell) != NULL ? "" : cell; /* these get an apostrophe */
}

START_TEST(what_is_written_is_read_back)
{
	struct moe_rng rng = { .key = { 1, 2 }, .used = 4 };
	for (int round = 0; round < 50; round++) {
		const char *cell[ROWS][COLUMNS];
		struct csv_writer *csv = open_new("a,b,c");
		for (int i = 0; i < ROWS; i++, csv_row(csv))
			for (int j = 0; j < COLUMNS; j++)
				csv_text(csv, cell[i][j] = any_cell(&rng));
		ck_assert_int_eq(csv_close(csv, false, &err), 0);
		ck_assert_msg(csv_read(in_folder("t.csv"), &table, &err) == 0, "%u: %s", err.line, err.text);
		ck_assert_uint_eq(table.rows, ROWS);
		for (size_t i = 0; i < ROWS; i++)
			for (int j = 0; j < COLUMNS; j++)
				ck_assert_str_eq(csv_cell(&table, i, j), cell[i][j]);
		csv_table_free(&table);
	}
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static TCase *writing(void)
{
	TCase *tests = tcase_create("out");
	tcase_add_checked_fixture(tests, setup, folder_teardown);
	tcase_add_test(tests, rows_are_written);
	tcase_add_test(tests, a_table_without_rows_has_its_header);
	tcase_add_loop_test(tests, texts_are_quoted_when_they_must_be, 0, COUNT(texts));
	tcase_add_test(tests, an_empty_cell_alone_is_no_empty_line);
	tcase_add_test(tests, only_whole_rows_reach_the_file);
	tcase_add_test(tests, a_full_disk_leaves_whole_lines_and_can_be_tried_again);
	tcase_add_test(tests, a_device_without_room_is_an_error);
	tcase_add_test(tests, a_stream_stays_open);
	tcase_add_test(tests, a_full_stream_is_an_error);
	tcase_add_test(tests, a_file_is_continued_where_it_was);
	tcase_add_test(tests, another_file_is_not_continued);
	tcase_add_test(tests, a_file_with_a_damaged_row_is_not_continued);
	tcase_add_test(tests, a_link_is_not_followed);
	tcase_add_test(tests, a_short_row_is_a_bug);
	tcase_add_test(tests, what_is_written_is_read_back);
	return tests;
}

static TCase *reading(void)
{
	TCase *tests = tcase_create("in");
	tcase_add_checked_fixture(tests, setup, folder_teardown);
	tcase_add_loop_test(tests, good_tables_are_read, 0, COUNT(good));
	tcase_add_loop_test(tests, bad_tables_are_explained, 0, COUNT(bad));
	tcase_add_test(tests, binary_files_are_refused);
	tcase_add_test(tests, a_missing_file_is_the_users_mistake);
	tcase_add_test(tests, columns_are_found_by_name);
	tcase_add_test(tests, cells_are_numbers);
	tcase_add_test(tests, a_cell_beyond_the_table_is_a_bug);
	tcase_add_test(tests, many_columns_are_checked_quickly);
	return tests;
}

int main(void)
{
	Suite *suite = suite_create("csv");
	suite_add_tcase(suite, writing());
	suite_add_tcase(suite, reading());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
