/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * contest.c -- which series of a study may be compared with one another.
 */
#include <config.h>

#include "experiments/study/contest.h"

#include <string.h>

#include "sim/base/text.h"
#include "sim/data/stream.h"

/* "stream", "topicmix.shared" */
static bool is_of_stream(const char *key)
{
	size_t length = strcspn(key, ".");
	return strcmp(key, "stream") == 0 || (key[length] && stream_find(text_keep_n(key, length)));
}

static bool same_stream(const struct study *study, const struct study_series *a, const struct study_series *b)
{
	for (size_t k = 0; k < study->keys; k++)
		if (is_of_stream(study->key[k]) && strcmp(a->value[k], b->value[k]) != 0)
			return false;
	return true;
}

static const char *title_of(const struct study *study, const struct study_series *series)
{
	const char *title = "";
	for (size_t k = 0; k < study->keys; k++)
		if (is_of_stream(study->key[k]) && *series->value[k])
			title = text_keep_f("%s%s%s=%s", title, *title ? ", " : "", study->key[k], series->value[k]);
	return title;
}

/* A label that a suite's author gave stays. */
static const char *label_of(const struct study *study, const struct study_series *series)
{
	const char *label = series->strategy;
	if (study_label_is_given(series->label, label))
		return series->label;
	for (size_t k = 0; k < study->keys; k++)
		if (study_key_tells(study, series, k))
			label = text_keep_f("%s %s=%s", label, study->key[k], *series->value[k] ? series->value[k] : "-");
	return label;
}

static void add(const struct study *study, size_t series, struct contest *contest, struct arena *arena)
{
	if (contest->study.n == 0) {
		contest->title = title_of(study, &study->series[series]);
		contest->study = *study;
		contest->study.n = 0;
		contest->study.series = ARENA_TAKE(arena, study->n, struct study_series);
		contest->from = ARENA_TAKE(arena, study->n, size_t);
	}
	contest->from[contest->study.n] = series;
	contest->study.series[contest->study.n++] = study->series[series];
}

static void label_all(struct contest *contest, struct arena *arena)
{
	const char **label = ARENA_TAKE(arena, contest->study.n, const char *);
	for (size_t i = 0; i < contest->study.n; i++)
		label[i] = label_of(&contest->study, &contest->study.series[i]);
	for (size_t i = 0; i < contest->study.n; i++)
		contest->study.series[i].label = label[i];
}

size_t contests_split(const struct study *study, struct arena *arena, struct contest **contests)
{
	struct contest *contest = ARENA_TAKE(arena, study->n, struct contest);
	size_t n = 0;
	for (size_t s = 0; s < study->n; s++) {
		size_t i = 0;
		while (i < n && !same_stream(study, &contest[i].study.series[0], &study->series[s]))
			i++;
		n += i == n;
		add(study, s, &contest[i], arena);
	}
	for (size_t i = 0; n > 1 && i < n; i++)
		label_all(&contest[i], arena);
	if (n == 1)
		contest[0].title = "";
	*contests = contest;
	return n;
}
