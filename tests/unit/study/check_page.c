/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_page.c -- whole pages of verdicts over a thousand simulated suites, and what a page makes of single values.
 *
 * The suites are made up here in a way that the tests do not know: the seeds correlate by 0.95 and each has a law of
 * its own, whose level and scatter it shares with nobody.
 */
#include <config.h>

#include <check.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/study/compare.h"
#include "sim/base/seed.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"
#include "strategies/catalog.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- a suite in memory ----------------------------------------------------------------------------------- */

enum { STRATEGIES = 10, SEEDS = 5, METRICS = 4, SUITES = 250 };

static const char *const metrics[METRICS] = { "excess_loss", "maxvio", "dead_experts", "domain_mi" };

struct made {
	struct study study;
	struct study_series series[STRATEGIES];
	struct run_folder run[STRATEGIES][SEEDS];
	const struct run_folder *of[STRATEGIES][SEEDS];
	char cell[STRATEGIES][SEEDS][METRICS][32];
};

static struct made made;

static void make_run(const char *strategy, size_t s, size_t seed)
{
	static const char text[] = "status,excess_loss,maxvio,dead_experts,domain_mi\ndone,0,0,0,0\n";
	struct error err;
	struct run_folder *run = &made.run[s][seed];
	*run = (struct run_folder){ .path = "/made", .name = "made", .label = "", .strategy = strategy };
	run->sentence = "";
	run->status = "done";
	run->seed = (int64_t)seed + 1;
	run->summed_up = true;
	ck_assert_int_eq(csv_read_bytes("made", text, sizeof text - 1, &run->summary, &err), 0);
	for (size_t m = 0; m < METRICS; m++)
		run->summary.cell[1 + m] = made.cell[s][seed][m];
	made.of[s][seed] = run;
}

static void make_suite(size_t strategies, size_t seeds, const char *const *name)
{
	memset(&made, 0, sizeof made);
	made.study.n = strategies;
	made.study.series = made.series;
	for (size_t s = 0; s < strategies; s++) {
		const char *strategy = name ? name[s] : text_keep_f("s%zu", s);
		for (size_t seed = 0; seed < seeds; seed++)
			make_run(strategy, s, seed);
		made.series[s] =
			(struct study_series){ .label = strategy, .strategy = strategy, .n = seeds, .run = made.of[s] };
	}
}

static void free_suite(void)
{
	for (size_t s = 0; s < STRATEGIES; s++)
		for (size_t seed = 0; seed < SEEDS; seed++)
			csv_table_free(&made.run[s][seed].summary);
}

static void put(size_t s, size_t seed, size_t metric, double value)
{
	snprintf(made.cell[s][seed][metric], sizeof made.cell[s][seed][metric], "%.17g", value);
}

static struct compare_page judge(size_t n, const char *against, enum compare_scale scale)
{
	const struct compare_metric *metric[METRICS];
	struct compare_request request = {
		.metrics = n, .metric = metric, .against = against, .all_pairs = !against, .scale = scale
	};
	struct compare_page page;
	struct error err;
	for (size_t i = 0; i < n; i++)
		metric[i] = compare_metric(metrics[i]);
	ck_assert_int_eq(compare_page(&made.study, &request, &page, &err), 0);
	return page;
}

/* ---- the truth ------------------------------------------------------------------------------------------- */

/* effect[strategy]: the logarithm of its factor in the loss; the other metrics differ by the same, added.  Where each
 * seed has its own law all strategies share its level, and it scatters as much as it pleases. */
struct law {
	const char *name;
	double effect[STRATEGIES];
	double noise;     /* of the logarithm of one run, besides what its seed shares */
	bool own_scatter; /* of each seed */
};

static const struct law laws[] = {
	{ "nothing differs", { 0 }, 0.03, false },
	{ "nothing differs, every seed scatters on its own", { 0 }, 0.03, true },
	{ "some differ", { 0, 0, 0, 0.05, 0.05, -0.05, 0.3, 0.3, -0.3, 1 }, 0.03, false },
	{ "some differ, every seed scatters on its own", { 0, 0, 0, 0.05, 0.05, -0.05, 0.3, 0.3, -0.3, 1 }, 0.03, true },
	/* where most turn out equivalent, what is left are those that look most different */
	{ "nothing differs, and some of it is found equivalent", { 0 }, 0.012, false },
	/* differences of exactly the margin, where nothing is easier than to call them equivalent */
	{ "half at the margin of MaxVio", { 0, 0.1, 0.1, 0.1, 0.1, 0, 0, 0, 0, -0.1 }, 0.004, false },
};

static void draw_seed(gsl_rng *rng, const struct law *law, size_t seed)
{
	/* the seed's share has 19 times the variance of the run's: a correlation of 0.95 */
	double level = gsl_ran_gaussian(rng, law->noise * sqrt(19));
	double scatter = law->own_scatter ? exp(gsl_ran_gaussian(rng, 0.7)) : 1;
	for (size_t s = 0; s < STRATEGIES; s++) {
		double noise = law->noise * scatter;
		put(s, seed, 0, 0.15 * exp(level + law->effect[s] + gsl_ran_gaussian(rng, noise)));
		put(s, seed, 1, 3 + level + law->effect[s] + gsl_ran_gaussian(rng, noise));
		put(s, seed, 2, gsl_ran_poisson(rng, 0.3) + (law->effect[s] > 0.2 ? 12.0 : 0));
		put(s, seed, 3, 1 + level + law->effect[s] + gsl_ran_gaussian(rng, noise));
	}
}

/* Is the verdict on these two wrong?  true_difference: of what the verdict is about; margin: NAN where the verdict of
 * equivalence is about something else. */
static bool is_false(enum verdict verdict, double true_difference, double margin)
{
	switch (verdict) {
	case VERDICT_LOWER:
		return !(true_difference < 0);
	case VERDICT_HIGHER:
		return !(true_difference > 0);
	case VERDICT_EQUIVALENT:
		return fabs(true_difference) >= margin * (1 - 1e-9);
	default:
		return false;
	}
}

/* The mean of exp(level + noise), which effects multiply. */
static double mean_loss(const struct law *law, size_t s)
{
	return 0.15 * exp(law->effect[s] + law->noise * law->noise * 20 / 2);
}

static double true_difference(const struct law *law, size_t metric, const struct compare_pair *pair,
							  enum verdict verdict)
{
	double effect = law->effect[pair->a] - law->effect[pair->b];
	if (metric == 2)
		return 12 * ((law->effect[pair->a] > 0.2) - (law->effect[pair->b] > 0.2));
	if (metric == 0 && verdict == VERDICT_EQUIVALENT)
		return mean_loss(law, pair->a) - mean_loss(law, pair->b);
	return effect;
}

struct tally {
	size_t wrong, verdicts, differences, tests; /* pages with a false verdict; verdicts; true differences; tests */
	size_t covered, simultaneous, pairs, pages; /* intervals that cover the truth */
	size_t logarithmic;
};

static bool covers(double low, double high, double value)
{
	return low <= value && value <= high;
}

/* Returns whether a verdict of this metric is false. */
static bool read_verdicts(const struct law *law, const struct comparison *of, size_t m, struct tally *tally, bool *all)
{
	bool wrong = false;
	for (size_t i = 0; i < of->pairs; i++) {
		const struct compare_pair *pair = &of->pair[i];
		enum verdict verdict = pair->test.verdict;
		double truth = true_difference(law, m, pair, verdict);
		wrong |= is_false(verdict, truth, pair->margin);
		tally->verdicts += verdict == VERDICT_LOWER || verdict == VERDICT_HIGHER;
		tally->differences += truth != 0;
		if (m != 1)
			continue;
		tally->pairs++;
		tally->covered += covers(pair->difference.low, pair->difference.high, truth);
		*all &= covers(pair->low, pair->high, truth);
	}
	return wrong;
}

static void simulate(gsl_rng *rng, const struct law *law, const char *against, size_t suites, struct tally *tally)
{
	for (size_t suite = 0; suite < suites; suite++) {
		bool wrong = false, all = true;
		for (size_t seed = 0; seed < SEEDS; seed++)
			draw_seed(rng, law, seed);
		struct compare_page page = judge(METRICS, against, COMPARE_SCALE_AUTO);
		for (size_t m = 0; m < METRICS; m++)
			wrong |= read_verdicts(law, &page.contest[0].metric[m], m, tally, &all);
		tally->wrong += wrong;
		tally->pages++;
		tally->simultaneous += all;
		tally->logarithmic += page.contest[0].metric[0].logarithmic;
		compare_page_free(&page);
	}
}

/* At 5% of 250 pages 12 may err, and three standard deviations of a binomial more, 10; all laws together are 1500. */
START_TEST(a_page_errs_in_one_suite_of_twenty_at_most)
{
	const struct law *law = &laws[_i];
	struct tally tally = { .wrong = 0 };
	gsl_rng *rng = gsl_rng_alloc(seed_rng_type);
	seed_open(rng, 11, "page", (uint64_t)_i);
	make_suite(STRATEGIES, SEEDS, NULL);
	simulate(rng, law, "s0", SUITES, &tally);
	printf("# %s: a false verdict on %zu of %zu pages, %zu verdicts of %zu differences, %zu of %zu intervals cover, "
		   "all of "
		   "a page on %zu; logarithm %zu\n",
		   law->name, tally.wrong, tally.pages, tally.verdicts, tally.differences, tally.covered, tally.pairs,
		   tally.simultaneous, tally.logarithmic);
	gsl_rng_free(rng);
	free_suite();
	ck_assert_uint_le(tally.wrong, 22);
	ck_assert_double_ge((double)tally.covered, 0.94 * (double)tally.pairs);
	ck_assert_uint_ge(tally.simultaneous, 228);
}
END_TEST

/* ---- single values --------------------------------------------------------------------------------------- */

/* Values of a metric over the seeds of a series. */
static void put_all(size_t s, size_t metric, const double *value)
{
	for (size_t seed = 0; seed < SEEDS; seed++)
		put(s, seed, metric, value[seed]);
}

static const struct compare_pair *pair_of(const struct compare_page *page, size_t metric, size_t a)
{
	const struct comparison *of = &page->contest[0].metric[metric];
	for (size_t i = 0; i < of->pairs; i++)
		if (of->pair[i].a == a)
			return &of->pair[i];
	return NULL;
}

static const double losses[][SEEDS] = { { 0.30, 0.32, 0.29, 0.35, 0.31 },
										{ 0.20, 0.22, 0.21, 0.23, 0.22 },
										{ 0.31, 0.30, 0.33, 0.29, 0.34 } };
static const double violations[][SEEDS] = { { 3.2, 3.6, 3.3, 3.1, 3.4 }, { 0, 0, 0, 0, 0 }, { 2, 2, 2, 2, 2 } };
static const double dead[][SEEDS] = { { 0, 0, 0, 0, 0 }, { 1, 1, 1, 1, 1 }, { 0, 0, 0, 0, 0 } };

static struct compare_page judge_three(size_t seeds, const char *against)
{
	make_suite(3, seeds, NULL);
	for (size_t s = 0; s < 3; s++) {
		put_all(s, 0, losses[s]);
		put_all(s, 1, violations[s]);
		put_all(s, 2, dead[s]);
		put_all(s, 3, losses[0]);
	}
	return judge(METRICS, against, COMPARE_SCALE_PLAIN);
}

/* A MaxVio of 0 in every seed against 3.3: decided by the scatter of the other; against one that has none: seen. */
START_TEST(what_does_not_scatter_is_decided)
{
	struct compare_page page = judge_three(SEEDS, "s0");
	const struct compare_pair *pair = pair_of(&page, 1, 1);
	ck_assert(!pair->exact);
	ck_assert_int_eq(pair->test.verdict, VERDICT_LOWER);
	ck_assert_int_eq(pair_of(&page, 3, 1)->test.verdict, VERDICT_EQUAL);
	ck_assert(pair_of(&page, 3, 1)->exact);
	compare_page_free(&page);
	free_suite();
	page = judge_three(SEEDS, "s1");
	pair = pair_of(&page, 1, 2);
	ck_assert(pair->exact);
	ck_assert_int_eq(pair->test.verdict, VERDICT_HIGHER);
	ck_assert_double_nan(pair->test.p);
	compare_page_free(&page);
	free_suite();
}
END_TEST

/* Counts are rounded: five times one more may be chance.  The least sd is sqrt(2 / 12); with four degrees of freedom
 * P(|T| > t) = 1 - u (3 - u^2) / 2, u = t / sqrt(4 + t^2). */
START_TEST(counts_are_never_without_scatter)
{
	struct compare_page page = judge_three(SEEDS, "s0");
	const struct compare_pair *pair = pair_of(&page, 2, 1);
	double t = sqrt(5 * 6), u = t / sqrt(4 + t * t);
	ck_assert(!pair->exact);
	ck_assert_double_eq_tol(pair->t, t, 1e-12);
	ck_assert_double_eq_tol(pair->test.p_difference, 1 - u * (3 - u * u) / 2, 1e-9);
	ck_assert_int_eq(pair_of(&page, 2, 2)->test.verdict, VERDICT_EQUAL);
	/* equal values are no tests: two of the loss, two of MaxVio, one of the counts */
	ck_assert_uint_eq(page.tests, 5);
	compare_page_free(&page);
	free_suite();
}
END_TEST

START_TEST(one_seed_decides_nothing)
{
	struct compare_page page = judge_three(1, "s0");
	ck_assert_uint_eq(page.tests, 0);
	for (size_t m = 0; m < METRICS; m++)
		for (size_t s = 1; s < 3; s++)
			ck_assert_int_eq(pair_of(&page, m, s)->test.verdict, VERDICT_UNDECIDED);
	ck_assert_double_nan(page.contest[0].metric[0].detectable);
	compare_page_free(&page);
	free_suite();
}
END_TEST

/* ---- the scale ------------------------------------------------------------------------------------------- */

/* What one more seed multiplies, the logarithm tells with less scatter; what it adds, the plain difference. */
START_TEST(the_scale_is_that_of_the_scatter)
{
	static const double level[SEEDS] = { 0.1, 0.2, 0.4, 0.15, 0.3 }, noise[SEEDS] = { 0.01, -0.02, 0.015, 0, -0.01 };
	double squares = 0, mean = log(0.62);
	make_suite(2, SEEDS, NULL);
	for (size_t seed = 0; seed < SEEDS; seed++) {
		put(0, seed, 0, level[seed]);
		put(1, seed, 0, level[seed] * 0.62 * exp(noise[seed]));
		mean += noise[seed] / SEEDS;
	}
	for (size_t seed = 0; seed < SEEDS; seed++)
		squares += pow(log(0.62) + noise[seed] - mean, 2);
	struct compare_page page = judge(1, "s0", COMPARE_SCALE_AUTO);
	const struct compare_pair *pair = pair_of(&page, 0, 1);
	double half = 2.998528 * sqrt(squares / 4 / 5); /* t(0.98, 4); the page has one test */
	ck_assert(page.contest[0].metric[0].logarithmic);
	ck_assert_double_eq_tol(pair->relative, exp(mean) - 1, 1e-9);
	ck_assert_double_eq_tol(pair->relative_low, exp(mean - half) - 1, 1e-6);
	ck_assert_double_eq_tol(pair->relative_high, exp(mean + half) - 1, 1e-6);
	ck_assert_int_eq(pair->test.verdict, VERDICT_LOWER);
	compare_page_free(&page);
	for (size_t seed = 0; seed < SEEDS; seed++)
		put(1, seed, 0, level[seed] - 0.05 + noise[seed] / 5);
	page = judge(1, "s0", COMPARE_SCALE_AUTO);
	ck_assert(!page.contest[0].metric[0].logarithmic);
	ck_assert_double_nan(pair_of(&page, 0, 1)->relative);
	compare_page_free(&page);
	put(1, 0, 0, -0.001); /* a loss below Bayes on these tokens has no logarithm */
	page = judge(1, "s0", COMPARE_SCALE_LOG);
	ck_assert(!page.contest[0].metric[0].logarithmic);
	compare_page_free(&page);
	free_suite();
}
END_TEST

/* ---- who is compared with whom --------------------------------------------------------------------------- */

static const struct moe_recipe roles[] = {
	{ .name = "plain", .role = MOE_BASELINE },
	{ .name = "chance", .role = MOE_FLOOR },
	{ .name = "none", .role = MOE_DENSE },
	{ .name = "planted", .role = MOE_CEILING },
	{ .name = "better", .role = MOE_CEILING },
	{ .name = "oracle", .role = MOE_ORACLE },
	{ .name = NULL },
};

static const char *const cast[] = { "chance", "mine", "plain", "planted", "better", "oracle" };

/* loss[strategy] = level of the seed * this */
static const double height[] = { 0.9, 0.5, 0.6, 0.2, 0.1, 0.01 };

static struct compare_page judge_cast(const char *const *name, size_t n)
{
	static const double level[SEEDS] = { 1, 1.2, 0.9, 1.1, 1.05 }, noise[SEEDS] = { 0.01, -0.02, 0.015, 0, -0.01 };
	catalog_use(strategy_parts, roles);
	make_suite(n, SEEDS, name);
	for (size_t s = 0; s < n; s++)
		for (size_t seed = 0; seed < SEEDS; seed++)
			put(s, seed, 0, level[seed] * (height[s] + (s == 1 ? noise[seed] : 0)));
	return judge(1, "", COMPARE_SCALE_AUTO);
}

START_TEST(everything_is_compared_with_the_baseline_but_what_is_planted)
{
	struct compare_page page = judge_cast(cast, COUNT(cast));
	const struct comparison *of = &page.contest[0].metric[0];
	ck_assert_uint_eq(page.contest[0].baseline, 2);
	ck_assert_uint_eq(of->pairs, 2);
	ck_assert_uint_eq(of->pair[0].a, 0);
	ck_assert_uint_eq(of->pair[1].a, 1);
	ck_assert_uint_eq(of->pair[1].b, 2);
	compare_page_free(&page);
	free_suite();
}
END_TEST

/* (0.9 - 0.5) / (0.9 - 0.1), with the better one of the planted; 0.6 is worth 3/8 in every seed. */
START_TEST(the_gap_is_from_chance_to_the_best_that_is_planted)
{
	struct compare_page page = judge_cast(cast, COUNT(cast));
	const struct gap *gap = &page.contest[0].gap;
	ck_assert_uint_eq(gap->floor, 0);
	ck_assert_uint_eq(gap->ceiling, 4);
	ck_assert_double_eq_tol(gap->share[2].value, 0.375, 1e-12);
	ck_assert_double_eq_tol(gap->share[2].low, 0.375, 1e-6);
	ck_assert_double_eq_tol(gap->share[1].value, 0.5, 0.01);
	ck_assert_double_eq_tol(gap->of_run[1][0], (0.9 - 0.51) / 0.8, 1e-12);
	ck_assert_double_lt(gap->share[1].low, 0.5);
	ck_assert_double_gt(gap->share[1].high, 0.5);
	ck_assert_double_eq(gap->share[0].value, 0);
	ck_assert_double_eq(gap->share[4].value, 1);
	compare_page_free(&page);
	free_suite();
	page = judge_cast(cast, 3);
	ck_assert_double_nan(page.contest[0].gap.share[1].value);
	ck_assert_double_nan(page.contest[0].gap.of_run[1][0]);
	compare_page_free(&page);
	free_suite();
}
END_TEST

/* Information in one choice of an expert and in two are not the same thing. */
START_TEST(what_depends_on_k_is_compared_at_one_k)
{
	static struct run_setting one = { "top-k", "1" }, two = { "top-k", "2" };
	make_suite(3, SEEDS, NULL);
	for (size_t s = 0; s < 3; s++)
		for (size_t seed = 0; seed < SEEDS; seed++) {
			made.run[s][seed].settings = 1;
			made.run[s][seed].setting = s == 2 ? &one : &two;
			put(s, seed, 0, losses[s][seed]);
			put(s, seed, 3, losses[s][seed]);
		}
	struct compare_page page = judge(METRICS, "s0", COMPARE_SCALE_PLAIN);
	ck_assert_uint_eq(page.contest[0].metric[0].pairs, 2);
	ck_assert_uint_eq(page.contest[0].metric[3].pairs, 1);
	ck_assert_uint_eq(page.contest[0].metric[3].pair[0].a, 1);
	compare_page_free(&page);
	free_suite();
}
END_TEST

static Suite *page_suite(void)
{
	Suite *suite = suite_create("page");
	TCase *values = tcase_create("values"), *simulated = tcase_create("simulated");
	tcase_add_test(values, what_does_not_scatter_is_decided);
	tcase_add_test(values, counts_are_never_without_scatter);
	tcase_add_test(values, one_seed_decides_nothing);
	tcase_add_test(values, the_scale_is_that_of_the_scatter);
	tcase_add_test(values, everything_is_compared_with_the_baseline_but_what_is_planted);
	tcase_add_test(values, the_gap_is_from_chance_to_the_best_that_is_planted);
	tcase_add_test(values, what_depends_on_k_is_compared_at_one_k);
	suite_add_tcase(suite, values);
	tcase_add_loop_test(simulated, a_page_errs_in_one_suite_of_twenty_at_most, 0, COUNT(laws));
	tcase_set_timeout(simulated, 60);
	suite_add_tcase(suite, simulated);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(page_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
