/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * analysis.c -- the metrics of expert counts and routing traces: of each layer, each domain alone and all together.
 */
#include <config.h>

#include "experiments/study/analysis.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "experiments/models/models.h"
#include "sim/base/text.h"
#include "sim/metrics/information.h"
#include "sim/trace/tally.h"
#include "sim/trace/trace.h"

const char *const analysis_files_names[] = { "ranks", "models", NULL };

/* ---- one layer ---------------------------------------------------------------------------------- */

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

/* All domains that have tokens here, each with the same weight.  The mean of shares that scatter each by its own number
 * of tokens scatters like that of domains^2 / sum(1 / tokens) tokens. */
static void measure_together(struct analysis_layer *layer, double *scratch)
{
	struct metrics *m = &layer->together;
	double inverse = 0, k = 0, assignments = 0, n = 0;
	for (size_t d = 0; d < layer->domains; d++)
		n += layer->tokens[d] > 0;
	for (size_t d = 0; d < layer->domains; d++) {
		inverse += layer->tokens[d] > 0 ? 1 / layer->tokens[d] : 0;
		k += layer->tokens[d] > 0 ? layer->k[d] / n : 0;
		assignments += layer->alone[d].assignments;
	}
	metrics_clear(m);
	m->assignments = assignments;
	if (n == 0)
		return;
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
		layer->alone[d].assignments = 0;
		if (layer->tokens[d] > 0)
			metrics_of_load(&layer->alone[d], layer->count + d * layer->experts, layer->experts, layer->k[d],
							layer->tokens[d], scratch);
	}
	measure_together(layer, scratch);
}

double analysis_ranks(const struct analysis_layer *layer, size_t ranks, double *assignments)
{
	size_t each = layer->experts / ranks;
	double fullest = 0, sum = 0;
	for (size_t r = 0; r < ranks; r++) {
		double share = 0;
		assignments[r] = 0;
		for (size_t e = r * each; e < (r + 1) * each; e++) {
			share += layer->pool[e];
			for (size_t d = 0; d < layer->domains; d++)
				assignments[r] += layer->count[d * layer->experts + e];
		}
		fullest = fmax(fullest, share);
		sum += share;
	}
	return sum > 0 ? fullest / sum * (double)ranks : NAN;
}

/* ---- all layers --------------------------------------------------------------------------------- */

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

/* What the names of all files begin with, less the number and the word of a rank: "trace" of "trace_rank0.jsonl" and
 * "trace_rank1.jsonl". */
static const char *name_of_files(int files, char *const *file)
{
	const char *first = name_of_file(file[0]);
	size_t n = strlen(first);
	bool same = true;
	for (int i = 1; i < files; i++) {
		const char *other = name_of_file(file[i]);
		same = same && strcmp(first, other) == 0;
		for (size_t c = 0; c < n; c++)
			n = first[c] == other[c] ? n : c;
	}
	if (same)
		return first;
	while (n > 0 && strchr("0123456789", first[n - 1]) != NULL)
		n--;
	if (n >= 4 && strncmp(first + n - 4, "rank", 4) == 0)
		n -= 4;
	while (n > 0 && strchr("-_.", first[n - 1]) != NULL)
		n--;
	return n > 0 ? text_keep_n(first, n) : first;
}

/* The number that a config states, where the user stated none or the same. */
static int agree(int64_t *stated, int64_t config, const char *flag, const char *name, struct error *err)
{
	if (*stated != 0 && *stated != config)
		return fail(err, ERROR_USER, "%s is %" PRId64 ", and --config %s has %" PRId64, flag, *stated, name, config);
	*stated = config;
	return 0;
}

int analysis_take_config(struct analysis_choice *choice, struct error *err)
{
	struct model model;
	if (*choice->config == 0)
		return 0;
	TRY(model_open(choice->config, &model, err));
	if (model.shape.experts == 0)
		return fail(err, ERROR_USER, "--config %s is a model without experts", choice->config);
	TRY(agree(&choice->experts, model.shape.experts, "--experts", choice->config, err));
	return agree(&choice->top_k, model.shape.top_k, "--top-k", choice->config, err);
}

static int check_top_k(const struct tally *tally, int64_t top_k, struct error *err)
{
	for (uint32_t m = 0; m < tally->models; m++)
		if (tally_experts(tally, m) != 0 && top_k > (int64_t)tally_experts(tally, m))
			return fail(err, ERROR_USER, "--top-k %d is more than the %u experts of model '%s'", (int)top_k,
						(unsigned)tally_experts(tally, m), tally->model[m]);
	return 0;
}

static int read_all(int files, char *const *file, const struct analysis_choice *choice, struct tally *tally,
					struct error *err)
{
	bool together = choice->files == ANALYSIS_RANKS;
	for (int i = 0; i < files; i++) {
		const char *name = together ? name_of_files(files, file) : name_of_file(file[i]);
		struct trace_options how = { .model = *choice->model ? choice->model : name, .step = choice->step };
		TRY(trace_read(file[i], &how, tally, err));
	}
	TRY(tally_check(tally, choice->partial, err));
	return check_top_k(tally, choice->top_k, err);
}

/* Did several files become one model only because the user said nothing else? */
static const char *joined(int files, char *const *file, const struct analysis_choice *choice, const struct tally *tally)
{
	const char *name = name_of_files(files, file);
	if (files < 2 || *choice->model || choice->files != ANALYSIS_RANKS)
		return NULL;
	for (uint32_t m = 0; m < tally->models; m++)
		if (strcmp(tally->model[m], name) == 0)
			return name;
	return NULL;
}

static int check_ranks(const struct analysis *analysis, struct error *err)
{
	for (size_t i = 0; analysis->ranks > 0 && i < analysis->layers; i++)
		if (analysis->layer[i].experts % analysis->ranks != 0) {
			fail(err, ERROR_USER, "the %zu experts of model '%s' cannot be shared equally by %zu ranks%s",
				 analysis->layer[i].experts, analysis->layer[i].model, analysis->ranks,
				 " (--experts states their number where not all were used)");
			return fail_at(err, "--ep", 0, 0);
		}
	return 0;
}

int analysis_read(int files, char *const *file, const struct analysis_choice *choice, struct analysis *analysis,
				  struct error *err)
{
	static struct tally tally;
	struct analysis_choice how = *choice;
	*analysis = (struct analysis){ .files = files, .ranks = (size_t)choice->ep };
	TRY(analysis_take_config(&how, err));
	tally_open(&tally, (uint32_t)how.experts);
	int status = read_all(files, file, &how, &tally, err);
	if (status == 0) {
		take_all(analysis, &tally, how.top_k);
		analysis->padding = tally.padding;
		analysis->joined = joined(files, file, &how, &tally);
	}
	tally_close(&tally);
	if (status == 0 && (status = check_ranks(analysis, err)) != 0)
		analysis_free(analysis);
	return status;
}

void analysis_free(struct analysis *analysis)
{
	arena_free(&analysis->arena);
	*analysis = (struct analysis){ .layers = 0 };
}

void analysis_tell(const struct analysis *analysis, FILE *to)
{
	if (analysis->joined != NULL)
		fprintf(to, "moesim: %d files are read as the ranks of one model, '%s' (--files models reads a model each)\n",
				analysis->files, analysis->joined);
	if (analysis->padding > 0)
		fprintf(to, "moesim: skipped %" PRIu64 " choice%s of expert -1 (padding)\n", analysis->padding,
				analysis->padding == 1 ? "" : "s");
}

int analysis_drop_unused(struct analysis *analysis, FILE *to, struct error *err)
{
	size_t kept = 0;
	for (size_t i = 0; i < analysis->layers; i++) {
		const struct analysis_layer *layer = &analysis->layer[i];
		if (layer->together.assignments > 0)
			analysis->layer[kept++] = *layer;
		else
			fprintf(to, "moesim: layer %" PRIu32 " of '%s' is left out: no expert is used\n", layer->layer,
					layer->model);
	}
	analysis->layers = kept;
	return kept > 0 ? 0 : fail(err, ERROR_USER, "no expert is used in any layer");
}

size_t analysis_model_layers(const struct analysis *analysis, size_t at)
{
	size_t n = 1;
	while (at + n < analysis->layers && strcmp(analysis->layer[at + n].model, analysis->layer[at].model) == 0)
		n++;
	return n;
}
