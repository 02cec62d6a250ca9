/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recorder.h -- what of a run is written when.
 */
#ifndef SIM_RUN_RECORDER_H
#define SIM_RUN_RECORDER_H

#include "sim/run/columns.h"
#include "sim/run/token_picks.h"

struct recorder {
	const char *folder;
	const struct settings *settings;
	struct csv_writer *file[RUN_FILES]; /* all but those that are written at the end */
	struct token_picks by_token;        /* memory for a batch's picks; taken with the first of them */
};

enum { RUN_PLACES = FILE_TOKENS + 1 }; /* as checkpoints have them; files that grow are among the first */

/* How far the growing files had been written at a checkpoint; nothing beyond counts when a run resumes.  timing.csv has
 * no place, as it differs between equal runs: a resumed run goes on behind its rows of steps that are done. */
struct recorder_place {
	struct csv_place file[RUN_PLACES];
};

/* The files of a run of these settings in that folder, which is the caller's to hold; both must outlive the recorder.
 */
void recorder_init(struct recorder *recorder, const char *folder, const struct settings *settings);
/* Opens the files anew. */
int recorder_open(struct recorder *recorder, struct error *err);
/* Opens the files where the checkpoint of that step left them and cuts away what stands behind; changes none unless
 * every one has all its rows up to there. */
int recorder_continue(struct recorder *recorder, const struct recorder_place *place, size_t step, struct error *err);

/* A row of steps.csv; evaluation may be NULL. */
void recorder_step(struct recorder *recorder, const struct trainer *trainer, const struct step_log *log,
				   const struct evaluation *evaluation, const struct run_price *price);
/* The rows of layers.csv for the last training batch. */
void recorder_batch(struct recorder *recorder, struct trainer *trainer);
/* The rows of layers.csv, experts.csv, domains.csv and tokens.csv for the last evaluation, whose last batch must still
 * be the one that was routed last, and of timing.csv. */
void recorder_evaluation(struct recorder *recorder, struct trainer *trainer);
/* Hands all rows to the files. */
int recorder_flush(struct recorder *recorder, struct error *err);
/* The same, and has all but those of timing.csv survive a power cut. */
int recorder_sync(struct recorder *recorder, struct error *err);
struct recorder_place recorder_place(const struct recorder *recorder);

/* Writes summary.csv, positions.csv when experts have a capacity, and what the bill holds. */
int recorder_summary(struct recorder *recorder, const struct trainer *trainer, const struct outcome *outcome,
					 const struct run_bill *bill, struct error *err);

/* Syncs and closes the files. */
int recorder_close(struct recorder *recorder, struct error *err);

#endif
