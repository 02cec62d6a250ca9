/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis.h -- the metrics of expert counts and routing traces: of each layer, each domain alone and all together.
 */
#ifndef EXPERIMENTS_STUDY_ANALYSIS_H
#define EXPERIMENTS_STUDY_ANALYSIS_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/metrics/metrics.h"

/* What the user may choose. */
struct analysis_choice {
	const char *model;      /* of rows that name none; "": the file's name */
	int64_t step;           /* the only one to read, or TRACE_ALL_STEPS */
	int64_t experts, top_k; /* 0: as the file shows; for counts, which do not show it, k is taken as 1 */
	bool partial;           /* a trace whose layers differ in the number of tokens is accepted */
};

struct analysis_layer {
	const char *model;
	uint32_t layer;
	size_t domains, experts;
	const char **domain;     /* [domains] "" where the file names none */
	double *count;           /* [domains][experts] assignments */
	double *share;           /* [domains][experts] of the domain's assignments */
	double *pool;            /* [experts] mean share over the domains */
	double *tokens, *k;      /* [domains] */
	struct metrics *alone;   /* [domains] */
	struct metrics together; /* all domains, each with the same weight */
};

struct analysis {
	struct arena arena;
	size_t layers;
	struct analysis_layer *layer; /* [layers] by model in the order of the files, then by number */
};

/* Reads the files ("-" is standard input) and computes everything. */
int analysis_read(int files, char *const *file, const struct analysis_choice *choice, struct analysis *analysis,
				  struct error *err);
void analysis_free(struct analysis *analysis);

#endif
