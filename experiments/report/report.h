/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report.h -- a study as one web page that needs nothing else: no script, no picture file, no network.
 */
#ifndef EXPERIMENTS_REPORT_REPORT_H
#define EXPERIMENTS_REPORT_REPORT_H

#include "experiments/charts/chart.h"
#include "experiments/grid/suite_note.h"
#include "experiments/report/ink.h"
#include "experiments/study/compare.h"
#include "experiments/study/contest.h"
#include "experiments/study/run_record.h"

enum { REPORT_METRICS = 6, REPORT_CHARTS = 32 };

struct report_chart {
	const struct chart *chart;
	char *svg;           /* the <svg> element; malloc'ed; NULL: not drawn */
	const char *missing; /* why not */
};

/* Series that saw the same stream, and what is said of them. */
struct report_contest {
	struct contest series;
	struct comparison verdict;
	size_t baseline; /* the series of all its pairs, or series.study.n: every two are a pair */
	bool *best;      /* [series.study.n] the Pareto set */
};

/* What the page tells; the caller fills it. */
struct report {
	const struct study *study;
	struct suite_note note;
	const char *question; /* "" when nobody asked one */
	const char *folder;   /* as the user named it */
	size_t metrics;
	struct compare_page page;                 /* what is judged, all of it one family of tests */
	struct comparison metric[REPORT_METRICS]; /* means of all series; the first metric has the verdicts */
	size_t contests;
	struct report_contest *contest; /* [contests] */
	struct run_record **record;     /* [study->n][series->n] */
	struct ink ink;                 /* the colours of the charts */
	size_t charts;
	struct report_chart chart[REPORT_CHARTS];
	const char *no_charts; /* why none at all could be drawn; NULL when they could */
};

/* Writes the page. */
void report_write(const struct report *report, FILE *to);

/* Draws the charts in a folder of their own, which is gone when the call returns, and takes them into the report.  A
 * gnuplot that is missing or fails is told in report->no_charts. */
int report_draw(struct report *report, size_t folders, char *const *folder, const struct chart_choice *choice,
				struct error *err);
/* Frees the charts. */
void report_free(struct report *report);

/* How a chart is read, in a sentence or two. */
const char *report_reading(const struct chart *chart);

/* What a metric's column is called to a reader: "excess loss". */
const char *report_spoken(const struct compare_metric *metric);

/* ---- the parts of the page ---------------------------------------------------------------------------------- */

extern const char *const report_style[]; /* CSS, NULL-ended */

void report_verdicts(const struct report *report, FILE *to);
void report_charts(const struct report *report, FILE *to);
void report_setting(const struct report *report, FILE *to);
void report_provenance(const struct report *report, FILE *to);

/* "a", "a and b", "a, b and c"; the numbered item is of[i]. */
void report_list(FILE *to, size_t n, const char *const *of);

#endif
