/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * study.c -- runs put together for comparison.
 */
#include <config.h>

#include "experiments/study/study.h"

#include <stdlib.h>
#include <string.h>

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
static size_t *first_of_strategy(struct study *study)
{
	size_t *first = ARENA_TAKE(&study->arena, study->runs.n, size_t);
	for (size_t i = 0; i < study->runs.n; i++)
		while (strcmp(study->runs.run[first[i]].strategy, study->runs.run[i].strategy) != 0)
			first[i]++;
	return first;
}

/* Does the setting take two values among the runs of one strategy? */
static bool is_swept(const struct run_list *runs, const size_t *first, const char *name)
{
	for (size_t i = 0; i < runs->n; i++)
		if (strcmp(run_folder_setting(&runs->run[i], name), run_folder_setting(&runs->run[first[i]], name)) != 0)
			return true;
	return false;
}

/* A setting is looked at with the first run that has it. */
static bool is_of_earlier_run(const struct run_list *runs, size_t run, const char *name)
{
	const struct run_folder *before = run ? &runs->run[run - 1] : NULL;
	return before && *run_folder_setting(before, name) != '\0';
}

static void find_keys(struct study *study)
{
	const size_t *first = first_of_strategy(study);
	size_t most = 0;
	for (size_t i = 0; i < study->runs.n; i++)
		most += study->runs.run[i].settings;
	study->key = ARENA_TAKE(&study->arena, most, const char *);
	for (size_t i = 0; i < study->runs.n; i++)
		for (size_t s = 0; s < study->runs.run[i].settings; s++) {
			const char *name = study->runs.run[i].setting[s].name;
			if (study_compares(name) && !is_of_earlier_run(&study->runs, i, name) &&
				study_key(study, name) == study->keys && is_swept(&study->runs, first, name))
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

/* value[keys]: the run's own, looked up once for all series. */
static bool belongs(const struct study *study, const struct study_series *series, const struct run_folder *run,
					const char *const *value)
{
	if (strcmp(series->strategy, run->strategy) != 0)
		return false;
	for (size_t k = 0; k < study->keys; k++)
		if (strcmp(series->value[k], value[k]) != 0)
			return false;
	/* the same settings under two meanings of a name: never averaged */
	return strcmp(series->run[0]->sentence, run->sentence) == 0;
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

static struct study_series *series_of(struct study *study, const struct run_folder *run)
{
	const char **value = ARENA_TAKE(&study->arena, study->keys, const char *);
	for (size_t k = 0; k < study->keys; k++)
		value[k] = run_folder_setting(run, study->key[k]);
	for (size_t i = study->n; i-- > 0;) /* runs of one series mostly stand together */
		if (belongs(study, &study->series[i], run, value))
			return &study->series[i];
	struct study_series *series = &study->series[study->n++];
	series->strategy = run->strategy;
	series->value = value;
	return series;
}

const struct run_folder *study_run(const struct study_series *series, int64_t seed)
{
	for (size_t i = 0; i < series->n; i++)
		if (series->run[i]->seed == seed)
			return series->run[i];
	return NULL;
}

/* Runs are deterministic: one more run of a seed is not one more observation. */
static void add_run(struct study *study, const struct run_folder *run)
{
	struct study_series *series = series_of(study, run);
	if (run->seed >= 0 && study_run(series, run->seed)) {
		study->repeat[study->repeats++] = run;
		return;
	}
	append_run(study, series, run);
	size_t at = series->n - 1;
	for (; at > 0 && series->run[at - 1]->seed > run->seed; at--)
		series->run[at] = series->run[at - 1];
	series->run[at] = run;
}

static int compare_values(const char *a, const char *b)
{
	double x, y;
	if (text_to_real(a, &x) && text_to_real(b, &y) && x != y)
		return x < y ? -1 : 1;
	return strcmp(a, b);
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
		order = compare_values(a->value[k], b->value[k]);
	return order != 0 ? order : strcmp(a->run[0]->sentence, b->run[0]->sentence);
}

static bool same_strategy(const struct study_series *a, const struct study_series *b)
{
	return strcmp(a->strategy, b->strategy) == 0;
}

bool study_key_tells(const struct study *study, const struct study_series *series, size_t key)
{
	for (size_t i = 0; i < study->n; i++)
		if (same_strategy(series, &study->series[i]) && strcmp(series->value[key], study->series[i].value[key]) != 0)
			return true;
	return false;
}

static bool label_is_taken(const struct study *study, size_t before, const char *label)
{
	for (size_t i = 0; i < before; i++)
		if (strcmp(study->series[i].label, label) == 0)
			return true;
	return false;
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

static void label_series(struct study *study, size_t at)
{
	struct study_series *series = &study->series[at];
	bool given = *given_label(series) != 0;
	const char *label = given ? given_label(series) : series->strategy;
	for (size_t k = 0; k < study->keys && !given; k++)
		if (study_key_tells(study, series, k))
			label = text_keep_f("%s %s=%s", label, study->key[k], *series->value[k] ? series->value[k] : "-");
	if (label_is_taken(study, at, label))
		label = text_keep_f("%s [%s]", label, series->run[0]->sentence);
	series->label = label;
}

static bool colour_is_taken(const struct study *study, unsigned colour)
{
	for (size_t i = 0; i < study->n; i++)
		if (study->series[i].colour == colour || rank_of(study->series[i].strategy) + 1 == colour)
			return true;
	return false;
}

static unsigned free_colour(const struct study *study)
{
	/* from the back: the colours that belong to no name come first */
	for (unsigned colour = STUDY_COLOURS; colour > 0; colour--)
		if (!colour_is_taken(study, colour))
			return colour;
	return 0;
}

/* Series of one strategy share its colour and differ in dashes and marks. */
static void colour_series(struct study *study, size_t at)
{
	struct study_series *series = &study->series[at];
	for (size_t i = at; i-- > 0;)
		if (same_strategy(series, &study->series[i])) {
			series->colour = study->series[i].colour;
			series->variant = study->series[i].variant + 1;
			return;
		}
	unsigned rank = rank_of(series->strategy);
	series->colour = rank < RANKED ? rank + 1 : free_colour(study);
	if (series->colour == 0) { /* more strategies than colours */
		series->colour = (unsigned)at % STUDY_COLOURS + 1;
		series->variant = (unsigned)at / STUDY_COLOURS + 1;
	}
}

/* Where only one strategy was swept, colour is free to tell the values apart. */
static bool is_one_strategy(const struct study *study)
{
	for (size_t i = 1; i < study->n; i++)
		if (!same_strategy(&study->series[0], &study->series[i]))
			return false;
	return study->n > 1;
}

static void dress_series(struct study *study)
{
	bool one = is_one_strategy(study);
	for (size_t i = 0; i < study->n; i++) {
		label_series(study, i);
		if (one) {
			/* from 3: the greys of the baselines say nothing of a sweep */
			study->series[i].colour = 3 + (unsigned)i % (STUDY_COLOURS - 2);
			study->series[i].variant = (unsigned)i / (STUDY_COLOURS - 2);
		} else {
			colour_series(study, i);
		}
	}
}

int study_read_as(size_t folders, char *const *folder, bool lenient, struct study *study, struct error *err)
{
	*study = (struct study){ .n = 0 };
	TRY(run_list_find(folders, folder, lenient, &study->runs, err));
	find_keys(study);
	study->series = ARENA_TAKE(&study->arena, study->runs.n, struct study_series);
	study->repeat = ARENA_TAKE(&study->arena, study->runs.n, const struct run_folder *);
	for (size_t i = 0; i < study->runs.n; i++)
		add_run(study, &study->runs.run[i]);
	qsort_r(study->series, study->n, sizeof *study->series, compare_series, study);
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
