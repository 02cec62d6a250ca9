/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * estimate.h -- a mean over seeds and how far it can be trusted.
 */
#ifndef EXPERIMENTS_STUDY_ESTIMATE_H
#define EXPERIMENTS_STUDY_ESTIMATE_H

#include <stddef.h>

struct estimate {
	size_t n;         /* finite values; the others are left out */
	double mean;      /* NAN when n = 0 */
	double sd;        /* sample standard deviation, n - 1 in the denominator; NAN when n < 2 */
	double low, high; /* 95% confidence interval of the mean by Student's t; NAN when n < 2 */
};

struct estimate estimate_of(const double *value, size_t n);

/* The 1 - alpha confidence interval of the mean by Student's t; NAN when n < 2. */
void estimate_interval(const struct estimate *of, double alpha, double *low, double *high);

/* The same mean, as if its values had scattered by at least this standard deviation; unchanged when n < 2. */
struct estimate estimate_at_least(const struct estimate *of, double sd);

/* The two-sided p-value of "the mean is zero" (one-sample t test); NAN when n < 2.  Equal values of an sd of 0 give 0,
 * all zeros give 1. */
double estimate_p_zero(const struct estimate *of);

#endif
