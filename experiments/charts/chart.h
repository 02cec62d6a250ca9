/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart.h -- the charts: which data each one needs, and what its gnuplot script is told.
 *
 * A chart is plots/NAME.gp and one row of a table.  Its fill() turns runs, counts or models into one CSV and a prelude
 * of gnuplot variables; the script knows nothing but these two.
 */
#ifndef EXPERIMENTS_CHARTS_CHART_H
#define EXPERIMENTS_CHARTS_CHART_H

#include <stdbool.h>
#include <stdio.h>

#include "experiments/study/estimate.h"
#include "experiments/study/study.h"
#include "sim/base/csv.h"

struct analysis;
struct model_list;

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

/* What the user may choose. */
struct chart_choice {
	const char *baseline; /* label or strategy of the series that differences are taken from; "" for the usual one */
	double margin;        /* a difference in loss below this makes no difference in practice; 0: not stated */
};

struct chart {
	const char *name;    /* plots/NAME.gp */
	const char *shows;   /* one line */
	const char *columns; /* of its CSV */
	/* Writes rows and prelude, or sets sheet->missing.  A failure is a table that cannot be read. */
	int (*fill)(struct chart_sheet *, struct error *err);
	bool of_colour; /* says nothing without colours */
};

/* Each ends with a NULL name. */
extern const struct chart charts[], charts_of_counts[], charts_of_models[];

/* Scripts that those of the charts load: plots/NAME.gp; ends with NULL. */
extern const char *const chart_shared[];

/* The fill() of each. */
int chart_fill_loss(struct chart_sheet *, struct error *err);
int chart_fill_balance(struct chart_sheet *, struct error *err);
int chart_fill_specialisation(struct chart_sheet *, struct error *err);
int chart_fill_drops(struct chart_sheet *, struct error *err);
int chart_fill_positions(struct chart_sheet *, struct error *err);
int chart_fill_saturation(struct chart_sheet *, struct error *err);
int chart_fill_load(struct chart_sheet *, struct error *err);
int chart_fill_domains(struct chart_sheet *, struct error *err);
int chart_fill_tradeoff(struct chart_sheet *, struct error *err);
int chart_fill_differences(struct chart_sheet *, struct error *err);
int chart_fill_cost(struct chart_sheet *, struct error *err);
int chart_fill_target(struct chart_sheet *, struct error *err);
int chart_fill_sweep(struct chart_sheet *, struct error *err);
int chart_fill_map(struct chart_sheet *, struct error *err);
int chart_fill_experts(struct chart_sheet *, struct error *err);
int chart_fill_matrix(struct chart_sheet *, struct error *err);
int chart_fill_depth(struct chart_sheet *, struct error *err);
int chart_fill_versus(struct chart_sheet *, struct error *err);
int chart_fill_models(struct chart_sheet *, struct error *err);

/* ---- for those that write them ----------------------------------------------------------------------------- */

/* "name = value" and "array name[n] = [...]" in the prelude.  A number that is none becomes NaN. */
void chart_set_number(struct chart_sheet *, const char *name, double value);
void chart_set_text(struct chart_sheet *, const char *name, const char *text);
void chart_set_numbers(struct chart_sheet *, const char *name, size_t n, const double *value);
void chart_set_texts(struct chart_sheet *, const char *name, size_t n, const char *const *text);

/* `label[]`, and `longest`: the characters of the longest one. */
void chart_set_labels(struct chart_sheet *, size_t n, const char *const *label);

/* The prelude's `series`, `label[]`, `look[]`: what every chart of series needs, and the groups of groups.h in which
 * plots/multiples.gp draws them.  shown[i] are indices into
 * study->series; rows then name a series by its place in `shown`, from 1. */
void chart_set_series(struct chart_sheet *, size_t n, const size_t *shown);
/* `seeds`: "mean of n = 3 seeds"; `interval`: " with its 95% t interval"; `banded`: is any n above 1? */
void chart_set_seeds(struct chart_sheet *, size_t low, size_t high);
/* `x_unit` and `x_title` for an axis of training tokens, or of steps when tokens are not known. */
void chart_set_tokens(struct chart_sheet *, double most, bool known);

/* The label, with a dagger when the strategy routes with later tokens in view: no causal model can have its loss. */
const char *chart_honest_label(const struct study_series *, const char *label);

/* Cells: a number that is none is left empty. */
void chart_put(struct chart_sheet *, double value);
/* A text on one line: gnuplot reads no cell that has two. */
void chart_put_text(struct chart_sheet *, const char *text);
/* Mean, low, high. */
void chart_put_estimate(struct chart_sheet *, const struct estimate *value);

/* Prints one line of notes. */
void chart_note(struct chart_sheet *, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
