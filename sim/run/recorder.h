/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recorder.h -- the run folder: what is written when.
 */
#ifndef SIM_RUN_RECORDER_H
#define SIM_RUN_RECORDER_H

#include "sim/base/csv.h"
#include "sim/run/columns.h"
#include "sim/train/leak.h"

struct recorder {
	const char *folder;
	int lock;                           /* the folder, held against a second process */
	struct csv_writer *file[RUN_FILES]; /* all but those that are written at the end */
};

/* How far the growing files had been written at a checkpoint; nothing beyond counts when a run resumes.  timing.csv has
 * no place, as it differs between equal runs: a resumed run goes on behind its rows of steps that are done. */
struct recorder_place {
	struct csv_place file[RUN_FILES];
};

/* What the end of a run showed, for summary.csv and the terminal. */
struct outcome {
	const char *status; /* "done", "diverged", "interrupted" */
	struct evaluation evaluation;
	struct metrics mean, worst; /* over the layers; dead_experts of `mean` is the sum */
	struct leak leak;           /* change NAN: not measured */
	double flops_per_token;
	int64_t params_active;  /* that a token meets on average; with k experts a token where nothing was measured */
	double pairs_per_token; /* mean over the layers; NAN where nothing was routed or measured */
};

/* What to do with a folder that is there already. */
enum recorder_mode { RECORDER_NEW, RECORDER_FORCE, RECORDER_RESUME };

/* Makes or checks the folder, takes its lock, and sweeps out what a killed process left half-written.  A folder that
 * holds anything else is refused, unless it holds a run and mode says what to do with it. */
int recorder_enter(struct recorder *recorder, const char *folder, enum recorder_mode mode, struct error *err);
/* Takes away all files of a run but its manifest. */
int recorder_clear(const struct recorder *recorder, struct error *err);
/* Takes away those that are written at the end. */
int recorder_clear_end(const struct recorder *recorder, struct error *err);
/* Opens the files anew. */
int recorder_open(struct recorder *recorder, struct error *err);
/* Opens the files where the checkpoint of that step left them and cuts away what stands behind; changes none unless
 * every one has all its rows up to there. */
int recorder_continue(struct recorder *recorder, const struct recorder_place *place, size_t step, struct error *err);

/* A row of steps.csv; evaluation may be NULL. */
void recorder_step(struct recorder *recorder, const struct trainer *trainer, const struct step_log *log,
				   const struct evaluation *evaluation);
/* The rows of layers.csv for the last training batch. */
void recorder_batch(struct recorder *recorder, struct trainer *trainer);
/* The rows of layers.csv, experts.csv and domains.csv for the last evaluation, and of timing.csv. */
void recorder_evaluation(struct recorder *recorder, struct trainer *trainer);
/* Hands all rows to the files. */
int recorder_flush(struct recorder *recorder, struct error *err);
/* The same, and has all but those of timing.csv survive a power cut. */
int recorder_sync(struct recorder *recorder, struct error *err);
struct recorder_place recorder_place(const struct recorder *recorder);

/* Writes summary.csv, and positions.csv when experts have a capacity. */
int recorder_summary(struct recorder *recorder, const struct trainer *trainer, const struct outcome *outcome,
					 struct error *err);

/* Syncs and closes the files. */
int recorder_close(struct recorder *recorder, struct error *err);
/* Gives the folder back: the last thing that is done to it. */
void recorder_leave(struct recorder *recorder);

#endif
