/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * power.c -- what the seeds of a suite can show, told before it runs.
 */
#include <config.h>

#include "experiments/suite/power.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "experiments/study/compare.h"
#include "experiments/study/contrast.h"
#include "sim/base/files.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/net/layer.h"

/* The study that the runs of a grid will make, as far as its contrasts go: series with their settings, and no run. */
struct outline {
	struct study study;
	struct settings *point; /* [grid->points] */
	bool *routed;           /* [grid->points] it has experts, so that their balance can be judged */
	size_t *of;             /* [study.n] the grid point of each series */
};

static int resolve_points(const struct grid *grid, struct outline *outline, struct error *err)
{
	outline->point = ARENA_TAKE(&outline->study.arena, grid->points, struct settings);
	outline->routed = ARENA_TAKE(&outline->study.arena, grid->points, bool);
	for (size_t i = 0; i < grid->n; i++) {
		size_t p = grid->run[i].point;
		struct settings *point = &outline->point[p];
		struct assignment given[CONFIG_ROWS];
		if (point->text)
			continue;
		TRY(settings_resolve(given, grid_given(grid, &grid->run[i], given), point, err));
		outline->routed[p] = layer_call(&point->sentence, &point->config.layer).experts > 0;
	}
	return 0;
}

/* The value of a setting called `name` in a run's manifest: "experts", "selector", or "aux.weight"; "" when it has
 * none.
 */
static const char *value_of(const struct settings *settings, const char *name)
{
	const struct moe_opt *row = options_find(config_rows(), name);
	const char *dot = strchr(name, '.');
	if (row)
		return settings_value(settings, row);
	for (size_t i = 0; i < sentence_parts(&settings->sentence); i++) {
		const struct part_use *use = sentence_part(&settings->sentence, i);
		bool named = dot && strncmp(use->part->name, name, (size_t)(dot - name)) == 0 && !use->part->name[dot - name];
		const struct moe_opt *option = named ? options_find(use->part->opts, dot + 1) : NULL;
		if (option)
			return options_value(option, use->opt);
	}
	return "";
}

/* Which parts there are, as one setting. */
static const char *parts_of(const struct settings *settings)
{
	const char *names = "";
	for (size_t i = 0; i < sentence_parts(&settings->sentence); i++)
		names = text_keep_f("%s %s", names, sentence_part(&settings->sentence, i)->part->name);
	return names;
}

static const char *series_value(const struct settings *settings, const char *name)
{
	return *name ? value_of(settings, name) : parts_of(settings);
}

/* Does the setting differ between two points of one strategy? */
static bool is_swept(const struct grid *grid, const struct outline *outline, const char *name)
{
	for (size_t a = 0; a < grid->points; a++)
		for (size_t b = 0; b < a; b++)
			if (outline->point[a].text && outline->point[b].text &&
				strcmp(outline->point[a].sentence.name, outline->point[b].sentence.name) == 0 &&
				strcmp(series_value(&outline->point[a], name), series_value(&outline->point[b], name)) != 0)
				return true;
	return false;
}

static void add_key(const struct grid *grid, struct outline *outline, const char *name)
{
	if (study_key(&outline->study, name) == outline->study.keys && is_swept(grid, outline, name))
		outline->study.key[outline->study.keys++] = name;
}

/* Settings of the run, but for those that make no other series; then the options of parts. */
static void find_keys(const struct grid *grid, struct outline *outline)
{
	size_t most = grid->n_rows + 1;
	for (size_t p = 0; p < grid->points; p++)
		for (size_t i = 0; outline->point[p].text && i < sentence_parts(&outline->point[p].sentence); i++)
			for (const struct moe_opt *row = sentence_part(&outline->point[p].sentence, i)->part->opts;
				 row && row->name; row++)
				most++;
	outline->study.key = ARENA_TAKE(&outline->study.arena, most, const char *);
	for (const struct moe_opt *row = config_rows(); row->name; row++)
		if (study_compares(row->name) && strcmp(row->name, "balance") != 0)
			add_key(grid, outline, row->name);
	add_key(grid, outline, "");
	for (size_t p = 0; p < grid->points; p++)
		for (size_t i = 0; outline->point[p].text && i < sentence_parts(&outline->point[p].sentence); i++) {
			const struct moe_part *part = sentence_part(&outline->point[p].sentence, i)->part;
			for (const struct moe_opt *row = part->opts; row && row->name; row++)
				add_key(grid, outline, text_keep_f("%s.%s", part->name, row->name));
		}
}

static void add_series(const struct grid *grid, struct outline *outline, size_t point)
{
	struct study *study = &outline->study;
	struct study_series *series = &study->series[study->n];
	outline->of[study->n++] = point;
	series->label = grid->point[point].label;
	series->strategy = outline->point[point].sentence.name;
	series->value = ARENA_TAKE(&study->arena, study->keys, const char *);
	for (size_t k = 0; k < study->keys; k++)
		series->value[k] = series_value(&outline->point[point], study->key[k]);
}

static int outline_grid(const struct grid *grid, struct outline *outline, struct error *err)
{
	*outline = (struct outline){ .study = { .n = 0 } };
	if (resolve_points(grid, outline, err) != 0) {
		arena_free(&outline->study.arena);
		return -1;
	}
	find_keys(grid, outline);
	outline->study.series = ARENA_TAKE(&outline->study.arena, grid->points, struct study_series);
	outline->of = ARENA_TAKE(&outline->study.arena, grid->points, size_t);
	for (size_t p = 0; p < grid->points; p++)
		if (outline->point[p].text)
			add_series(grid, outline, p);
	return 0;
}

/* The loss is judged in every pair, the rest with the baseline alone: MaxVio and dead experts where both have experts,
 * FLOPs where drops make them vary from seed to seed. */
static size_t tests_of(const struct outline *outline, const struct contest *contest, const struct contrast *contrast)
{
	enum { OF_BALANCE = 2 };
	size_t a = outline->of[contest->from[contrast->a]], b = outline->of[contest->from[contrast->b]];
	bool balance = outline->routed[a] && outline->routed[b];
	bool drops = outline->point[a].config.layer.capacity > 0 || outline->point[b].config.layer.capacity > 0;
	return contrast->aside ? 1 : 1 + (balance ? OF_BALANCE : 0) + (drops ? 1 : 0);
}

static size_t count_tests(struct outline *outline)
{
	struct arena *arena = &outline->study.arena;
	struct contest *contest;
	size_t contests = contests_split(&outline->study, arena, &contest), tests = 0;
	for (size_t c = 0; c < contests; c++) {
		const struct study *study = &contest[c].study;
		struct contrasts contrasts = { .arena = arena };
		size_t baseline = contrast_baseline(study, "");
		contrast_list(study, baseline, &contrasts);
		if (contests == 1)
			contrast_asides(study, baseline, &contrasts);
		for (size_t i = 0; i < contrasts.n; i++)
			tests += tests_of(outline, &contest[c], &contrasts.of[i]);
	}
	return tests;
}

int power_tests(const struct grid *grid, size_t *tests, struct error *err)
{
	struct outline outline;
	TRY(outline_grid(grid, &outline, err));
	*tests = outline.study.n > 1 ? count_tests(&outline) : 0;
	arena_free(&outline.study.arena);
	return 0;
}

/* The standard deviation of a paired difference of excess losses, as a share of them: in suite quick the median over
 * its contrasts was 0.057 (five seeds). */
static const double typical_scatter = 0.057;

/* How much the finished runs of the folder scatter; else what is typical.  Runs that cannot be read are no reason not
 * to show what there is to do. */
static double known_scatter(const char *folder, const char **source)
{
	char *path = (char *)folder;
	struct study study;
	struct compare_page page;
	const struct compare_request request = { .scale = COMPARE_SCALE_LOG };
	struct error ignored;
	double scatter = NAN;
	if (folder_exists(folder) && study_read(1, &path, &study, &ignored) == 0) {
		if (compare_page(&study, &request, &page, &ignored) == 0) {
			scatter = page.contest[0].metric[0].logarithmic ? page.contest[0].metric[0].scatter : NAN;
			compare_page_free(&page);
		}
		study_free(&study);
	}
	*source = isnan(scatter) ? "in suite quick" : "the runs done so far";
	return isnan(scatter) ? typical_scatter : scatter;
}

/* The fewest runs of a point, which are its seeds. */
static size_t fewest_seeds(const struct grid *grid)
{
	size_t seeds = SIZE_MAX;
	for (size_t p = 0; p < grid->points; p++)
		if (grid->point[p].runs > 0 && grid->point[p].runs < seeds)
			seeds = grid->point[p].runs;
	return seeds;
}

int power_print(const struct grid *grid, const char *folder, FILE *to, struct error *err)
{
	const char *source;
	size_t seeds = fewest_seeds(grid), tests;
	TRY(power_tests(grid, &tests, err));
	if (tests == 0)
		return 0;
	if (seeds < 2) {
		fputs("power: with 1 seed no difference can be told from chance (--seeds 1..5)\n", to);
		return 0;
	}
	double deviations = stats_detectable(seeds, STATS_ALPHA_DIFFERENT / (double)tests, 0.8);
	double scatter = known_scatter(folder, &source);
	fprintf(
		to,
		"power: with %zu seeds and %zu tests, differences below %.1f standard deviations of a paired difference will "
		"likely be missed:\n       about %.0f%% of the excess loss, where it scatters by %.1f%% as %s\n",
		seeds, tests, deviations, -100 * expm1(-deviations * scatter), 100 * scatter, source);
	return 0;
}
