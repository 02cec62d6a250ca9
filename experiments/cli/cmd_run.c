/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_run.c -- moesim run: trains one model under one strategy and tells what came of it.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/cli/cmd.h"
#include "experiments/cli/run_words.h"
#include "experiments/host/jobs.h"
#include "experiments/models/likeness.h"
#include "sim/base/files.h"
#include "sim/base/options.h"
#include "sim/base/parallel.h"
#include "sim/base/text.h"
#include "sim/run/manifest.h"
#include "sim/run/repeat.h"
#include "sim/run/run.h"
#include "sim/run/tracer.h"

struct run_options {
	struct given given;
	const char *out, *like, *settings, *trace;
	double scale;
	int trace_form; /* enum tracer_form */
	int64_t threads, checkpoint_every;
	bool quiet, no_progress, dry_run, resume, force;
};

static const char *const trace_forms[] = { "counts", "tokens", "training", NULL };

#define AT(field) .at = offsetof(struct run_options, field)
static const struct moe_opt run_rows[] = {
	{ .name = "out",
	  .type = MOE_OPT_TEXT,
	  AT(out),
	  .help = "run folder (default runs/<strategy>-s<seed>, with -2, -3, ... behind it where a run of other settings "
			  "has that name)" },
	{ .name = "settings",
	  .type = MOE_OPT_TEXT,
	  AT(settings),
	  .help = "repeat a run: all settings are those of this run folder or manifest.json, but for those given here" },
	{ .name = "like",
	  .type = MOE_OPT_TEXT,
	  AT(like),
	  .help =
		  "a model from 'moesim list models', or a config.json, scaled down: same router, smaller depth and width" },
	{ .name = "scale",
	  .type = MOE_OPT_REAL,
	  AT(scale),
	  .low = 1e-4,
	  .high = 1,
	  .zero = "auto",
	  .help = "factor of the depth, width and expert width of --like; auto makes the model as wide as the default "
			  "simulation, or narrower where it has many experts" },
	{ .name = "trace",
	  .type = MOE_OPT_TEXT,
	  AT(trace),
	  .help = "also write the final routing of the held-out tokens to this CSV, for 'moesim analyze' and --replay" },
	{ .name = "trace-form",
	  .type = MOE_OPT_CHOICE,
	  AT(trace_form),
	  .high = 2,
	  .choices = trace_forms,
	  .help = "one row of the trace per expert, domain and layer (counts), or per token and choice (tokens); training: "
			  "the same for every training step instead of the held-out tokens" },
	{ .name = "threads",
	  .type = MOE_OPT_INT,
	  AT(threads),
	  .low = 1,
	  .high = 1024,
	  .zero = "all",
	  .help = "number of threads (results unaffected)" },
	RUN_CHECKPOINT_ROW(offsetof(struct run_options, checkpoint_every)),
	{ .name = "quiet", .type = MOE_OPT_FLAG, AT(quiet), .high = 1, .help = "no table at the end, no progress line" },
	{ .name = "no-progress",
	  .type = MOE_OPT_FLAG,
	  AT(no_progress),
	  .high = 1,
	  .help = "no progress line on a terminal" },
	{ .name = "dry-run",
	  .type = MOE_OPT_FLAG,
	  AT(dry_run),
	  .high = 1,
	  .help = "print the resolved strategy, parameters, FLOPs and memory, and train nothing" },
	{ .name = "resume", .type = MOE_OPT_FLAG, AT(resume), .high = 1, .help = "continue the run in the folder" },
	{ .name = "force", .type = MOE_OPT_FLAG, AT(force), .high = 1, .help = "replace the run in the folder" },
	{ .name = NULL },
};
#undef AT

/* What the run's callbacks need. */
struct errand {
	double shown; /* when progress was last shown */
	struct tracer tracer;
	const char *model; /* as the trace calls it */
	struct run_cluster cluster;
};

static void show_progress(void *context, const struct run_progress *now)
{
	struct errand *errand = context;
	run_words_progress(now, &errand->shown);
}

static bool on_terminal(const struct run_options *opt)
{
	const char *term = getenv("TERM");
	return !opt->quiet && !opt->no_progress && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

static void tell_trace(const struct run_options *opt, const struct outcome *outcome)
{
	if (strcmp(outcome->status, "done") == 0)
		printf("wrote the trace %s (metrics: moesim analyze %s)\n", opt->trace, opt->trace);
	else
		printf("wrote no trace, as the run is %s\n", outcome->status);
}

static int write_trace(void *context, struct trainer *trainer, struct error *err)
{
	struct errand *errand = context;
	return tracer_write(&errand->tracer, errand->model, trainer, err);
}

static int write_step(void *context, const struct trainer *trainer, struct error *err)
{
	struct errand *errand = context;
	return tracer_step(&errand->tracer, errand->model, trainer, err);
}

static int price(void *context, const struct trainer *trainer, struct run_price *price, struct run_bill *bill,
				 struct error *err)
{
	const struct errand *errand = context;
	return run_cluster_price(&errand->cluster, trainer, price, bill, err);
}

/* Does a run of other settings stand there? */
static bool is_taken(const char *folder, const struct settings *settings)
{
	struct arena arena = { .bytes = 0 };
	struct run_record record;
	struct error err = { .code = ERROR_NONE };
	bool taken =
		manifest_read(folder, &arena, &record, &err) == 0 && record.has_hash && record.hash != settings_hash(settings);
	arena_free(&arena);
	return taken;
}

/* That of the strategy and seed, unless runs of other settings have the name.  --force replaces what has it. */
static const char *usual_folder(const struct run_options *opt, const struct settings *settings)
{
	const char *plain = text_keep_f("runs/%s-s%lld", settings->sentence.name, (long long)settings->config.seed);
	const char *folder = plain;
	for (int n = 2; !opt->force && is_taken(folder, settings); n++)
		folder = text_keep_f("%s-%d", plain, n);
	return folder;
}

static struct run_plan plan_of(const struct run_options *opt, const struct settings *settings, struct errand *errand)
{
	const char *folder = *opt->out ? opt->out : usual_folder(opt, settings);
	*errand = (struct errand){ .shown = -1, .model = path_last(folder) };
	return (struct run_plan){ .folder = folder,
							  .mode = opt->resume  ? RUN_RESUME
									  : opt->force ? RUN_FORCE
												   : RUN_NEW,
							  .threads = (int)(opt->threads ? (size_t)opt->threads : jobs_processors()),
							  .checkpoint_every = (size_t)opt->checkpoint_every,
							  .show = on_terminal(opt) ? show_progress : NULL,
							  .each = *opt->trace && opt->trace_form == TRACER_TRAINING ? write_step : NULL,
							  .price = *settings->config.cluster ? price : NULL,
							  .last = *opt->trace ? write_trace : NULL,
							  .context = errand };
}

static int open_trace(const struct run_options *opt, const struct trainer *trainer, struct tracer *tracer,
					  struct error *err)
{
	if (!*opt->trace)
		return 0;
	if (trainer->net.call.experts == 0)
		return fail(err, ERROR_USER, "strategy '%s' has no experts, so there is no routing to trace",
					trainer->settings->sentence.name),
			   fail_at(err, "--trace", 0, 0);
	return tracer_open(tracer, opt->trace, (enum tracer_form)opt->trace_form, err);
}

static int train(const struct run_options *opt, const struct settings *settings, const char *like, struct error *err)
{
	struct trainer trainer;
	struct errand errand;
	struct outcome outcome;
	int signal = 0;
	struct run_plan plan = plan_of(opt, settings, &errand);
	parallel_threads(plan.threads);
	TRY(run_cluster_open(settings, &errand.cluster, err));
	TRY(trainer_open(&trainer, settings, err));
	int status = open_trace(opt, &trainer, &errand.tracer, err);
	if (status == 0)
		status = run_train(&trainer, &plan, &outcome, &signal, err);
	tracer_drop(&errand.tracer);
	if (status == 0 && !opt->quiet)
		run_words_end(&trainer, like, &outcome, &errand.cluster, plan.folder);
	if (status == 0 && !opt->quiet && *opt->trace)
		tell_trace(opt, &outcome);
	trainer_close(&trainer);
	if (status != 0)
		return -1;
	return signal ? 128 + signal : strcmp(outcome.status, "diverged") == 0 ? ERROR_CHECK : 0;
}

/* Below everything that the user says: what --like prescribes.  The run then has the model's name, unless the user
 * gave it another strategy. */
static int resolve(const struct run_options *opt, struct settings *settings, const char **like, struct error *err)
{
	struct likeness likeness;
	*like = NULL;
	if (!*opt->like && opt->scale > 0)
		return fail(err, ERROR_USER, "--scale needs a model to scale (give --like, too)");
	if (*opt->like && *opt->settings)
		return fail(err, ERROR_USER, "--like and --settings exclude each other");
	if (*opt->settings)
		return repeat_resolve(opt->settings, opt->given.assignment, opt->given.n, settings, err);
	if (!*opt->like)
		return settings_resolve(opt->given.assignment, opt->given.n, settings, err);
	TRY(likeness_fill(opt->like, opt->scale, &likeness, err));
	if (likeness.model->caution)
		fprintf(stderr, "moesim: --like %s: %s\n", opt->like, likeness.model->caution);
	TRY(settings_resolve_above(likeness.setting, LIKENESS_SETTINGS, opt->given.assignment, opt->given.n, settings,
							   err));
	if (settings_origin_of(settings, "strategy") == ORIGIN_MODEL)
		settings->sentence.name = likeness.model->name;
	*like = likeness_text(&likeness, settings);
	return 0;
}

static int run(const void *options, int argc, char **args, struct error *err)
{
	const struct run_options *opt = options;
	struct settings settings;
	const char *like;
	(void)argc;
	(void)args;
	if (opt->resume && opt->force)
		return fail(err, ERROR_USER, "--resume and --force exclude each other");
	if (opt->resume && *opt->trace && opt->trace_form == TRACER_TRAINING)
		return fail(err, ERROR_USER, "a trace of training needs all steps, so it cannot be had with --resume");
	if (opt->trace_form == TRACER_TRAINING && !*opt->trace)
		return fail(err, ERROR_USER, "--trace-form training needs a file (give --trace, too)");
	TRY(resolve(opt, &settings, &like, err));
	return opt->dry_run ? run_words_plan(&settings, like, err) : train(opt, &settings, like, err);
}

const struct command command_run = {
	.name = "run",
	.summary = "train one small MoE language model under one strategy",
	.arguments = "",
	.about = "Trains one Transformer whose FFNs are MoE layers on one stream of tokens under one routing strategy, and "
			 "writes a run folder of CSV files. The same build, seed and settings give the same bytes on all "
			 "processors of one --kernel.",
	.opts = run_rows,
	.opts_size = sizeof(struct run_options),
	.settings = SETTINGS_ALL,
	.run = run,
};
