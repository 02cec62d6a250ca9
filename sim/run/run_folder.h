/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_folder.h -- finding finished and unfinished runs on disk, and reading what they say of themselves.
 */
#ifndef SIM_RUN_RUN_FOLDER_H
#define SIM_RUN_RUN_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/csv.h"
#include "sim/base/error.h"

struct run_setting {
	const char *name, *value;
};

struct run_folder {
	const char *path, *name;         /* the folder, and the last part of its path */
	const char *label;               /* what its suite calls it; "" when no suite does */
	const char *strategy, *sentence; /* the label and what it stands for; "" when not told */
	const char *status;              /* "done", "diverged", ...; "" when not told */
	int64_t seed;                    /* -1 when not told */
	double tokens_per_step;          /* NAN when nothing tells */
	bool summed_up;                  /* it has a summary.csv with a row */
	struct csv_table summary;        /* summary.csv; no columns where there is none */
	bool sees_future;                /* its losses are not those of a causal model */
	size_t settings;
	/* [settings] the resolved sentence's ("top-k", "aux.weight"), the stream's ("topicmix.shared"), then the others */
	struct run_setting *setting;
};

struct run_list {
	struct arena arena; /* everything below */
	size_t n;
	struct run_folder *run; /* [n] in the order of the folders given, then by name */
};

/* Collects the runs of the folders: each is a run folder (it holds a manifest.json) or holds run folders, of which only
 * those count that a suite's runs.csv names, where there is one.  A folder met twice counts once.  A folder without any
 * run is an error.  Texts live as long as the program. */
int run_list_find(size_t folders, char *const *folder, struct run_list *list, struct error *err);
void run_list_free(struct run_list *list);

/* The value of a setting; "" when the manifest does not have it. */
const char *run_folder_setting(const struct run_folder *run, const char *name);

/* Reads one of the run's tables.  A file that does not exist is an empty table (columns and rows 0). */
int run_folder_table(const struct run_folder *run, const char *file, struct csv_table *table, struct error *err);

/* A cell of the first row of summary.csv as a number; NAN when there is none.  Reads no file: the row has been read
 * with the run. */
int run_folder_summary(const struct run_folder *run, const char *column, double *value, struct error *err);

/* The number of a column that must exist; a missing one is the user's error, naming the file. */
int run_folder_column(const struct csv_table *table, const char *name, int *column, struct error *err);

#endif
