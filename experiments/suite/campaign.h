/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * campaign.h -- makes the runs of a grid that are not finished yet, several at a time, and reports those that fail.
 */
#ifndef EXPERIMENTS_SUITE_CAMPAIGN_H
#define EXPERIMENTS_SUITE_CAMPAIGN_H

#include "experiments/suite/results.h"
#include "experiments/suite/watch.h"

struct campaign {
	const struct grid *grid;
	struct results *results;
	size_t at_a_time;
	bool quiet;               /* no progress line */
	int64_t checkpoint_every; /* steps between the checkpoints of a run; 0: as run does by itself */
	size_t skipped;           /* were finished before */
	size_t made, diverged;    /* by this call; diverged ones are made, too */
	size_t failed;
	int worst; /* highest exit code of a failed run */
	/* ---- in motion ---- */
	struct watch watch;
	size_t todos;
	size_t *todo;  /* [todos] run numbers */
	bool *resumed; /* [runs] was started from its checkpoint */
	bool *afresh;  /* [runs] could not be continued: begin anew */
	bool *running; /* [todos] */
};

/* Makes the runs first .. end - 1 of the grid.  Returns 0, the number of the signal that stopped it, or -1 and *err.  A
 * run that fails is reported on stderr and does not stop the others. */
int campaign_run(struct campaign *campaign, size_t first, size_t end, struct error *err);

/* Keeps other processes off one run, until this one ends: two with the same --index would write into one folder. */
int campaign_lock_run(const struct campaign *campaign, size_t run, struct error *err);

#endif
