/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare_family.c -- all tests of a page are one family, judged at once.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>

#include "experiments/study/compare_pairs.h"

static const double power = 0.8;

struct family {
	size_t n;
	struct hypothesis *test;
	double *sign;
};

static bool is_tested(const struct compare_pair *pair)
{
	return !isnan(pair->test.p_difference);
}

static size_t count_tests(const struct comparison *of)
{
	size_t n = 0;
	for (size_t i = 0; i < of->pairs; i++)
		n += is_tested(&of->pair[i]);
	return n;
}

static void gather(const struct comparison *of, struct family *family)
{
	for (size_t i = 0; i < of->pairs; i++)
		if (is_tested(&of->pair[i])) {
			family->test[family->n] = of->pair[i].test;
			family->sign[family->n++] = of->pair[i].t;
		}
}

/* Power at the level that every difference of the page begins with; the same for all pairs of so many seeds. */
struct sight {
	double level;
	size_t n;
	double deviations; /* stats_detectable() of n; 0: not worked out */
};

static double detectable(struct sight *sight, const struct estimate *seen)
{
	if (sight->n != seen->n || sight->deviations == 0) {
		sight->n = seen->n;
		sight->deviations = stats_detectable(seen->n, sight->level, power);
	}
	return sight->deviations * seen->sd;
}

static void finish_relative(struct compare_pair *pair, const struct estimate *seen, double alpha)
{
	estimate_interval(seen, alpha, &pair->relative_low, &pair->relative_high);
	pair->relative = expm1(seen->mean);
	pair->relative_low = expm1(pair->relative_low);
	pair->relative_high = expm1(pair->relative_high);
	pair->detectable = -expm1(-pair->detectable);
}

static void finish_pair(const struct comparison *of, struct compare_pair *pair, double alpha, struct sight *sight,
						struct compare_scratch *room)
{
	struct estimate seen = compare_tested(of, pair, room);
	estimate_interval(&pair->difference, alpha, &pair->low, &pair->high);
	pair->scatter = seen.sd;
	pair->detectable = detectable(sight, &seen);
	if (of->logarithmic)
		finish_relative(pair, &seen, alpha);
}

static int compare_numbers(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *value, size_t n)
{
	qsort(value, n, sizeof *value, compare_numbers);
	return n == 0 ? NAN : n % 2 ? value[n / 2] : (value[n / 2 - 1] + value[n / 2]) / 2;
}

static void find_medians(struct comparison *of, struct arena *arena)
{
	double *visible = ARENA_TAKE(arena, of->pairs + 1, double), *scatter = ARENA_TAKE(arena, of->pairs + 1, double);
	size_t n = 0;
	for (size_t i = 0; i < of->pairs; i++)
		if (is_tested(&of->pair[i])) {
			visible[n] = of->pair[i].detectable;
			scatter[n++] = of->pair[i].scatter;
		}
	of->detectable = median(visible, n);
	of->scatter = median(scatter, n);
}

static struct family gather_all(struct compare_page *page)
{
	for (size_t c = 0; c < page->contests; c++)
		for (size_t m = 0; m < page->metrics; m++)
			page->tests += count_tests(&page->contest[c].metric[m]);
	struct family family = { 0, ARENA_TAKE(&page->arena, page->tests, struct hypothesis),
							 ARENA_TAKE(&page->arena, page->tests, double) };
	for (size_t c = 0; c < page->contests; c++)
		for (size_t m = 0; m < page->metrics; m++)
			gather(&page->contest[c].metric[m], &family);
	return family;
}

static void hand_out(struct compare_page *page, struct comparison *of, struct family *family, struct sight *sight)
{
	struct compare_scratch room = compare_scratch(of->study, &page->arena);
	for (size_t i = 0; i < of->pairs; i++)
		if (is_tested(&of->pair[i])) {
			of->pair[i].test = family->test[family->n++];
			finish_pair(of, &of->pair[i], stats_simultaneous(page->tests), sight, &room);
		}
	find_medians(of, &page->arena);
}

void compare_judge(struct compare_page *page)
{
	struct family family = gather_all(page);
	struct sight sight = { .level = STATS_ALPHA_DIFFERENT / (double)(page->tests ? page->tests : 1) };
	stats_judge(family.test, family.sign, family.n);
	family.n = 0;
	for (size_t c = 0; c < page->contests; c++)
		for (size_t m = 0; m < page->metrics; m++)
			hand_out(page, &page->contest[c].metric[m], &family, &sight);
}
