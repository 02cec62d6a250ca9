/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_explorer.c -- what the explorer reads of a run, writes as data, and shows in which color.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "experiments/report/explorer.h"
#include "experiments/report/html.h"
#include "experiments/report/ink.h"
#include "sim/base/memory_file.h"
#include "sim/base/text.h"
#include "tests/support/folder.h"

static struct arena arena;
static struct explorer_run run;
static struct error err;

static void setup(void)
{
	folder_setup();
	arena = (struct arena){ .bytes = 0 };
	err = (struct error){ .code = ERROR_NONE };
}

static void teardown(void)
{
	arena_free(&arena);
	folder_teardown();
}

static void put_text(const char *name, const char *text)
{
	put_file(in_folder(name), text, strlen(text));
}

#define EXPERTS "step,layer,expert,assigned,kept,prob,bias\n"
#define DOMAINS "step,layer,domain,expert,tokens\n"
#define TOKENS "step,layer,token,slot,expert,weight,domain,token_id,text,position\n"

/* Two evaluations of a run with two layers of two experts. */
static const char experts[] = EXPERTS "0,0,0,10,10,0.5,\n0,0,1,20,20,0.5,\n0,1,0,30,30,0.5,\n0,1,1,0,0,0.5,\n"
									  "5,0,0,11,11,0.5,\n5,0,1,19,19,0.5,\n5,1,0,12,12,0.5,\n5,1,1,nan,0,0.5,\n";
static const char domains[] = DOMAINS
	"0,0,sea,0,4\n0,0,sea,1,8\n0,0,</script>,0,6\n0,0,</script>,1,12\n0,1,sea,0,12\n0,1,sea,1,0\n0,1,</script>,0,18\n"
	"0,1,</script>,1,0\n5,0,sea,0,1\n5,0,sea,1,2\n5,0,</script>,0,3\n5,0,</script>,1,4\n5,1,sea,0,5\n5,1,sea,1,6\n"
	"5,1,</script>,0,7\n5,1,</script>,1,8\n";
static const char tokens[] = TOKENS
	"0,0,40,0,1,0.75,sea,61,\"'=\",0\n0,0,40,1,0,0.25,sea,61,\"'=\",0\n0,0,41,0,0,1,sea,39,',1\n0,1,40,0,-1,0,sea,61,"
	"\"'=\",0\n"
	"0,1,41,0,1,0,sea,39,',1\n5,0,40,0,0,0.5,sea,61,\"'=\",0\n5,0,41,0,0,1,sea,39,',1\n5,1,40,0,1,1,sea,61,\"'=\",0\n"
	"5,1,41,0,1,1,sea,39,',1\n";

static int read_run(void)
{
	static const struct run_reading how = { .remedy = "mend it", .arena = &arena };
	struct run_folder from;
	put_text("manifest.json", "{\"format\": 1, \"status\": \"running\", \"settings\": []}");
	ck_assert_msg(run_folder_open(text_keep(folder), &how, &from, &err) == 0, "%s", err.text);
	int status = explorer_run_read(&from, &arena, &run, &err);
	run_folder_close(&from);
	return status;
}

static void read_all(void)
{
	put_text("experts.csv", experts);
	put_text("domains.csv", domains);
	put_text("tokens.csv", tokens);
	ck_assert_msg(read_run() == 0, "%s: %s", err.file, err.text);
}

START_TEST(what_was_recorded_is_read)
{
	static const double load[] = { 10, 20, 30, 0, 11, 19, 12, 0 }; /* nan: nothing was counted */
	static const size_t first[] = { 0, 2, 3, 4, 5, 6, 7, 8, 9 };
	read_all();
	ck_assert_uint_eq(run.steps, 2);
	ck_assert_int_eq(run.step[1], 5);
	ck_assert_uint_eq(run.layers, 2);
	ck_assert_uint_eq(run.experts, 2);
	for (size_t i = 0; i < 8; i++)
		ck_assert_double_eq(run.load[i], load[i]);
	ck_assert_uint_eq(run.domains, 2);
	ck_assert_str_eq(run.domain[1], "</script>");
	ck_assert_double_eq(run.joint[((1 * 2 + 0) * 2 + 1) * 2 + 0], 3);
	ck_assert_uint_eq(run.tokens, 2);
	ck_assert_str_eq(run.token[0].text, "=");
	ck_assert_str_eq(run.token[1].text, "'");
	ck_assert_int_eq(run.token[1].number, 41);
	ck_assert_int_eq(run.token[1].position, 1);
	for (size_t i = 0; i < 9; i++)
		ck_assert_uint_eq(run.first[i], first[i]);
	ck_assert_int_eq(run.pick[0].expert, 1);
	ck_assert_double_eq(run.pick[1].weight, 0.25);
	ck_assert_int_eq(run.pick[3].expert, -1);
}
END_TEST

static const char *json_of(size_t n)
{
	struct memory_file page;
	memory_file_open(&page);
	explorer_run_json(&run, n, page.to);
	memory_file_close(&page);
	const char *json = text_keep(page.text);
	free(page.text);
	return json;
}

START_TEST(data_are_those_of_the_steps_wanted)
{
	read_all();
	run.label = "top-k";
	ck_assert_str_eq(json_of(2), "{\"label\":\"top-k\",\"layers\":2,\"experts\":2,\n"
								 "\"domains\":[\"sea\",\"\\u003c/script\\u003e\"],\n"
								 "\"tokens\":[[40,61,0,\"=\",\"sea\"],[41,39,1,\"\\u0027\",\"sea\"]],\n"
								 "\"steps\":[0,5],\n\"load\":[[10,20,30,0],[11,19,12,0]],\n"
								 "\"joint\":[[4,8,6,12,12,0,18,0],[1,2,3,4,5,6,7,8]],\n"
								 "\"picks\":[[[1,0.75,0,0.25],[0,1],[-1,0],[1,0]],[[0,0.5],[0,1],[1,1],[1,1]]]}");
	ck_assert_ptr_nonnull(strstr(json_of(1), "\"steps\":[5],\n\"load\":[[11,19,12,0]],"));
}
END_TEST

START_TEST(what_is_missing_is_left_out)
{
	put_text("experts.csv", experts);
	ck_assert_int_eq(read_run(), 0);
	ck_assert_uint_eq(run.domains + run.tokens, 0);
	ck_assert_ptr_nonnull(strstr(json_of(2), "\"domains\":[],\n\"tokens\":[],"));
	ck_assert_ptr_nonnull(strstr(json_of(2), "\"joint\":[],\n\"picks\":[]}"));
	put_text("experts.csv", EXPERTS);
	ck_assert_int_eq(read_run(), 0);
	ck_assert_uint_eq(run.steps, 0);
}
END_TEST

/* Each file stands in for the good one of its name. */
static const struct {
	const char *file, *text, *says;
} damaged[] = {
	{ "experts.csv", EXPERTS "0,0,0,1,1,1,\n0,0,1,1,1,1,\n5,0,0,1,1,1,\n", "has 3 rows" },
	{ "experts.csv", EXPERTS "0,0,1,1,1,1,\n", "expert '1' stands where 0 should" },
	{ "experts.csv", EXPERTS "0,one,0,1,1,1,\n", "is not a number" },
	{ "experts.csv", EXPERTS "0.5,0,0,1,1,1,\n", "step '0.5' is not a whole number" },
	{ "experts.csv", "step,layer,expert\n0,0,0\n", "there is no column 'assigned'" },
	{ "domains.csv", DOMAINS "0,0,sea,0,1\n0,0,sea,1,1\n", "other steps or layers" },
	{ "domains.csv", DOMAINS "0,0,sea,0,1\n0,1,sea,0,1\n5,0,sea,0,1\n5,1,sea,0,1\n",
	  "has 1 experts, and experts.csv 2" },
	{ "tokens.csv", TOKENS "0,0,40,0,1,1,sea,61,,0\n", "other steps or layers" },
	{ "tokens.csv",
	  TOKENS "0,0,40,0,1,1,sea,61,,0\n0,1,40,0,1,1,sea,61,,0\n5,0,40,0,1,1,sea,61,,0\n5,1,41,0,1,1,sea,61,,0\n",
	  "lacks a token" },
	{ "tokens.csv",
	  TOKENS "0,0,40,0,2,1,sea,61,,0\n0,1,40,0,1,1,sea,61,,0\n5,0,40,0,1,1,sea,61,,0\n5,1,40,0,1,1,sea,61,,0\n",
	  "there is no expert 2" },
	{ "tokens.csv",
	  TOKENS "0,0,40,0,1,1,sea,6.1,,0\n0,1,40,0,1,1,sea,61,,0\n5,0,40,0,1,1,sea,61,,0\n5,1,40,0,1,1,sea,61,,0\n",
	  "'6.1' is not a whole number" },
};
enum { DAMAGED = sizeof damaged / sizeof *damaged };

START_TEST(damage_is_named)
{
	put_text("experts.csv", experts);
	put_text("domains.csv", domains);
	put_text("tokens.csv", tokens);
	put_text(damaged[_i].file, damaged[_i].text);
	ck_assert_int_ne(read_run(), 0);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_ptr_nonnull(strstr(err.file, damaged[_i].file));
	ck_assert_msg(strstr(err.text, damaged[_i].says) != NULL, "'%s' does not say '%s'", err.text, damaged[_i].says);
}
END_TEST

/* ---- steps, colors, strings ---------------------------------------------------------------------------------- */

START_TEST(thinned_steps_begin_and_end_with_the_run)
{
	static const size_t five[] = { 0, 3, 5, 8, 10 }; /* 2.5 and 7.5 are rounded up */
	for (size_t i = 0; i < 5; i++)
		ck_assert_uint_eq(explorer_step(11, 5, i), five[i]);
	ck_assert_uint_eq(explorer_step(7, 2, 0), 0);
	ck_assert_uint_eq(explorer_step(7, 2, 1), 6);
	ck_assert_uint_eq(explorer_step(7, 1, 0), 6);
	for (size_t i = 0; i < 7; i++)
		ck_assert_uint_eq(explorer_step(7, 7, i), i);
	for (size_t n = 2; n <= 100; n++) /* no step twice */
		for (size_t i = 1; i < n; i++)
			ck_assert_uint_gt(explorer_step(100, n, i), explorer_step(100, n, i - 1));
}
END_TEST

START_TEST(a_load_has_the_color_of_its_level)
{
	static const struct {
		double load;
		size_t level;
	} row[] = { { 0, 0 },    { 0.0099, 0 }, { 0.01, 1 }, { 0.3, 2 },  { 0.5, 3 },
				{ 0.79, 3 }, { 1, 4 },      { 1.25, 5 }, { 3.99, 6 }, { 1e9, 7 } };
	for (size_t i = 0; i < sizeof row / sizeof *row; i++)
		ck_assert_uint_eq(explorer_level(row[i].load), row[i].level);
}
END_TEST

/* Text on every color can be read, and a level can be told from the next by its lightness alone. */
START_TEST(colors_can_be_read_and_told_apart)
{
	for (int dark = 0; dark < 2; dark++)
		for (size_t i = 0; i < EXPLORER_LEVELS; i++) {
			uint32_t color = explorer_level_color(i, dark);
			ck_assert_double_ge(ink_contrast(color, explorer_text_on(color)), 4.5);
			if (i > 0)
				ck_assert_double_ge(ink_contrast(color, explorer_level_color(i - 1, dark)), 1.09);
			if (i > 1)
				ck_assert_double_gt(ink_contrast(color, explorer_level_color(0, dark)),
									ink_contrast(explorer_level_color(i - 1, dark), explorer_level_color(0, dark)));
		}
	for (size_t e = 0; e < 2 * EXPLORER_HUES; e++) {
		ck_assert_uint_eq(explorer_text_on(explorer_hue(e)), 0);
		ck_assert_double_ge(ink_contrast(explorer_hue(e), 0), 7);
		ck_assert_double_ge(ink_contrast(explorer_hue(e), INK_DARK_PAPER), 3);
	}
}
END_TEST

START_TEST(strings_cannot_leave_their_script)
{
	static const struct {
		const char *text, *json;
	} row[] = {
		{ "", "\"\"" },
		{ "top-k", "\"top-k\"" },
		{ "</script><!--", "\"\\u003c/script\\u003e\\u003c!--\"" },
		{ "a\"b\\c'&", "\"a\\u0022b\\u005cc\\u0027\\u0026\"" },
		{ "a\tb\n", "\"a\\u0009b\\u000a\"" },
		{ "\x1b\xff", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "ä𝛼", "\"ä𝛼\"" },
	};
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct memory_file page;
		memory_file_open(&page);
		html_json(page.to, row[i].text);
		memory_file_close(&page);
		ck_assert_str_eq(page.text, row[i].json);
		free(page.text);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explorer");
	TCase *runs = tcase_create("runs"), *looks = tcase_create("looks");
	tcase_add_checked_fixture(runs, setup, teardown);
	tcase_add_test(runs, what_was_recorded_is_read);
	tcase_add_test(runs, data_are_those_of_the_steps_wanted);
	tcase_add_test(runs, what_is_missing_is_left_out);
	tcase_add_loop_test(runs, damage_is_named, 0, DAMAGED);
	tcase_add_test(looks, thinned_steps_begin_and_end_with_the_run);
	tcase_add_test(looks, a_load_has_the_color_of_its_level);
	tcase_add_test(looks, colors_can_be_read_and_told_apart);
	tcase_add_test(looks, strings_cannot_leave_their_script);
	suite_add_tcase(suite, runs);
	suite_add_tcase(suite, looks);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
