/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare.h -- series of runs compared metric by metric: means, paired differences, verdicts.
 *
 * A difference is paired: a's run less b's run of the same seed, which saw the same tokens from the same initial
 * weights.  The p values of one metric in one view are one family, corrected by Holm: first those of a difference, then
 * those of equivalence.
 */
#ifndef EXPERIMENTS_STUDY_COMPARE_H
#define EXPERIMENTS_STUDY_COMPARE_H

#include "experiments/study/statistics.h"
#include "experiments/study/study.h"

/* What can be compared. */
struct compare_metric {
	const char *name; /* a column of summary.csv */
	const char *unit; /* "" when it has none */
	int sense;        /* -1: less is better, 0: neither */
	double margin;    /* differences below this do not matter, unless the user says otherwise */
	int decimals;     /* in a table */
};
extern const struct compare_metric compare_metrics[]; /* ends with a NULL name; the first is the loss to compare by */

enum compare_view {
	COMPARE_END,         /* at the end of each run */
	COMPARE_EQUAL_FLOPS, /* losses at the training FLOPs that the cheapest run had, read between two evaluations */
	COMPARE_EQUAL_SIZE,  /* at the end, only series of equal total parameters (within 1%) */
	COMPARE_VIEWS
};
const char *compare_view_name(enum compare_view view);

/* One metric of all runs; NAN where a run has no such number, or diverged. */
struct compare_values {
	const struct compare_metric *metric;
	double **value; /* [series][run] as in the study */
};

struct compare_pair {
	size_t a, b; /* series */
	struct estimate difference;
	double t, p, p_holm, margin, p_equivalence, p_equivalence_holm;
	enum verdict verdict;
};

struct comparison {
	const struct study *study;
	struct arena arena;
	enum compare_view view;
	const struct compare_metric *metric;
	double margin;
	double flops;          /* the budget of COMPARE_EQUAL_FLOPS */
	struct estimate *mean; /* [study->n] */
	size_t pairs;
	struct compare_pair *pair; /* [pairs] a before b in the study, or b the baseline */
};

/* Compares the study's series in one metric.  baseline: a series, or study->n for all pairs.  Returns -1 and *err when
 * a file cannot be read. */
int compare_study(const struct study *study, enum compare_view view, const struct compare_metric *metric, double margin,
				  size_t baseline, struct comparison *out, struct error *err);
void compare_free(struct comparison *comparison);

/* Runs of a series that diverged. */
size_t compare_diverged(const struct study_series *series);

/* best[study->n]: is there no series that is as good in loss, MaxVio and FLOPs per token and better in one? */
int compare_pareto(const struct study *study, const struct compare_metric *loss, bool *best, struct error *err);

/* "better", "worse", "equivalent", "undecided"; "lower" and "higher" for a metric of which less is not better. */
const char *compare_verdict(const struct compare_metric *metric, enum verdict verdict);

#endif
