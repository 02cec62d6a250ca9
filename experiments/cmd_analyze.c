/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd_analyze.c -- moesim analyze: the metrics of moesim on routing that somebody else's model did.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/cmd.h"
#include "sim/base/csv.h"
#include "sim/base/text.h"
#include "sim/metrics/information.h"
#include "sim/metrics/metrics.h"
#include "sim/metrics/tally.h"
#include "sim/metrics/trace.h"

struct analyze_options {
	const char *model;
	int64_t step, experts, top_k;
	bool partial;
};

static const struct moe_opt options[] = {
	{ "model", MOE_OPT_TEXT, offsetof(struct analyze_options, model), .unit = "NAME",
	  .help = "model of rows that do not name one (otherwise the file's name); joins several files" },
	{ "step", MOE_OPT_INT, offsetof(struct analyze_options, step), TRACE_ALL_STEPS, 1e15, TRACE_ALL_STEPS,
	  .help = "read the rows of this step alone; -1 adds up all steps" },
	{ "experts", MOE_OPT_INT, offsetof(struct analyze_options, experts), 0, TALLY_IDS, 0, .zero = "auto",
	  .help = "number of experts; auto is one more than the highest number in the file" },
	{ "top-k", MOE_OPT_INT, offsetof(struct analyze_options, top_k), 0, TALLY_IDS, 0, .zero = "auto",
	  .help = "experts per token, for the noise floors; auto is what a trace shows, and 1 for counts, which sets the "
			  "floors a little too high" },
	{ "partial", MOE_OPT_FLAG, offsetof(struct analyze_options, partial),
	  .help = "accept a trace whose layers differ in the number of tokens" },
	{ .name = NULL },
};

/* One layer of one model, with memory for its largest case. */
struct layer {
	size_t domains, experts;
	struct tally_group *const *group; /* [domains] */
	double *count;                    /* [experts] of one scope */
	double *joint;                    /* [domains][experts] counts, later levelled */
	double *tokens, *k;               /* [domains] */
	double *scratch;                  /* [domains + experts] */
};

static double *numbers(size_t n)
{
	double *fresh = calloc(n, sizeof *fresh);
	if (fresh == NULL)
		error_no_memory("the metrics of a layer");
	return fresh;
}

static struct layer layer_open(const struct tally *tally, size_t at)
{
	struct layer layer = { .domains = tally_domains(tally, at),
						   .experts = tally_experts(tally, tally->group[at]->model),
						   .group = tally->group + at };
	layer.count = numbers(layer.experts);
	layer.joint = numbers(layer.domains * layer.experts);
	layer.tokens = numbers(layer.domains);
	layer.k = numbers(layer.domains);
	layer.scratch = numbers(layer.domains + layer.experts);
	return layer;
}

static void layer_close(struct layer *layer)
{
	free(layer->count);
	free(layer->joint);
	free(layer->tokens);
	free(layer->k);
	free(layer->scratch);
}

/* Experts per token: stated, seen, or 1, for which random routing scatters most. */
static double picks_per_token(const struct tally_group *group, int64_t top_k)
{
	if (top_k > 0)
		return (double)top_k;
	return group->tokens > 0 ? (double)group->assignments / (double)group->tokens : 1;
}

static void layer_fill(struct layer *layer, int64_t top_k)
{
	for (size_t d = 0; d < layer->domains; d++) {
		const struct tally_group *group = layer->group[d];
		for (uint32_t e = 0; e < group->experts; e++)
			layer->joint[d * layer->experts + e] = (double)group->cell[e].count;
		layer->k[d] = picks_per_token(group, top_k);
		layer->tokens[d] = (double)group->assignments / layer->k[d];
	}
}

/* ---- output -------------------------------------------------------------------------------------------------- */

struct place {
	struct csv_writer *out;
	const char *model, *scope;
	uint32_t layer;
};

static void print_metrics(const struct place *place, const struct metrics *m)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		double value = metric_value(&metric_rows[i], m);
		if (isnan(value))
			continue;
		csv_text(place->out, place->model);
		csv_int(place->out, place->layer);
		csv_text(place->out, place->scope);
		csv_text(place->out, metric_rows[i].name);
		csv_double(place->out, value);
		csv_row(place->out);
	}
}

/* All domains, each with the same weight.  The mean of shares that scatter each by its own number of tokens scatters
 * like that of domains^2 / sum(1 / tokens) tokens. */
static void print_pooled(struct layer *layer, struct place place)
{
	struct metrics m;
	metrics_clear(&m);
	double inverse = 0, k = 0, n = (double)layer->domains;
	information_level(layer->joint, layer->domains, layer->experts);
	memset(layer->count, 0, layer->experts * sizeof *layer->count);
	for (size_t d = 0; d < layer->domains; d++) {
		for (size_t e = 0; e < layer->experts; e++)
			layer->count[e] += layer->joint[d * layer->experts + e];
		inverse += 1 / layer->tokens[d];
		k += layer->k[d] / n;
	}
	metrics_of_load(&m, layer->count, layer->experts, k, n * n / inverse, layer->scratch);
	metrics_of_domains(&m, layer->joint, layer->domains, layer->experts, k, layer->tokens, layer->scratch);
	m.assignments = 0;
	for (size_t d = 0; d < layer->domains; d++)
		m.assignments += (double)layer->group[d]->assignments;
	place.scope = "pooled";
	print_metrics(&place, &m);
}

static void print_domain(struct layer *layer, size_t d, struct place place)
{
	struct metrics m;
	metrics_clear(&m);
	metrics_of_load(&m, layer->joint + d * layer->experts, layer->experts, layer->k[d], layer->tokens[d],
					layer->scratch);
	print_metrics(&place, &m);
}

static int print_all(const struct tally *tally, int64_t top_k, struct error *err)
{
	struct csv_writer *out = csv_open_stream(stdout, "model,layer,scope,metric,value");
	for (size_t at = 0; at < tally->groups; at += tally_domains(tally, at)) {
		struct layer layer = layer_open(tally, at);
		struct place place = { .out = out,
							   .model = tally->model[layer.group[0]->model],
							   .layer = layer.group[0]->layer };
		layer_fill(&layer, top_k);
		for (size_t d = 0; d < layer.domains; d++) {
			place.scope = tally->domain[layer.group[d]->domain];
			if (*place.scope != 0)
				print_domain(&layer, d, place);
		}
		print_pooled(&layer, place);
		layer_close(&layer);
	}
	return csv_close(out, false, err);
}

/* ---- the command ---------------------------------------------------------------------------------------------- */

/* "olmoe" of "data/olmoe.counts.csv" */
static const char *name_of_file(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = strcspn(name, ".");
	return n > 0 ? text_keep_n(name, n) : "file";
}

static int check_top_k(const struct tally *tally, int64_t top_k, struct error *err)
{
	for (uint32_t m = 0; m < tally->models; m++)
		if (top_k > (int64_t)tally_experts(tally, m))
			return fail(err, ERROR_USER, "--top-k %d is more than the %u experts of model '%s'", (int)top_k,
						(unsigned)tally_experts(tally, m), tally->model[m]);
	return 0;
}

static int analyze(const struct analyze_options *opt, int files, char **file, struct tally *tally, struct error *err)
{
	for (int i = 0; i < files; i++) {
		struct trace_options how = { .model = *opt->model ? opt->model : name_of_file(file[i]), .step = opt->step };
		TRY(trace_read(file[i], &how, tally, err));
	}
	TRY(tally_check(tally, opt->partial, err));
	TRY(check_top_k(tally, opt->top_k, err));
	return print_all(tally, opt->top_k, err);
}

static int run(const void *opt, int argc, char **args, struct error *err)
{
	const struct analyze_options *chosen = opt;
	if (argc == 0)
		return fail(err, ERROR_USER,
					"analyze needs a file of expert counts or a routing trace ('-' reads standard input)");
	static struct tally tally;
	tally_open(&tally, (uint32_t)chosen->experts);
	int status = analyze(chosen, argc, args, &tally, err);
	tally_close(&tally);
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
	.opts_size = sizeof(struct analyze_options),
	.run = run,
};
