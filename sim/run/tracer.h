/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tracer.h -- the routing of the held-out tokens, or of training, in a file that `analyze` reads beside those of real
 * models.
 *
 *   counts   model,step,domain,layer,expert,count     one row for each expert, domain and layer
 *   tokens   model,step,domain,token,layer,slot,expert,weight,token_id,text,position
 *                                                     one row for each pick
 *   training                                          the same of every training step, in place of the held-out tokens
 *
 * A token is numbered among those of its step; token_id is its entry of the vocabulary, text how the stream writes it
 * (empty where it does not), position its place in its sequence.
 * Picks are those before the capacity; one that found no room has the weight 0.  Slots count a token's picks from 0,
 * best first (in the order of the experts, where experts choose).  The file appears whole, at the end.
 */
#ifndef SIM_RUN_TRACER_H
#define SIM_RUN_TRACER_H

#include "sim/train/trainer.h"

enum tracer_form { TRACER_COUNTS, TRACER_TOKENS, TRACER_TRAINING };

struct tracer {
	const char *path, *beside; /* where the trace is to be, and where it is written */
	enum tracer_form form;
	struct tracer_desk *desk; /* while it is written; NULL before and after */
};

/* Makes sure, before a run takes its time, that there is a place for the trace. */
int tracer_open(struct tracer *tracer, const char *path, enum tracer_form form, struct error *err);

/* Of TRACER_TRAINING, after each training step and before anything else is routed: writes its rows. */
int tracer_step(struct tracer *tracer, const char *model, const struct trainer *trainer, struct error *err);

/* Routes the held-out tokens through the network as it is, writes the trace and puts it in place; a trace of
 * training is there already, and is put in place. */
int tracer_write(struct tracer *tracer, const char *model, struct trainer *trainer, struct error *err);

/* Leaves nothing behind. */
void tracer_drop(struct tracer *tracer);

#endif
