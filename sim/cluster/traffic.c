/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * traffic.c -- the experts that each token goes to.
 */
#include <config.h>

#include "sim/cluster/traffic.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/csv.h"
#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/trace/trace.h"

struct traffic traffic_room(uint32_t layer, size_t experts, size_t tokens, size_t k, struct arena *arena)
{
	struct traffic routing = { .layer = layer,
							   .experts = experts,
							   .count = ARENA_TAKE(arena, experts, uint64_t),
							   .has_tokens = true,
							   .tokens = tokens,
							   .assignments = (uint64_t)tokens * k,
							   .first = ARENA_TAKE(arena, tokens + 1, size_t),
							   .expert = ARENA_TAKE(arena, tokens * k, uint32_t) };
	for (size_t t = 0; t <= tokens; t++)
		routing.first[t] = t * k;
	return routing;
}

struct traffic *traffic_sum(const struct traffics *traffic, struct arena *arena, size_t *n)
{
	struct traffic *sum = ARENA_TAKE(arena, traffic->n, struct traffic);
	*n = 0;
	for (size_t i = 0; i < traffic->n; i++) {
		const struct traffic *from = &traffic->layer[i];
		size_t at = 0;
		while (at < *n && sum[at].layer != from->layer)
			at++;
		if (at == *n)
			sum[(*n)++] = (struct traffic){ .layer = from->layer,
											.step = TRACE_ALL_STEPS,
											.experts = from->experts,
											.count = ARENA_TAKE(arena, from->experts, uint64_t) };
		for (size_t e = 0; e < from->experts; e++)
			sum[at].count[e] += from->count[e];
		sum[at].assignments += from->assignments;
	}
	return sum;
}

static int by_token(const void *left, const void *right)
{
	const struct tally_choice *a = left, *b = right;
	if (a->token != b->token)
		return a->token < b->token ? -1 : 1;
	return (a->slot > b->slot) - (a->slot < b->slot);
}

/* The choices of all domains of a layer, by token. */
static struct tally_choice *gather(const struct tally *tally, size_t at, size_t domains, size_t n)
{
	struct tally_choice *choice = calloc(n ? n : 1, sizeof *choice);
	if (choice == NULL)
		error_no_memory("a routing");
	size_t taken = 0;
	for (size_t d = 0; d < domains; d++) {
		const struct tally_group *group = tally->group[at + d];
		if (group->choices > 0)
			memcpy(choice + taken, group->choice, group->choices * sizeof *choice);
		taken += group->choices;
	}
	for (size_t i = 1; i < n; i++)
		if (by_token(&choice[i - 1], &choice[i]) > 0) {
			qsort(choice, n, sizeof *choice, by_token);
			break;
		}
	return choice;
}

static int take_tokens(struct traffic *routing, const struct tally_choice *choice, struct arena *arena,
					   struct error *err)
{
	size_t n = (size_t)routing->assignments;
	for (size_t i = 0; i < n; i++) {
		bool is_next = i == 0 || choice[i].token != choice[i - 1].token;
		if (!is_next && choice[i].slot == choice[i - 1].slot)
			return fail(err, ERROR_USER, "two domains of layer %" PRIu32 " have a token of the same number",
						routing->layer);
		routing->tokens += is_next;
	}
	routing->first = ARENA_TAKE(arena, routing->tokens + 1, size_t);
	routing->expert = ARENA_TAKE(arena, n, uint32_t);
	for (size_t i = 0, t = 0; i < n; i++) {
		routing->expert[i] = choice[i].expert;
		if (i == 0 || choice[i].token != choice[i - 1].token)
			routing->first[t++] = i;
	}
	routing->first[routing->tokens] = n;
	return 0;
}

static int take_layer(const struct tally *tally, size_t at, size_t domains, struct traffic *routing,
					  struct arena *arena, struct error *err)
{
	routing->layer = tally->group[at]->layer;
	routing->experts = tally_experts(tally, tally->group[at]->model);
	routing->count = ARENA_TAKE(arena, routing->experts, uint64_t);
	routing->has_tokens = true;
	for (size_t d = 0; d < domains; d++) {
		const struct tally_group *group = tally->group[at + d];
		for (uint32_t e = 0; e < group->experts; e++)
			routing->count[e] += group->cell[e].count;
		routing->assignments += group->assignments;
		routing->has_tokens &= group->kind == TALLY_TOKENS;
	}
	if (routing->assignments > TALLY_MOST)
		return fail(err, ERROR_USER, "the counts of layer %" PRIu32 " add up to more than 2^53", routing->layer);
	if (routing->assignments == 0)
		return fail(err, ERROR_USER, "layer %" PRIu32 " uses no expert", routing->layer);
	if (!routing->has_tokens)
		return 0;
	struct tally_choice *choice = gather(tally, at, domains, (size_t)routing->assignments);
	int status = take_tokens(routing, choice, arena, err);
	free(choice);
	return status;
}

int traffic_take(const struct tally *tally, uint32_t model, struct traffics *traffic, struct error *err)
{
	size_t layers = 0;
	for (size_t at = 0; at < tally->groups; at += tally_domains(tally, at))
		layers += tally->group[at]->model == model;
	traffic->layer = ARENA_TAKE(&traffic->arena, layers, struct traffic);
	for (size_t at = 0, n; at < tally->groups; at += n) {
		n = tally_domains(tally, at);
		if (tally->group[at]->model == model)
			TRY(take_layer(tally, at, n, &traffic->layer[traffic->n++], &traffic->arena, err));
	}
	return 0;
}

int traffic_model(const struct tally *tally, const char *name, uint32_t *model, struct error *err)
{
	const char *all = "";
	*model = 0;
	if (*name == 0 && tally->models == 1)
		return 0;
	for (uint32_t i = 0; i < tally->models; i++) {
		if (strcmp(tally->model[i], name) == 0) {
			*model = i;
			return 0;
		}
		all = text_keep_f("%s%s%s", all, *all ? ", " : "", tally->model[i]);
	}
	if (*name == 0)
		return fail(err, ERROR_USER, "has %" PRIu32 " models (choose one with --model: %s)", tally->models, all);
	return fail(err, ERROR_USER, "has no model '%s' (it has: %s)", name, all);
}

const char *traffic_model_of_rows(const char *path, const struct traffic_choice *choice)
{
	return *choice->model ? choice->model : path_last(path);
}

const char *traffic_file(const char *path)
{
	return folder_exists(path) ? path_join(path, "experts.csv") : path;
}

static int read_file(const char *path, const struct traffic_choice *choice, struct tally *tally,
					 struct traffics *traffic, struct error *err)
{
	const struct trace_options options = { .model = traffic_model_of_rows(path, choice), .step = choice->step };
	uint32_t model = 0;
	tally->keeps = true;
	TRY(trace_read(path, &options, tally, err));
	TRY(tally_check(tally, choice->partial, err));
	TRY(traffic_model(tally, choice->model, &model, err));
	TRY(traffic_take(tally, model, traffic, err));
	for (size_t i = 0; i < traffic->n; i++)
		traffic->layer[i].step = choice->step;
	return 0;
}

/* The last step of a table that has a column `step`. */
static int last_step(const char *path, int64_t *step, struct error *err)
{
	struct csv_table table;
	TRY(csv_read(path, &table, err));
	int column = csv_column(&table, "step");
	*step = 0;
	for (size_t row = 0; column >= 0 && row < table.rows; row++) {
		int64_t value;
		if (text_to_int(csv_cell(&table, row, column), &value) && value > *step)
			*step = value;
	}
	csv_table_free(&table);
	return 0;
}

int traffic_read(const char *path, const struct traffic_choice *given, struct traffics *traffic, struct error *err)
{
	struct traffic_choice choice = *given;
	struct tally tally;
	*traffic = (struct traffics){ .n = 0 };
	if (folder_exists(path) && choice.step == TRACE_ALL_STEPS)
		TRY(last_step(traffic_file(path), &choice.step, err));
	path = traffic_file(path);
	tally_open(&tally, choice.experts);
	int status = read_file(path, &choice, &tally, traffic, err);
	tally_close(&tally);
	if (status == 0)
		return 0;
	traffic_free(traffic);
	return fail_at(err, path, 0, 0);
}

void traffic_free(struct traffics *traffic)
{
	arena_free(&traffic->arena);
	*traffic = (struct traffics){ .n = 0 };
}
