/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recording.h -- a routing that was recorded in a trace, to be done again in the place of the selector's choices.
 *
 * A trace has the held-out tokens, all under one step, or the batches of training, step by step (sim/run/tracer.h).
 */
#ifndef SIM_ROUTE_RECORDING_H
#define SIM_ROUTE_RECORDING_H

#include <moesim/moesim.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/base/error.h"

/* What a run routes. */
struct recording_shape {
	size_t layers, experts, k;
	size_t tokens;             /* of a batch */
	size_t steps, evaluations; /* batches of training; of held-out tokens */
	size_t most;               /* picks of a batch, at most */
	bool each;   /* every token goes to k experts, or fewer where chance or another rule leaves some out */
	bool ranked; /* a token's choices have an order */
};

struct recording {
	size_t layers, batches; /* 0 batches: nothing is recorded */
	bool training;          /* of the batches of training, not of the held-out tokens */
	uint64_t content;       /* a hash of all picks */
	size_t *first;          /* [batches * layers + 1] where the picks of a batch in a layer begin */
	uint32_t *token, *expert, *rank;
};

/* Reads a trace with token, layer, slot and expert in any form that trace_read() knows.  Fails in words where it does
 * not fit the shape.  On failure the recording is empty. */
int recording_read(const char *path, const struct recording_shape *shape, struct recording *recording,
				   struct error *err);
void recording_free(struct recording *recording);

/* Appends the picks of a batch, from 0, in a layer. */
void recording_pick(const struct recording *recording, size_t batch, size_t layer, struct moe_picks *picks);

#endif
