/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_suite.c -- moesim suite FILE: runs a grid of runs x seeds.
 */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/cli/cmd.h"
#include "experiments/host/jobs.h"
#include "experiments/host/shell.h"
#include "experiments/study/compare_options.h"
#include "experiments/suite/campaign.h"
#include "experiments/suite/conclusion.h"
#include "experiments/suite/gather.h"
#include "experiments/suite/outlook.h"
#include "experiments/suite/power.h"
#include "experiments/suite/run_settings.h"
#include "experiments/suite/shipped.h"
#include "experiments/suite/suite_note.h"
#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/base/words.h"
#include "sim/run/run.h"

struct suite_options {
	const char *out, *only, *set, *seeds, *against;
	int64_t jobs, index, checkpoint_every;
	bool plan, dry_run, json, gather, no_progress;
};

static const struct moe_opt suite_rows[] = {
	{ .name = "out",
	  .type = MOE_OPT_TEXT,
	  .at = offsetof(struct suite_options, out),
	  .help = "folder of the suite (default runs/NAME)" },
	{ .name = "jobs",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct suite_options, jobs),
	  .low = 1,
	  .high = 4096,
	  .zero = "all",
	  .help = "runs at a time; all: one per processor" },
	{ .name = "seeds",
	  .type = MOE_OPT_TEXT,
	  .at = offsetof(struct suite_options, seeds),
	  .help = "seeds in place of those in the file, as in 1..5 or 1,2,7" },
	{ .name = "set",
	  .type = MOE_OPT_TEXT,
	  .at = offsetof(struct suite_options, set),
	  .help = "key=value (or key=a | b | c) for every section, in place of what the file says; may be repeated" },
	{ .name = "only",
	  .type = MOE_OPT_TEXT,
	  .at = offsetof(struct suite_options, only),
	  .help = "only these sections, comma-separated" },
	COMPARE_AGAINST_ROW("against", offsetof(struct suite_options, against)),
	{ .name = "dry-run",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct suite_options, dry_run),
	  .help = "print the runs and what they cost, and run none" },
	{ .name = "json",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct suite_options, json),
	  .help = "with --dry-run: print the runs as JSON" },
	{ .name = "plan",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct suite_options, plan),
	  .help = "print one shell command per run, for GNU parallel and the like" },
	{ .name = "index",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct suite_options, index),
	  .low = 1,
	  .high = GRID_LIMIT,
	  .zero = "all",
	  .help = "make only the run on this line of --plan, for Slurm job arrays" },
	RUN_CHECKPOINT_ROW(offsetof(struct suite_options, checkpoint_every)),
	{ .name = "gather",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct suite_options, gather),
	  .help = "also put the tables of all finished runs together: all_steps.csv, all_layers.csv, ... in the suite's "
			  "folder, with the columns run, label, strategy and seed in front" },
	{ .name = "no-progress",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct suite_options, no_progress),
	  .help = "no progress line on a terminal" },
	{ .name = NULL }
};

/* The file, or the included suite of that name. */
static int find_file(const char *name, const char **file, struct error *err)
{
	const char *shipped = file_exists(name) ? NULL : shipped_suite(name);
	*file = shipped ? shipped : name;
	if (shipped || file_exists(name) || strchr(name, '/'))
		return 0;
	const char *near = text_nearest(name, shipped_suites());
	if (near)
		return fail(err, ERROR_USER, "no file and no included suite is called '%s' (did you mean '%s'?)", name, near);
	return fail(err, ERROR_USER, "no file and no included suite is called '%s' (see: moesim list suites)", name);
}

/* "1,2,7" is "1 | 2 | 7". */
static const char *seeds_key(const char *seeds)
{
	char *text = strdup(text_keep_f("seed=%s", seeds));
	if (!text)
		error_no_memory("seeds");
	for (char *comma = strchr(text, ','); comma; comma = strchr(comma, ','))
		*comma = '|';
	const char *kept = text_keep(text);
	free(text);
	return kept;
}

static int apply_sets(struct suite *suite, const char *sets, struct error *err)
{
	for (const char *at = sets; *at;) {
		size_t length = strcspn(at, ";");
		TRY(suite_set(suite, "--set", text_keep_n(at, length), err));
		at += length + (at[length] == ';');
	}
	return 0;
}

static int read_grid(const struct suite_options *opt, struct suite *suite, struct grid *grid, struct error *err)
{
	if (apply_sets(suite, opt->set, err) != 0)
		return -1;
	if (*opt->seeds)
		TRY(suite_set(suite, "--seeds", seeds_key(opt->seeds), err));
	TRY(grid_build(suite, opt->only, grid, err));
	if (opt->index > (int64_t)grid->n) {
		fail(err, ERROR_USER, "there are only %zu runs", grid->n);
		grid_free(grid);
		return fail_at(err, "--index", 0, 0);
	}
	return 0;
}

/* Flags that shape the grid have to be said again, or --index would count in another one. */
static void print_flag(const char *name, const char *value)
{
	if (*value) {
		putchar(' ');
		shell_quote(stdout, text_keep_f("--%s=%s", name, value));
	}
}

/* Each command may be given again: what is finished stays, what is not is continued. */
static void print_plan(const struct suite_options *opt, const char *file, const struct grid *grid)
{
	for (size_t i = 0; i < grid->n; i++) {
		shell_quote(stdout, jobs_program());
		fputs(" suite ", stdout);
		shell_quote(stdout, file);
		print_flag("index", text_keep_f("%zu", i + 1));
		print_flag("out", opt->out);
		print_flag("only", opt->only);
		print_flag("set", opt->set);
		print_flag("seeds", opt->seeds);
		print_flag("checkpoint-every", opt->checkpoint_every ? text_keep_f("%" PRId64, opt->checkpoint_every) : "");
		putchar('\n');
	}
}

static void print_count(const struct campaign *campaign, const struct results *results)
{
	const char *summary = path_join(results->folder, "summary.csv");
	bool summed_up = file_exists(summary);
	printf("%s%zu of %zu runs done", summed_up ? "\n" : "", campaign->made + campaign->skipped, campaign->grid->n);
	if (campaign->skipped > 0)
		printf(" (%zu before)", campaign->skipped);
	if (campaign->diverged > 0)
		printf(", %zu diverged", campaign->diverged);
	if (campaign->failed > 0)
		printf(", %zu failed", campaign->failed);
	printf(": %s\n", summed_up ? summary : results->folder);
	if (results->strange > 0)
		fprintf(stderr, "moesim: %s also holds %zu run folders that this suite no longer defines\n", results->folder,
				results->strange);
}

/* Failed runs make the suite fail, with the exit code of what is most in the user's hand. */
static int exit_code(const struct campaign *campaign)
{
	if (campaign->failed == 0)
		return 0;
	return campaign->worst == ERROR_USER ? ERROR_USER : ERROR_WORLD;
}

static const char *flag_of(const char *name, const char *value)
{
	return *value ? text_keep_f("--%s=%s", name, value) : NULL;
}

/* What `report` tells of the suite; one that comes with the program is known by its name. */
static int write_note(const struct suite_options *opt, const char *file, const struct suite *suite, const char *folder,
					  struct error *err)
{
	const char *path = shipped_suite(suite->name);
	bool shipped = path && strcmp(file, path) == 0;
	const struct suite_note note = { .name = suite->name,
									 .question = suite->question,
									 .file = shipped ? suite->name : file,
									 .flag = { flag_of("only", opt->only), flag_of("set", opt->set),
											   flag_of("seeds", opt->seeds) } };
	return suite_note_write(folder, &note, err);
}

static int finish(const struct suite_options *opt, const struct suite *suite, const struct campaign *campaign,
				  int stopped, struct error *err)
{
	struct conclusion conclusion;
	TRY(conclusion_draw(campaign->results, opt->against, &conclusion, err));
	int status = stopped ? 0 : conclusion_print(&conclusion, suite, err);
	conclusion_free(&conclusion);
	if (status != 0)
		return status;
	if (stopped) {
		fprintf(stderr, "moesim: stopped with %zu of %zu runs done; the same command continues\n",
				campaign->made + campaign->skipped, campaign->grid->n);
		return 128 + stopped;
	}
	print_count(campaign, campaign->results);
	return exit_code(campaign);
}

static int run_all(const struct suite_options *opt, const char *file, const struct suite *suite,
				   struct campaign *campaign, struct error *err)
{
	struct results *results = campaign->results;
	TRY(results_lock(results, false, err));
	TRY(results_list(results, err));
	TRY(write_note(opt, file, suite, results->folder, err));
	if (isatty(STDERR_FILENO) && results_finished(results) < results->grid->n)
		TRY(power_print(campaign->grid, results->folder, stderr, err));
	int stopped = campaign_run(campaign, 0, campaign->grid->n, err);
	if (stopped < 0)
		return -1;
	if (opt->gather)
		TRY(gather_tables(results, err));
	return finish(opt, suite, campaign, stopped, err);
}

/* One run of many processes, on one machine or several: they share the folder's lock. */
static int run_one(struct campaign *campaign, size_t run, struct error *err)
{
	struct results *results = campaign->results;
	TRY(results_lock(results, true, err));
	results_look(results, run);
	if (!run_is_finished(results->state[run]))
		TRY(campaign_lock_run(campaign, run, err));
	int stopped = campaign_run(campaign, run, run + 1, err);
	if (stopped != 0)
		return stopped < 0 ? -1 : 128 + stopped;
	printf("%s: %s\n", results_path(results, run), run_state_word(results->state[run]));
	return exit_code(campaign);
}

/* Before any run: the comparison at the end must find it. */
static int check_against(const struct suite_options *opt, const struct grid *grid, struct error *err)
{
	if (!*opt->against || grid_names(grid, opt->against))
		return 0;
	struct words labels = { NULL, 0, 0 };
	for (size_t i = 0; i < grid->points; i++)
		words_add(&labels, grid->point[i].label);
	const char *near = text_nearest(opt->against, words_list(&labels));
	words_free(&labels);
	fail(err, ERROR_USER, "this suite makes no run of '%s'%s%s%s", opt->against, near ? " (did you mean '" : "",
		 near ? near : "", near ? "'?)" : "");
	return fail_at(err, "--against", 0, 0);
}

static int act(const struct suite_options *opt, const char *file, const struct suite *suite, const struct grid *grid,
			   struct error *err)
{
	struct results results;
	struct campaign campaign = { .grid = grid,
								 .results = &results,
								 .quiet = opt->no_progress,
								 .checkpoint_every =
									 opt->checkpoint_every ? opt->checkpoint_every : suite->checkpoint_every };
	const char *out = *opt->out ? opt->out : path_join("runs", suite->name);
	int status = 0;
	campaign.at_a_time = opt->jobs ? (size_t)opt->jobs : opt->index ? 1 : jobs_processors();
	results_open(out, grid, &results);
	if (opt->plan)
		print_plan(opt, file, grid);
	else if (opt->dry_run)
		status = (opt->json ? outlook_print_json : outlook_print)(suite, &campaign, err);
	else if (opt->index)
		status = run_one(&campaign, (size_t)opt->index - 1, err);
	else
		status = run_all(opt, file, suite, &campaign, err);
	results_close(&results);
	return status;
}

static int suite_command(const void *options, int argc, char **args, struct error *err)
{
	const struct suite_options *opt = options;
	struct suite suite;
	struct grid grid;
	if (opt->json && !opt->dry_run)
		return fail(err, ERROR_USER, "--json goes with --dry-run (moesim compare --json tells the results)");
	if (argc != 1)
		return fail(err, ERROR_USER, "suite takes one suite file (moesim suite --help)");
	const char *file;
	TRY(find_file(args[0], &file, err));
	TRY(suite_read(file, run_settings(), &suite, err));
	if (read_grid(opt, &suite, &grid, err) != 0) {
		suite_free(&suite);
		return -1;
	}
	int status = check_against(opt, &grid, err);
	if (status == 0)
		status = act(opt, file, &suite, &grid, err);
	grid_free(&grid);
	suite_free(&suite);
	return status;
}

const struct command command_suite = {
	.name = "suite",
	.summary = "run a grid of settings and seeds, several runs at a time; resumable",
	.arguments = "FILE",
	.about =
		"Carries out the runs of the suite file that are not finished yet, each in its own process and folder, "
		"collects their summaries in summary.csv, and prints the verdicts in sentences and a table with 95% intervals "
		"over the seeds. FILE may also be the name of an included suite ('moesim list suites'). After an interruption "
		"or a change of the file, the same command carries out the runs that are missing.",
	.opts = suite_rows,
	.opts_size = sizeof(struct suite_options),
	.repeated = "set",
	.words = shipped_suites,
	.files = true,
	.run = suite_command,
};
