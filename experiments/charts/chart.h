/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart.h -- the charts: which data each one needs, and what its gnuplot script is told.
 *
 * A chart is a row of charts.def and a fill_NAME.c, whose fill_NAME() turns runs, counts or models into one CSV and a
 * prelude of gnuplot variables.  Its script in plots/ knows nothing but these two.
 */
#ifndef EXPERIMENTS_CHARTS_CHART_H
#define EXPERIMENTS_CHARTS_CHART_H

#include <stdbool.h>
#include <stdio.h>

#include "experiments/study/estimate.h"
#include "experiments/study/findings.h"
#include "experiments/study/study.h"
#include "sim/base/csv.h"

struct analysis;
struct model_list;

/* What the user may choose. */
struct chart_choice {
	const char *against; /* label or strategy of the series that differences are taken from; "" for the usual one */
	double margin;       /* a difference in loss below this makes no difference in practice; 0: not stated */
};

struct chart_sheet {
	const struct study *study;       /* charts of runs */
	const struct analysis *analysis; /* charts of counts and traces */
	const struct model_list *models; /* charts of models */
	const struct chart_choice *choice;
	struct arena arena;      /* scratch of one chart */
	struct csv_writer *data; /* the chart's rows */
	FILE *prelude;           /* gnuplot assignments */
	FILE *notes;             /* what was left out, one line each; shown to the user */
	const char *missing;     /* why there is nothing to draw; NULL when there is */
};

enum chart_subject { CHART_OF_RUNS, CHART_OF_COUNTS, CHART_OF_MODELS };
enum chart_ink { CHART_IN_LINES, CHART_IN_AREAS, CHART_IN_CELLS };

/* A row of charts.def, which says what the fields are. */
struct chart {
	const char *name;
	enum chart_subject subject;
	const char *script;
	enum chart_ink ink;
	enum finding_kind title;
	const char *shows, *reading, *columns;
	/* Writes rows and prelude, or sets sheet->missing.  A failure is a table that cannot be read. */
	int (*fill)(struct chart_sheet *, struct error *err);
};

#define CHART(name, subject, script, ink, title, shows, reading, columns) \
	int fill_##name(struct chart_sheet *, struct error *err);
#include "experiments/charts/charts.def"
#undef CHART

/* The place of each in charts[]. */
enum {
#define CHART(name, subject, script, ink, title, shows, reading, columns) CHART_##name,
#include "experiments/charts/charts.def"
#undef CHART
	CHARTS
};
extern const struct chart charts[CHARTS + 1]; /* ends with a NULL name */

/* The chart of that subject and name, or NULL. */
const struct chart *chart_find(enum chart_subject subject, const char *name);

/* "loss, load, balance": the charts of a subject. */
const char *chart_names(enum chart_subject subject);

/* The rest is for fill_*.c. */

/* "name = value" and "array name[n] = [...]" in the prelude.  A number that is not finite becomes NaN. */
void chart_set_number(struct chart_sheet *, const char *name, double value);
void chart_set_text(struct chart_sheet *, const char *name, const char *text);
void chart_set_numbers(struct chart_sheet *, const char *name, size_t n, const double *value);
void chart_set_texts(struct chart_sheet *, const char *name, size_t n, const char *const *text);

/* `label[]`, and `longest`: the number of characters of the longest one. */
void chart_set_labels(struct chart_sheet *, size_t n, const char *const *label);

/* The same under other names. */
void chart_set_labels_as(struct chart_sheet *, size_t n, const char *const *label, const char *name,
						 const char *length);

/* `seeds`: "mean of n = 3 seeds"; `interval`: " with its 95% t interval"; `banded`: is any n above 1?  `seeds_low` and
 * `seeds_high`: the least and the greatest n. */
void chart_set_seeds(struct chart_sheet *, size_t low, size_t high);
/* `x_unit` and `x_title` for an axis of training tokens, or of steps when tokens are not known. */
void chart_set_tokens(struct chart_sheet *, double most, bool known);

/* Cells: a number that is not finite is left empty. */
void chart_put(struct chart_sheet *, double value);
/* A text on one line: gnuplot reads no cell that has two. */
void chart_put_text(struct chart_sheet *, const char *text);
/* Mean, low, high. */
void chart_put_estimate(struct chart_sheet *, const struct estimate *value);

/* Of fewer seeds than five each is drawn: a t interval of so few is wide enough to hide everything else. */
enum { CHART_SEEDS = 4 };

/* CHART_SEEDS cells: the values of n seeds, or nothing where there is one seed, or more than these. */
void chart_put_seeds(struct chart_sheet *, const double *value, size_t n);

/* Prints one line of notes. */
void chart_note(struct chart_sheet *, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
