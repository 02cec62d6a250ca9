/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * spread.h -- how a metric spreads over the layers of a model: its percentiles, and which layers are worst.
 */
#ifndef EXPERIMENTS_STUDY_SPREAD_H
#define EXPERIMENTS_STUDY_SPREAD_H

#include <stdbool.h>
#include <stddef.h>

enum { SPREAD_POINTS = 6, SPREAD_WORST = 3 };

/* "min", "p50", "p75", "p90", "p95", "max" */
extern const char *const spread_names[SPREAD_POINTS];

struct spread {
	size_t n; /* values that were measured; with none all points are NAN */
	double point[SPREAD_POINTS];
	size_t worst[SPREAD_WORST]; /* of the n (or fewer) greatest values where they stand, the greatest first */
};

/* Of value[n], where NAN is "not measured".  Percentiles lie between two values in proportion (Hyndman and Fan's
 * seventh kind, as NumPy, R and the GSL do by default). */
struct spread spread_of(const double *value, size_t n);

#endif
