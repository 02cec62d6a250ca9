/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * counts.h -- what the charts of expert counts and routing traces share: models side by side, layer by layer.
 */
#ifndef EXPERIMENTS_CHARTS_COUNTS_H
#define EXPERIMENTS_CHARTS_COUNTS_H

#include "experiments/charts/chart.h"
#include "experiments/study/analysis.h"

enum {
	COUNTS_MODELS = 12, /* rows of a grid; more would be too small to read */
	COUNTS_COLUMNS = 4  /* layers of a model that a grid shows */
};

struct counted_model {
	const char *name;
	const struct analysis_layer *layer; /* [layers] */
	size_t layers;
};

/* Models of more experts than one; a router of one has nothing to choose.  model[COUNTS_MODELS]; returns their number,
 * and says why where it is 0. */
size_t counts_models(struct chart_sheet *, struct counted_model *model);
/* Keeps those of the n models that have tokens of several domains, and returns their number. */
size_t counts_with_domains(struct chart_sheet *, size_t n, struct counted_model *model);

/* `series`, `label[]`, `look[]`. */
void counts_set_models(struct chart_sheet *, size_t n, const struct counted_model *model);

/* The layer's number as text. */
const char *counts_layer(const struct analysis_layer *);

/* The domain whose fullest expert is fullest. */
size_t counts_worst_domain(const struct analysis_layer *);

/* The greatest value of a metric over everything shown; 0 when it was nowhere measured. */
enum counts_measure { COUNTS_POOLED, COUNTS_ALONE, COUNTS_NMI };
double counts_greatest(size_t n, const struct counted_model *model, enum counts_measure what);

/* A grid of panels: a row for each model, a column for each layer; models of one layer share rows. */
struct counts_grid {
	size_t n, lines_put; /* panels; rows of the CSV so far */
	const struct analysis_layer *of[COUNTS_MODELS * COUNTS_COLUMNS];
	const char *layer[COUNTS_MODELS * COUNTS_COLUMNS];
	double model[COUNTS_MODELS * COUNTS_COLUMNS], row[COUNTS_MODELS * COUNTS_COLUMNS],
		column[COUNTS_MODELS * COUNTS_COLUMNS], first[COUNTS_MODELS * COUNTS_COLUMNS];
	double experts[COUNTS_MODELS * COUNTS_COLUMNS], lines[COUNTS_MODELS * COUNTS_COLUMNS];
};

/* Gives the model its panels: of many layers the first, the last and some between stand for all. */
void counts_add_model(struct chart_sheet *, struct counts_grid *, size_t number, const struct counted_model *);
/* `panels`, `across`, `rows`, and of each panel `layer[]`, `model_of[]`, `row_of[]`, `column_of[]`, `experts[]`,
 * `first[]`, `lines[]`. */
void counts_set_grid(struct chart_sheet *, const struct counts_grid *);

/* Cells: the panel, its model and its layer. */
void counts_put_layer(struct chart_sheet *, size_t panel, const struct analysis_layer *);

#endif
