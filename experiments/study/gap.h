/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gap.h -- how much of what routing could bring a strategy brings.
 *
 * share = (L_floor - L) / (L_floor - L_ceiling), of the losses at the end of runs of one seed on one stream.  The floor
 * is random routing, or where there is none the model without routing; the ceiling is the planted router with the
 * lowest mean loss.  Both are those with the series' own swept settings, where there are such.
 */
#ifndef EXPERIMENTS_STUDY_GAP_H
#define EXPERIMENTS_STUDY_GAP_H

#include "experiments/study/statistics.h"
#include "experiments/study/study.h"

struct gap {
	size_t floor, ceiling; /* series; study->n: none, and then no share is known */
	struct ratio *share;   /* [study->n] of the mean differences, with Fieller's interval over the seeds */
	double **of_run;       /* [study->n][series->n] of each run; NAN: not known */
};

/* Of the series of one contest.  loss[series][run] is NAN where a run has none.  Lives in the arena. */
void gap_measure(const struct study *study, double *const *loss, struct arena *arena, struct gap *gap);

/* What is known of one run of a folder. */
struct gap_of_run {
	const char *run;    /* its folder's name */
	double closed;      /* by this run; NAN: not known */
	struct ratio share; /* closed by its series */
};

struct gap_list {
	size_t n;
	struct gap_of_run *run; /* [n] by name */
};

struct compare_page;

/* Of every run on the page, each on its own stream. */
void gap_list_fill(const struct compare_page *page, struct gap_list *list);
const struct gap_of_run *gap_list_find(const struct gap_list *list, const char *run); /* NULL: no such run */
void gap_list_free(struct gap_list *list);

#endif
