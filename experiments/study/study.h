/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * study.h -- runs put together for comparison: one series per strategy and swept settings, one run per seed.
 */
#ifndef EXPERIMENTS_STUDY_STUDY_H
#define EXPERIMENTS_STUDY_STUDY_H

#include <stddef.h>

#include "sim/run/run_folder.h"

struct study_series {
	const char *label; /* "top-k", or "top-k capacity=2" where one strategy has several series, or a suite's section */
	const char *strategy; /* "top-k" */
	const char **value;   /* [study.keys] of each swept setting */
	unsigned colour;      /* from 1 to STUDY_COLOURS: the same strategy has the same one in every chart */
	unsigned variant;     /* from 0: tells series of one colour apart */
	size_t n;
	const struct run_folder **run; /* [n] by seed, no seed twice */
};

enum { STUDY_COLOURS = 10 };

struct study {
	struct arena arena;
	struct run_list runs;
	size_t keys;
	const char **key; /* [keys] settings that differ between the runs of some strategy; the seed is none */
	size_t n;
	struct study_series *series; /* [n] in the order in which charts and tables list them */
	size_t repeats;
	const struct run_folder **repeat; /* [repeats] left out: same series and seed as another run */
};

/* Reads the runs of the folders and sorts them into series.  What does not count is in study->runs.omission.  A damaged
 * run is an error, or left out when `lenient`. */
int study_read_as(size_t folders, char *const *folder, bool lenient, struct study *study, struct error *err);
int study_read(size_t folders, char *const *folder, struct study *study, struct error *err); /* not lenient */

/* The flag of the commands that build on runs; `where` is the bool that it sets. */
#define STUDY_LENIENT_ROW(where)                                                            \
	{                                                                                       \
		.name = "lenient", .type = MOE_OPT_FLAG, .at = (where),                             \
		.help = "leave damaged runs out, each named on stderr, instead of stopping at them" \
	}
void study_free(struct study *study);

/* Does a difference in this setting make another series?  Not one that cannot change a result, or that names the run
 * itself. */
bool study_compares(const char *setting);

/* The column of that key, or study->keys. */
size_t study_key(const struct study *study, const char *name);

/* [n][keys] in the arena: does the key tell this series from another one of its strategy? */
const bool **study_telling(const struct study *study, struct arena *arena);

/* The order of a setting's values: none, numbers by size, then words. */
int study_order(const char *value, const char *other);

/* Is it the name that a suite's author gave, a section's, and not one made up from strategy and swept settings?  A
 * section may be called after its strategy: "hash-renorm". */
bool study_label_is_given(const char *label, const char *strategy);

/* Where the series has its run with that seed, or NULL. */
const struct run_folder *const *study_run(const struct study_series *series, int64_t seed);

#endif
