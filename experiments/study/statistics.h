/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * statistics.h -- what a handful of paired differences allows to say.
 *
 * All tests are Student's t, which assumes that means over seeds are about normal.  NAN stands for "cannot be said".
 */
#ifndef EXPERIMENTS_STUDY_STATISTICS_H
#define EXPERIMENTS_STUDY_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

#include "experiments/study/estimate.h"

/* Two one-sided t tests (Schuirmann 1987): the p value of "the mean lies outside -margin .. margin"; NAN below two
 * values.  It is below alpha exactly when the 1 - 2 alpha interval lies inside the margin. */
double stats_equivalence(const struct estimate *difference, double margin);

/* Holm's step-down correction (1979) of a family of p values, in place; NANs are no tests and stay. */
void stats_holm(double *p, size_t n);

enum verdict {
	VERDICT_UNDECIDED,  /* these seeds cannot tell */
	VERDICT_EQUIVALENT, /* surely within the margin */
	VERDICT_EQUAL,      /* the same in every seed: seen, not inferred */
	VERDICT_LOWER,
	VERDICT_HIGHER
};

/* One question of a family: does a mean differ from zero, and does it lie within the margin? */
struct hypothesis {
	double p_difference, p_equivalence; /* uncorrected; NAN: not tested */
	double p;                           /* corrected for the family; NAN: not tested */
	enum verdict verdict;               /* undecided exactly when p >= STATS_ALPHA or NAN */
};

/* Of the 5% by which a family may err anywhere, this share pays for calling things equivalent, the rest for calling
 * them different.  Taking the smaller of the two p values into one correction would err far more often than it says:
 * the questions that are left when the others turned out equivalent are those with the largest differences. */
#define STATS_ALPHA 0.05
#define STATS_ALPHA_EQUIVALENT 0.01
#define STATS_ALPHA_DIFFERENT (STATS_ALPHA - STATS_ALPHA_EQUIVALENT)

/* Judges a family: Holm's correction (1979) over all differences at STATS_ALPHA_DIFFERENT and over all equivalences at
 * STATS_ALPHA_EQUIVALENT, so that the probability of any false verdict among them is at most STATS_ALPHA however they
 * depend on one another.  Fills p and verdict of what was tested; p is comparable with STATS_ALPHA, and that of the
 * verdict, or the smaller one when there is none.  sign[i] < 0: a difference found is LOWER.  Equivalence goes first: a
 * difference that is surely smaller than what matters is no reason to prefer one side, however surely it is there. */
void stats_judge(struct hypothesis *family, const double *sign, size_t n);

/* The level of each of n two-sided intervals that hold all at once with 1 - STATS_ALPHA_DIFFERENT, 96% (Bonferroni), so
 * that one that leaves out zero is never undecided; n = 0 counts as 1. */
double stats_simultaneous(size_t n);

/* The true mean, in standard deviations of one value, that a two-sided t test of n values at level alpha finds with
 * this probability; INFINITY below two values. */
double stats_detectable(size_t n, double alpha, double power);

/* A ratio of two means over the same seeds. */
struct ratio {
	size_t n;
	double value, low, high; /* NAN: unknown; low and high also where the denominator may be zero */
};

/* Fieller's 95% interval (1954) of mean(above) / mean(below), paired; values that are not finite on either side are
 * left out. */
struct ratio stats_ratio(const double *above, const double *below, size_t n);

/* Marks the points that no other point beats: one that is nowhere worse and somewhere better.  point[n][axes], less is
 * better; a point with a NAN is never marked and beats none. */
void stats_pareto(const double *point, size_t n, size_t axes, bool *best);

#endif
