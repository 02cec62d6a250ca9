/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_study.c -- runs are found, read and sorted into series.
 */
#include <config.h>

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "experiments/study/study.h"
#include "sim/route/catalog.h"
#include "strategies/catalog.h"
#include "tests/support/folder.h"

/* A run that has just begun: nothing but a manifest. */
static void put_run(const char *name, const char *strategy, int seed, const char *sentence, const char *settings)
{
	char text[2048];
	ck_assert_int_eq(mkdir(in_folder(name), 0777), 0);
	int size = snprintf(text, sizeof text,
						"{\"status\": \"running\", \"strategy\": \"%s\", \"sentence\": \"%s\", \"seed\": %d, "
						"\"settings\": [{\"name\": \"seed\", \"value\": \"%d\"}%s%s]}",
						strategy, sentence, seed, seed, *settings ? ", " : "", settings);
	char path[600];
	snprintf(path, sizeof path, "%s/manifest.json", in_folder(name));
	put_file(path, text, (size_t)size);
}

static struct study read_study(void)
{
	struct study study;
	struct error err = { .code = ERROR_NONE };
	char *folders[] = { folder };
	if (study_read(1, folders, &study, &err) != 0)
		ck_abort_msg("%s: %s", err.file, err.text);
	return study;
}

START_TEST(seeds_of_one_strategy_are_one_series)
{
	put_run("b", "top-k", 10, "", "");
	put_run("a", "top-k", 9, "", "");
	put_run("c", "dense", 9, "", "");
	struct study study = read_study();
	ck_assert_uint_eq(study.n, 2);
	ck_assert_str_eq(study.series[0].label, "dense");
	ck_assert_str_eq(study.series[1].label, "top-k");
	ck_assert_uint_eq(study.series[1].n, 2);
	ck_assert_int_eq(study.series[1].run[0]->seed, 9);
	ck_assert_ptr_eq(study_run(&study.series[1], 10), &study.series[1].run[1]);
	ck_assert_ptr_null(study_run(&study.series[1], 11));
	ck_assert_uint_eq(study.keys, 0);
	study_free(&study);
}
END_TEST

START_TEST(a_swept_setting_parts_series_and_names_them)
{
	put_run("a", "top-k", 1, "", "{\"name\": \"capacity\", \"value\": \"10\"}");
	put_run("b", "top-k", 1, "", "{\"name\": \"capacity\", \"value\": \"2\"}");
	put_run("c", "bias", 1, "", "{\"name\": \"capacity\", \"value\": \"2\"}");
	struct study study = read_study();
	ck_assert_uint_eq(study.n, 3);
	ck_assert_uint_eq(study.keys, 1);
	ck_assert_str_eq(study.key[0], "capacity");
	ck_assert_str_eq(study.series[0].label, "top-k capacity=2"); /* 2 before 10 */
	ck_assert_str_eq(study.series[1].label, "top-k capacity=10");
	ck_assert_str_eq(study.series[2].label, "bias"); /* it was not swept for this one */
	ck_assert_uint_eq(study.series[0].colour, study.series[1].colour);
	ck_assert_uint_ne(study.series[0].variant, study.series[1].variant);
	ck_assert_uint_ne(study.series[0].colour, study.series[2].colour);
	study_free(&study);
}
END_TEST

START_TEST(options_of_parts_are_settings)
{
	put_run("a", "aux-loss", 1, "scorer=softmax balance=aux,weight=0.01,scope=batch+z,weight=0.1 top-k=2", "");
	put_run("b", "aux-loss", 1, "scorer=softmax balance=aux,weight=0.1,scope=batch+z,weight=0.1 top-k=2", "");
	struct study study = read_study();
	const struct run_folder *run = study.series[0].run[0];
	ck_assert_str_eq(run_folder_setting(run, "scorer"), "softmax");
	ck_assert_str_eq(run_folder_setting(run, "balance"), "aux+z");
	ck_assert_str_eq(run_folder_setting(run, "aux.scope"), "batch");
	ck_assert_str_eq(run_folder_setting(run, "z.weight"), "0.1");
	ck_assert_str_eq(run_folder_setting(run, "top-k"), "2");
	ck_assert_str_eq(run_folder_setting(run, "heads"), "");
	ck_assert_uint_eq(study.n, 2);
	ck_assert_str_eq(study.series[0].label, "aux-loss aux.weight=0.01");
	ck_assert_str_eq(study.series[1].label, "aux-loss aux.weight=0.1");
	study_free(&study);
}
END_TEST

/* Means must not mix what only looks alike. */
START_TEST(different_sentences_of_one_name_stay_apart)
{
	put_run("a", "mine", 1, "odd words", "");
	put_run("b", "mine", 2, "other words", "");
	struct study study = read_study();
	ck_assert_uint_eq(study.n, 2);
	ck_assert_str_ne(study.series[0].label, study.series[1].label);
	study_free(&study);
}
END_TEST

START_TEST(a_seed_counts_once)
{
	put_run("a", "top-k", 1, "", "");
	put_run("b", "top-k", 1, "", "");
	struct study study = read_study();
	ck_assert_uint_eq(study.n, 1);
	ck_assert_uint_eq(study.series[0].n, 1);
	ck_assert_uint_eq(study.repeats, 1);
	ck_assert_str_eq(study.repeat[0]->name, "b");
	study_free(&study);
}
END_TEST

START_TEST(a_folder_given_twice_counts_once)
{
	put_run("a", "top-k", 1, "", "");
	struct study study;
	struct error err = { .code = ERROR_NONE };
	char run[600];
	snprintf(run, sizeof run, "%s/a", folder);
	char *folders[] = { folder, run, run };
	ck_assert_int_eq(study_read(3, folders, &study, &err), 0);
	ck_assert_uint_eq(study.runs.n, 1);
	ck_assert_uint_eq(study.repeats, 0);
	study_free(&study);
}
END_TEST

/* The same strategy has the same colour in every study, and no two of a study share one while there are enough. */
START_TEST(colours_are_steady)
{
	static const char *const names[] = { "zeta", "bias", "alpha", "hash", "dense", "top-k", "gamma", "shared" };
	for (size_t i = 0; i < 8; i++)
		put_run(names[i], names[i], 1, "", "");
	struct study study = read_study();
	ck_assert_str_eq(study.series[0].label, "dense");
	ck_assert_uint_eq(study.series[0].colour, 1);
	for (size_t i = 0; i < study.n; i++) {
		ck_assert_uint_ge(study.series[i].colour, 1);
		ck_assert_uint_le(study.series[i].colour, STUDY_COLOURS);
		for (size_t j = 0; j < i; j++)
			ck_assert(study.series[i].colour != study.series[j].colour ||
					  study.series[i].variant != study.series[j].variant);
		if (strcmp(study.series[i].label, "bias") == 0)
			ck_assert_uint_eq(study.series[i].colour, 6);
	}
	study_free(&study);
}
END_TEST

START_TEST(many_runs_take_little_time)
{
	for (int i = 0; i < 500; i++) {
		char name[32], settings[64];
		snprintf(name, sizeof name, "r%d", i);
		snprintf(settings, sizeof settings, "{\"name\": \"width\", \"value\": \"%d\"}", i / 5);
		put_run(name, i % 2 ? "top-k" : "bias", i % 5, "top-k=2", settings);
	}
	struct study study = read_study();
	ck_assert_uint_eq(study.runs.n, 500);
	ck_assert_uint_eq(study.n, 200); /* 100 widths; of five runs in a row two are of one strategy, three of the other */
	study_free(&study);
}
END_TEST

START_TEST(a_label_is_a_sections_name_or_made_up)
{
	ck_assert(study_label_is_given("hash-renorm", "hash"));
	ck_assert(study_label_is_given("routed", "aux-loss"));
	ck_assert(!study_label_is_given("hash", "hash"));
	ck_assert(!study_label_is_given("hash_lr=0.1", "hash"));
	ck_assert(!study_label_is_given("aux-loss-batch_balance=aux_weight=0.1", "aux-loss"));
}
END_TEST

static Suite *study_suite(void)
{
	Suite *suite = suite_create("study");
	TCase *cases = tcase_create("study");
	tcase_add_checked_fixture(cases, folder_setup, folder_teardown);
	tcase_add_test(cases, seeds_of_one_strategy_are_one_series);
	tcase_add_test(cases, a_swept_setting_parts_series_and_names_them);
	tcase_add_test(cases, options_of_parts_are_settings);
	tcase_add_test(cases, different_sentences_of_one_name_stay_apart);
	tcase_add_test(cases, a_seed_counts_once);
	tcase_add_test(cases, a_folder_given_twice_counts_once);
	tcase_add_test(cases, colours_are_steady);
	tcase_add_test(cases, many_runs_take_little_time);
	tcase_add_test(cases, a_label_is_a_sections_name_or_made_up);
	suite_add_tcase(suite, cases);
	return suite;
}

int main(void)
{
	catalog_use(strategy_parts, strategy_recipes);
	SRunner *runner = srunner_create(study_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
