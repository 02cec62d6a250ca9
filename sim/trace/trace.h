/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * trace.h -- reads files that say who used which expert, and adds them to a tally.
 *
 * CSV with a header, columns in any order, found by name:
 *   counts   layer,expert,count                   (SGLang: layer_id,expert_id,count)
 *   pairs    layer,expert                         one row for each use (llama.cpp)
 *   tokens   token,layer,slot,expert[,weight]     one row for each use
 * each with model, step and domain if wanted.  (The count may be called tokens or assigned, and kept, prob and bias may
 * stand beside it: so domains.csv and experts.csv of a run folder are counts.  A column kind says what an expert is, in
 * the words of experts.csv: what goes to one without a network is no work that could be in balance, and is left out.)
 * Lines of comment may stand before the header; "n_expert=N" in one of them states the number of experts. JSON, one
 * record a line or in one document: tokens   layer and a list of expert ids for each token (Megatron-LM), or for one
 * token (route lines of vLLM) tokens   routed_experts[token][layer][slot] (vLLM) counts   layer and a list of one count
 * an expert; or [layer][expert] or [step][layer][expert] (SGLang, vLLM) trace_json.c has the table of names.
 *
 * Expert -1 is padding: it is skipped, and the tally counts how often.  Files that gzip or zstd packed are unpacked.  A
 * byte order mark, CRLF, blank lines and quoted cells are understood.  Memory is that of the tally, of one buffer, and
 * for JSON of the numbers in one record.
 */
#ifndef SIM_TRACE_TRACE_H
#define SIM_TRACE_TRACE_H

#include "sim/base/error.h"
#include "sim/trace/source.h"
#include "sim/trace/tally.h"

enum {
	TRACE_ALL_STEPS = -1,
	TRACE_TOKEN_BITS = 40 /* a token is told apart by its step and, in so many bits, its number */
};

struct trace_options {
	const char *model; /* of rows that do not say it */
	int64_t step;      /* the only step to read, or TRACE_ALL_STEPS */
	bool with_bare;    /* take experts without a network, too, which a column `kind` tells */
};

/* The file, or standard input for "-". */
int trace_read(const char *path, const struct trace_options *options, struct tally *tally, struct error *err);
/* The same from memory; `name` is what errors name. */
int trace_read_bytes(const char *name, const void *bytes, size_t size, const struct trace_options *options,
					 struct tally *tally, struct error *err);

/* Each reads the source to its end; `name` is of the file, and lives as long as the program. */
int trace_csv_read(struct source *source, const char *name, const struct trace_options *options, struct tally *tally,
				   struct error *err);
int trace_json_read(struct source *source, const char *name, const struct trace_options *options, struct tally *tally,
					struct error *err);

/* What is read, for errors. */
#define TRACE_FORMS                                                                                         \
	"read are CSV with layer,expert,count or layer,expert or token,layer,slot,expert; JSON with layer and " \
	"top_indices, layer and topk_ids, routed_experts, layer and tokens_per_expert, or logical_count"

/* For a file without one row that was to be read. */
int trace_fail_empty(const struct trace_options *options, struct error *err);

#endif
