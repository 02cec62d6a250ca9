/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * trace.h -- reads files that say who used which expert, and adds them to a tally.
 *
 * CSV with a header, columns in any order, found by name:
 *   counts   layer,expert,count                   every expert of a layer has a row, also with 0
 *   pairs    layer,expert                         one row for each use (llama.cpp)
 *   tokens   token,layer,slot,expert[,weight]     one row for each use
 * each with model, step and domain if wanted.  (The count may be called tokens or assigned, and kept, prob and bias may
 * stand beside it: so domains.csv and experts.csv of a run folder are counts.)
 * JSON lines: Megatron-LM's router traces, one object a line with layer, num_tokens, topk and top_indices; step, stage,
 * block and rank may be there; mtp_idx makes a model of its own of each multi-token-prediction block.
 *
 * A byte order mark, CRLF, blank lines and quoted cells are understood.  Memory is that of the tally, of one buffer,
 * and for JSON of the longest line.
 */
#ifndef SIM_TRACE_TRACE_H
#define SIM_TRACE_TRACE_H

#include "sim/base/error.h"
#include "sim/trace/tally.h"

enum { TRACE_ALL_STEPS = -1 };

struct trace_options {
	const char *model; /* of rows that do not say it */
	int64_t step;      /* the only step to read, or TRACE_ALL_STEPS */
};

/* The file, or standard input for "-". */
int trace_read(const char *path, const struct trace_options *options, struct tally *tally, struct error *err);
/* The same from memory; `name` is what errors name. */
int trace_read_bytes(const char *name, const void *bytes, size_t size, const struct trace_options *options,
					 struct tally *tally, struct error *err);

/* ---- for the two formats ------------------------------------------------------------------------------------ */

/* A format takes the file piece by piece. */
struct trace_format {
	void *(*open)(const char *name, const struct trace_options *options, struct tally *tally);
	int (*feed)(void *reader, const char *bytes, size_t size, struct error *err);
	int (*end)(void *reader, struct error *err);
	void (*close)(void *reader);
};
extern const struct trace_format trace_csv, trace_jsonl;

/* For a file without one row that was to be read. */
int trace_fail_empty(const struct trace_options *options, struct error *err);

#endif
