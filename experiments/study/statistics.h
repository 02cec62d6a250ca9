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

enum verdict { VERDICT_UNDECIDED, VERDICT_EQUIVALENT, VERDICT_LOWER, VERDICT_HIGHER };

/* The verdict at level alpha, from corrected p values.  Equivalence goes first: a difference that is surely smaller
 * than what matters is no reason to prefer one side, however surely it is there. */
enum verdict stats_verdict(const struct estimate *difference, double p, double p_equivalence, double alpha);

/* Marks the points that no other point beats: one that is nowhere worse and somewhere better.  point[n][axes], less is
 * better; a point with a NAN is never marked and beats none. */
void stats_pareto(const double *point, size_t n, size_t axes, bool *best);

#endif
