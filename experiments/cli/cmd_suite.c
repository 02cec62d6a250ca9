/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_suite.c -- moesim suite FILE: runs a grid of runs x seeds.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "experiments/cli/cmd.h"
#include "experiments/host/jobs.h"
#include "experiments/host/places.h"
#include "experiments/host/shell.h"
#include "experiments/host/table.h"
#include "experiments/study/compare.h"
#include "experiments/study/findings.h"
#include "experiments/suite/campaign.h"
#include "experiments/suite/forecast.h"
#include "experiments/suite/run_settings.h"
#include "experiments/suite/shipped.h"
#include "experiments/suite/suite_note.h"
#include "sim/base/csv.h"
#include "sim/base/files.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/run/run.h"

struct suite_options {
	const char *out, *only, *set, *seeds;
	int64_t jobs, index, checkpoint_every;
	bool plan, dry_run, no_progress;
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
	{ .name = "dry-run",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct suite_options, dry_run),
	  .help = "print the runs and what they cost, and run none" },
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
	{ .name = "no-progress",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct suite_options, no_progress),
	  .help = "no progress line on a terminal" },
	{ .name = NULL }
};

/* ---- reading --------------------------------------------------------------------------------------------- */

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

/* ---- showing --------------------------------------------------------------------------------------------- */

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

static const char *state_word(enum run_state state)
{
	static const char *const word[] = { [RUN_MISSING] = "to do",
										[RUN_UNFINISHED] = "unfinished",
										[RUN_DONE] = "done",
										[RUN_DIVERGED] = "diverged",
										[RUN_UNREADABLE] = "unreadable" };
	return word[state];
}

static void print_question(const struct suite *suite)
{
	if (*suite->question)
		printf("%s: %s\n\n", suite->name, suite->question);
}

/* "1 h 20 min", "3 min", "12 s" */
static const char *text_of_seconds(double seconds)
{
	if (seconds >= 3600)
		return text_keep_f("%.0f h %.0f min", floor(seconds / 3600), floor(fmod(seconds, 3600) / 60));
	return seconds >= 90 ? text_keep_f("%.0f min", seconds / 60) : text_keep_f("%.0f s", ceil(seconds));
}

static void put_count(struct table *table, double value)
{
	char text[TEXT_NUMBER];
	table_cell(table, "%s", text_of_count(value, text));
}

/* What is to do, and what it costs. */
struct outlook {
	size_t runs;
	double flops, bytes; /* of all; of the largest */
	size_t first;        /* the first of them */
};

static int print_run(struct table *table, const struct campaign *campaign, size_t i, bool costs,
					 struct outlook *outlook, struct error *err)
{
	struct forecast cost = { .flops = 0 };
	char bytes[TEXT_NUMBER];
	const enum run_state state = campaign->results->state[i];
	table_cell(table, "%zu", i + 1);
	table_cell(table, "%s", campaign->results->run[i]);
	table_cell(table, "%s", state_word(state));
	if (costs) {
		TRY(forecast_run(campaign->grid, &campaign->grid->run[i], &cost, err));
		put_count(table, cost.params_total);
		put_count(table, cost.params_active);
		put_count(table, cost.flops_per_token);
		put_count(table, cost.flops);
		table_cell(table, "%s", text_of_bytes(cost.bytes, bytes));
	}
	if (state == RUN_DONE || state == RUN_DIVERGED)
		return 0;
	outlook->first = outlook->runs++ ? outlook->first : i;
	outlook->flops += cost.flops;
	outlook->bytes = fmax(outlook->bytes, cost.bytes);
	return 0;
}

static int print_outlook(const struct campaign *campaign, const struct outlook *outlook, struct error *err)
{
	char flops[TEXT_NUMBER], bytes[TEXT_NUMBER];
	double pace;
	TRY(forecast_pace(campaign->grid, &campaign->grid->run[outlook->first], &pace, err));
	size_t jobs = campaign->at_a_time < outlook->runs ? campaign->at_a_time : outlook->runs;
	printf("%zu to do: %sFLOP, about %s with %zu at a time, up to %s of memory each\n", outlook->runs,
		   text_of_count(outlook->flops, flops), text_of_seconds(pace * outlook->flops / (double)jobs), jobs,
		   text_of_bytes(outlook->bytes, bytes));
	return 0;
}

/* ---- what it will be able to see ------------------------------------------------------------------------- */

/* Runs of the grid point; none when another section has made the same. */
static size_t point_runs(const struct grid *grid, size_t point)
{
	size_t n = 0;
	for (size_t i = 0; i < grid->n; i++)
		n += grid->run[i].point == point;
	return n;
}

/* The standard deviation of a paired difference of excess losses, as a share of them: in suite quick the median over
 * its contrasts was 0.057 (five seeds). */
static const double typical_scatter = 0.057;

/* How much the finished runs of the folder scatter; else what is typical.  Runs that cannot be read are no reason not
 * to show what there is to do. */
static double known_scatter(const char *folder, const char **source)
{
	char *path = (char *)folder;
	struct study study;
	struct compare_page page;
	const struct compare_request request = { .scale = COMPARE_SCALE_LOG };
	struct error ignored;
	double scatter = NAN;
	if (folder_exists(folder) && study_read(1, &path, &study, &ignored) == 0) {
		if (compare_page(&study, &request, &page, &ignored) == 0) {
			scatter = page.contest[0].metric[0].logarithmic ? page.contest[0].metric[0].scatter : NAN;
			compare_page_free(&page);
		}
		study_free(&study);
	}
	*source = isnan(scatter) ? "in suite quick" : "the runs done so far";
	return isnan(scatter) ? typical_scatter : scatter;
}

/* Every point but one is compared with a baseline, in loss, MaxVio and dead experts. */
static void print_power(const struct campaign *campaign, FILE *to)
{
	enum { JUDGED = 3 };
	const char *source;
	size_t points = 0, seeds = SIZE_MAX;
	for (size_t i = 0; i < campaign->grid->points; i++) {
		size_t runs = point_runs(campaign->grid, i);
		points += runs > 0;
		seeds = runs > 0 && runs < seeds ? runs : seeds;
	}
	if (points < 2)
		return;
	double tests = JUDGED * (double)(points - 1);
	double deviations = stats_detectable(seeds, STATS_ALPHA_DIFFERENT / tests, 0.8);
	if (seeds < 2) {
		fputs("power: with 1 seed no difference can be told from chance (--seeds 1..5)\n", to);
		return;
	}
	double scatter = known_scatter(campaign->results->folder, &source);
	fprintf(
		to,
		"power: with %zu seeds and %.0f tests, differences below %.1f standard deviations of a paired difference will "
		"likely be missed:\n       about %.0f%% of the excess loss, where it scatters by %.1f%% as %s\n",
		seeds, tests, deviations, -100 * expm1(-deviations * scatter), 100 * scatter, source);
}

/* Counting a run takes a few milliseconds: very large grids are listed without. */
static int print_runs(const struct suite *suite, const struct campaign *campaign, struct error *err)
{
	static const char *const header[] = { "",          "<run",   "<state", "parameters", "active", "FLOPs/token",
										  "FLOPs/run", "memory", NULL };
	static const char *const short_header[] = { "", "<run", "<state", NULL };
	enum { COUNTED = 500 };
	const struct grid *grid = campaign->grid;
	bool costs = grid->n <= COUNTED;
	struct outlook outlook = { 0, 0, 0, 0 };
	struct table table;
	int status = 0;
	table_begin(&table, costs ? header : short_header);
	for (size_t i = 0; i < grid->n && status == 0; i++)
		status = print_run(&table, campaign, i, costs, &outlook, err);
	if (status != 0) {
		table_free(&table);
		return -1;
	}
	print_question(suite);
	table_end(&table, stdout);
	printf("\n%zu runs in %s\n", grid->n, campaign->results->folder);
	if (costs && outlook.runs > 0)
		TRY(print_outlook(campaign, &outlook, err));
	print_power(campaign, stdout);
	return 0;
}

/* ---- the table at the end -------------------------------------------------------------------------------- */

/* One metric of one grid point over its seeds; runs that diverged are left out. */
static struct estimate point_estimate(const struct csv_table *rows, const char *label, const char *metric)
{
	int by = csv_column(rows, "label"), status = csv_column(rows, "status"), column = csv_column(rows, metric);
	double *value = calloc(rows->rows + 1, sizeof *value);
	size_t n = 0;
	if (!value)
		error_no_memory("a column");
	for (size_t i = 0; column >= 0 && by >= 0 && i < rows->rows; i++)
		if (strcmp(csv_cell(rows, i, by), label) == 0 &&
			(status < 0 || strcmp(csv_cell(rows, i, status), "diverged") != 0))
			value[n++] = csv_number(rows, i, column, NULL);
	struct estimate e = estimate_of(value, n);
	free(value);
	return e;
}

struct shown {
	const char *metric;
	int decimals;
};

static const char *const table_header[] = { "<strategy",    "n",         "excess loss +- 95%", "gap closed",  "MaxVio",
											"dead experts", "domain MI", "dropped %",          "FLOPs/token", NULL };

/* Does any run of this label look at later tokens?  label NULL: any run at all. */
static bool sees_future(const struct csv_table *rows, const char *label)
{
	int by = csv_column(rows, "label"), causal = csv_column(rows, "causal");
	for (size_t i = 0; causal >= 0 && by >= 0 && i < rows->rows; i++)
		if (strcmp(csv_cell(rows, i, causal), "no") == 0 && (!label || strcmp(csv_cell(rows, i, by), label) == 0))
			return true;
	return false;
}

/* "76% (70 to 81%)"; of the series to which the label's first run belongs. */
static void put_gap(struct table *table, const struct csv_table *rows, const char *label, const struct gap_list *gaps)
{
	int by = csv_column(rows, "label"), run = csv_column(rows, "run");
	const struct gap_of_run *gap = NULL;
	for (size_t i = 0; by >= 0 && run >= 0 && !gap && i < rows->rows; i++)
		if (strcmp(csv_cell(rows, i, by), label) == 0)
			gap = gap_list_find(gaps, csv_cell(rows, i, run));
	if (!gap || isnan(gap->share.value))
		table_cell(table, "-");
	else if (isnan(gap->share.low))
		table_cell(table, "%.0f%%", 100 * gap->share.value);
	else
		table_cell(table, "%.0f%% (%.0f to %.0f%%)", 100 * gap->share.value, 100 * gap->share.low,
				   100 * gap->share.high);
}

static void add_point(struct table *table, const struct csv_table *rows, const char *label, size_t asked,
					  const char *loss, const struct gap_list *gaps)
{
	char flops[TEXT_NUMBER];
	struct estimate e = point_estimate(rows, label, loss);
	size_t n = point_estimate(rows, label, "steps").n;
	table_cell(table, "%s%s", label, sees_future(rows, label) ? " (f)" : "");
	table_cell(table, "%s", n == asked ? text_keep_f("%zu", n) : text_keep_f("%zu of %zu", n, asked));
	table_interval(table, e.mean, (e.high - e.low) / 2, 4);
	put_gap(table, rows, label, gaps);
	table_number(table, point_estimate(rows, label, "maxvio").mean, 3);
	table_number(table, point_estimate(rows, label, "dead_experts").mean, 1);
	table_number(table, point_estimate(rows, label, "domain_mi").mean, 3);
	table_number(table, 100 * point_estimate(rows, label, "drop_rate").mean, 2);
	e = point_estimate(rows, label, "flops_per_token");
	table_cell(table, "%s", isnan(e.mean) ? "-" : text_of_count(e.mean, flops));
}

/* Excess loss, or the loss itself where the stream's Bayes loss is not known. */
static bool knows_excess(const struct csv_table *rows)
{
	int column = csv_column(rows, "excess_loss");
	for (size_t i = 0; column >= 0 && i < rows->rows; i++)
		if (!isnan(csv_number(rows, i, column, NULL)))
			return true;
	return false;
}

/* What compare and report say of the same folder. */
static int print_findings(const char *folder, struct error *err)
{
	const struct compare_request request = { .asides = true };
	char *path = (char *)folder;
	struct study study;
	struct compare_page page;
	TRY(study_read(1, &path, &study, err));
	int status = compare_page(&study, &request, &page, err);
	if (status == 0) {
		struct findings findings;
		findings_of(&page, &findings);
		findings_print(&findings, stdout);
		compare_page_free(&page);
	}
	study_free(&study);
	return status;
}

static int print_summary(const struct suite *suite, const struct grid *grid, const struct results *results,
						 const struct gap_list *gaps, struct error *err)
{
	struct csv_table rows;
	struct table table;
	const char *path = path_join(results->folder, "summary.csv"), *header[16];
	if (!file_exists(path))
		return 0;
	print_question(suite);
	TRY(print_findings(results->folder, err));
	TRY(csv_read(path, &rows, err));
	bool excess = knows_excess(&rows);
	memcpy(header, table_header, sizeof table_header);
	header[2] = excess ? header[2] : "eval loss +- 95%";
	table_begin(&table, header);
	for (size_t i = 0; i < grid->points; i++)
		if (point_runs(grid, i) > 0)
			add_point(&table, &rows, grid->point[i].label, point_runs(grid, i), excess ? "excess_loss" : "eval_loss",
					  gaps);
	table_end(&table, stdout);
	if (sees_future(&rows, NULL))
		puts("(f) looks at later tokens of the sequence, so its loss is not that of a language model that writes");
	csv_table_free(&rows);
	return 0;
}

/* ---- running --------------------------------------------------------------------------------------------- */

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
		fprintf(stderr, "moesim: %s also holds %zu run folders that are not of this suite as it is now\n",
				results->folder, results->strange);
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
	bool shipped = strcmp(file, path_join(place_suites(), text_keep_f("%s.suite", suite->name))) == 0;
	const struct suite_note note = { .name = suite->name,
									 .question = suite->question,
									 .file = shipped ? suite->name : file,
									 .flag = { flag_of("only", opt->only), flag_of("set", opt->set),
											   flag_of("seeds", opt->seeds) } };
	return suite_note_write(folder, &note, err);
}

/* summary.csv, with the share of the gap that each run closes. */
static int gather(const struct results *results, struct gap_list *gaps, struct error *err)
{
	double *closed = calloc(results->grid->n + 1, sizeof *closed);
	bool any = false;
	if (!closed)
		error_no_memory("shares of a gap");
	for (size_t i = 0; i < results->grid->n; i++)
		any |= results->state[i] == RUN_DONE || results->state[i] == RUN_DIVERGED;
	/* without the shares the rows are still worth writing */
	int status = any ? gap_list_read(results->folder, gaps, err) : 0;
	for (size_t i = 0; i < results->grid->n; i++) {
		const struct gap_of_run *gap = gap_list_find(gaps, results->run[i]);
		closed[i] = gap ? gap->closed : NAN;
	}
	struct error later;
	if (results_gather(results, closed, status == 0 ? err : &later) != 0)
		status = -1;
	free(closed);
	return status;
}

static bool has_work(const struct results *results)
{
	for (size_t i = 0; i < results->grid->n; i++)
		if (results->state[i] != RUN_DONE && results->state[i] != RUN_DIVERGED)
			return true;
	return false;
}

static int run_all(const struct suite_options *opt, const char *file, const struct suite *suite,
				   struct campaign *campaign, struct error *err)
{
	struct results *results = campaign->results;
	TRY(results_lock(results, false, err));
	TRY(results_list(results, err));
	TRY(write_note(opt, file, suite, results->folder, err));
	if (isatty(STDERR_FILENO) && has_work(results))
		print_power(campaign, stderr);
	int stopped = campaign_run(campaign, 0, campaign->grid->n, err);
	if (stopped < 0)
		return -1;
	struct gap_list gaps = { .n = 0 };
	if (gather(results, &gaps, err) != 0) {
		gap_list_free(&gaps);
		return -1;
	}
	if (stopped > 0) {
		gap_list_free(&gaps);
		fprintf(stderr, "moesim: stopped with %zu of %zu runs done; the same command continues\n",
				campaign->made + campaign->skipped, campaign->grid->n);
		return 128 + stopped;
	}
	int status = print_summary(suite, campaign->grid, results, &gaps, err);
	gap_list_free(&gaps);
	if (status == 0)
		print_count(campaign, results);
	return status == 0 ? exit_code(campaign) : status;
}

/* Two processes with the same index would write into one folder: the log's file is their lock. */
static int lock_run(const struct results *results, size_t run, struct error *err)
{
	const char *path = results_log(results, run);
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0666);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	fail(err, ERROR_WORLD, "%s", fd < 0 ? strerror(errno) : "another process makes this run");
	return fail_at(err, path, 0, 0);
}

/* One run of many processes, on one machine or several: they share the folder's lock. */
static int run_one(struct campaign *campaign, size_t run, struct error *err)
{
	struct results *results = campaign->results;
	TRY(results_lock(results, true, err));
	results_look(results, run);
	if (results->state[run] != RUN_DONE && results->state[run] != RUN_DIVERGED)
		TRY(lock_run(results, run, err));
	int stopped = campaign_run(campaign, run, run + 1, err);
	if (stopped != 0)
		return stopped < 0 ? -1 : 128 + stopped;
	printf("%s: %s\n", results_path(results, run), state_word(results->state[run]));
	return exit_code(campaign);
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
		status = print_runs(suite, &campaign, err);
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
	if (argc != 1)
		return fail(err, ERROR_USER, "suite takes one suite file (moesim suite --help)");
	const char *file;
	TRY(find_file(args[0], &file, err));
	TRY(suite_read(file, run_settings(), &suite, err));
	if (read_grid(opt, &suite, &grid, err) != 0) {
		suite_free(&suite);
		return -1;
	}
	int status = act(opt, file, &suite, &grid, err);
	grid_free(&grid);
	suite_free(&suite);
	return status;
}

const struct command command_suite = {
	.name = "suite",
	.summary = "runs a grid of runs x seeds, several at a time; resumes",
	.arguments = "FILE",
	.about =
		"Makes every run of the suite file that is not finished yet, each in a process and a folder of its own, "
		"gathers "
		"their summaries in summary.csv, and prints the verdicts in sentences and a table with 95% intervals over the "
		"seeds. FILE may also be the name of an included suite ('moesim list suites'). Given again after it was "
		"stopped, "
		"or after the file was changed, the command makes what is missing.",
	.opts = suite_rows,
	.opts_size = sizeof(struct suite_options),
	.repeated = "set",
	.words = shipped_suites,
	.files = true,
	.run = suite_command,
};
