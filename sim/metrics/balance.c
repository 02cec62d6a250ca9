/* SPDX-License-Identifier: GPL-3.0-or-later
 * balance.c -- how evenly the experts of one layer are used.
 */
#include <config.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <string.h>

#include "sim/metrics/balance.h"

static double sum_of(const double *count, size_t experts)
{
	double sum = 0;
	for (size_t e = 0; e < experts; e++)
		sum += count[e];
	return sum;
}

/* The fair load; NAN where nothing was counted, which then makes every result NAN. */
static double fair(const double *count, size_t experts)
{
	double sum = sum_of(count, experts);
	return sum > 0 ? sum / (double)experts : NAN;
}

double balance_maxvio(const double *count, size_t experts)
{
	double mean = fair(count, experts), most = 0;
	for (size_t e = 0; e < experts; e++)
		most = fmax(most, count[e]);
	return most / mean - 1;
}

double balance_minvio(const double *count, size_t experts)
{
	double mean = fair(count, experts), least = INFINITY;
	for (size_t e = 0; e < experts; e++)
		least = fmin(least, count[e]);
	return 1 - least / mean;
}

double balance_cv(const double *count, size_t experts)
{
	double mean = fair(count, experts), squares = 0;
	for (size_t e = 0; e < experts; e++) {
		double away = count[e] / mean - 1;
		squares += away * away;
	}
	return experts ? sqrt(squares / (double)experts) : NAN;
}

double balance_entropy(const double *count, size_t experts)
{
	double sum = sum_of(count, experts), entropy = 0;
	if (!(sum > 0))
		return NAN;
	for (size_t e = 0; e < experts; e++) {
		double share = count[e] / sum;
		if (share > 0)
			entropy -= share * log(share);
	}
	return entropy;
}

double balance_entropy_share(const double *count, size_t experts)
{
	double entropy = balance_entropy(count, experts);
	return experts == 1 && !isnan(entropy) ? 1 : entropy / log((double)experts);
}

double balance_effective(const double *count, size_t experts)
{
	return exp(balance_entropy(count, experts));
}

double balance_effective_simpson(const double *count, size_t experts)
{
	double sum = sum_of(count, experts), squares = 0;
	if (!(sum > 0))
		return NAN;
	for (size_t e = 0; e < experts; e++)
		squares += (count[e] / sum) * (count[e] / sum);
	return 1 / squares;
}

double balance_gini(const double *count, size_t experts, double *scratch)
{
	double sum = sum_of(count, experts), weighted = 0;
	if (!(sum > 0))
		return NAN;
	memcpy(scratch, count, experts * sizeof *scratch);
	gsl_sort(scratch, 1, experts);
	for (size_t i = 0; i < experts; i++)
		weighted += (2 * (double)i + 1 - (double)experts) * scratch[i];
	return weighted / ((double)experts * sum);
}

double balance_dead(const double *count, size_t experts)
{
	double mean = fair(count, experts);
	if (isnan(mean))
		return NAN;
	size_t dead = 0;
	for (size_t e = 0; e < experts; e++)
		dead += count[e] < BALANCE_DEAD * mean;
	return (double)dead;
}

double balance_utilisation(const double *count, size_t experts)
{
	double mean = fair(count, experts), kept = 0;
	for (size_t e = 0; e < experts; e++)
		kept += fmin(count[e] / mean, 1);
	return isnan(mean) ? NAN : kept / (double)experts;
}

double balance_efficiency(const double *load, size_t ranks)
{
	return 1 / (1 + balance_maxvio(load, ranks));
}

/* E max = integral over x > 0 of [1 - P(x)^n] - [P(-x)^n], P the normal distribution function: the integral of the
 * upper tail of the maximum less that of its lower tail.  Simpson's rule in a fixed order. */
double balance_normal_maximum(size_t n)
{
	enum { STEPS = 512 };
	const double end = 10, width = end / STEPS;
	if (n == 0)
		return NAN;
	double sum = 0;
	for (int i = 0; i <= STEPS; i++) {
		double x = i * width, power = (double)n;
		double above = -expm1(power * log1p(-gsl_cdf_ugaussian_Q(x)));
		double below = exp(power * log(gsl_cdf_ugaussian_P(-x)));
		double weight = i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2;
		sum += weight * (above - below);
	}
	return sum * width / 3;
}

double balance_noise_cv(size_t experts, double k, double tokens)
{
	if (!(k > 0) || !(k <= (double)experts) || !(tokens > 0))
		return NAN;
	return sqrt(((double)experts - k) / (k * tokens));
}

double balance_noise_maxvio(size_t experts, double k, double tokens)
{
	double cv = balance_noise_cv(experts, k, tokens);
	if (isnan(cv) || experts == 1)
		return cv;
	double others = (double)experts - 1;
	return balance_normal_maximum(experts) * sqrt((double)experts / others) * cv;
}
