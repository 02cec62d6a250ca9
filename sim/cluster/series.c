/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * series.c -- how often each expert is used in each step.
 */
#include <config.h>

#include "sim/cluster/series.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/trace/trace.h"

/* Counts of one step and layer while a file is read. */
struct line {
	int64_t step;
	uint32_t model, layer;
	size_t experts, room;
	uint64_t *count; /* [room] */
};

/* Lines by appearance; `bucket` finds one by its step, layer and model. */
struct collector {
	struct tally_watch watch;
	uint64_t step_tokens;
	size_t n, room, buckets, cells, last;
	struct line *line;
	size_t *bucket; /* [buckets] 1 + number of a line; 0: none */
	bool too_large;
};

static void *resized(void *memory, size_t n, size_t size)
{
	memory = reallocarray(memory, n, size);
	if (memory == NULL)
		error_no_memory("a series of loads");
	return memory;
}

static size_t place_of(const struct collector *all, int64_t step, uint32_t model, uint32_t layer)
{
	uint64_t hash = ((uint64_t)step * 0x9E3779B97F4A7C15u) ^ ((uint64_t)model << 32 | layer) * 0xC2B2AE3D27D4EB4Fu;
	size_t at = (size_t)(hash >> 20) & (all->buckets - 1);
	for (; all->bucket[at] != 0; at = (at + 1) & (all->buckets - 1)) {
		const struct line *line = &all->line[all->bucket[at] - 1];
		if (line->step == step && line->model == model && line->layer == layer)
			break;
	}
	return at;
}

static void grow_buckets(struct collector *all)
{
	all->buckets = all->buckets ? 2 * all->buckets : 1024;
	free(all->bucket);
	all->bucket = calloc(all->buckets, sizeof *all->bucket);
	if (all->bucket == NULL)
		error_no_memory("a series of loads");
	for (size_t i = 0; i < all->n; i++)
		all->bucket[place_of(all, all->line[i].step, all->line[i].model, all->line[i].layer)] = i + 1;
}

static size_t find_line(struct collector *all, int64_t step, uint32_t model, uint32_t layer)
{
	if (2 * all->n >= all->buckets)
		grow_buckets(all);
	size_t at = place_of(all, step, model, layer);
	if (all->bucket[at] != 0)
		return all->bucket[at] - 1;
	if (all->n == all->room) {
		all->room = 2 * all->room + 64;
		all->line = resized(all->line, all->room, sizeof *all->line);
	}
	all->line[all->n] = (struct line){ .step = step, .model = model, .layer = layer };
	all->bucket[at] = all->n + 1;
	return all->n++;
}

static struct line *line_of(struct collector *all, int64_t step, uint32_t model, uint32_t layer)
{
	const struct line *last = all->n > 0 ? &all->line[all->last] : NULL;
	if (last == NULL || last->step != step || last->model != model || last->layer != layer)
		all->last = find_line(all, step, model, layer);
	return &all->line[all->last];
}

static void see(struct tally_watch *watch, const struct tally_group *group, int64_t step, uint64_t number,
				uint32_t expert, uint64_t count)
{
	struct collector *all = (struct collector *)watch;
	if (all->step_tokens > 0)
		step = (int64_t)(number / all->step_tokens);
	if (all->too_large)
		return;
	struct line *line = line_of(all, step, group->model, group->layer);
	if (expert >= line->room) {
		size_t room = line->room;
		line->room = expert + 1 > 2 * room ? expert + (size_t)1 : 2 * room;
		all->cells += line->room - room;
		all->too_large = all->cells > 2 * (size_t)SERIES_CELLS;
		line->count = resized(line->count, line->room, sizeof *line->count);
		memset(line->count + room, 0, (line->room - room) * sizeof *line->count);
	}
	line->experts = expert + 1 > line->experts ? expert + (size_t)1 : line->experts;
	line->count[expert] += count;
}

static int by_step(const void *left, const void *right)
{
	const struct line *a = left, *b = right;
	if (a->step != b->step)
		return a->step < b->step ? -1 : 1;
	return (a->layer > b->layer) - (a->layer < b->layer);
}

static int by_number(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return (a > b) - (a < b);
}

static int take_room(struct series *series, struct error *err)
{
	if ((double)series->steps * (double)series->layers * (double)series->experts > SERIES_CELLS)
		return fail(err, ERROR_USER, "%zu steps of %zu layers with %zu experts are too many (at most 2^26 counts)",
					series->steps, series->layers, series->experts);
	series->step = calloc(series->steps, sizeof *series->step);
	series->count = calloc(series->steps * series->layers * series->experts, sizeof *series->count);
	if (series->step == NULL || series->count == NULL)
		error_no_memory("a series of loads");
	return 0;
}

static size_t find_layer(const struct series *series, uint32_t layer)
{
	const uint32_t *found = bsearch(&layer, series->layer, series->layers, sizeof *series->layer, by_number);
	return (size_t)(found - series->layer);
}

static void find_layers(const struct collector *all, struct series *series)
{
	series->layer = resized(NULL, all->n, sizeof *series->layer);
	for (size_t i = 0; i < all->n; i++)
		series->layer[i] = all->line[i].layer;
	qsort(series->layer, all->n, sizeof *series->layer, by_number);
	for (size_t i = 0; i < all->n; i++)
		if (i == 0 || series->layer[i] != series->layer[series->layers - 1])
			series->layer[series->layers++] = series->layer[i];
}

/* From sorted lines. */
static int fill(const struct collector *all, struct series *series, struct error *err)
{
	for (size_t i = 0; i < all->n; i++)
		series->steps += i == 0 || all->line[i].step != all->line[i - 1].step;
	if (series->steps < 2)
		return fail(err, ERROR_USER,
					"has one step, and loads over time need several (a column 'step', or --step-tokens)");
	find_layers(all, series);
	TRY(take_room(series, err));
	size_t step = 0;
	for (size_t i = 0; i < all->n; i++) {
		const struct line *line = &all->line[i];
		step += i > 0 && line->step != all->line[i - 1].step;
		series->step[step] = line->step;
		uint64_t *to = series->count + (step * series->layers + find_layer(series, line->layer)) * series->experts;
		if (line->experts > 0)
			memcpy(to, line->count, line->experts * sizeof *to);
	}
	return 0;
}

static int keep_model(struct collector *all, uint32_t model)
{
	size_t n = 0;
	for (size_t i = 0; i < all->n; i++)
		if (all->line[i].model == model)
			all->line[n++] = all->line[i];
		else
			free(all->line[i].count);
	all->n = n;
	return 0;
}

static int collect(const char *path, const struct traffic_choice *choice, struct tally *tally, struct collector *all,
				   struct series *series, struct error *err)
{
	const struct trace_options options = { .model = traffic_model_of_rows(path, choice), .step = TRACE_ALL_STEPS };
	uint32_t model = 0;
	tally->watch = &all->watch;
	TRY(trace_read(path, &options, tally, err));
	TRY(tally_check(tally, choice->partial, err));
	TRY(traffic_model(tally, choice->model, &model, err));
	if (all->too_large)
		return fail(err, ERROR_USER, "has too many steps, layers and experts (at most 2^26 counts)");
	if (all->n == 0)
		return fail(err, ERROR_USER, "does not say in which step an expert is used (give counts or tokens)");
	keep_model(all, model);
	qsort(all->line, all->n, sizeof *all->line, by_step);
	series->experts = tally_experts(tally, model);
	return fill(all, series, err);
}

int series_read(const char *path, const struct traffic_choice *choice, uint64_t step_tokens, struct series *series,
				struct error *err)
{
	struct collector all = { .watch = { see }, .step_tokens = step_tokens };
	struct tally tally;
	*series = (struct series){ .steps = 0 };
	tally_open(&tally, choice->experts);
	path = traffic_file(path);
	int status = collect(path, choice, &tally, &all, series, err);
	tally_close(&tally);
	for (size_t i = 0; i < all.n; i++)
		free(all.line[i].count);
	free(all.line);
	free(all.bucket);
	if (status == 0)
		return 0;
	series_free(series);
	return fail_at(err, path, 0, 0);
}

int series_take(const struct traffics *traffic, struct series *series, struct error *err)
{
	*series = (struct series){ .experts = traffic->layer[0].experts };
	for (size_t i = 0; i < traffic->n; i++)
		series->steps += i == 0 || traffic->layer[i].step != traffic->layer[i - 1].step;
	if (series->steps < 2)
		return fail(err, ERROR_USER, "loads over time need several steps (--steps)");
	series->layers = traffic->n / series->steps;
	series->layer = resized(NULL, series->layers, sizeof *series->layer);
	TRY(take_room(series, err));
	for (size_t i = 0; i < traffic->n; i++) {
		series->step[i / series->layers] = traffic->layer[i].step;
		series->layer[i % series->layers] = traffic->layer[i].layer;
		memcpy(series->count + i * series->experts, traffic->layer[i].count, series->experts * sizeof *series->count);
	}
	return 0;
}

void series_free(struct series *series)
{
	free(series->step);
	free(series->layer);
	free(series->count);
	*series = (struct series){ .steps = 0 };
}
