/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * columns.h -- the run folder's files and their columns as a table, made from columns.def.
 */
#ifndef SIM_RUN_COLUMNS_H
#define SIM_RUN_COLUMNS_H

#include "sim/base/csv_column.h"
#include "sim/train/leak.h"

/* The files of a run folder that hold rows, in the order of the table. */
enum run_file {
	FILE_STEPS,
	FILE_LAYERS,
	FILE_EXPERTS,
	FILE_DOMAINS,
	FILE_TIMING,
	FILE_SUMMARY,
	FILE_POSITIONS,
	FILE_TOKENS,
	FILE_BANDWIDTH,
	FILE_PHASES,
	FILE_DEVICES,
	RUN_FILES
};

/* Columns that stand behind those of a file where the run has a cluster. */
enum { STEPS_ON_CLUSTER = RUN_FILES, SUMMARY_ON_CLUSTER };

/* What routings cost on the cluster of a run, added up over layers and batches. */
struct run_price {
	size_t layers; /* 0: nothing has been priced */
	double seconds, exposed, straggler, nodes;
	double slowest; /* s of the layer that takes longest, with what holds it up and the device where it does */
	const char *bottleneck;
	size_t device;
};

/* The same with another bandwidth of the link that joins the nodes, or where there is one node its devices. */
struct run_bandwidth {
	const char *link;
	double gbps;
	struct run_price price;
};

/* Sums over batches of one phase of a layer's step, at one level. */
struct run_phase {
	size_t layer;
	const char *phase, *level;
	double rows_max, rows_mean, seconds;
};

/* Rows of one device, summed over batches; within the node and between nodes. */
struct run_device {
	size_t layer, device;
	double computed, sent[2], received[2];
};

/* What a run with a cluster tells of its held-out tokens at the end. */
struct run_bill {
	struct arena arena; /* of what follows */
	size_t batches;
	size_t bandwidths, phases, devices;
	struct run_bandwidth *bandwidth;
	struct run_phase *phase;
	struct run_device *device;
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
	double bare_per_token;  /* the same of experts without a network */
	struct run_price price; /* of the held-out tokens */
};

/* What a row is about; what a file's columns do not name may be left out. */
struct run_row {
	const struct trainer *trainer;
	const struct step_log *log;
	const struct evaluation *evaluation; /* NULL: none in this step */
	const struct outcome *outcome;
	const struct run_price *price;
	const struct run_bill *bill;
	const struct run_bandwidth *bandwidth;
	const struct run_phase *phase;
	const struct run_device *device;
	const char *run, *scope;
	size_t layer, expert, domain, position;
	const struct load *load;
	struct metrics metrics;
	bool has_scores;
	const real *bias; /* [experts] or NULL */
	/* of tokens.csv: a token of the evaluation's last batch, and one of its picks */
	size_t token, slot;
	int64_t chosen; /* expert; -1: none */
	real weight;
};

extern const struct csv_column run_columns[]; /* ended by name = NULL */

/* "steps.csv" */
const char *run_file_name(enum run_file file);
/* The file of that name, or RUN_FILES. */
enum run_file run_file_find(const char *name);
/* Is it written whole when all else is done? */
bool run_file_is_of_the_end(enum run_file file);
/* May a run that has ended lack it? */
bool run_file_is_optional(enum run_file file);
/* The file that a column of run_columns stands in. */
enum run_file run_column_file(const struct csv_column *column);
/* Holds every cell of that file what its column may hold? */
int run_columns_check(enum run_file file, const struct csv_table *table, struct error *err);
/* The header line of a run of these settings, "step,tokens,..."; lives as long as the program. */
const char *run_file_header(enum run_file file, const struct settings *settings);
/* Writes a row. */
void run_file_row(enum run_file file, struct csv_writer *to, const struct run_row *row);

/* A balancer's loss has a column in steps.csv whether the table foresees it or not: these stand behind the table's.
 * The one with that number in a run of that sentence, or NULL. */
const char *run_term(const struct sentence *sentence, size_t number);
/* Would a balancer's column be taken for another one?  -1 and *err then. */
int run_terms_check(const struct sentence *sentence, struct error *err);

#endif
