/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare_files.h -- compare.csv and pairs.csv.
 */
#ifndef EXPERIMENTS_STUDY_COMPARE_FILES_H
#define EXPERIMENTS_STUDY_COMPARE_FILES_H

#include "experiments/study/compare.h"

/* Writes every mean and every pair of the two pages into the folder, and the means of the metrics that are not judged.
 */
int compare_files_write(const struct compare_page *page, const struct compare_page *at_equal_flops, const char *folder,
						struct error *err);

#endif
