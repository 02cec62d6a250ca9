/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare_pairs.c -- two series of runs on one metric: paired differences, their scale and their tests.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/study/compare_pairs.h"

static const double size_tolerance = 0.01;

/* The values of the seeds that both have: x[n] and y[n]. */
static size_t pair_up(const struct comparison *of, size_t a, size_t b, double *x, double *y)
{
	const struct study_series *left = &of->study->series[a], *right = &of->study->series[b];
	size_t n = 0;
	for (size_t i = 0, j = 0; i < left->n && j < right->n;) { /* both are sorted by seed */
		int64_t at = left->run[i]->seed, other = right->run[j]->seed;
		if (at == other && isfinite(of->value[a][i]) && isfinite(of->value[b][j])) {
			x[n] = of->value[a][i];
			y[n++] = of->value[b][j];
		}
		i += at <= other;
		j += other <= at;
	}
	return n;
}

static struct estimate difference_of(const double *x, const double *y, size_t n, double *room)
{
	for (size_t i = 0; i < n; i++)
		room[i] = x[i] - y[i];
	return estimate_of(room, n);
}

static struct estimate log_ratio_of(const double *x, const double *y, size_t n, double *room)
{
	for (size_t i = 0; i < n; i++)
		room[i] = log(x[i]) - log(y[i]);
	return estimate_of(room, n);
}

static bool is_constant(const double *x, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (x[i] != x[0])
			return false;
	return n > 1;
}

/* One value of every seed on either side.  Equal ones are equal; of two different ones nothing is left to infer, unless
 * they are counts, in which some scatter may hide: each was rounded to a whole number (Sheppard). */
static bool judge_exact(const struct compare_metric *metric, const double *x, const double *y, size_t n,
						struct compare_pair *pair)
{
	const struct estimate *difference = &pair->difference;
	bool equal = difference->n > 1 && difference->sd == 0 && difference->mean == 0;
	pair->exact = equal || (metric->resolution == 0 && is_constant(x, n) && is_constant(y, n));
	if (pair->exact)
		pair->test.verdict = equal ? VERDICT_EQUAL : difference->mean < 0 ? VERDICT_LOWER : VERDICT_HIGHER;
	return pair->exact;
}

struct compare_scratch compare_scratch(const struct study *study, struct arena *arena)
{
	size_t most = 1;
	for (size_t s = 0; s < study->n; s++)
		most = study->series[s].n > most ? study->series[s].n : most;
	return (struct compare_scratch){ ARENA_TAKE(arena, most, double), ARENA_TAKE(arena, most, double),
									 ARENA_TAKE(arena, most, double) };
}

/* What the test reads: the difference, or its logarithm. */
struct estimate compare_tested(const struct comparison *of, const struct compare_pair *pair,
							   struct compare_scratch *room)
{
	if (!of->logarithmic)
		return pair->difference;
	size_t n = pair_up(of, pair->a, pair->b, room->x, room->y);
	return log_ratio_of(room->x, room->y, n, room->z);
}

static void test_pair(const struct comparison *of, struct compare_pair *pair, struct compare_scratch *room)
{
	size_t n = pair_up(of, pair->a, pair->b, room->x, room->y);
	pair->test = (struct hypothesis){ NAN, NAN, NAN, VERDICT_UNDECIDED };
	pair->t = pair->low = pair->high = pair->relative = pair->relative_low = pair->relative_high = NAN;
	pair->detectable = pair->scatter = NAN;
	pair->margin = of->margin;
	pair->difference = difference_of(room->x, room->y, n, room->z);
	if (judge_exact(of->metric, room->x, room->y, n, pair))
		return;
	/* a difference of two rounded numbers has twice the variance of one, resolution^2 / 12 */
	pair->difference = estimate_at_least(&pair->difference, of->metric->resolution / sqrt(6));
	struct estimate seen = compare_tested(of, pair, room);
	pair->t = seen.mean / (seen.sd / sqrt((double)seen.n));
	pair->test.p_difference = estimate_p_zero(&seen);
	pair->test.p_equivalence = stats_equivalence(&pair->difference, of->margin);
}

static const char *experts_per_token(const struct study *study, size_t series)
{
	return run_folder_setting(study->series[series].run[0], "top-k");
}

static bool comparable(const struct comparison *of, const struct contrast *contrast)
{
	return !of->metric->of_k ||
		   strcmp(experts_per_token(of->study, contrast->a), experts_per_token(of->study, contrast->b)) == 0;
}

static int mark_sizes(struct comparison *of, struct error *err)
{
	for (size_t i = 0; i < of->pairs; i++) {
		double a, b;
		TRY(run_folder_summary(of->study->series[of->pair[i].a].run[0], "params_total", &a, err));
		TRY(run_folder_summary(of->study->series[of->pair[i].b].run[0], "params_total", &b, err));
		of->pair[i].same_size = fabs(a - b) <= size_tolerance * fmax(a, b);
	}
	return 0;
}

static bool all_positive(const struct comparison *of)
{
	for (size_t s = 0; s < of->study->n; s++)
		for (size_t i = 0; i < of->study->series[s].n; i++)
			if (of->value[s][i] <= 0)
				return false;
	return true;
}

static double mean_log(const struct comparison *of)
{
	double sum = 0;
	size_t n = 0;
	for (size_t s = 0; s < of->study->n; s++)
		for (size_t i = 0; i < of->study->series[s].n; i++)
			if (isfinite(of->value[s][i])) {
				sum += log(of->value[s][i]);
				n++;
			}
	return n ? sum / (double)n : 0;
}

static double squares(const struct estimate *of)
{
	return of->n > 1 ? of->sd * of->sd * (double)(of->n - 1) : 0;
}

/* Box and Cox (1964): the likelihood of the logarithm exceeds that of the plain scale when its squares, times the
 * square of the geometric mean, are the smaller ones.  Squares about the mean of each pair say nothing of the means
 * themselves, so that this choice is made without a look at what is tested. */
static bool scatters_less_in_log(const struct comparison *of, struct compare_scratch *room)
{
	double plain = 0, logarithm = 0, scale = exp(2 * mean_log(of));
	for (size_t i = 0; i < of->pairs; i++) {
		size_t n = pair_up(of, of->pair[i].a, of->pair[i].b, room->x, room->y);
		struct estimate in_plain = difference_of(room->x, room->y, n, room->z);
		struct estimate in_log = log_ratio_of(room->x, room->y, n, room->z);
		plain += squares(&in_plain);
		logarithm += squares(&in_log);
	}
	return scale * logarithm < plain;
}

static bool is_logarithmic(const struct comparison *of, enum compare_scale scale, struct compare_scratch *room)
{
	if (!of->metric->proportional || scale == COMPARE_SCALE_PLAIN || !all_positive(of))
		return false;
	return scale == COMPARE_SCALE_LOG || scatters_less_in_log(of, room);
}

/* The earlier series first, whichever is a. */
static int by_series(const void *left, const void *right)
{
	const struct compare_pair *x = *(const struct compare_pair *const *)left;
	const struct compare_pair *y = *(const struct compare_pair *const *)right;
	size_t low_x = x->a < x->b ? x->a : x->b, high_x = x->a + x->b - low_x;
	size_t low_y = y->a < y->b ? y->a : y->b, high_y = y->a + y->b - low_y;
	return low_x != low_y ? (low_x > low_y) - (low_x < low_y) : (high_x > high_y) - (high_x < high_y);
}

const struct compare_pair *compare_pair_of(const struct comparison *of, size_t series, size_t other)
{
	const struct compare_pair wanted = { .a = series, .b = other }, *at = &wanted;
	const struct compare_pair **found = of->pairs ? bsearch(&at, of->by_series, of->pairs, sizeof at, by_series) : NULL;
	return found ? *found : NULL;
}

static void sort_pairs(struct comparison *of, struct arena *arena)
{
	of->by_series = ARENA_TAKE(arena, of->pairs, const struct compare_pair *);
	for (size_t i = 0; i < of->pairs; i++)
		of->by_series[i] = &of->pair[i];
	if (of->pairs)
		qsort(of->by_series, of->pairs, sizeof *of->by_series, by_series);
}

int compare_pairs(const struct compare_request *request, const struct contrast *contrast, size_t contrasts,
				  struct arena *arena, struct comparison *of, struct error *err)
{
	struct compare_scratch room = compare_scratch(of->study, arena);
	of->pair = ARENA_TAKE(arena, contrasts, struct compare_pair);
	for (size_t i = 0; i < contrasts; i++)
		if (comparable(of, &contrast[i]))
			of->pair[of->pairs++] =
				(struct compare_pair){ .a = contrast[i].a, .b = contrast[i].b, .aside = contrast[i].aside };
	sort_pairs(of, arena);
	of->logarithmic = is_logarithmic(of, request->scale, &room);
	for (size_t i = 0; i < of->pairs; i++)
		test_pair(of, &of->pair[i], &room);
	return mark_sizes(of, err);
}
