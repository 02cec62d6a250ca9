/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * overtime.c -- a placement that follows the loads.
 */
#include <config.h>

#include "sim/cluster/overtime.h"

#include <stdlib.h>
#include <string.h>

struct follower {
	const struct schedule *schedule;
	const struct series *series;
	size_t layer;
	struct arena arena;      /* of what lasts */
	struct placement now;    /* where experts stand */
	const uint32_t *initial; /* [slots] */
	uint64_t *window;        /* [experts] loads of the last steps */
};

double moment_balancedness(double mean, double load)
{
	return load > 0 ? mean / load : 1;
}

static void add_counts(uint64_t *window, const uint64_t *count, size_t n, bool away)
{
	for (size_t e = 0; e < n; e++)
		window[e] = away ? window[e] - count[e] : window[e] + count[e];
}

static void slide(struct follower *at, size_t step)
{
	size_t window = at->schedule->window, experts = at->series->experts;
	add_counts(at->window, series_counts(at->series, step, at->layer), experts, false);
	if (step >= window)
		add_counts(at->window, series_counts(at->series, step - window, at->layer), experts, true);
}

static void measure(const struct follower *at, size_t step, struct moment *moment)
{
	const struct placement_shape *shape = &at->schedule->shape;
	const uint64_t *count = series_counts(at->series, step, at->layer);
	struct arena arena = { 0 };
	uint32_t *known = ARENA_TAKE(&arena, shape->slots, uint32_t);
	*moment = (struct moment){ .mean = placement_mean_load(shape, count) };
	for (size_t e = 0; e < shape->experts; e++)
		moment->assignments += count[e];
	at->schedule->rule->place(shape, count, known);
	moment->load = placement_max_load(shape, at->now.expert, count);
	moment->initial = placement_max_load(shape, at->initial, count);
	moment->oracle = placement_max_load(shape, known, count);
	arena_free(&arena);
}

/* Is a new placement to be made, and if so, is it worth while? */
static bool is_better(const struct follower *at, const uint32_t *next)
{
	const struct placement_shape *shape = &at->schedule->shape;
	double before = placement_max_load(shape, at->now.expert, at->window),
		   after = placement_max_load(shape, next, at->window);
	return after < before && before - after >= at->schedule->gain * before;
}

static bool is_triggered(const struct follower *at, size_t step)
{
	const struct placement_shape *shape = &at->schedule->shape;
	double mean = placement_mean_load(shape, at->window), most = placement_max_load(shape, at->now.expert, at->window);
	return (step + 1) % at->schedule->interval == 0 && moment_balancedness(mean, most) < at->schedule->trigger;
}

static int follow(struct follower *at, size_t step, struct moment *moment, struct error *err)
{
	const struct placement_shape *shape = &at->schedule->shape;
	if (step + 1 == at->series->steps || !is_triggered(at, step)) /* nobody would see what the last step moves */
		return 0;
	struct arena arena = { 0 };
	struct placement next;
	uint32_t *slots = ARENA_TAKE(&arena, shape->slots, uint32_t);
	at->schedule->rule->place(shape, at->window, slots);
	rewrite_relabel(shape, at->now.expert, slots);
	int status = placement_index(shape, slots, &arena, &next, err);
	if (status == 0 && is_better(at, slots)) {
		status =
			rewrite_count(&at->now, &next, at->schedule->topology, at->schedule->expert_bytes, &moment->rewrite, err);
		if (status == 0)
			status = placement_set(&at->now, slots, err);
	}
	arena_free(&arena);
	return status;
}

int overtime_run(const struct schedule *schedule, const struct series *series, size_t layer, struct moment *moment,
				 struct error *err)
{
	const struct placement_shape *shape = &schedule->shape;
	struct follower at = { .schedule = schedule, .series = series, .layer = layer };
	at.now = placement_make(placement_rule_find("linear"), shape, series_counts(series, 0, layer), &at.arena);
	uint32_t *initial = ARENA_TAKE(&at.arena, shape->slots, uint32_t);
	memcpy(initial, at.now.expert, shape->slots * sizeof *initial);
	at.initial = initial;
	at.window = ARENA_TAKE(&at.arena, series->experts, uint64_t);
	int status = 0;
	for (size_t step = 0; status == 0 && step < series->steps; step++) {
		measure(&at, step, &moment[step]);
		slide(&at, step);
		status = follow(&at, step, &moment[step], err);
	}
	arena_free(&at.arena);
	return status;
}
