/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_run.c -- moesim run: trains one model under one strategy and tells what came of it.
 */
#include <config.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/cli/cmd.h"
#include "experiments/clusters/run_cluster.h"
#include "experiments/host/jobs.h"
#include "experiments/models/likeness.h"
#include "sim/base/files.h"
#include "sim/base/options.h"
#include "sim/base/parallel.h"
#include "sim/base/text.h"
#include "sim/net/layer.h"
#include "sim/route/catalog.h"
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
	double left = (double)(now->steps - now->step) / (double)(now->step - now->first);
	char rate[TEXT_NUMBER];
	bool last = now->step == now->steps;
	if (now->seconds - errand->shown < 0.1 && !last)
		return;
	errand->shown = now->seconds;
	fprintf(stderr, "\r\033[Kstep %zu/%zu  loss %.3f", now->step, now->steps, now->lm_loss);
	if (!isnan(now->excess_loss))
		fprintf(stderr, "  excess %.3f", now->excess_loss);
	if (!isnan(now->maxvio))
		fprintf(stderr, "  MaxVio %.2f", now->maxvio);
	fprintf(stderr, "  %s tokens/s  %.0f s left", text_of_count((double)now->tokens / now->seconds, rate),
			left * now->seconds);
	if (last)
		fputs("\r\033[K", stderr);
	fflush(stderr);
}

static bool on_terminal(const struct run_options *opt)
{
	const char *term = getenv("TERM");
	return !opt->quiet && !opt->no_progress && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

/* One choice per token whose weight is made to sum to 1: every weight is the same, and none of them depends on the
 * router.  Where experts choose, a token may have several. */
static bool weights_are_constant(const struct settings *settings)
{
	const struct moe_selector *selector = (const struct moe_selector *)settings->sentence.selector.part;
	return settings->config.layer.k == 1 && strcmp(settings->sentence.gate.part->name, "renorm") == 0 &&
		   selector->max_picks == NULL && layer_experts(&settings->sentence, &settings->config.layer) > 0;
}

/* What a token's forward pass is made of. */
struct use {
	double experts; /* per layer; NAN: not measured, and not known from the settings */
	int64_t params;
	double flops;
};

/* As the settings plan it. */
static struct use planned_use(const struct settings *settings, const struct cost_count *cost)
{
	double k = router_varies(&settings->sentence) ? NAN : (double)settings->config.layer.k;
	return (struct use){ k, cost->params_active, (double)cost->flops_forward };
}

static const char *experts_text(double experts)
{
	return isnan(experts)              ? "a number that the selector chooses"
		   : experts == floor(experts) ? text_keep_f("%.0f", experts)
									   : text_keep_f("%.2f", experts);
}

/* like: what is said of the model that it is made after, or NULL. */
static void tell_model(const struct settings *settings, const char *like, const struct cost_count *cost, struct use use)
{
	const struct config *config = &settings->config;
	const struct moe_recipe *recipe = catalog_recipe(settings->sentence.name);
	char total[TEXT_NUMBER], active[TEXT_NUMBER], flops[TEXT_NUMBER];
	printf("%s%s%s\n  %s\n", settings->sentence.name, recipe ? ": " : "", recipe ? recipe->summary : "",
		   settings->text);
	if (like)
		printf("  %s\n", like);
	if (layer_experts(&settings->sentence, &config->layer))
		printf("  %lld experts, %s for each token%s", (long long)config->layer.experts, experts_text(use.experts),
			   config->layer.shared ? text_keep_f(" and %lld shared", (long long)config->layer.shared) : "");
	else
		printf("  no experts");
	printf("; %s parameters, %s active (%.0f%%); %sFLOP per token\n", text_of_count((double)cost->params_total, total),
		   text_of_count((double)use.params, active), 100 * (double)use.params / (double)cost->params_total,
		   text_of_count(use.flops, flops));
	if (*config->replay)
		printf("  note: choices are replayed from %s\n", config->replay);
	if (weights_are_constant(settings))
		puts("  note: with top-k 1 and gate=renorm every weight is the same, so that the loss gives the router no "
			 "gradient\n"
			 "  (gate=score would)");
}

static void tell_row(const char *name, double value, int digits, const char *unit, const char *meaning)
{
	if (!isnan(value))
		printf("  %-24s%8.*f%-2s  %s\n", name, digits, value, unit, meaning);
}

static void tell_losses(const struct trainer *trainer, const struct outcome *outcome)
{
	double loss = outcome->evaluation.loss, bayes = trainer->anchors.bayes;
	tell_row("held-out loss", loss, 4, "", "nats per token, on documents that training never saw");
	tell_row("best possible loss", bayes, 4, "", "the stream's exact Bayes loss on the same tokens");
	tell_row("excess loss", loss - bayes, 4, "", "the difference: what this model has not learned");
}

/* In the order of enum causality. */
static const char *const future[][2] = {
	{ "yes", "later tokens change where earlier ones go" },
	{ "train", "in training only: the held-out loss is that of a causal model" },
	{ "no", "later tokens cannot change where earlier ones go" },
};

static void tell_leak(struct leak leak)
{
	const char *const *row = future[leak.causal];
	const char *change =
		leak.causal == CAUSALITY_NO
			? text_keep_f(", and earlier losses by %.3f nats: not the loss of a causal model", leak.change)
			: "";
	printf("  %-24s%8s    %s%s\n", "looks into the future", row[0], row[1], change);
}

static void tell_balance(const struct trainer *trainer, const struct outcome *outcome)
{
	const struct metrics *mean = &outcome->mean;
	size_t experts = trainer->net.call.experts * trainer->net.shape.layers;
	if (experts == 0)
		return;
	tell_row(
		"MaxVio", mean->maxvio, 2, "",
		text_keep_f("the fullest expert's load over the fair share, minus 1 (chance alone: %.2f)", mean->maxvio_floor));
	tell_row(
		"dead experts", mean->dead_experts, 0, "",
		text_keep_f("of %zu: under 1%% of the fair share of %zu held-out tokens", experts, outcome->evaluation.tokens));
	tell_row("effective experts", mean->effective_experts, 1, "",
			 "number of equally used experts with the same entropy");
	tell_row("dropped", 100 * mean->drop_rate, 1, "%", "assignments beyond the capacity of their expert");
	tell_row(
		"domain information", mean->domain_mi, 3, "",
		text_keep_f("mutual information of expert and domain in nats (chance alone: %.3f)", mean->domain_mi_floor));
	if (!isnan(outcome->leak.change))
		tell_leak(outcome->leak);
}

static void tell_price(const struct run_cluster *cluster, const struct run_price *price)
{
	if (price->layers == 0)
		return;
	double layers = (double)price->layers, share = price->seconds > 0 ? price->exposed / price->seconds : NAN;
	tell_row("layer time", 1e3 * price->seconds / layers, 2, "",
			 text_keep_f("ms, mean over the layers, %s", run_cluster_text(cluster)));
	tell_row(
		"exposed communication", 100 * share, 1, "%",
		text_keep_f("of it; the bottleneck of the slowest layer: %s (device %zu)", price->bottleneck, price->device));
}

/* As the last evaluation counted it.  Where a fixed number of experts lost some to their capacity, "dropped" tells. */
static struct use measured_use(const struct trainer *trainer, const struct outcome *outcome)
{
	struct use use = planned_use(trainer->settings, &trainer->cost);
	if (isnan(use.experts) && !isnan(outcome->pairs_per_token))
		use = (struct use){ outcome->pairs_per_token, outcome->params_active, outcome->flops_per_token };
	return use;
}

static void tell_end(const struct trainer *trainer, const char *like, const struct outcome *outcome,
					 const struct run_plan *plan)
{
	const struct errand *errand = plan->context;
	char tokens[TEXT_NUMBER], flops[TEXT_NUMBER];
	tell_model(trainer->settings, like, &trainer->cost, measured_use(trainer, outcome));
	printf("  %zu steps, %s tokens of %s, %sFLOP\n\n", trainer->step,
		   text_of_count((double)(trainer->step * trainer->net.call.tokens), tokens), trainer->stream.type->name,
		   text_of_count(trainer->flops, flops));
	if (strcmp(outcome->status, "diverged") == 0) {
		printf("  the loss or its gradient diverged in step %zu (a lower --lr may help)\n", trainer->step);
	} else {
		tell_losses(trainer, outcome);
		tell_balance(trainer, outcome);
		tell_price(&errand->cluster, &outcome->price);
	}
	printf("\n%s: wrote %s (charts: moesim plot %s)\n", outcome->status, plan->folder, plan->folder);
}

static void tell_trace(const struct run_options *opt, const struct outcome *outcome)
{
	if (strcmp(outcome->status, "done") == 0)
		printf("wrote the trace %s (metrics: moesim analyze %s)\n", opt->trace, opt->trace);
	else
		printf("wrote no trace, as the run is %s\n", outcome->status);
}

/* Bytes that this process holds already: the program with its libraries; 0 where the system does not tell. */
static double held_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long all = 0, resident = 0;
	if (file == NULL || fscanf(file, "%ld %ld", &all, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static int dry_run(const struct settings *settings, const char *like, struct error *err)
{
	struct trainer_needs needs;
	struct run_cluster cluster;
	char memory[TEXT_NUMBER];
	TRY(run_cluster_open(settings, &cluster, err));
	TRY(trainer_measure(settings, &needs, err));
	tell_model(settings, like, &needs.cost, planned_use(settings, &needs.cost));
	printf("\n  parameters                %12lld\n", (long long)needs.cost.params_total);
	printf("  active parameters         %12lld\n", (long long)needs.cost.params_active);
	printf("  forward FLOPs per token   %12lld\n", (long long)needs.cost.flops_forward);
	printf("  training FLOPs per token  %12lld\n", (long long)needs.cost.flops_training);
	printf("  memory                    %12s\n", text_of_bytes(needs.bytes + held_bytes(), memory));
	if (cluster.exists)
		printf("  priced %s\n", run_cluster_text(&cluster));
	return 0;
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
		tell_end(&trainer, like, &outcome, &plan);
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
	return opt->dry_run ? dry_run(&settings, like, err) : train(opt, &settings, like, err);
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
