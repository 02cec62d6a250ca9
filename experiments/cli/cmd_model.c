/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_model.c -- moesim model: parameters, FLOPs and memory of public models.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/cli/cmd.h"
#include "experiments/models/sheet_text.h"

struct model_options {
	int64_t context, tp, pp, ep, dp;
	bool json, table;
};

static const struct moe_opt rows[] = {
	{ .name = "context",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct model_options, context),
	  .low = 1,
	  .high = 1e8,
	  .zero = "auto",
	  .unit = "tokens",
	  .help = "length of the sequence whose mean attention is counted; auto is the length that a run was trained with, "
			  "and 4096 for other models" },
	{ .name = "tp",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct model_options, tp),
	  .low = 1,
	  .high = 65536,
	  .preset = 1,
	  .unit = "devices",
	  .help = "tensor parallelism: devices over which heads, FFNs and the vocabulary are split" },
	{ .name = "pp",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct model_options, pp),
	  .low = 1,
	  .high = 65536,
	  .preset = 1,
	  .unit = "devices",
	  .help = "pipeline parallelism: stages of consecutive layers" },
	{ .name = "ep",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct model_options, ep),
	  .low = 1,
	  .high = 65536,
	  .preset = 1,
	  .unit = "devices",
	  .help = "expert parallelism: groups of devices over which the experts of a layer are spread" },
	{ .name = "dp",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct model_options, dp),
	  .low = 1,
	  .high = 65536,
	  .zero = "auto",
	  .unit = "devices",
	  .help = "copies of the model, over which sharded weights, gradients and states of the optimizer are split; auto "
			  "is --ep, of which it must be a multiple" },
	{ .name = "json",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct model_options, json),
	  .high = 1,
	  .help = "print JSON: one object for each model, with the columns of the CSV as keys" },
	{ .name = "table",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct model_options, table),
	  .high = 1,
	  .help = "print a table even when stdout is not a terminal" },
	{ .name = NULL },
};

static size_t builtin_count(void)
{
	size_t n = 0;
	while (models[n].name)
		n++;
	return n;
}

static int64_t context_of(const struct model *model, int64_t asked)
{
	enum { USUAL = 4096 };
	return asked > 0 ? asked : model->context > 0 ? model->context : USUAL;
}

/* All built-in models where no argument names any. */
static int fill_sheets(struct sheet *sheets, struct model *read, size_t n, char **args,
					   const struct model_options *options, struct error *err)
{
	const struct sheet_split split = { .of = { options->tp, options->pp, options->ep },
									   .dp = options->dp > 0 ? options->dp : options->ep };
	for (size_t i = 0; i < n; i++) {
		if (args)
			TRY(model_open(args[i], &read[i], err));
		else
			read[i] = models[i];
		if (sheet_fill(&sheets[i], &read[i], context_of(&read[i], options->context), &split, err))
			return args && !model_find(args[i]) ? fail_at(err, args[i], 0, 0) : -1;
	}
	return 0;
}

/* A table has them under it, a file for programs must not hide them from the one who made it. */
static void print_cautions(const struct sheet *sheets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sheets[i].model->caution)
			fprintf(stderr, "moesim: %s: %s\n", sheets[i].model->source, sheets[i].model->caution);
}

static int print_sheets(const struct model_options *options, const struct sheet *sheets, size_t n, struct error *err)
{
	bool table = options->table || isatty(STDOUT_FILENO);
	if (options->json || !table)
		print_cautions(sheets, n);
	if (options->json)
		return sheet_print_json(sheets, n, err);
	if (!table)
		return sheet_print_csv(sheets, n, err);
	sheet_print_table(sheets, n);
	return 0;
}

static int run(const void *opt, int argc, char **args, struct error *err)
{
	const struct model_options *options = opt;
	size_t n = argc > 0 ? (size_t)argc : builtin_count();
	struct model *read = calloc(n, sizeof *read);
	struct sheet *sheets = calloc(n, sizeof *sheets);
	if (!read || !sheets)
		error_no_memory("the models");
	int result = fill_sheets(sheets, read, n, argc > 0 ? args : NULL, options, err);
	if (result == 0)
		result = print_sheets(options, sheets, n, err);
	free(sheets);
	free(read);
	return result;
}

const struct command command_model = {
	.name = "model",
	.summary = "parameters, active parameters, FLOPs and memory of a public model, a config.json or a run",
	.arguments = "NAME|CONFIG.json|RUN...",
	.about =
		"Counts, in whole numbers, what a Mixture-of-Experts model stores and what one token passes: parameters and "
		"FLOPs by part, memory by data type, and the dense models of as many parameters in total and active. "
		"Parameters are given by every convention under which figures are published: with and without the "
		"embeddings, with the layers that predict further tokens, and the biases of the selection alone. FLOPs are two "
		"for each multiply-add of a matrix product, forward unless named training (three times as many); the "
		"scores of attention are the mean over a causal sequence of --context tokens. NAME is one of 'moesim list "
		"models', CONFIG.json a Hugging Face config.json of one of their families, RUN the folder of a run. Without an "
		"argument all built-in models are counted. Prints CSV, or on a terminal a table.",
	.opts = rows,
	.opts_size = sizeof(struct model_options),
	.words = model_names,
	.files = true,
	.run = run,
};
