/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_folder.h -- run folders as they are read: what a run says of itself, and its tables, checked.
 *
 * All that reads a run's files goes through here.  A file is opened once and its bytes are kept for the next reader, as
 * far as all kept bytes of a list stay below RUN_KEPT.  What is read must be what the run wrote: a file that the
 * manifest lists is compared with its hash, and each cell with what its column may hold.
 */
#ifndef SIM_RUN_RUN_FOLDER_H
#define SIM_RUN_RUN_FOLDER_H

#include "sim/base/csv.h"
#include "sim/run/manifest.h"

#define RUN_KEPT ((size_t)1 << 29) /* bytes */

struct run_files; /* bytes that have been read */

struct run_folder {
	const char *path, *name;         /* the folder, and the last part of its path */
	const char *label;               /* what its suite calls it; "" when no suite does */
	const char *strategy, *sentence; /* the label and what it stands for; "" when not told */
	const char *status;              /* "done", "diverged", ...; "" when not told */
	int64_t seed;                    /* -1 when not told */
	double tokens_per_step;          /* NAN when nothing tells */
	bool summed_up;                  /* it is done or has diverged, and summary.csv tells how */
	struct csv_table summary;        /* summary.csv of such a run; else no columns */
	bool sees_future;                /* its losses are not those of a causal model */
	struct run_record record;        /* manifest.json */
	size_t settings;
	const struct run_setting *setting; /* [settings] record.in_effect */
	struct run_files *files;
	const char *remedy; /* as in struct run_reading */
};

/* How runs are read. */
struct run_reading {
	const char *remedy;  /* what to do about damage, in an error's parentheses */
	struct arena *arena; /* of all arrays */
	size_t *kept;        /* the bytes kept of all runs together; NULL: those of the run alone count */
};

/* Reads manifest, summary and pace of one run; sizes of all files are compared with the manifest.  Arrays live as long
 * as the arena, texts as long as the program.  On failure *run needs no closing. */
int run_folder_open(const char *path, const struct run_reading *how, struct run_folder *run, struct error *err);
void run_folder_close(struct run_folder *run);

/* A run of the set that does not count, and why. */
struct run_omission {
	const char *path, *reason;
};

struct run_list {
	struct arena arena; /* everything below */
	size_t n;
	struct run_folder *run; /* [n] in the order of the folders given, then by name */
	size_t omissions;
	struct run_omission *omission; /* [omissions] */
};

/* Collects the runs of the folders: each is a run folder (it holds a manifest.json) or holds run folders, of which only
 * those count that a suite's runs.csv names, where there is one.  A folder met twice counts once.  A folder without any
 * run is an error, and so is a damaged run, unless `lenient`: then all files of all runs are verified and the damaged
 * runs left out.  Every run that is left out, or is not finished and so has no results, is among the omissions.  Texts
 * live as long as the program. */
int run_list_find(size_t folders, char *const *folder, bool lenient, struct run_list *list, struct error *err);
void run_list_free(struct run_list *list);
/* Names every omission on stderr, one line each, as "moesim: PATH: REASON". */
void run_list_tell(const struct run_list *list);

/* The value of a setting; "" when the manifest does not have it. */
const char *run_folder_setting(const struct run_folder *run, const char *name);

/* Reads one of the run's tables.  A file that does not exist and that the manifest does not list is an empty table
 * (columns and rows 0). */
int run_folder_table(const struct run_folder *run, const char *file, struct csv_table *table, struct error *err);

/* The header and the last rows of a table that is perhaps being written; empty when there are none. */
void run_folder_tail(const char *folder, const char *file, struct csv_table *table);

/* Is every file that the manifest lists what the run wrote? */
int run_folder_verify(const struct run_folder *run, struct error *err);

/* A cell of the first row of summary.csv as a number; NAN when there is none.  Reads no file: the row has been read
 * with the run. */
int run_folder_summary(const struct run_folder *run, const char *column, double *value, struct error *err);

/* The number of a column that must exist; a missing one is the user's error, naming the file. */
int run_folder_column(const struct csv_table *table, const char *name, int *column, struct error *err);

#endif
