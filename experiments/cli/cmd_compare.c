/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_compare.c -- moesim compare DIR...: means, paired differences and verdicts.
 */
#include <config.h>

#include "experiments/cli/cmd.h"
#include "experiments/host/json_rows.h"
#include "experiments/study/compare_files.h"
#include "experiments/study/compare_options.h"
#include "experiments/study/compare_tables.h"
#include "experiments/study/findings.h"
#include "experiments/suite/suite_note.h"
#include "sim/base/files.h"

struct compare_options {
	const char *metric, *against, *out;
	double margin;
	bool all_pairs, lenient, json;
	int scale;
};

static const char *const scales[] = {
	[COMPARE_SCALE_AUTO] = "auto", [COMPARE_SCALE_PLAIN] = "plain", [COMPARE_SCALE_LOG] = "log", NULL
};

#define AT(field) .at = offsetof(struct compare_options, field)
static const struct moe_opt compare_rows[] = {
	{ .name = "metric",
	  .type = MOE_OPT_TEXT,
	  AT(metric),
	  .unit = "NAMES",
	  .help = "metrics to judge, comma-separated, the main one first; otherwise excess_loss (eval_loss where no exact "
			  "loss is known), maxvio, dead_experts and flops_per_token" },
	COMPARE_MARGIN_ROW(offsetof(struct compare_options, margin)),
	COMPARE_AGAINST_ROW("against", offsetof(struct compare_options, against)),
	{ .name = "all-pairs",
	  .type = MOE_OPT_FLAG,
	  AT(all_pairs),
	  .help = "compare every two strategies: many more tests, so that only larger differences are detected" },
	{ .name = "scale",
	  .type = MOE_OPT_CHOICE,
	  AT(scale),
	  .choices = scales,
	  .help = "scale on which the excess loss is tested: its value (plain), or its logarithm, reported as x% less "
			  "(log); auto is the one on which paired differences scatter less" },
	{ .name = "out",
	  .type = MOE_OPT_TEXT,
	  AT(out),
	  .unit = "DIR",
	  .help = "folder for compare.csv and pairs.csv; otherwise they are written only where DIR is the folder of one "
			  "suite, into it" },
	{ .name = "json",
	  .type = MOE_OPT_FLAG,
	  AT(json),
	  .help =
		  "print JSON in place of sentences and tables: findings, and the rows of compare.csv and pairs.csv as means "
		  "and pairs; files are then written only with --out" },
	STUDY_LENIENT_ROW(offsetof(struct compare_options, lenient)),
	{ .name = NULL },
};
#undef AT

/* The view at equal FLOPs is a page of its own, of the losses alone. */
static int compare_at_equal_flops(const struct compare_page *page, struct compare_request request,
								  struct compare_page *at_equal_flops, struct error *err)
{
	const struct compare_metric *main = page->metric[0];
	const struct compare_metric *loss = main->is_loss ? main : compare_metric("excess_loss");
	request.view = COMPARE_EQUAL_FLOPS;
	request.metrics = 1;
	request.metric = &loss;
	request.margin = loss == main ? request.margin : 0;
	return compare_page(page->study, &request, at_equal_flops, err);
}

/* The sentences, and the rows of the two files. */
static int print_json(const struct findings *findings, const struct compare_files *files, struct error *err)
{
	json_t *means, *pairs, *sentences = json_array();
	for (size_t i = 0; i < findings->n; i++)
		json_array_append_new(sentences, json_string(findings->finding[i].text));
	if (json_rows_of(&files->means.memory, &means, err) != 0) {
		json_decref(sentences);
		return -1;
	}
	if (json_rows_of(&files->pairs.memory, &pairs, err) != 0) {
		json_decref(sentences);
		json_decref(means);
		return -1;
	}
	return json_print(json_pack("{s:o, s:o, s:o}", "findings", sentences, "means", means, "pairs", pairs), err);
}

static int save(const struct compare_files *files, const char *folder, struct error *err)
{
	TRY(folder_make(folder, err));
	return compare_files_write(files, folder, err);
}

/* What was asked for, and where the files are put: NULL for nowhere. */
struct output {
	bool usual, json;
	const char *folder;
};

static int print_all(const struct compare_page *page, const struct compare_files *files, const struct output *output,
					 struct error *err)
{
	struct findings findings;
	const char *folder = output->folder;
	findings_of(page, &findings);
	if (output->json)
		return print_json(&findings, files, err);
	findings_print(&findings, stdout);
	TRY(compare_tables_print(page, output->usual, err));
	if (folder)
		printf("\nwrote %s and %s\n", path_join(folder, "compare.csv"), path_join(folder, "pairs.csv"));
	else
		printf("\nnothing was written; --out DIR writes compare.csv and pairs.csv\n");
	return 0;
}

static int write_and_print(const struct compare_page *page, const struct compare_page *at_equal_flops,
						   const struct output *output, struct error *err)
{
	struct compare_files files;
	TRY(compare_files_make(page, at_equal_flops, &files, err));
	int status = output->folder ? save(&files, output->folder, err) : 0;
	if (status == 0)
		status = print_all(page, &files, output, err);
	compare_files_free(&files);
	return status;
}

static int compare_all(const struct study *study, const struct compare_request *request, const struct output *output,
					   struct error *err)
{
	struct compare_page page, at_equal_flops = { .contests = 0 };
	TRY(compare_page(study, request, &page, err));
	int status = compare_at_equal_flops(&page, *request, &at_equal_flops, err);
	if (status == 0)
		status = write_and_print(&page, &at_equal_flops, output, err);
	compare_page_free(&at_equal_flops);
	compare_page_free(&page);
	return status;
}

static int compare_folders(const struct compare_options *opt, struct compare_request *request, int argc, char **args,
						   struct error *err)
{
	struct study study;
	struct output output = { .usual = request->metrics == 0, .json = opt->json };
	if (*opt->out)
		output.folder = opt->out;
	else if (!opt->json && argc == 1 && suite_note_exists(args[0]))
		output.folder = args[0];
	TRY(study_read_as((size_t)argc, args, opt->lenient, &study, err));
	run_list_tell(&study.runs);
	int status = compare_all(&study, request, &output, err);
	if (study.repeats > 0)
		fprintf(stderr, "moesim: left out, as they repeat the settings and seed of another: %zu of the runs\n",
				study.repeats);
	study_free(&study);
	return status;
}

static int compare_command(const void *options, int argc, char **args, struct error *err)
{
	const struct compare_options *opt = options;
	const struct compare_metric **metric;
	struct arena arena = { .first = NULL };
	struct compare_request request = { .margin = opt->margin,
									   .against = opt->against,
									   .all_pairs = opt->all_pairs,
									   .asides = true,
									   .scale = (enum compare_scale)opt->scale };
	if (argc < 1)
		return fail(err, ERROR_USER, "compare takes folders of runs or suites (moesim compare --help)");
	if (opt->all_pairs && *opt->against) {
		fail(err, ERROR_USER, "conflicts with --against (leave out one of them)");
		return fail_at(err, "--all-pairs", 0, 0);
	}
	int status = compare_metrics_read(opt->metric, &arena, &metric, &request.metrics, err);
	request.metric = metric;
	if (status == 0)
		status = compare_folders(opt, &request, argc, args, err);
	arena_free(&arena);
	return status;
}

const struct command command_compare = {
	.name = "compare",
	.summary = "print means, paired differences and verdicts",
	.arguments = "DIR...",
	.about =
		"Reads the runs of run folders and suites, and prints first what the verdicts amount to.  For every metric and "
		"strategy: n, mean, standard deviation and 95% t interval over the seeds, and the share of the gap between "
		"random routing and the planted ceiling that the strategy closes.  Everything is compared with one baseline "
		"(--against; --all-pairs for every two): the paired difference over the seeds that both have, and the verdict: "
		"better, worse, equivalent, equal or undecided.  All tests of a page, over metrics, strategies and streams, "
		"are "
		"one family (Holm), so that the chance of any false verdict is at most 5%; intervals of differences are "
		"simultaneous.  Excess loss is tested on its logarithm where that scatters less, and reported as x% less.  The "
		"view at equal training FLOPs is a family of its own; pairs of equal total parameters are marked as a view, "
		"too, "
		"with the same p.  Where the runs saw different streams, those of each stream are compared with one another.",
	.opts = compare_rows,
	.opts_size = sizeof(struct compare_options),
	.files = true,
	.run = compare_command,
};
