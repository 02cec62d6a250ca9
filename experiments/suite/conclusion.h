/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * conclusion.h -- what came of a suite: the summary of all its runs, sentences, and a table.
 */
#ifndef EXPERIMENTS_SUITE_CONCLUSION_H
#define EXPERIMENTS_SUITE_CONCLUSION_H

#include "experiments/study/compare.h"
#include "experiments/suite/results.h"

/* The finished runs of a suite's folder, read once. */
struct conclusion {
	const struct results *results;
	bool known; /* there is a finished run; else there is neither study nor page */
	struct study study;
	struct compare_page page;
	struct gap_list gaps;
};

/* Reads and compares the runs, with the baseline or what `against` names ("": the baseline), and writes summary.csv.
 * The rows are written also where the runs cannot be compared, which is an error all the same. */
int conclusion_draw(const struct results *results, const char *against, struct conclusion *conclusion,
					struct error *err);

/* Prints question, sentences and a table with a row for each grid point; nothing when no run is finished. */
int conclusion_print(const struct conclusion *conclusion, const struct suite *suite, struct error *err);

void conclusion_free(struct conclusion *conclusion);

#endif
