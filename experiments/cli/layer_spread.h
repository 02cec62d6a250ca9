/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer_spread.h -- the values that each layer of an analysis has, and how they spread across the layers.
 */
#ifndef EXPERIMENTS_CLI_LAYER_SPREAD_H
#define EXPERIMENTS_CLI_LAYER_SPREAD_H

#include "experiments/study/analysis.h"

/* The metrics, and behind them the imbalance of ranks. */
enum { LAYER_VALUES = METRIC_COUNT + 1 };
const char *layer_value_name(size_t which);

/* One of them of each of the n layers, NAN where a layer has none; scratch[ranks]. */
void layer_values(const struct analysis_layer *layer, size_t n, size_t which, size_t ranks, double *scratch,
				  double *value);

/* A table for a person, on stdout, of what hundreds of rows say: percentiles across the layers of each model, and its
 * worst layers.  Prints nothing where no model has several layers. */
void layer_spread_print(const struct analysis *analysis);

#endif
