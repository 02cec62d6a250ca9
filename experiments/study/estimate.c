/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * estimate.c -- a mean over seeds and how far it can be trusted.
 */
#include <config.h>

#include "experiments/study/estimate.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

struct estimate estimate_of(const double *value, size_t n)
{
	struct estimate e = { .n = 0, .mean = 0, .sd = NAN, .low = NAN, .high = NAN };
	double squares = 0; /* Welford's sum of squared distances from the mean so far */
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(value[i]))
			continue;
		double distance = value[i] - e.mean;
		e.mean += distance / (double)++e.n;
		squares += distance * (value[i] - e.mean);
	}
	if (e.n == 0)
		e.mean = NAN;
	if (e.n < 2)
		return e;
	e.sd = sqrt(squares / (double)(e.n - 1));
	estimate_interval(&e, 0.05, &e.low, &e.high);
	return e;
}

void estimate_interval(const struct estimate *of, double alpha, double *low, double *high)
{
	*low = *high = NAN;
	if (of->n < 2)
		return;
	double half = gsl_cdf_tdist_Qinv(alpha / 2, (double)(of->n - 1)) * of->sd / sqrt((double)of->n);
	*low = of->mean - half;
	*high = of->mean + half;
}

struct estimate estimate_at_least(const struct estimate *of, double sd)
{
	struct estimate e = *of;
	if (e.n < 2 || e.sd >= sd)
		return e;
	e.sd = sd;
	estimate_interval(&e, 0.05, &e.low, &e.high);
	return e;
}

double estimate_p_zero(const struct estimate *of)
{
	if (of->n < 2)
		return NAN;
	if (!(of->sd > 0))
		return of->mean == 0 ? 1 : 0;
	double t = fabs(of->mean) / (of->sd / sqrt((double)of->n));
	return 2 * gsl_cdf_tdist_Q(t, (double)(of->n - 1));
}
