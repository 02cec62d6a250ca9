/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * traffic.h -- the experts that each token goes to, layer by layer: what travels over the network.
 *
 * It comes from a file that sim/trace reads, or is drawn from a law of loads.  A file of counts does not say which
 * experts share a token: such a layer has counts alone.
 */
#ifndef SIM_CLUSTER_TRAFFIC_H
#define SIM_CLUSTER_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/trace/tally.h"

/* The tokens of all devices stand one behind the other: of T tokens on D devices, device d has those from T d / D up
 * to T (d + 1) / D. */
struct traffic {
	uint32_t layer;
	int64_t step; /* TRACE_ALL_STEPS: not told apart */
	size_t experts;
	uint64_t *count;      /* [experts] choices of each */
	uint64_t assignments; /* their sum */
	bool has_tokens;      /* else only the above is known */
	size_t tokens;
	size_t *first;    /* [tokens + 1] into `expert` */
	uint32_t *expert; /* [assignments] by token, best first where the source says */
};

struct traffics {
	struct arena arena;
	size_t n;
	struct traffic *layer; /* [n] ascending, by step first */
};

struct traffic_choice {
	const char *model; /* the only model to take; "": the file must have one */
	int64_t step;      /* the only step to read, or TRACE_ALL_STEPS */
	uint32_t experts;  /* 0: as the file shows */
	bool partial;      /* layers may differ in their number of tokens */
};

/* Reads the file, or experts.csv of a run folder, there by default its last step.  Domains add up. */
int traffic_read(const char *path, const struct traffic_choice *choice, struct traffics *traffic, struct error *err);
void traffic_free(struct traffics *traffic);

/* A run folder's experts.csv, or the file itself. */
const char *traffic_file(const char *path);
/* Rows that name no model belong to the one that is asked for, or to one that is called as the file. */
const char *traffic_model_of_rows(const char *path, const struct traffic_choice *choice);
/* Which of the file's models is meant; "": the only one. */
int traffic_model(const struct tally *tally, const char *name, uint32_t *model, struct error *err);

/* From a tally that kept its choices, after tally_check(). */
int traffic_take(const struct tally *tally, uint32_t model, struct traffics *traffic, struct error *err);

/* The counts of each layer over all its steps, tokens not kept; [*n] in the arena. */
struct traffic *traffic_sum(const struct traffics *traffic, struct arena *arena, size_t *n);

/* Room for a layer of so many tokens with k experts each, in the arena; count and expert are to be filled. */
struct traffic traffic_room(uint32_t layer, size_t experts, size_t tokens, size_t k, struct arena *arena);

#endif
