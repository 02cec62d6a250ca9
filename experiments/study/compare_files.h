/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare_files.h -- compare.csv and pairs.csv.
 */
#ifndef EXPERIMENTS_STUDY_COMPARE_FILES_H
#define EXPERIMENTS_STUDY_COMPARE_FILES_H

#include "experiments/study/compare.h"
#include "sim/base/whole_csv.h"

/* The texts of both files: every mean and every pair of the two pages, and the means of the metrics that are not
 * judged.
 */
struct compare_files {
	struct whole_csv means, pairs;
};

/* Fills both; on an error there is nothing to free. */
int compare_files_make(const struct compare_page *page, const struct compare_page *at_equal_flops,
					   struct compare_files *, struct error *err);
void compare_files_free(struct compare_files *);

/* Writes them into a folder that is there. */
int compare_files_write(const struct compare_files *, const char *folder, struct error *err);

#endif
