/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_groups.c -- series grouped for panels side by side: by stream, by strategy, by a key, or not at all.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>

#include "experiments/charts/groups.h"

enum { MOST = 32, KEYS = 2 };

static struct arena arena;
static struct study_series row[MOST];
static const char *value[MOST][KEYS];
static struct study study;
static struct groups groups;

static void setup(void)
{
	study = (struct study){ .series = row };
}

static void teardown(void)
{
	arena_free(&arena);
}

static void keys(size_t n, const char **key)
{
	study.keys = n;
	study.key = key;
}

static void add(const char *strategy, const char *label, const char *first, const char *second)
{
	value[study.n][0] = first;
	value[study.n][1] = second;
	row[study.n] = (struct study_series){ .label = label, .strategy = strategy, .value = value[study.n] };
	study.n++;
}

static void add_sweep(const char *strategy, size_t n, const char *second)
{
	static const char *const step[] = { "1", "2", "3", "4", "5", "6", "7", "8", "9" };
	for (size_t i = 0; i < n; i++)
		add(strategy, strategy, step[i], second);
}

START_TEST(few_series_share_a_panel)
{
	keys(1, (const char *[]){ "width" });
	add_sweep("top-k", GROUP_MOST, "");
	groups_make(&study, &arena, &groups);
	ck_assert_uint_eq(groups.n, 1);
	ck_assert_str_eq(groups.title[0], "");
	ck_assert_str_eq(groups.label[3], "top-k");
	ck_assert(!groups.crowded);
}
END_TEST

START_TEST(streams_never_do)
{
	keys(1, (const char *[]){ "topicmix.shared" });
	add("top-k", "top-k topicmix.shared=0", "0", "");
	add("top-k", "top-k topicmix.shared=1", "1", "");
	add("bias", "bias topicmix.shared=0", "0", "");
	groups_make(&study, &arena, &groups);
	ck_assert_uint_eq(groups.n, 2);
	ck_assert_str_eq(groups.title[1], "topicmix.shared=1");
	ck_assert_uint_eq(groups.of[0], groups.of[2]);
	ck_assert_uint_ne(groups.of[0], groups.of[1]);
	ck_assert_str_eq(groups.label[1], "top-k");
}
END_TEST

START_TEST(a_strategy_each)
{
	keys(1, (const char *[]){ "experts" });
	add_sweep("hash", 7, "");
	add_sweep("bias", 7, "");
	groups_make(&study, &arena, &groups);
	ck_assert_uint_eq(groups.n, 2); /* by the key it would be seven */
	ck_assert_str_eq(groups.title[1], "bias");
	ck_assert_uint_eq(groups.of[7], 1);
	ck_assert_str_eq(groups.label[7], "experts=1");
	ck_assert_str_eq(groups.label[0], groups.label[7]);
}
END_TEST

START_TEST(a_key_where_a_strategy_has_too_many)
{
	keys(2, (const char *[]){ "aux.weight", "aux.scope" });
	add("top-k", "top-k", "", "");
	add_sweep("aux-loss", 6, "batch");
	add_sweep("aux-loss", 6, "global");
	groups_make(&study, &arena, &groups);
	ck_assert_uint_eq(groups.n, 3);
	ck_assert_str_eq(groups.title[0], "without aux.scope");
	ck_assert_str_eq(groups.title[2], "aux.scope=global");
	ck_assert_str_eq(groups.label[0], "top-k");
	ck_assert_str_eq(groups.label[1], "aux-loss aux.weight=1");
	ck_assert_str_eq(groups.label[12], "aux-loss aux.weight=6");
	ck_assert(!groups.crowded);
}
END_TEST

START_TEST(nothing_parts_them)
{
	keys(1, (const char *[]){ "width" });
	for (size_t i = 0; i < GROUP_MOST + 1; i++)
		add("top-k", i ? "another" : "one", "1", "");
	groups_make(&study, &arena, &groups);
	ck_assert_uint_eq(groups.n, 1);
	ck_assert_uint_eq(groups.of[GROUP_MOST], 0);
	ck_assert_str_eq(groups.label[0], "one");
	ck_assert(groups.crowded);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("groups");
	TCase *tests = tcase_create("groups");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, few_series_share_a_panel);
	tcase_add_test(tests, streams_never_do);
	tcase_add_test(tests, a_strategy_each);
	tcase_add_test(tests, a_key_where_a_strategy_has_too_many);
	tcase_add_test(tests, nothing_parts_them);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
