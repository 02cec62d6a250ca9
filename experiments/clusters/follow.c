/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * follow.c -- placements that follow the loads of a scene over time.
 */
#include <config.h>

#include "experiments/clusters/follow.h"

#include <string.h>

#include "sim/trace/trace.h"

static int find_series(const struct scene *scene, struct series *series, struct error *err)
{
	const struct cluster_options *opt = scene->opt;
	const struct traffic_choice choice = {
		.model = opt->model, .step = TRACE_ALL_STEPS, .experts = (uint32_t)opt->experts, .partial = opt->partial
	};
	if (cluster_is_drawn(opt))
		return series_take(&scene->traffic, series, err);
	return series_read(opt->over_time, &choice, (uint64_t)opt->step_tokens, series, err);
}

static int find_schedule(const struct scene *scene, const struct series *series, struct schedule *schedule,
						 struct error *err)
{
	const struct cluster_options *opt = scene->opt;
	const char *name = *opt->placement ? opt->placement : "eplb";
	*schedule = (struct schedule){ .window = (size_t)opt->window,
								   .interval = (size_t)opt->interval,
								   .trigger = opt->trigger,
								   .gain = opt->min_gain,
								   .rule = placement_rule_find(name),
								   .topology = &scene->topology,
								   .expert_bytes = step_expert_bytes(&scene->work, scene->work.weight_bytes) };
	if (schedule->rule == NULL)
		return fail(err, ERROR_USER, "a placement over time needs a rule, and '%s' is none", name);
	return scene_shape(scene, schedule->rule, series->experts, series_counts(series, 0, 0), (size_t)opt->slots,
					   &schedule->shape, err);
}

int follow_scene(const struct scene *scene, struct follow *follow, struct error *err)
{
	*follow = (struct follow){ .layer = NULL };
	TRY(find_series(scene, &follow->series, err));
	TRY(find_schedule(scene, &follow->series, &follow->schedule, err));
	follow->layer = ARENA_TAKE(&follow->arena, follow->series.layers, struct followed);
	for (size_t i = 0; i < follow->series.layers; i++) {
		struct followed *layer = &follow->layer[i];
		layer->layer = follow->series.layer[i];
		layer->moment = ARENA_TAKE(&follow->arena, follow->series.steps, struct moment);
		TRY(overtime_run(&follow->schedule, &follow->series, i, layer->moment, err));
	}
	return 0;
}

void follow_free(struct follow *follow)
{
	series_free(&follow->series);
	arena_free(&follow->arena);
}

static void add_moment(struct followed_sum *sum, const struct moment *moment)
{
	double weight = (double)moment->assignments;
	sum->balancedness += weight * moment_balancedness(moment->mean, moment->load);
	sum->initial += weight * moment_balancedness(moment->mean, moment->initial);
	sum->oracle += weight * moment_balancedness(moment->mean, moment->oracle);
	sum->seconds += moment->load;
	sum->initial_seconds += moment->initial;
	sum->oracle_seconds += moment->oracle;
	sum->stall += moment->rewrite.seconds;
	sum->rewrites += moment->rewrite.moved > 0;
	sum->bytes += (double)moment->rewrite.bytes;
}

struct followed_sum follow_sum(const struct scene *scene, const struct follow *follow, size_t begin, size_t end)
{
	struct followed_sum sum = { .rewrites = 0 };
	double weight = 0, passes = scene->work.backward ? 3 : 1;
	double row_seconds = passes * step_expert_flops(&scene->work) / scene->topology.compute;
	for (size_t i = begin; i < end; i++)
		for (size_t t = 0; t < follow->series.steps; t++) {
			add_moment(&sum, &follow->layer[i].moment[t]);
			weight += (double)follow->layer[i].moment[t].assignments;
		}
	sum.balancedness /= weight;
	sum.initial /= weight;
	sum.oracle /= weight;
	sum.seconds *= row_seconds;
	sum.initial_seconds *= row_seconds;
	sum.oracle_seconds *= row_seconds;
	return sum;
}
