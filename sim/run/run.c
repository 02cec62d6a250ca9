/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run.c -- one run from its first step to its last file.
 */
#include <config.h>

#include "sim/run/run.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "sim/base/files.h"
#include "sim/run/checkpoint.h"
#include "sim/run/manifest.h"

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
	stop_signal = number;
}

/* A first signal asks; the handler is then gone, so that a second one ends the process at once.  What is ignored, as
 * by nohup, stays so. */
static void watch_signals(void)
{
	static const int asked[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND }, now;
	stop_signal = 0;
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
		if (sigaction(asked[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaction(asked[i], &action, NULL);
}

static double clock_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct run {
	struct trainer *trainer;
	const struct run_plan *plan;
	struct run_lock lock;
	struct recorder recorder;
	struct outcome *outcome;
	struct run_progress progress;
	bool continued;                    /* from a checkpoint */
	double began, saved, save_seconds; /* clock at the first step and the last checkpoint; what that one took */
};

static void clear_outcome(struct outcome *outcome, const struct trainer *trainer, const char *status)
{
	*outcome = (struct outcome){ .status = status,
								 .evaluation.loss = NAN,
								 .leak.change = NAN,
								 .flops_per_token = NAN,
								 .params_active = trainer->cost.params_active,
								 .pairs_per_token = NAN,
								 .bare_per_token = NAN };
	metrics_clear(&outcome->mean);
	metrics_clear(&outcome->worst);
}

/* Mean and worst of the layers' metrics in the last evaluation. */
static void sum_up(struct run *run)
{
	struct trainer *trainer = run->trainer;
	struct metrics *mean = &run->outcome->mean, *worst = &run->outcome->worst;
	double layers = (double)trainer->net.shape.layers;
	metrics_clear(worst);
	for (int j = 0; j < METRIC_COUNT; j++)
		*(double *)((char *)mean + metric_rows[j].at) = 0;
	for (size_t i = 0; i < trainer->net.shape.layers; i++) {
		struct metrics metrics;
		load_metrics(&trainer->eval_load[i], &metrics);
		for (int j = 0; j < METRIC_COUNT; j++) {
			double value = metric_value(&metric_rows[j], &metrics),
				   *top = (double *)((char *)worst + metric_rows[j].at);
			*(double *)((char *)mean + metric_rows[j].at) += value / (j == METRIC_dead_experts ? 1 : layers);
			*top = isnan(*top) || value > *top ? value : *top;
		}
	}
}

/* What a token really used in the last evaluation. */
static void measure_use(struct outcome *outcome, const struct trainer *trainer)
{
	const struct evaluation *measured = &outcome->evaluation;
	double layers = (double)trainer->net.shape.layers;
	outcome->flops_per_token = cost_flops_with(&trainer->cost, measured->pairs, measured->constant);
	outcome->params_active = cost_active_with(&trainer->cost, measured->pairs, measured->constant);
	outcome->pairs_per_token = trainer->net.call.experts ? measured->pairs / layers : NAN;
	outcome->bare_per_token = trainer->net.call.experts ? measured->bare / layers : NAN;
}

static void judge(struct run *run)
{
	struct trainer *trainer = run->trainer;
	run->outcome->evaluation = trainer_evaluate(trainer);
	measure_use(run->outcome, trainer);
	sum_up(run);
	run->progress.excess_loss = run->outcome->evaluation.loss - trainer->anchors.bayes;
	run->progress.maxvio = run->outcome->worst.maxvio;
}

static void evaluate(struct run *run)
{
	judge(run);
	recorder_evaluation(&run->recorder, run->trainer);
}

/* What the routers have just done, on the cluster of the run. */
static int price_step(const struct run *run, struct run_price *price, struct error *err)
{
	*price = (struct run_price){ .layers = 0 };
	return run->plan->price ? run->plan->price(run->plan->context, run->trainer, price, NULL, err) : 0;
}

/* The same of all held-out tokens. */
static int price_evaluation(const struct run *run, struct run_price *price, struct run_bill *bill, struct error *err)
{
	struct trainer *trainer = run->trainer;
	*price = (struct run_price){ .layers = 0 };
	for (size_t i = 0; run->plan->price && i < trainer->eval_batches; i++) {
		stream_eval(&trainer->stream, i, &trainer->eval_batch);
		net_forward(&trainer->net, &trainer->eval_batch, i + 1, false);
		TRY(run->plan->price(run->plan->context, trainer, price, bill, err));
	}
	return 0;
}

static bool falls_on(size_t step, int64_t every, size_t steps)
{
	return step % (size_t)every == 0 || step == steps;
}

/* The rows go to the disk before the checkpoint that counts on them. */
static int save(struct run *run, struct error *err)
{
	double before = clock_seconds();
	struct recorder_place place;
	TRY(recorder_sync(&run->recorder, err));
	place = recorder_place(&run->recorder);
	TRY(checkpoint_write(path_join(run->plan->folder, "checkpoint.bin"), run->trainer, &place, err));
	run->saved = clock_seconds();
	run->save_seconds = run->saved - before;
	return 0;
}

/* By time: a minute of work is lost at most, or what a hundred checkpoints take where those are slow.  The last step's
 * checkpoint is written with the end of the run. */
static bool is_due(const struct run *run, size_t step)
{
	enum { PAUSE = 60, SHARE = 100 };
	if (step == (size_t)run->trainer->settings->config.steps)
		return false;
	if (run->plan->checkpoint_every)
		return step % run->plan->checkpoint_every == 0;
	return clock_seconds() - run->saved >= fmax(PAUSE, SHARE * run->save_seconds);
}

/* One step with everything that is written about it.  *more is cleared when the run must not go on. */
static int step(struct run *run, bool *more, struct error *err)
{
	struct trainer *trainer = run->trainer;
	const struct config *config = &trainer->settings->config;
	size_t steps = (size_t)config->steps, next = trainer->step + 1;
	bool evaluates = falls_on(next, config->eval_every, steps),
		 logs = evaluates || falls_on(next, config->log_every, steps);
	struct step_log log;
	struct run_price cost;
	trainer_step(trainer, evaluates, &log);
	if (run->plan->each)
		TRY(run->plan->each(run->plan->context, trainer, err));
	logs = logs || log.diverged;
	if (logs)
		TRY(price_step(run, &cost, err));
	evaluates = evaluates && !log.diverged;
	if (evaluates) {
		recorder_batch(&run->recorder, trainer);
		evaluate(run);
		log.diverged = run->outcome->evaluation.diverged;
	}
	if (logs)
		recorder_step(&run->recorder, trainer, &log, evaluates ? &run->outcome->evaluation : NULL, &cost);
	if (evaluates || log.diverged)
		TRY(recorder_flush(&run->recorder, err));
	if (!log.diverged && is_due(run, next))
		TRY(save(run, err));
	run->progress.step = next;
	run->progress.lm_loss = log.lm_loss;
	run->progress.seconds = clock_seconds() - run->began;
	run->progress.tokens = (next - run->progress.first) * trainer->net.call.tokens;
	if (run->plan->show)
		run->plan->show(run->plan->context, &run->progress);
	if (log.diverged)
		clear_outcome(run->outcome, trainer, "diverged"); /* an earlier evaluation is not how it ended */
	*more = !log.diverged && stop_signal == 0;
	return 0;
}

/* The state before the first step: an evaluation and a row of its own. */
static int start(struct run *run, struct error *err)
{
	const struct step_log nothing = { NAN, NAN, NAN, NAN, false };
	const struct run_price none = { .layers = 0 };
	evaluate(run);
	recorder_step(&run->recorder, run->trainer, &nothing, &run->outcome->evaluation, &none);
	return recorder_flush(&run->recorder, err);
}

static int write_manifest(const struct run *run, const char *status, struct error *err)
{
	return manifest_write(run->plan->folder, status, run->trainer, run->plan->threads, err);
}

/* A manifest that is damaged says nothing, which the run that goes on will write anew. */
static int read_manifest(const struct run *run, struct run_record *was, struct error *err)
{
	struct arena arena = { .bytes = 0 };
	int status = manifest_read(run->plan->folder, &arena, was, err);
	arena_free(&arena);
	if (status != 0 && err->code != ERROR_USER)
		return -1;
	*err = (struct error){ .code = ERROR_NONE };
	return 0;
}

/* A run is complete when its manifest says so and the summary is there. */
static int refuse_unfit(const struct run *run, const struct run_record *was, struct error *err)
{
	bool summed_up;
	TRY(file_look(path_join(run->plan->folder, "summary.csv"), &summed_up, err));
	if (was->has_hash && was->hash != settings_hash(run->trainer->settings))
		fail(err, ERROR_USER, "the run has other settings (resume with the settings in manifest.json)");
	else if (summed_up && manifest_is(was, "done"))
		fail(err, ERROR_USER, "the run is complete: nothing is left to resume");
	else if (summed_up && manifest_is(was, "diverged"))
		fail(err, ERROR_USER, "the run has diverged, as it would again (start over with --force)");
	else
		return 0;
	return fail_at(err, run->plan->folder, 0, 0);
}

/* The manifest comes before all other files of a new run, so that what a crash leaves counts as a run.  An older run
 * goes only when the new manifest stands, which until then says that what lies there is not this run's. */
static int begin_anew(struct run *run, struct error *err)
{
	if (run->plan->mode != RUN_NEW) {
		TRY(write_manifest(run, "replacing", err));
		TRY(run_lock_clear(&run->lock, err));
	}
	TRY(write_manifest(run, "running", err));
	return recorder_open(&run->recorder, err);
}

/* The manifest is written after all files have been found fit to be continued, so that a refusal changes nothing. */
static int go_on(struct run *run, struct error *err)
{
	const char *checkpoint = path_join(run->plan->folder, "checkpoint.bin");
	struct run_record was;
	struct recorder_place place;
	bool saved;
	TRY(read_manifest(run, &was, err));
	TRY(refuse_unfit(run, &was, err));
	TRY(file_look(checkpoint, &saved, err));
	if (!saved || manifest_is(&was, "replacing"))
		return begin_anew(run, err);
	TRY(checkpoint_read(checkpoint, run->trainer, &place, err));
	TRY(recorder_continue(&run->recorder, &place, run->trainer->step, err));
	TRY(write_manifest(run, "running", err));
	run->continued = true;
	return run_lock_clear_end(&run->lock, err);
}

static int open_folder(struct run *run, struct error *err)
{
	const struct settings *settings = run->trainer->settings;
	TRY(run_terms_check(&settings->sentence, err));
	TRY(run_lock_take(&run->lock, run->plan->folder, run->plan->mode, err));
	recorder_init(&run->recorder, run->plan->folder, settings);
	return run->plan->mode == RUN_RESUME ? go_on(run, err) : begin_anew(run, err);
}

static int close_files(struct run *run, const struct run_bill *bill, struct error *err)
{
	if (strcmp(run->outcome->status, "diverged") != 0)
		TRY(save(run, err));
	TRY(recorder_close(&run->recorder, err));
	return recorder_summary(&run->recorder, run->trainer, run->outcome, bill, err);
}

static int finish(struct run *run, struct error *err)
{
	struct outcome *outcome = run->outcome;
	struct run_bill bill = { .batches = 0 };
	bool done = strcmp(outcome->status, "done") == 0;
	if (done)
		outcome->leak = leak_measure(run->trainer);
	int status = done ? price_evaluation(run, &outcome->price, &bill, err) : 0;
	if (status == 0)
		status = close_files(run, &bill, err);
	arena_free(&bill.arena);
	TRY(status);
	if (run->plan->last && done)
		TRY(run->plan->last(run->plan->context, run->trainer, err));
	return write_manifest(run, outcome->status, err);
}

static int train(struct run *run, struct error *err)
{
	size_t steps = (size_t)run->trainer->settings->config.steps;
	bool more = true;
	TRY(open_folder(run, err));
	run->progress.first = run->trainer->step;
	run->began = run->saved = clock_seconds();
	if (!run->continued)
		TRY(start(run, err));
	else if (run->trainer->step == steps)
		judge(run); /* only the end is missing: its rows are there, what they sum up to is not */
	while (more && run->trainer->step < steps)
		TRY(step(run, &more, err));
	if (run->trainer->step < steps && stop_signal)
		run->outcome->status = "interrupted";
	return finish(run, err);
}

int run_train(struct trainer *trainer, const struct run_plan *plan, struct outcome *outcome, int *signal,
			  struct error *err)
{
	struct run run = { .trainer = trainer, .plan = plan, .outcome = outcome, .lock.fd = -1 };
	struct error later;
	clear_outcome(outcome, trainer, "done");
	run.progress.steps = (size_t)trainer->settings->config.steps;
	run.progress.excess_loss = run.progress.maxvio = NAN;
	watch_signals();
	int status = train(&run, err);
	if (status != 0)
		recorder_close(&run.recorder, &later);
	run_lock_release(&run.lock);
	*signal = strcmp(outcome->status, "interrupted") == 0 ? (int)stop_signal : 0;
	return status;
}
