/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report.h -- a study as one web page that needs nothing else: no script, no picture file, no network.
 */
#ifndef EXPERIMENTS_REPORT_REPORT_H
#define EXPERIMENTS_REPORT_REPORT_H

#include "experiments/charts/chart.h"
#include "experiments/report/ink.h"
#include "experiments/study/findings.h"
#include "experiments/suite/suite_note.h"

enum { REPORT_ALSO = 4, REPORT_CHARTS = 32 };

struct report_chart {
	const struct chart *chart;
	char *svg;           /* the <svg> element; malloc'ed; NULL: not drawn */
	const char *missing; /* why not */
};

/* What the page tells; the caller fills it. */
struct report {
	const struct study *study;
	struct suite_note note;
	const char *question;     /* "" when nobody asked one */
	const char *folder;       /* as the user named it */
	struct compare_page page; /* what is judged, all of it one family of tests */
	struct findings findings; /* what it comes to */
	bool other_metric;        /* the first metric is not the one that charts compare */
	size_t also;
	struct comparison beside[REPORT_ALSO]; /* [also] means of the whole study in metrics that are not judged */
	struct run_record **record;            /* [study->n][series->n] */
	struct ink ink;                        /* the colors of the charts */
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

/* ---- the parts of the page ---------------------------------------------------------------------------------- */

extern const char *const report_style[]; /* CSS, NULL-ended */

void report_verdicts(const struct report *report, FILE *to);
/* The one picture that stands at the top. */
void report_lead(const struct report *report, FILE *to);
void report_charts(const struct report *report, FILE *to);
void report_setting(const struct report *report, FILE *to);
void report_provenance(const struct report *report, FILE *to);

/* One line that unfolds; the caller ends it with report_fold_end().  It begins unfolded when `open`. */
void report_fold(FILE *to, const char *summary, bool open);
void report_fold_end(FILE *to);

#endif
