/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare_pairs.h -- the steps by which a page is compared; for its files alone.
 */
#ifndef EXPERIMENTS_STUDY_COMPARE_PAIRS_H
#define EXPERIMENTS_STUDY_COMPARE_PAIRS_H

#include "experiments/study/compare.h"
#include "experiments/study/contrast.h"

/* In how many runs this metric has a number. */
int compare_known(const struct study *study, const struct compare_metric *metric, size_t *known, struct error *err);

/* Room for the seeds of two series, and what is made of them. */
struct compare_scratch {
	double *x, *y, *z; /* [longest series] */
};
struct compare_scratch compare_scratch(const struct study *study, struct arena *arena);

/* The pairs of these contrasts, each with its difference and the uncorrected p of its test. */
int compare_pairs(const struct compare_request *request, const struct contrast *contrast, size_t contrasts,
				  struct arena *arena, struct comparison *of, struct error *err);

/* What the test of a pair reads: the difference, or its logarithm. */
struct estimate compare_tested(const struct comparison *of, const struct compare_pair *pair,
							   struct compare_scratch *room);

/* Judges all pairs of the page as one family, and gives each its simultaneous interval. */
void compare_judge(struct compare_page *page);

#endif
