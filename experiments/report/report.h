/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report.h -- a study as one web page that needs nothing else: no picture file, no network, and no script to be read.
 */
#ifndef EXPERIMENTS_REPORT_REPORT_H
#define EXPERIMENTS_REPORT_REPORT_H

#include "experiments/charts/chart.h"
#include "experiments/report/explorer.h"
#include "experiments/report/ink.h"
#include "experiments/study/findings.h"
#include "experiments/suite/suite_note.h"

struct report_chart {
	const struct chart *chart;
	char *svg;           /* the <svg> element; malloc'ed; NULL: not drawn */
	const char *missing; /* why not */
};

/* What the user may choose; "" and 0 for the usual. */
struct report_choice {
	const char *out, *question, *metric, *against;
	double margin;
	bool lenient, explorer; /* explorer: nothing but the explorer, of every run */
};

/* What the page says. */
struct report {
	struct arena arena;
	struct study study;
	struct suite_note note;
	const char *question;     /* "" when nobody asked one */
	const char *folder;       /* as the user named it */
	struct compare_page page; /* what is judged, all of it one family of tests */
	struct findings findings; /* what it amounts to */
	bool other_metric;        /* the first metric is not the one that charts compare */
	size_t besides;
	struct comparison *beside;         /* [besides] means of the whole study in metrics that are not judged */
	struct run_record **record;        /* [study.n][series.n] */
	struct ink ink;                    /* the colors of the charts */
	struct report_chart chart[CHARTS]; /* as charts[]; neither picture nor reason: not a chart of runs */
	const char *no_charts;             /* why gnuplot failed; NULL when it did not */
	bool explores;                     /* the page has nothing but the explorer */
	struct explorer explorer;
};

/* Reads the runs of the folders, judges them and draws their charts, unless only the explorer is wanted.  The caller
 * frees it. */
int report_make(const struct report_choice *choice, size_t folders, char **folder, struct report *report,
				struct error *err);
void report_free(struct report *report);

/* Writes the page into a file. */
int report_save(const struct report *report, const char *path, struct error *err);
void report_write(const struct report *report, FILE *to);

/* Draws the charts in a folder of their own, which is gone when the call returns, and takes them into the report.  A
 * gnuplot that is missing or fails is reported in report->no_charts. */
int report_draw(struct report *report, const struct chart_choice *choice, struct error *err);

/* The parts of the page. */

extern const char *const report_style[]; /* CSS, NULL-ended */

void report_verdicts(const struct report *report, FILE *to);
/* The one picture that stands at the top. */
void report_lead(const struct report *report, FILE *to);
void report_charts(const struct report *report, FILE *to);
void report_setting(const struct report *report, FILE *to);
void report_provenance(const struct report *report, FILE *to);

#endif
