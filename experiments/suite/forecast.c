/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * forecast.c -- what runs will cost.
 */
#include <config.h>

#include "experiments/suite/forecast.h"

#include "experiments/host/jobs.h"
#include "sim/base/parallel.h"
#include "sim/train/trainer.h"

static const double trial_seconds = 0.5;

static int resolve(const struct grid *grid, const struct grid_run *run, struct settings *settings, struct error *err)
{
	struct assignment given[CONFIG_ROWS];
	return settings_resolve(given, grid_given(grid, run, given), settings, err);
}

/* Evaluations of a run: before the first step, every so often, and after the last. */
static double evaluations(const struct config *config)
{
	return 1 + (double)((config->steps + config->eval_every - 1) / config->eval_every);
}

int forecast_run(const struct grid *grid, const struct grid_run *run, struct forecast *forecast, struct error *err)
{
	struct settings settings;
	struct trainer_needs needs;
	TRY(resolve(grid, run, &settings, err));
	TRY(trainer_measure(&settings, &needs, err));
	const struct config *config = &settings.config;
	double trained = (double)config->steps * (double)config->batch * (double)config->length;
	double evaluated = evaluations(config) * (double)config->eval_tokens;
	*forecast = (struct forecast){ .params_total = (double)needs.cost.params_total,
								   .params_active = (double)needs.cost.params_active,
								   .flops_per_token = (double)needs.cost.flops_forward,
								   .flops = trained * (double)needs.cost.flops_training +
											evaluated * (double)needs.cost.flops_forward,
								   .bytes = needs.bytes };
	return 0;
}

/* FLOPs and seconds of a few steps and one evaluation, in the proportion of a whole run. */
static double try_steps(struct trainer *trainer, const struct config *config)
{
	struct step_log log;
	double began = jobs_clock(), steps = 0;
	do {
		trainer_step(trainer, false, &log);
		steps++;
	} while (jobs_clock() - began < trial_seconds / 2 && steps < (double)config->steps);
	double each = (jobs_clock() - began) / steps;
	began = jobs_clock();
	trainer_evaluate(trainer);
	return (double)config->steps * each + evaluations(config) * (jobs_clock() - began);
}

int forecast_pace(const struct grid *grid, const struct grid_run *run, double *seconds, struct error *err)
{
	struct settings settings;
	struct trainer trainer;
	struct forecast forecast;
	TRY(forecast_run(grid, run, &forecast, err));
	TRY(resolve(grid, run, &settings, err));
	parallel_threads(1);
	double began = jobs_clock();
	TRY(trainer_open(&trainer, &settings, err));
	double opening = jobs_clock() - began;
	*seconds = forecast.flops > 0 ? (opening + try_steps(&trainer, &settings.config)) / forecast.flops : 0;
	trainer_close(&trainer);
	return 0;
}
