/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * contest.c -- which series of a study may be compared with one another.
 */
#include <config.h>

#include "experiments/study/contest.h"

#include <string.h>

#include "sim/base/lookup.h"
#include "sim/base/text.h"
#include "sim/data/stream.h"

/* "stream", "topicmix.shared" */
static bool is_of_stream(const char *key)
{
	size_t length = strcspn(key, ".");
	return strcmp(key, "stream") == 0 || (key[length] && stream_find(text_keep_n(key, length)));
}

/* Equal for series of one stream. */
static const char *stream_of(const struct study *study, const struct study_series *series, const char **piece)
{
	size_t n = 0;
	for (size_t k = 0; k < study->keys; k++)
		if (is_of_stream(study->key[k]))
			piece[n++] = series->value[k];
	return text_keep_all(n, piece);
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
static const char *label_of(const struct study *study, const struct study_series *series, const bool *tells)
{
	const char *label = series->strategy;
	if (study_label_is_given(series->label, label))
		return series->label;
	for (size_t k = 0; k < study->keys; k++)
		if (tells[k])
			label = text_keep_f("%s %s=%s", label, study->key[k], *series->value[k] ? series->value[k] : "-");
	return label;
}

static void label_all(struct contest *contest, struct arena *arena)
{
	const bool **tells = study_telling(&contest->study, arena);
	const char **label = ARENA_TAKE(arena, contest->study.n, const char *);
	for (size_t i = 0; i < contest->study.n; i++)
		label[i] = label_of(&contest->study, &contest->study.series[i], tells[i]);
	for (size_t i = 0; i < contest->study.n; i++)
		contest->study.series[i].label = label[i];
}

/* To which contest each series belongs, and room for the series of each. */
static size_t sort_out(const struct study *study, struct arena *arena, struct contest *contest, size_t *of)
{
	struct lookup streams = { .arena = arena };
	const char **piece = ARENA_TAKE(arena, study->keys, const char *);
	for (size_t s = 0; s < study->n; s++) {
		size_t known = streams.n;
		of[s] = lookup_add(&streams, stream_of(study, &study->series[s], piece));
		if (of[s] == known) {
			contest[known] = (struct contest){ .title = title_of(study, &study->series[s]), .study = *study };
			contest[known].study.n = 0;
		}
		contest[of[s]].study.n++;
	}
	for (size_t i = 0; i < streams.n; i++) {
		contest[i].study.series = ARENA_TAKE(arena, contest[i].study.n, struct study_series);
		contest[i].from = ARENA_TAKE(arena, contest[i].study.n, size_t);
		contest[i].study.n = 0;
	}
	return streams.n;
}

size_t contests_split(const struct study *study, struct arena *arena, struct contest **contests)
{
	struct contest *contest = ARENA_TAKE(arena, study->n, struct contest);
	size_t *of = ARENA_TAKE(arena, study->n, size_t), n = sort_out(study, arena, contest, of);
	for (size_t s = 0; s < study->n; s++) {
		struct contest *to = &contest[of[s]];
		to->from[to->study.n] = s;
		to->study.series[to->study.n++] = study->series[s];
	}
	for (size_t i = 0; n > 1 && i < n; i++)
		label_all(&contest[i], arena);
	if (n == 1)
		contest[0].title = "";
	*contests = contest;
	return n;
}
