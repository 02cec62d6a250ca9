/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * power.h -- what the seeds of a suite can show, told before it runs.
 */
#ifndef EXPERIMENTS_SUITE_POWER_H
#define EXPERIMENTS_SUITE_POWER_H

#include <stdio.h>

#include "experiments/suite/grid.h"

/* The number of tests that the page of the finished suite will make: pairs of series, as contrast.h chooses them, times
 * the metrics that are judged and can differ. */
int power_tests(const struct grid *grid, size_t *tests, struct error *err);

/* Prints which differences would likely be missed with so many seeds and tests; nothing when there is nothing to
 * compare.  How much differences scatter is taken from the runs in `folder`, else from suite quick. */
int power_print(const struct grid *grid, const char *folder, FILE *to, struct error *err);

#endif
