/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis.c -- the metrics of expert counts and routing traces: of each layer, each domain alone and all together.
 */
#include <config.h>

#include "experiments/study/analysis.h"

#include <string.h>

#include "sim/base/text.h"
#include "sim/metrics/information.h"
#include "sim/trace/tally.h"
#include "sim/trace/trace.h"

/* ---- one layer --------------------------------------------------------------------------------------------------- */

/* Experts per token: stated, seen, or 1, for which random routing scatters most. */
static double picks_per_token(const struct tally_group *group, int64_t top_k)
{
	if (top_k > 0)
		return (double)top_k;
	return group->tokens > 0 ? (double)group->assignments / (double)group->tokens : 1;
}

static void take_layer(struct analysis_layer *layer, const struct tally *tally, size_t at, struct arena *arena)
{
	*layer = (struct analysis_layer){ .model = tally->model[tally->group[at]->model],
									  .layer = tally->group[at]->layer,
									  .domains = tally_domains(tally, at),
									  .experts = tally_experts(tally, tally->group[at]->model) };
	layer->domain = ARENA_TAKE(arena, layer->domains, const char *);
	layer->count = arena_take(arena, layer->domains, layer->experts * sizeof(double));
	layer->share = arena_take(arena, layer->domains, layer->experts * sizeof(double));
	layer->pool = ARENA_TAKE(arena, layer->experts, double);
	layer->tokens = ARENA_TAKE(arena, layer->domains, double);
	layer->k = ARENA_TAKE(arena, layer->domains, double);
	layer->alone = ARENA_TAKE(arena, layer->domains, struct metrics);
}

static void fill_layer(struct analysis_layer *layer, const struct tally *tally, size_t at, int64_t top_k)
{
	for (size_t d = 0; d < layer->domains; d++) {
		const struct tally_group *group = tally->group[at + d];
		layer->domain[d] = tally->domain[group->domain];
		for (uint32_t e = 0; e < group->experts; e++)
			layer->count[d * layer->experts + e] = (double)group->cell[e].count;
		layer->k[d] = picks_per_token(group, top_k);
		layer->tokens[d] = (double)group->assignments / layer->k[d];
	}
	memcpy(layer->share, layer->count, layer->domains * layer->experts * sizeof(double));
	information_level(layer->share, layer->domains, layer->experts);
	for (size_t d = 0; d < layer->domains; d++)
		for (size_t e = 0; e < layer->experts; e++)
			layer->pool[e] += layer->share[d * layer->experts + e];
}

/* All domains, each with the same weight.  The mean of shares that scatter each by its own number of tokens scatters
 * like that of domains^2 / sum(1 / tokens) tokens. */
static void measure_together(struct analysis_layer *layer, double *scratch)
{
	struct metrics *m = &layer->together;
	double inverse = 0, k = 0, assignments = 0, n = (double)layer->domains;
	for (size_t d = 0; d < layer->domains; d++) {
		inverse += 1 / layer->tokens[d];
		k += layer->k[d] / n;
		assignments += layer->alone[d].assignments;
	}
	metrics_clear(m);
	metrics_of_load(m, layer->pool, layer->experts, k, n * n / inverse, scratch);
	metrics_of_domains(m, layer->share, layer->domains, layer->experts, k, layer->tokens, scratch);
	m->assignments = assignments;
	for (size_t e = 0; e < layer->experts; e++)
		layer->pool[e] /= n;
}

static void measure(struct analysis_layer *layer, double *scratch)
{
	for (size_t d = 0; d < layer->domains; d++) {
		metrics_clear(&layer->alone[d]);
		metrics_of_load(&layer->alone[d], layer->count + d * layer->experts, layer->experts, layer->k[d],
						layer->tokens[d], scratch);
	}
	measure_together(layer, scratch);
}

/* ---- all layers -------------------------------------------------------------------------------------------------- */

static void take_all(struct analysis *analysis, const struct tally *tally, int64_t top_k)
{
	struct arena *arena = &analysis->arena;
	analysis->layer = ARENA_TAKE(arena, tally->groups, struct analysis_layer);
	for (size_t at = 0; at < tally->groups; at += tally_domains(tally, at)) {
		struct analysis_layer *layer = &analysis->layer[analysis->layers++];
		take_layer(layer, tally, at, arena);
		fill_layer(layer, tally, at, top_k);
		measure(layer, ARENA_TAKE(arena, layer->domains + layer->experts, double));
	}
}

/* "olmoe" of "data/olmoe.counts.csv" */
static const char *name_of_file(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = strcspn(name, ".");
	return n > 0 ? text_keep_n(name, n) : "file";
}

static int check_top_k(const struct tally *tally, int64_t top_k, struct error *err)
{
	for (uint32_t m = 0; m < tally->models; m++)
		if (top_k > (int64_t)tally_experts(tally, m))
			return fail(err, ERROR_USER, "--top-k %d is more than the %u experts of model '%s'", (int)top_k,
						(unsigned)tally_experts(tally, m), tally->model[m]);
	return 0;
}

static int read_all(int files, char *const *file, const struct analysis_choice *choice, struct tally *tally,
					struct error *err)
{
	for (int i = 0; i < files; i++) {
		struct trace_options how = { .model = *choice->model ? choice->model : name_of_file(file[i]),
									 .step = choice->step };
		TRY(trace_read(file[i], &how, tally, err));
	}
	TRY(tally_check(tally, choice->partial, err));
	return check_top_k(tally, choice->top_k, err);
}

int analysis_read(int files, char *const *file, const struct analysis_choice *choice, struct analysis *analysis,
				  struct error *err)
{
	static struct tally tally;
	*analysis = (struct analysis){ .layers = 0 };
	tally_open(&tally, (uint32_t)choice->experts);
	int status = read_all(files, file, choice, &tally, err);
	if (status == 0)
		take_all(analysis, &tally, choice->top_k);
	tally_close(&tally);
	return status;
}

void analysis_free(struct analysis *analysis)
{
	arena_free(&analysis->arena);
	*analysis = (struct analysis){ .layers = 0 };
}
