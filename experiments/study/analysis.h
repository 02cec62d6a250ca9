/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis.h -- the metrics of expert counts and routing traces: of each layer, each domain alone and all together.
 */
#ifndef EXPERIMENTS_STUDY_ANALYSIS_H
#define EXPERIMENTS_STUDY_ANALYSIS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/metrics/metrics.h"
#include "sim/trace/tally.h"

/* What rows that name no model belong to, where there are several files. */
enum analysis_files { ANALYSIS_RANKS, ANALYSIS_MODELS };

/* What the user may choose. */
struct analysis_choice {
	const char *model;      /* of rows that name none; "": the file's name, or what the names of all files share */
	const char *config;     /* a config.json or a built-in model, whose experts and top_k hold; "": none */
	int64_t step;           /* the only one to read, or TRACE_ALL_STEPS */
	int64_t experts, top_k; /* 0: as the file shows; for counts, which do not show it, k is taken as 1 */
	bool partial;           /* a trace whose layers differ in the number of tokens is accepted */
	int files;              /* enum analysis_files */
	int64_t ep;             /* ranks of expert parallelism; 0: none */
	bool percentiles;       /* what the layers have together is shown, too */
};
extern const char *const analysis_files_names[];

/* The option rows of a struct that has the choice as its member `at`; a comma stands behind each. */
#define ANALYSIS_OPTIONS(type, at)                                                                                     \
	{ "model", MOE_OPT_TEXT, offsetof(type, at.model), .unit = "NAME",                                                 \
	  .help = "model of rows that do not name one (otherwise the file's name)" },                                      \
		{ "files", MOE_OPT_CHOICE, offsetof(type, at.files), .choices = analysis_files_names,                          \
		  .help = "several files whose rows name no model are the ranks of one model, whose counts add, or a model "   \
				  "each" },                                                                                            \
		{ "step",                                                                                                      \
		  MOE_OPT_INT,                                                                                                 \
		  offsetof(type, at.step),                                                                                     \
		  -1,                                                                                                          \
		  1e15,                                                                                                        \
		  -1,                                                                                                          \
		  .help = "read the rows of this step alone; -1 adds up all steps" },                                          \
		{ "experts",                                                                                                   \
		  MOE_OPT_INT,                                                                                                 \
		  offsetof(type, at.experts),                                                                                  \
		  0,                                                                                                           \
		  TALLY_IDS,                                                                                                   \
		  0,                                                                                                           \
		  .zero = "auto",                                                                                              \
		  .help = "number of experts, so that those without a row count 0; auto is what the file states, or one more " \
				  "than the highest number in it" },                                                                   \
		{ "top-k",                                                                                                     \
		  MOE_OPT_INT,                                                                                                 \
		  offsetof(type, at.top_k),                                                                                    \
		  0,                                                                                                           \
		  TALLY_IDS,                                                                                                   \
		  0,                                                                                                           \
		  .zero = "auto",                                                                                              \
		  .help = "experts per token, for the noise floors; auto is what a trace shows, and 1 for counts, which sets " \
				  "the floors a little too high" },                                                                    \
		{ "config", MOE_OPT_TEXT, offsetof(type, at.config), .unit = "FILE|MODEL",                                     \
		  .help = "take --experts and --top-k from this config.json or built-in model" },                              \
		{ "partial", MOE_OPT_FLAG, offsetof(type, at.partial),                                                         \
		  .help = "accept a trace whose layers differ in the number of tokens" },                                      \
		{ "ep",                                                                                                        \
		  MOE_OPT_INT,                                                                                                 \
		  offsetof(type, at.ep),                                                                                       \
		  0,                                                                                                           \
		  TALLY_IDS,                                                                                                   \
		  0,                                                                                                           \
		  .zero = "none",                                                                                              \
		  .help = "ranks of expert parallelism that share the experts in order, equally many each: adds the load of "  \
				  "each" },                                                                                            \
	{                                                                                                                  \
		"percentiles", MOE_OPT_FLAG, offsetof(type, at.percentiles),                                                   \
			.help = "add the percentiles of every metric across the layers, and the worst layers by MaxVio"            \
	}

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
	uint64_t padding;             /* choices of expert -1, which were skipped */
	const char *joined;           /* the model that several files were taken for without being told; NULL: none */
	int files;
	size_t ranks; /* of expert parallelism that share the experts of each layer equally; 0: none */
};

/* Reads the files ("-" is standard input) and computes everything.  A layer that nobody uses has no metric but
 * assignments, which is 0. */
int analysis_read(int files, char *const *file, const struct analysis_choice *choice, struct analysis *analysis,
				  struct error *err);
void analysis_free(struct analysis *analysis);

/* What the user should know of how the files were read, one line each, or nothing. */
void analysis_tell(const struct analysis *analysis, FILE *to);

/* Puts the numbers of choice->config into the choice. */
int analysis_take_config(struct analysis_choice *choice, struct error *err);

/* Takes out the layers that nobody uses, and says which they were; fails when none is left. */
int analysis_drop_unused(struct analysis *analysis, FILE *to, struct error *err);

/* Layers of the model that begins at layer `at`. */
size_t analysis_model_layers(const struct analysis *analysis, size_t at);

/* The load of each of `ranks` ranks that hold equally many experts, one behind the other: assignments[ranks], and the
 * load of the fullest rank over the mean, with each domain weighted equally; NAN for a layer that nobody uses. */
double analysis_ranks(const struct analysis_layer *layer, size_t ranks, double *assignments);

#endif
