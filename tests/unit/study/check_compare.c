/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_compare.c -- comparisons of made-up runs whose every number is worked out here in another way, and contests.
 */
#include <config.h>

#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "experiments/study/compare.h"
#include "experiments/study/contest.h"
#include "tests/support/folder.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- made-up runs ---------------------------------------------------------------------------------------- */

struct made_run {
	const char *strategy, *shared; /* "": the stream's sentence does not tell */
	int seed;
	double loss, maxvio, params, flops_per_token, flops;
	const char *status;
};

static void put_text(const char *run, const char *file, const char *text)
{
	char path[1200];
	snprintf(path, sizeof path, "%s/%s", in_folder(run), file);
	put_file(path, text, strlen(text));
}

/* Evaluations at a quarter, half and the whole of its FLOPs; the loss is 3 above the end, then 1, then 0. */
static void put_run(const char *name, const struct made_run *run)
{
	char text[2048];
	ck_assert_int_eq(mkdir(in_folder(name), 0777), 0);
	snprintf(text, sizeof text,
			 "{\"status\": \"%s\", \"strategy\": \"%s\", \"sentence\": \"%s\", \"seed\": %d, \"settings\": [], "
			 "\"stream\": {\"sentence\": \"topicmix%s%s\"}}",
			 run->status, run->strategy, run->strategy, run->seed, *run->shared ? ",shared=" : "", run->shared);
	put_text(name, "manifest.json", text);
	snprintf(text, sizeof text,
			 "strategy,sentence,seed,status,excess_loss,maxvio,params_total,flops_per_token,flops_total\n"
			 "%s,%s,%d,%s,%.17g,%.17g,%.17g,%.17g,%.17g\n",
			 run->strategy, run->strategy, run->seed, run->status, run->loss, run->maxvio, run->params,
			 run->flops_per_token, run->flops);
	put_text(name, "summary.csv", text);
	snprintf(text, sizeof text, "step,flops,excess_loss\n1,%.17g,%.17g\n2,%.17g,%.17g\n3,%.17g,\n4,%.17g,%.17g\n",
			 run->flops / 4, run->loss + 3, run->flops / 2, run->loss + 1, run->flops * 0.75, run->flops, run->loss);
	put_text(name, "steps.csv", text);
}

static struct study make_study(const struct made_run *run, size_t n)
{
	struct study study;
	struct error err = { .code = ERROR_NONE };
	char *folders[] = { folder };
	for (size_t i = 0; i < n; i++) {
		char name[32];
		snprintf(name, sizeof name, "r%03zu", i);
		put_run(name, &run[i]);
	}
	if (study_read(1, folders, &study, &err) != 0)
		ck_abort_msg("%s: %s", err.file, err.text);
	return study;
}

/* One metric on a page of its own; margin 0: its own; against NULL: every pair. */
static struct compare_page compare(const struct study *study, enum compare_view view, const char *metric, double margin,
								   const char *against)
{
	const struct compare_metric *row = compare_metric(metric);
	struct compare_request request = { .view = view,
									   .metrics = 1,
									   .metric = &row,
									   .margin = margin,
									   .against = against,
									   .all_pairs = !against,
									   .scale = COMPARE_SCALE_PLAIN };
	struct compare_page page;
	struct error err = { .code = ERROR_NONE };
	if (compare_page(study, &request, &page, &err) != 0)
		ck_abort_msg("%s: %s", err.file, err.text);
	return page;
}

/* a, b and c with three seeds each: losses 1.1 1.2 1.3, 1.3 1.5 1.4 and 1.0 1.3 1.9; c is large and costs twice. */
static const struct made_run three[] = {
	{ "a", "", 1, 1.1, 0.5, 1000, 10, 400, "done" }, { "a", "", 2, 1.2, 0.5, 1000, 10, 400, "done" },
	{ "a", "", 3, 1.3, 0.5, 1000, 10, 400, "done" }, { "b", "", 3, 1.4, 0.7, 1009, 10, 400, "done" },
	{ "b", "", 1, 1.3, 0.7, 1009, 10, 400, "done" }, { "b", "", 2, 1.5, 0.7, 1009, 10, 400, "done" },
	{ "c", "", 2, 1.3, 0.1, 2000, 20, 800, "done" }, { "c", "", 3, 1.9, 0.1, 2000, 20, 800, "done" },
	{ "c", "", 1, 1.0, 0.1, 2000, 20, 800, "done" },
};

/* With two degrees of freedom Student's distribution has a closed form: P(T > t) = (1 - t / sqrt(2 + t^2)) / 2. */
static double tail(double t)
{
	return (1 - t / sqrt(2 + t * t)) / 2;
}

struct worked {
	double mean, error, p, p_equivalence;
};

static struct worked work(double d1, double d2, double d3, double margin)
{
	double mean = (d1 + d2 + d3) / 3;
	double squares = (d1 - mean) * (d1 - mean) + (d2 - mean) * (d2 - mean) + (d3 - mean) * (d3 - mean);
	double error = sqrt(squares / 2 / 3);
	return (struct worked){ mean, error, 2 * tail(fabs(mean) / error),
							fmax(tail((margin - mean) / error), tail((margin + mean) / error)) };
}

/* ---- pairs ----------------------------------------------------------------------------------------------- */

/* Holm by hand for three p values: of their least, the middle one and the greatest. */
static double holm(const double *p, size_t which)
{
	size_t below = 0;
	double least = fmin(p[0], fmin(p[1], p[2])), most = fmax(p[0], fmax(p[1], p[2]));
	double first = 3 * least, second = fmax(first, 2 * (p[0] + p[1] + p[2] - least - most)), third = fmax(second, most);
	for (size_t i = 0; i < 3; i++)
		below += p[i] < p[which];
	return below == 0 ? first : below == 1 ? second : third;
}

/* Four of the five percent go to differences, one to equivalences. */
static double page_p(double p_difference, double p_equivalence)
{
	return fmin(1, fmin(p_difference / 0.8, p_equivalence / 0.2));
}

START_TEST(differences_are_paired_by_seed)
{
	struct study study = make_study(three, COUNT(three));
	struct compare_page page = compare(&study, COMPARE_END, "excess_loss", 0.3, NULL);
	const struct comparison *of = &page.contest[0].metric[0];
	const struct worked wanted[] = { work(-0.2, -0.3, -0.1, 0.3), work(0.1, -0.1, -0.6, 0.3),
									 work(0.3, 0.2, -0.5, 0.3) };
	const double p[] = { wanted[0].p, wanted[1].p, wanted[2].p };
	const double q[] = { wanted[0].p_equivalence, wanted[1].p_equivalence, wanted[2].p_equivalence };
	const double u = 1 - 0.04 / 3;
	ck_assert_uint_eq(of->pairs, 3);
	ck_assert_uint_eq(page.tests, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct compare_pair *pair = &of->pair[i];
		ck_assert_uint_eq(pair->difference.n, 3);
		ck_assert_double_eq_tol(pair->difference.mean, wanted[i].mean, 1e-12);
		ck_assert_double_eq_tol(pair->t, wanted[i].mean / wanted[i].error, 1e-9);
		ck_assert_double_eq_tol(pair->test.p_difference, wanted[i].p, 1e-9);
		ck_assert_double_eq_tol(pair->test.p_equivalence, wanted[i].p_equivalence, 1e-9);
		ck_assert_double_eq_tol(pair->test.p, page_p(holm(p, i), holm(q, i)), 1e-9);
		/* t(0.975, 2) = 4.302653; of three intervals at once the tail is 0.04 / 6, u = 1 - 2 * 0.04 / 6 */
		ck_assert_double_eq_tol(pair->difference.high - pair->difference.mean, 4.302653 * wanted[i].error, 1e-6);
		ck_assert_double_eq_tol(pair->high - pair->difference.mean, sqrt(2 / (1 - u * u)) * u * wanted[i].error, 1e-9);
	}
	compare_page_free(&page);
	study_free(&study);
}
END_TEST

START_TEST(a_baseline_makes_the_family_smaller)
{
	struct study study = make_study(three, COUNT(three));
	struct compare_page page = compare(&study, COMPARE_END, "excess_loss", 0.3, "a");
	const struct comparison *of = &page.contest[0].metric[0];
	struct worked wanted = work(0.2, 0.3, 0.1, 0.3);
	ck_assert_uint_eq(of->pairs, 2);
	ck_assert_uint_eq(of->pair[0].a, 1);
	ck_assert_uint_eq(of->pair[0].b, 0);
	ck_assert_double_eq_tol(of->pair[0].difference.mean, 0.2, 1e-12);
	ck_assert_double_eq_tol(of->pair[0].test.p, 2 * wanted.p / 0.8, 1e-9);
	compare_page_free(&page);
	study_free(&study);
}
END_TEST

START_TEST(seeds_of_one_side_alone_do_not_count)
{
	static const struct made_run runs[] = {
		{ "a", "", 1, 1, 0, 1, 1, 1, "done" },   { "a", "", 2, 2, 0, 1, 1, 1, "done" },
		{ "a", "", 5, 9, 0, 1, 1, 1, "done" },   { "b", "", 2, 1.5, 0, 1, 1, 1, "done" },
		{ "b", "", 1, 0.5, 0, 1, 1, 1, "done" }, { "b", "", 4, 7, 0, 1, 1, 1, "done" },
		{ "a", "", 6, 1, 0, 1, 1, 1, "done" },   { "b", "", 6, 50, 0, 1, 1, 1, "diverged" },
	};
	struct study study = make_study(runs, COUNT(runs));
	struct compare_page page = compare(&study, COMPARE_END, "excess_loss", 0.01, NULL);
	const struct comparison *of = &page.contest[0].metric[0];
	ck_assert_uint_eq(of->pair[0].difference.n, 2);
	ck_assert_double_eq_tol(of->pair[0].difference.mean, 0.5, 1e-12);
	ck_assert_uint_eq(of->mean[0].n, 4);
	ck_assert_uint_eq(of->mean[1].n, 3);
	ck_assert_uint_eq(compare_diverged(&study.series[1]), 1);
	compare_page_free(&page);
	study_free(&study);
}
END_TEST

/* ---- views ----------------------------------------------------------------------------------------------- */

/* a and b end at 400 FLOPs; c is then half way, where its loss is one above its end. */
START_TEST(at_equal_flops_each_is_read_where_the_cheapest_ends)
{
	struct study study = make_study(three, COUNT(three));
	struct compare_page page = compare(&study, COMPARE_EQUAL_FLOPS, "excess_loss", 0.3, NULL);
	const struct comparison *of = &page.contest[0].metric[0];
	ck_assert_double_eq(of->flops, 400);
	ck_assert_double_eq_tol(of->mean[0].mean, 1.2, 1e-12);
	ck_assert_double_eq_tol(of->mean[2].mean, 1.4 + 1, 1e-12);
	compare_page_free(&page);
	study_free(&study);
}
END_TEST

/* 600 of 1600 FLOPs lie half way between a quarter (3 above the end) and a half (1 above it); 600 of 800 lie half way
 * between the half and the end, since the row between them holds no evaluation. */
START_TEST(between_two_evaluations_the_loss_is_on_the_line)
{
	static const struct made_run runs[] = {
		{ "a", "", 1, 1, 0, 1, 1, 600, "done" },
		{ "b", "", 1, 1, 0, 1, 1, 1600, "done" },
		{ "c", "", 1, 1, 0, 1, 1, 800, "done" },
		{ "d", "", 1, 1, 0, 1, 1, 4000, "done" },
	};
	struct study study = make_study(runs, COUNT(runs));
	struct compare_page page = compare(&study, COMPARE_EQUAL_FLOPS, "excess_loss", 0.3, NULL);
	const struct comparison *of = &page.contest[0].metric[0];
	ck_assert_double_eq_tol(of->mean[0].mean, 1, 1e-12);
	ck_assert_double_eq_tol(of->mean[1].mean, 3, 1e-12);
	ck_assert_double_eq_tol(of->mean[2].mean, 1.5, 1e-12);
	ck_assert_uint_eq(of->mean[3].n, 0); /* its first evaluation comes later: nothing is made up */
	compare_page_free(&page);
	study_free(&study);
}
END_TEST

START_TEST(of_equal_size_is_within_one_percent)
{
	struct study study = make_study(three, COUNT(three));
	struct compare_page page = compare(&study, COMPARE_END, "excess_loss", 0.3, NULL);
	const struct comparison *of = &page.contest[0].metric[0];
	ck_assert(of->pair[0].same_size); /* 1000 and 1009 */
	ck_assert(!of->pair[1].same_size && !of->pair[2].same_size);
	compare_page_free(&page);
	study_free(&study);
}
END_TEST

/* b is worse than a in loss and MaxVio at the same FLOPs; c costs more but is the best in balance. */
START_TEST(the_pareto_set_has_three_axes)
{
	struct study study = make_study(three, COUNT(three));
	struct compare_page page = compare(&study, COMPARE_END, "excess_loss", 0, NULL);
	const bool *best = page.contest[0].best;
	ck_assert(best[0] && !best[1] && best[2]);
	compare_page_free(&page);
	study_free(&study);
}
END_TEST

/* ---- contests -------------------------------------------------------------------------------------------- */

static const struct made_run worlds[] = {
	{ "a", "0", 1, 1.0, 0, 1, 1, 1, "done" },   { "a", "0", 2, 1.1, 0, 1, 1, 1, "done" },
	{ "b", "0", 1, 1.2, 0, 1, 1, 1, "done" },   { "b", "0", 2, 1.4, 0, 1, 1, 1, "done" },
	{ "a", "0.5", 1, 2.0, 0, 1, 1, 1, "done" }, { "a", "0.5", 2, 2.1, 0, 1, 1, 1, "done" },
	{ "b", "0.5", 1, 1.9, 0, 1, 1, 1, "done" }, { "b", "0.5", 2, 1.8, 0, 1, 1, 1, "done" },
	{ "c", "0.5", 1, 5.0, 0, 1, 1, 1, "done" }, { "c", "0.5", 2, 5.1, 0, 1, 1, 1, "done" },
};

START_TEST(each_stream_is_a_contest)
{
	struct study study = make_study(worlds, COUNT(worlds));
	struct contest *contest;
	ck_assert_uint_eq(contests_split(&study, &study.arena, &contest), 2);
	ck_assert_str_eq(contest[0].title, "topicmix.shared=0");
	ck_assert_str_eq(contest[1].title, "topicmix.shared=0.5");
	ck_assert_uint_eq(contest[0].study.n, 2);
	ck_assert_uint_eq(contest[1].study.n, 3);
	for (size_t i = 0; i < 2; i++)
		for (size_t s = 0; s < contest[i].study.n; s++) {
			ck_assert_str_eq(contest[i].study.series[s].label, contest[i].study.series[s].strategy);
			ck_assert_ptr_eq(contest[i].study.series[s].run, study.series[contest[i].from[s]].run);
		}
	study_free(&study);
}
END_TEST

START_TEST(all_streams_of_a_page_are_one_family)
{
	struct study study = make_study(worlds, COUNT(worlds));
	struct compare_page page = compare(&study, COMPARE_END, "excess_loss", 0.01, NULL);
	ck_assert_uint_eq(page.contests, 2);
	ck_assert_uint_eq(page.contest[0].metric[0].pairs, 1);
	ck_assert_uint_eq(page.contest[1].metric[0].pairs, 3);
	ck_assert_uint_eq(page.tests, 4);
	/* the surest one: 3.05 against 0.05, without scatter in c - a: 3, 3 */
	const struct compare_pair *sure = &page.contest[1].metric[0].pair[1];
	ck_assert_double_eq_tol(sure->difference.mean, -3, 1e-12);
	/* a - b on the first stream: -0.2 and -0.3; with one degree of freedom p = 1 - 2 atan(t) / pi */
	const struct compare_pair *pair = &page.contest[0].metric[0].pair[0];
	ck_assert_double_eq_tol(pair->difference.mean, -0.25, 1e-12);
	ck_assert_double_eq_tol(pair->test.p_difference, 1 - 2 * atan(0.25 / 0.05) / acos(-1), 1e-9);
	ck_assert_double_ge(pair->test.p, fmin(1, 2 * pair->test.p_difference));
	compare_page_free(&page);
	study_free(&study);
}
END_TEST

START_TEST(one_stream_is_one_contest_without_a_title)
{
	struct study study = make_study(three, COUNT(three));
	struct contest *contest;
	ck_assert_uint_eq(contests_split(&study, &study.arena, &contest), 1);
	ck_assert_str_eq(contest[0].title, "");
	ck_assert_uint_eq(contest[0].study.n, 3);
	study_free(&study);
}
END_TEST

static Suite *compare_suite(void)
{
	Suite *suite = suite_create("compare");
	TCase *cases = tcase_create("compare");
	tcase_add_checked_fixture(cases, folder_setup, folder_teardown);
	tcase_add_test(cases, differences_are_paired_by_seed);
	tcase_add_test(cases, a_baseline_makes_the_family_smaller);
	tcase_add_test(cases, seeds_of_one_side_alone_do_not_count);
	tcase_add_test(cases, at_equal_flops_each_is_read_where_the_cheapest_ends);
	tcase_add_test(cases, between_two_evaluations_the_loss_is_on_the_line);
	tcase_add_test(cases, of_equal_size_is_within_one_percent);
	tcase_add_test(cases, the_pareto_set_has_three_axes);
	tcase_add_test(cases, each_stream_is_a_contest);
	tcase_add_test(cases, all_streams_of_a_page_are_one_family);
	tcase_add_test(cases, one_stream_is_one_contest_without_a_title);
	suite_add_tcase(suite, cases);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(compare_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
