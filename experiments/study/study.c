/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * study.c -- runs put together for comparison.
 */
#include <config.h>

#include "experiments/study/study.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/lookup.h"
#include "sim/base/text.h"

/* Settings that cannot change a result, or that name the run itself. */
bool study_compares(const char *name)
{
	static const char *const other[] = { "seed",  "out",       "threads",     "strategy", "quiet", "resume",
										 "force", "log-every", "no-progress", "dry-run",  "run",   NULL };
	for (size_t i = 0; other[i]; i++)
		if (strcmp(name, other[i]) == 0)
			return false;
	return true;
}

/* For each run the first run of its strategy. */
static const size_t *first_of_strategy(struct study *study)
{
	struct lookup strategies = { .arena = &study->arena };
	size_t *first = ARENA_TAKE(&study->arena, study->runs.n, size_t);
	size_t *of = ARENA_TAKE(&study->arena, study->runs.n, size_t);
	for (size_t i = 0; i < study->runs.n; i++) {
		size_t known = strategies.n, strategy = lookup_add(&strategies, study->runs.run[i].strategy);
		if (strategy == known)
			first[strategy] = i;
		of[i] = first[strategy];
	}
	return of;
}

/* Most runs have a setting at the same place; names are kept, so that equal ones are one. */
static const char *setting_near(const struct run_folder *run, size_t place, const char *name)
{
	return place < run->settings && run->setting[place].name == name ? run->setting[place].value
																	 : run_folder_setting(run, name);
}

/* The settings of a run that another one does not have, or has with another value. */
static void list_differing(const struct run_folder *run, const struct run_folder *other, struct lookup *names)
{
	for (size_t s = 0; s < run->settings; s++)
		if (strcmp(run->setting[s].value, setting_near(other, s, run->setting[s].name)) != 0)
			lookup_add(names, run->setting[s].name);
}

/* The settings that take two values among the runs of one strategy. */
static struct lookup find_swept(struct study *study)
{
	struct lookup swept = { .arena = &study->arena };
	const size_t *first = first_of_strategy(study);
	for (size_t i = 0; i < study->runs.n; i++) {
		list_differing(&study->runs.run[i], &study->runs.run[first[i]], &swept);
		list_differing(&study->runs.run[first[i]], &study->runs.run[i], &swept);
	}
	return swept;
}

/* In the order in which the runs name them. */
static void find_keys(struct study *study)
{
	struct lookup swept = find_swept(study), met = { .arena = &study->arena };
	study->key = ARENA_TAKE(&study->arena, swept.n, const char *);
	for (size_t i = 0; i < study->runs.n; i++)
		for (size_t s = 0; s < study->runs.run[i].settings; s++) {
			const char *name = study->runs.run[i].setting[s].name;
			size_t known = met.n;
			if (lookup_add(&met, name) == known && study_compares(name) && lookup_find(&swept, name) != SIZE_MAX)
				study->key[study->keys++] = name;
		}
}

size_t study_key(const struct study *study, const char *name)
{
	size_t i = 0;
	while (i < study->keys && strcmp(study->key[i], name) != 0)
		i++;
	return i;
}

/* The must-have strategies, each with the colour that it has in every chart; the order is that of the legends. */
static const char *const ranked[] = {
	"dense", "random", "hash", "top-k", "aux-loss", "bias", "expert-choice", "shared"
};
enum { RANKED = sizeof ranked / sizeof *ranked };

static unsigned rank_of(const char *strategy)
{
	unsigned i = 0;
	while (i < RANKED && strcmp(strategy, ranked[i]) != 0)
		i++;
	return i;
}

static void append_run(struct study *study, struct study_series *series, const struct run_folder *run)
{
	if ((series->n & (series->n - 1)) == 0) { /* room doubles; the outgrown copy stays in the arena */
		const struct run_folder **wider =
			ARENA_TAKE(&study->arena, series->n ? 2 * series->n : 1, const struct run_folder *);
		if (series->n)
			memcpy(wider, series->run, series->n * sizeof *wider);
		series->run = wider;
	}
	series->run[series->n++] = run;
}

/* Runs of one strategy and equal settings; the same settings under two meanings of a name are never averaged. */
static void add_run(struct study *study, const struct run_folder *run, struct lookup *met)
{
	const char **piece = ARENA_TAKE(&study->arena, study->keys + 2, const char *), **value = piece + 1;
	piece[0] = run->strategy;
	for (size_t k = 0; k < study->keys; k++)
		value[k] = run_folder_setting(run, study->key[k]);
	value[study->keys] = run->sentence;
	size_t at = lookup_add(met, text_keep_all(study->keys + 2, piece));
	if (at == study->n)
		study->series[study->n++] = (struct study_series){ .strategy = run->strategy, .value = value };
	append_run(study, &study->series[at], run);
}

static int by_seed(const void *left, const void *right)
{
	const struct run_folder *a = *(const struct run_folder *const *)left, *b = *(const struct run_folder *const *)right;
	return a->seed != b->seed ? (a->seed > b->seed) - (a->seed < b->seed) : (a > b) - (a < b);
}

/* Runs are deterministic: one more run of a seed is not one more observation. */
static void sort_seeds(struct study *study, struct study_series *series)
{
	size_t n = 0;
	qsort(series->run, series->n, sizeof(*series->run), by_seed);
	for (size_t i = 0; i < series->n; i++) {
		const struct run_folder *run = series->run[i];
		if (n > 0 && run->seed >= 0 && run->seed == series->run[n - 1]->seed)
			study->repeat[study->repeats++] = run;
		else
			series->run[n++] = run;
	}
	series->n = n;
}

const struct run_folder *const *study_run(const struct study_series *series, int64_t seed)
{
	size_t low = 0, high = series->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (series->run[middle]->seed < seed)
			low = middle + 1;
		else
			high = middle;
	}
	return low < series->n && series->run[low]->seed == seed ? &series->run[low] : NULL;
}

int study_order(const char *value, const char *other)
{
	double x, y;
	bool is_x = text_to_real(value, &x), is_y = text_to_real(other, &y);
	if (!*value || !*other)
		return (*value != 0) - (*other != 0);
	if (is_x != is_y)
		return is_x ? -1 : 1;
	if (is_x && x != y)
		return x < y ? -1 : 1;
	return strcmp(value, other);
}

static int compare_series(const void *left, const void *right, void *context)
{
	const struct study_series *a = left, *b = right;
	const struct study *study = context;
	unsigned rank_a = rank_of(a->strategy), rank_b = rank_of(b->strategy);
	if (rank_a != rank_b)
		return rank_a < rank_b ? -1 : 1;
	int order = strcmp(a->strategy, b->strategy);
	for (size_t k = 0; order == 0 && k < study->keys; k++)
		order = study_order(a->value[k], b->value[k]);
	return order != 0 ? order : strcmp(a->run[0]->sentence, b->run[0]->sentence);
}

const bool **study_telling(const struct study *study, struct arena *arena)
{
	struct lookup strategies = { .arena = arena };
	const bool **tells = ARENA_TAKE(arena, study->n, const bool *);
	size_t *first = ARENA_TAKE(arena, study->n, size_t);
	bool **row = ARENA_TAKE(arena, study->n, bool *);
	for (size_t i = 0; i < study->n; i++) {
		size_t known = strategies.n, at = lookup_add(&strategies, study->series[i].strategy);
		if (at == known) {
			first[at] = i;
			row[at] = ARENA_TAKE(arena, study->keys, bool);
		}
		for (size_t k = 0; k < study->keys; k++)
			row[at][k] |= strcmp(study->series[i].value[k], study->series[first[at]].value[k]) != 0;
		tells[i] = row[at];
	}
	return tells;
}

bool study_label_is_given(const char *label, const char *strategy)
{
	size_t n = strlen(strategy);
	return strncmp(label, strategy, n) != 0 || (label[n] == '-' && strchr(label, '=') == NULL);
}

static const char *given_label(const struct study_series *series)
{
	const char *label = series->run[0]->label;
	return study_label_is_given(label, series->strategy) ? label : "";
}

/* Labels that would be the same get the sentence behind them. */
static void label_series(struct study *study, struct study_series *series, const bool *tells, struct lookup *labels)
{
	bool given = *given_label(series) != 0;
	const char *label = given ? given_label(series) : series->strategy;
	for (size_t k = 0; k < study->keys && !given; k++)
		if (tells[k])
			label = text_keep_f("%s %s=%s", label, study->key[k], *series->value[k] ? series->value[k] : "-");
	if (lookup_find(labels, label) != SIZE_MAX)
		label = text_keep_f("%s [%s]", label, series->run[0]->sentence);
	lookup_add(labels, label);
	series->label = label;
}

/* Which colours a strategy has: the ranked ones, and what the others were given. */
struct palette {
	struct lookup strategies;
	size_t *last; /* [strategies] the last series of each so far */
	bool taken[STUDY_COLOURS + 1];
};

static struct palette palette_of(struct study *study)
{
	struct palette palette = { .strategies = { .arena = &study->arena },
							   .last = ARENA_TAKE(&study->arena, study->n, size_t) };
	for (size_t i = 0; i < study->n; i++)
		if (rank_of(study->series[i].strategy) < RANKED)
			palette.taken[rank_of(study->series[i].strategy) + 1] = true;
	return palette;
}

/* From the back: the colours that belong to no name come first. */
static unsigned free_colour(const struct palette *palette)
{
	unsigned colour = STUDY_COLOURS;
	while (colour > 0 && palette->taken[colour])
		colour--;
	return colour;
}

/* Series of one strategy share its colour and differ in dashes and marks. */
static void colour_series(struct study *study, size_t at, struct palette *palette)
{
	struct study_series *series = &study->series[at];
	size_t known = palette->strategies.n, strategy = lookup_add(&palette->strategies, series->strategy);
	const struct study_series *before = strategy < known ? &study->series[palette->last[strategy]] : NULL;
	palette->last[strategy] = at;
	if (before) {
		series->colour = before->colour;
		series->variant = before->variant + 1;
		return;
	}
	unsigned rank = rank_of(series->strategy);
	series->colour = rank < RANKED ? rank + 1 : free_colour(palette);
	if (series->colour == 0) { /* more strategies than colours */
		series->colour = (unsigned)at % STUDY_COLOURS + 1;
		series->variant = (unsigned)at / STUDY_COLOURS + 1;
	}
	palette->taken[series->colour] = true;
}

/* Where only one strategy was swept, colour is free to tell the values apart. */
static bool is_one_strategy(const struct study *study)
{
	for (size_t i = 1; i < study->n; i++)
		if (strcmp(study->series[0].strategy, study->series[i].strategy) != 0)
			return false;
	return study->n > 1;
}

static void dress_series(struct study *study)
{
	bool one = is_one_strategy(study);
	const bool **tells = study_telling(study, &study->arena);
	struct lookup labels = { .arena = &study->arena };
	struct palette palette = palette_of(study);
	for (size_t i = 0; i < study->n; i++) {
		label_series(study, &study->series[i], tells[i], &labels);
		if (one) {
			/* from 3: the grays of the baselines say nothing of a sweep */
			study->series[i].colour = 3 + (unsigned)i % (STUDY_COLOURS - 2);
			study->series[i].variant = (unsigned)i / (STUDY_COLOURS - 2);
		} else {
			colour_series(study, i, &palette);
		}
	}
}

/* One series for all runs of a strategy with equal settings. */
static void make_series(struct study *study)
{
	struct lookup met = { .arena = &study->arena };
	study->series = ARENA_TAKE(&study->arena, study->runs.n, struct study_series);
	study->repeat = ARENA_TAKE(&study->arena, study->runs.n, const struct run_folder *);
	for (size_t i = 0; i < study->runs.n; i++)
		add_run(study, &study->runs.run[i], &met);
	for (size_t i = 0; i < study->n; i++)
		sort_seeds(study, &study->series[i]);
	qsort_r(study->series, study->n, sizeof *study->series, compare_series, study);
}

int study_read_as(size_t folders, char *const *folder, bool lenient, struct study *study, struct error *err)
{
	*study = (struct study){ .n = 0 };
	TRY(run_list_find(folders, folder, lenient, &study->runs, err));
	find_keys(study);
	make_series(study);
	dress_series(study);
	return 0;
}

int study_read(size_t folders, char *const *folder, struct study *study, struct error *err)
{
	return study_read_as(folders, folder, false, study, err);
}

void study_free(struct study *study)
{
	run_list_free(&study->runs);
	arena_free(&study->arena);
	*study = (struct study){ .n = 0 };
}
