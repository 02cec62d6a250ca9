/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare.h -- series of runs compared: means, paired differences, and verdicts that hold together.
 *
 * All that one page judges is one family of tests: every chosen metric of every contrast on every stream.  A difference
 * is paired: a's run minus b's run of the same seed, which saw the same tokens from the same initial weights.  A metric
 * that scatters in proportion to its size is tested on its logarithm.
 */
#ifndef EXPERIMENTS_STUDY_COMPARE_H
#define EXPERIMENTS_STUDY_COMPARE_H

#include "experiments/study/compare_metrics.h"
#include "experiments/study/contest.h"
#include "experiments/study/gap.h"
#include "experiments/study/statistics.h"
#include "experiments/study/study.h"

enum compare_view {
	COMPARE_END,        /* at the end of each run */
	COMPARE_EQUAL_FLOPS /* losses at the training FLOPs that the cheapest run had, read between two evaluations */
};
const char *compare_view_name(enum compare_view view);

struct compare_pair {
	size_t a, b;                /* series */
	struct estimate difference; /* a - b, paired; its interval is the 95% interval of this pair alone */
	double low, high;           /* of a - b, simultaneous with all others of the page; NAN: no interval */
	/* a / b - 1, where the metric is tested on its logarithm (-0.38: 38% less): of the geometric means, with its
	 * simultaneous interval; else NAN */
	double relative, relative_low, relative_high;
	bool exact; /* a and b have no scatter: the verdict is seen, not inferred, and no test of the family */
	struct hypothesis test;
	double t;      /* of the difference or of its logarithm */
	double margin; /* of equivalence, which is always that of the plain difference */
	/* What this pair would have shown with 80% probability at the level of the page: a difference, or for a metric
	 * tested on its logarithm a share (0.08: 8% less); NAN: unknown. */
	double detectable;
	double scatter; /* the standard deviation of what was tested; NAN: not tested */
	bool same_size; /* total parameters within 1% */
	bool aside;     /* not with the baseline, but asked for by sentences: for the first metric alone */
};

/* One metric of the series of one contest. */
struct comparison {
	const struct study *study;
	enum compare_view view;
	const struct compare_metric *metric;
	double margin, flops;  /* flops: the budget of COMPARE_EQUAL_FLOPS */
	bool logarithmic;      /* tested on its logarithm */
	double **value;        /* [study->n][series->n]; NAN where a run has no such number, or diverged */
	struct estimate *mean; /* [study->n] */
	size_t pairs;
	struct compare_pair *pair;             /* [pairs] */
	const struct compare_pair **by_series; /* [pairs] sorted, for compare_pair_of() */
	double detectable;                     /* the median of the pairs'; NAN: unknown */
	double scatter; /* the median standard deviation of what is tested, over the pairs: a difference, or for a metric
					 * tested on its logarithm about a share; NAN: unknown */
};

struct compare_contest {
	struct contest series;
	size_t baseline;           /* a series of the contest; series.study.n: all pairs */
	struct comparison *metric; /* [page.metrics] */
	bool *best;                /* [series.study.n] the Pareto set of loss, MaxVio and FLOPs per token */
	struct gap gap;            /* of the loss */
};

enum compare_scale { COMPARE_SCALE_AUTO, COMPARE_SCALE_PLAIN, COMPARE_SCALE_LOG };

struct compare_request {
	enum compare_view view;
	size_t metrics; /* 0: those that are judged by default and known */
	const struct compare_metric *const *metric;
	double margin;       /* of the first metric; 0: its own */
	const char *against; /* label or strategy; "" or NULL: the baseline by role */
	bool all_pairs;
	bool asides;              /* what sentences on one stream need besides; none with `against` or all pairs */
	enum compare_scale scale; /* of proportional metrics; auto: the one on which strategies and seeds add up */
};

struct compare_page {
	struct arena arena;
	const struct study *study;
	enum compare_view view;
	size_t metrics;
	const struct compare_metric **metric; /* [metrics] */
	size_t contests;
	struct compare_contest *contest; /* [contests] one a stream */
	size_t tests;                    /* of the family: pairs that were tested, over all metrics and contests */
};

/* Compares and judges.  Returns -1 and *err when a file cannot be read, or nothing is called request->against. */
int compare_page(const struct study *study, const struct compare_request *request, struct compare_page *page,
				 struct error *err);
void compare_page_free(struct compare_page *page);

/* Values and means alone of a study's series; no pairs.  Lives in the arena. */
int compare_means(const struct study *study, enum compare_view view, const struct compare_metric *metric,
				  struct arena *arena, struct comparison *out, struct error *err);

/* The loss that all runs can be compared by: excess loss where every run has it that has a loss at all. */
int compare_loss(const struct study *study, const struct compare_metric **loss, struct error *err);

/* The pair of these two series, whichever is a; NULL when there is none. */
const struct compare_pair *compare_pair_of(const struct comparison *of, size_t series, size_t other);

/* Runs of a series that diverged. */
size_t compare_diverged(const struct study_series *series);

#endif
