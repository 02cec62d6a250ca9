/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd_analyze.c -- moesim analyze: the metrics of moesim on routing that somebody else's model did.
 */
#include <config.h>

#include <math.h>

#include "experiments/cmd.h"
#include "experiments/study/analysis.h"
#include "sim/base/csv.h"
#include "sim/trace/tally.h"
#include "sim/trace/trace.h"

static const struct moe_opt options[] = {
	{ "model", MOE_OPT_TEXT, offsetof(struct analysis_choice, model), .unit = "NAME",
	  .help = "model of rows that do not name one (otherwise the file's name); joins several files" },
	{ "step", MOE_OPT_INT, offsetof(struct analysis_choice, step), TRACE_ALL_STEPS, 1e15, TRACE_ALL_STEPS,
	  .help = "read the rows of this step alone; -1 adds up all steps" },
	{ "experts", MOE_OPT_INT, offsetof(struct analysis_choice, experts), 0, TALLY_IDS, 0, .zero = "auto",
	  .help = "number of experts; auto is one more than the highest number in the file" },
	{ "top-k", MOE_OPT_INT, offsetof(struct analysis_choice, top_k), 0, TALLY_IDS, 0, .zero = "auto",
	  .help = "experts per token, for the noise floors; auto is what a trace shows, and 1 for counts, which sets the "
			  "floors a little too high" },
	{ "partial", MOE_OPT_FLAG, offsetof(struct analysis_choice, partial),
	  .help = "accept a trace whose layers differ in the number of tokens" },
	{ .name = NULL },
};

static void print_metrics(struct csv_writer *out, const struct analysis_layer *layer, const char *scope,
						  const struct metrics *m)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		double value = metric_value(&metric_rows[i], m);
		if (isnan(value))
			continue;
		csv_text(out, layer->model);
		csv_int(out, layer->layer);
		csv_text(out, scope);
		csv_text(out, metric_rows[i].name);
		csv_double(out, value);
		csv_row(out);
	}
}

static int print_all(const struct analysis *analysis, struct error *err)
{
	struct csv_writer *out = csv_open_stream(stdout, "model,layer,scope,metric,value");
	for (size_t i = 0; i < analysis->layers; i++) {
		const struct analysis_layer *layer = &analysis->layer[i];
		for (size_t d = 0; d < layer->domains; d++)
			if (*layer->domain[d] != 0)
				print_metrics(out, layer, layer->domain[d], &layer->alone[d]);
		print_metrics(out, layer, "pooled", &layer->together);
	}
	return csv_close(out, false, err);
}

static int run(const void *opt, int argc, char **args, struct error *err)
{
	const struct analysis_choice *choice = opt;
	struct analysis analysis;
	if (argc == 0)
		return fail(err, ERROR_USER,
					"analyze needs a file of expert counts or a routing trace ('-' reads standard input)");
	TRY(analysis_read(argc, args, choice, &analysis, err));
	int status = print_all(&analysis, err);
	analysis_free(&analysis);
	return status;
}

const struct command command_analyze = {
	.name = "analyze",
	.summary = "balance and specialisation metrics of expert counts or routing traces",
	.arguments = "FILE...",
	.about =
		"Reads expert counts (CSV: [model,][step,][domain,]layer,expert,count), traces with one row for each routed "
		"pair "
		"(layer,expert as llama.cpp writes them, or token,layer,slot,expert[,weight]) or the JSON lines of "
		"Megatron-LM's "
		"routing trace, and prints a CSV model,layer,scope,metric,value. The scope is a domain's name, or pooled: all "
		"domains, each weighted equally. Entropies and mutual information are in nats. Each *_floor is what uniformly "
		"random routing of as many tokens gives: a value near its floor says nothing. `moesim list metrics` explains "
		"the metrics. domains.csv and experts.csv of a run folder are read too (--step chooses the step).",
	.opts = options,
	.opts_size = sizeof(struct analysis_choice),
	.run = run,
};
