/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart_totals.h -- how the runs of a series ended, for charts.
 */
#ifndef EXPERIMENTS_CHARTS_CHART_TOTALS_H
#define EXPERIMENTS_CHARTS_CHART_TOTALS_H

#include "experiments/charts/chart.h"

/* A column of summary.csv for each run of the series; NAN for one that diverged or is not finished.  value[series->n]
 * lives in the sheet's arena. */
int chart_totals(struct chart_sheet *, const struct study_series *, const char *column, double **value,
				 struct error *err);

/* The same over the seeds. */
int chart_total(struct chart_sheet *, const struct study_series *, const char *column, struct estimate *,
				struct error *err);

/* "excess_loss" where every run that has a loss has that one, else "eval_loss"; tells the script as `loss_title`. */
int chart_loss_column(struct chart_sheet *, const char **column, struct error *err);

#endif
