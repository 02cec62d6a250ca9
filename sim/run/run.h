/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run.h -- one run from its first step to its last file.
 */
#ifndef SIM_RUN_RUN_H
#define SIM_RUN_RUN_H

#include "sim/run/recorder.h"
#include "sim/run/run_lock.h"

/* What a display may want to know after each step. */
struct run_progress {
	size_t first, step, steps;   /* done before this process began, now, and in all */
	double seconds;              /* since the first step of this process */
	size_t tokens;               /* trained in this process */
	double lm_loss, excess_loss; /* of the last step; of the last evaluation, NAN where not known */
	double maxvio;               /* of the last evaluation, largest over the layers */
};

/* The option row of run_plan's checkpoint_every, for commands and suites. */
#define RUN_CHECKPOINT_ROW(where)                                                                              \
	{                                                                                                          \
		.name = "checkpoint-every", .type = MOE_OPT_INT, .at = (where), .low = 1, .high = 1e9, .zero = "auto", \
		.unit = "steps",                                                                                       \
		.help = "steps between a run's checkpoints; auto: by time, so that a kill costs a minute at most"      \
	}

/* How a run is carried out; none of it changes a result. */
struct run_plan {
	const char *folder;
	enum run_mode mode;
	int threads;
	size_t checkpoint_every;                                          /* steps; 0: by time */
	void (*show)(void *context, const struct run_progress *progress); /* NULL: nobody looks */
	/* After each training step, before anything else is routed; an error ends the run.  NULL: nothing. */
	int (*each)(void *context, const struct trainer *trainer, struct error *err);
	/* Adds what the routing that the trainer's routers hold costs on the cluster of the run; the details to the bill,
	 * unless it is NULL.  NULL: the run has no cluster. */
	int (*price)(void *context, const struct trainer *trainer, struct run_price *price, struct run_bill *bill,
				 struct error *err);
	/* What else belongs to the end of a run that is done: the run is unfinished without.  NULL: nothing. */
	int (*last)(void *context, struct trainer *trainer, struct error *err);
	void *context;
};

/* Trains, evaluates and writes the run folder.  The trainer must have just been opened.  On SIGINT or SIGTERM finishes
 * the step, leaves a folder that can be resumed and returns the signal in *signal (else 0).  Wherever the process or
 * the machine stops, the folder can be resumed to the same end, or holds no run; a run is finished when its manifest
 * says so, which is written last. */
int run_train(struct trainer *trainer, const struct run_plan *plan, struct outcome *outcome, int *signal,
			  struct error *err);

#endif
