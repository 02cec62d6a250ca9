/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * results.h -- what the folder of a suite holds: run folders, a lock, and the gathered summary.csv.
 */
#ifndef EXPERIMENTS_SUITE_RESULTS_H
#define EXPERIMENTS_SUITE_RESULTS_H

#include "experiments/suite/grid.h"

enum run_state {
	RUN_MISSING,    /* no folder */
	RUN_UNFINISHED, /* a folder, but not a finished run */
	RUN_DONE,
	RUN_DIVERGED,  /* finished, too: divergence is a result */
	RUN_UNREADABLE /* a folder that cannot be looked into, so that it may hold anything */
};

static inline bool run_is_finished(enum run_state state)
{
	return state == RUN_DONE || state == RUN_DIVERGED;
}

/* "to do", "unfinished", "done", "diverged", "unreadable" */
const char *run_state_word(enum run_state state);

struct results {
	const char *folder;
	const struct grid *grid;
	const char **run;      /* [grid->n] each run's folder, a name inside `folder` */
	enum run_state *state; /* [grid->n] */
	size_t strange;        /* run folders inside that belong to no run of the grid */
	int lock;              /* -1: none */
};

/* Looks at the folder (which need not exist).  A run that was made under another label, because the suite has been
 * edited since, is found by its seed and hash and keeps its folder. */
void results_open(const char *folder, const struct grid *grid, struct results *results);
void results_close(struct results *results);

/* The number of runs that are finished. */
size_t results_finished(const struct results *results);

/* Creates and locks the folder: against every other suite, or (shared) only against those that are not shared.  Then
 * looks at it anew. */
int results_lock(struct results *results, bool shared, struct error *err);

/* The path of a run's folder, and of the file that takes its stderr until it has ended; they live as long as the
 * program. */
const char *results_path(const struct results *results, size_t run);
const char *results_log(const struct results *results, size_t run);

/* Reads one run's state anew. */
enum run_state results_look(struct results *results, size_t run);

/* Writes runs.csv, which says what belongs to the suite as it is now: run,label,seed and the swept keys. */
int results_list(const struct results *results, struct error *err);

/* Writes summary.csv: the summary rows of all finished runs in the order of the grid, then the columns `gap_closed`
 * (gap[grid->n], NAN where not known; no column when NULL), `label` and every swept key that is not a column already.
 * A summary that its run's manifest does not vouch for is refused. */
int results_gather(const struct results *results, const double *gap, struct error *err);

#endif
