/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd_analyze.c -- moesim analyze: the metrics of moesim on routing that somebody else's model did.
 */
#include <config.h>

#include <inttypes.h>
#include <math.h>
#include <unistd.h>

#include "experiments/cli/cmd.h"
#include "experiments/cli/layer_spread.h"
#include "experiments/host/json_rows.h"
#include "experiments/study/agreement.h"
#include "experiments/study/analysis.h"
#include "experiments/study/spread.h"
#include "sim/base/csv.h"
#include "sim/base/text.h"
#include "sim/trace/tally.h"

struct options {
	struct analysis_choice choice;
	bool agreement, json;
};

static const struct moe_opt rows[] = {
	ANALYSIS_OPTIONS(struct options, choice),
	{ "agreement", MOE_OPT_FLAG, offsetof(struct options, agreement),
	  .help = "compare the choices of two files token by token" },
	{ "json", MOE_OPT_FLAG, offsetof(struct options, json),
	  .help = "print JSON: an array of objects, one for each row" },
	{ .name = NULL },
};

static void put_row(struct csv_writer *out, const char *model, const char *layer, const char *scope, const char *metric,
					double value)
{
	if (isnan(value))
		return;
	csv_text(out, model);
	csv_text(out, layer);
	csv_text(out, scope);
	csv_text(out, metric);
	csv_double(out, value);
	csv_row(out);
}

static const char *layer_text(const struct analysis_layer *layer)
{
	return text_keep_f("%" PRIu32, layer->layer);
}

static void put_metrics(struct csv_writer *out, const struct analysis_layer *layer, const char *scope,
						const struct metrics *m)
{
	for (size_t i = 0; i < METRIC_COUNT; i++)
		put_row(out, layer->model, layer_text(layer), scope, metric_rows[i].name, metric_value(&metric_rows[i], m));
}

static void put_ranks(struct csv_writer *out, const struct analysis_layer *layer, size_t ranks, double *scratch)
{
	double imbalance = analysis_ranks(layer, ranks, scratch);
	put_row(out, layer->model, layer_text(layer), "pooled", "ep_imbalance", imbalance);
	for (size_t r = 0; r < ranks; r++)
		put_row(out, layer->model, layer_text(layer), "pooled", text_keep_f("ep_rank_%zu_assignments", r), scratch[r]);
}

static void put_layer(struct csv_writer *out, const struct analysis_layer *layer, size_t ranks, double *scratch)
{
	for (size_t d = 0; d < layer->domains; d++)
		if (*layer->domain[d] != 0)
			put_metrics(out, layer, layer->domain[d], &layer->alone[d]);
	put_metrics(out, layer, "pooled", &layer->together);
	if (ranks > 0)
		put_ranks(out, layer, ranks, scratch);
}

static void put_worst(struct csv_writer *out, const struct analysis_layer *layer, const struct spread *spread)
{
	for (size_t w = 0; w < SPREAD_WORST && w < spread->n; w++) {
		const struct analysis_layer *worst = &layer[spread->worst[w]];
		const char *place = text_keep_f("worst%zu", w + 1);
		put_row(out, worst->model, place, "pooled", "layer", worst->layer);
		put_row(out, worst->model, place, "pooled", "maxvio", worst->together.maxvio);
	}
}

static void put_percentiles(struct csv_writer *out, const struct analysis_layer *layer, size_t n, size_t ranks,
							double *scratch, double *value)
{
	for (size_t p = 0; p < SPREAD_POINTS; p++)
		for (size_t i = 0; i < LAYER_VALUES; i++) {
			layer_values(layer, n, i, ranks, scratch, value);
			put_row(out, layer->model, spread_names[p], "pooled", layer_value_name(i), spread_of(value, n).point[p]);
		}
	layer_values(layer, n, METRIC_maxvio, ranks, scratch, value);
	struct spread spread = spread_of(value, n);
	put_worst(out, layer, &spread);
}

static int print_all(const struct analysis *analysis, const struct options *opt, struct arena *arena, struct error *err)
{
	size_t ranks = analysis->ranks;
	double *scratch = ARENA_TAKE(arena, ranks, double), *value = ARENA_TAKE(arena, analysis->layers, double);
	struct row_printer printer;
	row_printer_begin(&printer, opt->json, "model,layer,scope,metric,value");
	for (size_t at = 0, n; at < analysis->layers; at += n) {
		n = analysis_model_layers(analysis, at);
		for (size_t i = 0; i < n; i++)
			put_layer(printer.rows, &analysis->layer[at + i], ranks, scratch);
		if (opt->choice.percentiles)
			put_percentiles(printer.rows, &analysis->layer[at], n, ranks, scratch, value);
	}
	TRY(row_printer_end(&printer, err));
	if (isatty(STDOUT_FILENO) && !opt->json)
		layer_spread_print(analysis);
	return 0;
}

static int analyze(int files, char **file, const struct options *opt, struct error *err)
{
	struct analysis analysis;
	struct arena arena = { 0 };
	TRY(analysis_read(files, file, &opt->choice, &analysis, err));
	int status = print_all(&analysis, opt, &arena, err);
	if (status == 0)
		analysis_tell(&analysis, stderr);
	arena_free(&arena);
	analysis_free(&analysis);
	return status;
}

static void put_value(struct csv_writer *out, const char *layer, const char *metric, double value)
{
	if (isnan(value))
		return;
	csv_text(out, layer);
	csv_text(out, metric);
	csv_double(out, value);
	csv_row(out);
}

static void put_agreement(struct csv_writer *out, const struct agreement *of)
{
	put_value(out, of->layer, "tokens", of->tokens);
	put_value(out, of->layer, "tokens_only_in_first", of->only_first);
	put_value(out, of->layer, "tokens_only_in_second", of->only_second);
	put_value(out, of->layer, "equal_choices", of->equal_choices);
	put_value(out, of->layer, "jaccard", of->jaccard);
	put_value(out, of->layer, "tokens_differing", of->differing);
	put_value(out, of->layer, "tokens_differing_any_layer", of->differing_any_layer);
	for (size_t q = 0; q < AGREEMENT_QUARTERS; q++)
		put_value(out, of->layer, text_keep_f("tokens_differing_margin_q%zu", q + 1), of->by_margin[q]);
	for (size_t q = 0; q + 1 < AGREEMENT_QUARTERS; q++)
		put_value(out, of->layer, text_keep_f("margin_q%zu", q + 1), of->margin[q]);
}

static int compare(int files, char **file, const struct options *opt, struct error *err)
{
	struct agreements result;
	if (files != 2)
		return fail(err, ERROR_USER, "--agreement compares two files, not %d", files);
	if (opt->choice.ep > 0 || opt->choice.percentiles)
		return fail(err, ERROR_USER, "--agreement does not go with --ep or --percentiles");
	TRY(agreement_read(file, &opt->choice, &result, err));
	struct row_printer printer;
	row_printer_begin(&printer, opt->json, "layer,metric,value");
	for (size_t i = 0; i < result.n; i++)
		put_agreement(printer.rows, &result.of[i]);
	int status = row_printer_end(&printer, err);
	analysis_tell(&(struct analysis){ .padding = result.padding }, stderr);
	agreement_free(&result);
	return status;
}

static int run(const void *opt, int argc, char **args, struct error *err)
{
	const struct options *options = opt;
	if (argc == 0)
		return fail(err, ERROR_USER,
					"analyze needs a file of expert counts or a routing trace ('-' reads standard input)");
	return (options->agreement ? compare : analyze)(argc, args, options, err);
}

const struct command command_analyze = {
	.name = "analyze",
	.summary = "balance and specialisation metrics of expert counts or routing traces",
	.arguments = "FILE...",
	.about =
		"Reads expert counts (CSV: [model,][step,][domain,]layer,expert,count, also layer_id,expert_id,count as SGLang "
		"writes them; JSON: logical_count, or a layer with tokens_per_expert), traces with one row for each routed "
		"pair "
		"(layer,expert as llama.cpp writes them, or token,layer,slot,expert[,weight]) and JSON traces (top_indices of "
		"Megatron-LM, topk_ids and routed_experts of vLLM), packed by gzip or zstd or not, and prints a CSV "
		"model,layer,scope,metric,value. Several files are the ranks of one model: their counts add. Expert -1 is "
		"padding "
		"and skipped. The scope is a domain's name, or pooled: all domains, each weighted equally. Entropies and "
		"mutual "
		"information are in nats. Each *_floor is what uniformly random routing of as many tokens gives: a value near "
		"its "
		"floor says nothing. `moesim list metrics` explains the metrics. domains.csv and experts.csv of a run folder "
		"are "
		"read too (--step chooses the step). With --agreement the choices of two traces of the same tokens are "
		"compared, "
		"and the CSV is layer,metric,value: the share of equal choices, the mean Jaccard index, and the share of "
		"tokens "
		"that differ, in the layer, in any layer, and by quarters of the margin where there are weights.",
	.opts = rows,
	.opts_size = sizeof(struct options),
	.files = true,
	.run = run,
};
