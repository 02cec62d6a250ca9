/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * statistics.c -- what a handful of paired differences allows to say.
 */
#include <config.h>

#include "experiments/study/statistics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "sim/base/error.h"
#include "sim/base/memory.h"

double stats_equivalence(const struct estimate *difference, double margin)
{
	if (difference->n < 2)
		return NAN;
	double error = difference->sd / sqrt((double)difference->n);
	double room = margin - fabs(difference->mean); /* to the nearer end, whose test has the larger p */
	if (!(error > 0))
		return room > 0 || difference->mean == 0 ? 0 : 1;
	return gsl_cdf_tdist_Q(room / error, (double)(difference->n - 1));
}

static int compare_p(const void *a, const void *b)
{
	double x = **(double *const *)a, y = **(double *const *)b;
	return (x > y) - (x < y);
}

void stats_holm(double *p, size_t n)
{
	double **sorted = calloc(n + 1, sizeof *sorted), least = 0;
	size_t tests = 0;
	if (!sorted)
		error_no_memory("p values");
	for (size_t i = 0; i < n; i++)
		if (!isnan(p[i]))
			sorted[tests++] = &p[i];
	qsort(sorted, tests, sizeof *sorted, compare_p);
	for (size_t i = 0; i < tests; i++) {
		least = fmax(least, *sorted[i] * (double)(tests - i));
		*sorted[i] = fmin(least, 1);
	}
	free(sorted);
}

static void correct(const struct hypothesis *family, size_t n, double *difference, double *equivalence)
{
	for (size_t i = 0; i < n; i++) {
		difference[i] = family[i].p_difference;
		equivalence[i] = family[i].p_equivalence;
	}
	stats_holm(difference, n);
	stats_holm(equivalence, n);
}

static void judge_one(struct hypothesis *of, double p_difference, double p_equivalence, double sign)
{
	double different = fmin(1, p_difference * (STATS_ALPHA / STATS_ALPHA_DIFFERENT));
	double equivalent = fmin(1, p_equivalence * (STATS_ALPHA / STATS_ALPHA_EQUIVALENT));
	of->verdict = VERDICT_UNDECIDED;
	of->p = fmin(different, equivalent);
	if (equivalent < STATS_ALPHA) {
		of->verdict = VERDICT_EQUIVALENT;
		of->p = equivalent;
	} else if (different < STATS_ALPHA) {
		of->verdict = sign < 0 ? VERDICT_LOWER : VERDICT_HIGHER;
	}
}

void stats_judge(struct hypothesis *family, const double *sign, size_t n)
{
	double *corrected = calloc(2 * n + 1, sizeof *corrected);
	if (!corrected)
		error_no_memory("p values");
	correct(family, n, corrected, corrected + n);
	for (size_t i = 0; i < n; i++)
		if (!isnan(family[i].p_difference))
			judge_one(&family[i], corrected[i], corrected[n + i], sign[i]);
	free(corrected);
}

double stats_simultaneous(size_t n)
{
	return STATS_ALPHA_DIFFERENT / (double)(n ? n : 1);
}

/* ---- power ----------------------------------------------------------------------------------------------- */

/* The probability that |T| > critical where the true mean is `shift` standard errors: over the law of the mean seen
 * (normal, by Simpson's rule), the chance that the standard deviation seen is small enough. */
static double power_of(double shift, double critical, double freedom)
{
	enum { PARTS = 128 };
	const double end = 8, width = 2 * end / PARTS;
	double sum = 0;
	for (int i = 0; i <= PARTS; i++) {
		double z = i * width - end, weight = i == 0 || i == PARTS ? 1 : i % 2 ? 4 : 2;
		double ratio = (z + shift) / critical;
		sum += weight * gsl_ran_ugaussian_pdf(z) * gsl_cdf_chisq_P(freedom * ratio * ratio, freedom);
	}
	return sum * width / 3;
}

double stats_detectable(size_t n, double alpha, double power)
{
	if (n < 2)
		return INFINITY;
	double freedom = (double)(n - 1), critical = gsl_cdf_tdist_Qinv(alpha / 2, freedom), low = 0, high = 1;
	while (power_of(high, critical, freedom) < power)
		high *= 2;
	while (high - low > 1e-6 * high) {
		double middle = (low + high) / 2;
		*(power_of(middle, critical, freedom) < power ? &low : &high) = middle;
	}
	return high / sqrt((double)n);
}

/* ---- ratios ---------------------------------------------------------------------------------------------- */

struct moments {
	size_t n;
	double above, below;                          /* means */
	double above_above, above_below, below_below; /* (co)variances of the means */
};

static struct moments moments_of(const double *above, const double *below, size_t n)
{
	struct moments m = { .n = 0 };
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(above[i]) || !isfinite(below[i]))
			continue;
		double count = (double)++m.n, a = above[i] - m.above, b = below[i] - m.below;
		m.above += a / count;
		m.below += b / count;
		m.above_above += a * (above[i] - m.above);
		m.above_below += a * (below[i] - m.below);
		m.below_below += b * (below[i] - m.below);
	}
	double divide = (double)m.n * ((double)m.n - 1);
	m.above_above /= divide;
	m.above_below /= divide;
	m.below_below /= divide;
	return m;
}

/* The ends are the ratios r at which "mean(above - r below) = 0" is just not refused: the roots of a quadratic, whose
 * leading coefficient is positive where the denominator differs from zero. */
struct ratio stats_ratio(const double *above, const double *below, size_t n)
{
	struct moments m = moments_of(above, below, n);
	struct ratio ratio = { .n = m.n, .value = m.n ? m.above / m.below : NAN, .low = NAN, .high = NAN };
	if (!isfinite(ratio.value))
		ratio.value = NAN;
	if (m.n < 2 || isnan(ratio.value))
		return ratio;
	double t = gsl_cdf_tdist_Qinv(0.025, (double)(m.n - 1)), t2 = t * t;
	double a = m.below * m.below - t2 * m.below_below, b = m.above * m.below - t2 * m.above_below;
	double c = m.above * m.above - t2 * m.above_above, root = sqrt(fmax(b * b - a * c, 0));
	if (!(a > 0))
		return ratio;
	ratio.low = (b - root) / a;
	ratio.high = (b + root) / a;
	return ratio;
}

/* ---- the Pareto set -------------------------------------------------------------------------------------- */

static bool beats(const double *a, const double *b, size_t axes)
{
	bool better = false;
	for (size_t i = 0; i < axes; i++) {
		if (!(a[i] <= b[i]))
			return false;
		better |= a[i] < b[i];
	}
	return better;
}

static bool is_known(const double *point, size_t axes)
{
	for (size_t i = 0; i < axes; i++)
		if (isnan(point[i]))
			return false;
	return true;
}

struct cloud {
	const double *point;
	size_t axes;
};

static int by_point(const void *left, const void *right, void *context)
{
	const struct cloud *cloud = context;
	size_t a = *(const size_t *)left, b = *(const size_t *)right;
	for (size_t i = 0; i < cloud->axes; i++) {
		double x = cloud->point[a * cloud->axes + i], y = cloud->point[b * cloud->axes + i];
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a > b) - (a < b);
}

static bool is_beaten(const struct cloud *cloud, size_t point, const size_t *by, size_t n)
{
	for (size_t i = n; i-- > 0;)
		if (beats(cloud->point + by[i] * cloud->axes, cloud->point + point * cloud->axes, cloud->axes))
			return true;
	return false;
}

/* Sorted by the first axis, then the next, a point can only be beaten by one before it, and then also by one of the
 * Pareto set. */
void stats_pareto(const double *point, size_t n, size_t axes, bool *best)
{
	struct cloud cloud = { point, axes };
	size_t *order = memory_resize(NULL, 2 * n + 1, sizeof *order, "points"), *front = order + n, known = 0, fronts = 0;
	for (size_t i = 0; i < n; i++) {
		best[i] = false;
		if (is_known(point + i * axes, axes))
			order[known++] = i;
	}
	qsort_r(order, known, sizeof *order, by_point, &cloud);
	for (size_t i = 0; i < known; i++)
		if (!is_beaten(&cloud, order[i], front, fronts)) {
			best[order[i]] = true;
			front[fronts++] = order[i];
		}
	free(order);
}
