/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * part_options.h -- the options of parts and streams that differ between the runs of a suite.
 */
#ifndef EXPERIMENTS_SUITE_PART_OPTIONS_H
#define EXPERIMENTS_SUITE_PART_OPTIONS_H

#include "sim/run/run_folder.h"

struct part_option {
	const char *name;   /* "aux.weight" */
	const char **value; /* [runs] NULL: the run has no such part */
};

struct part_options {
	size_t n, runs;
	struct part_option *option; /* [n] in the order in which runs bring them */
};

/* Adds those of a run, which is number `run` of options->runs; its texts are kept. */
void part_options_add(struct part_options *options, size_t run, const struct run_folder *of);

/* Drops what has one value in all runs that have it. */
void part_options_choose(struct part_options *options);

void part_options_free(struct part_options *options);

#endif
