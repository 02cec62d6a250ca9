/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare_tables.h -- a page of comparisons on the terminal.
 */
#ifndef EXPERIMENTS_STUDY_COMPARE_TABLES_H
#define EXPERIMENTS_STUDY_COMPARE_TABLES_H

#include "experiments/study/compare.h"

/* Prints for each stream its means and contrasts, and then how they are read.  `usual`: the judged metrics are those of
 * the page's own choice, so that the metrics shown by default stand beside them. */
int compare_tables_print(const struct compare_page *page, bool usual, struct error *err);

#endif
