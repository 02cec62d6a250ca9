/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * groups.c -- series in groups that are drawn side by side.
 */
#include <config.h>

#include "experiments/charts/groups.h"

#include <string.h>

#include "experiments/study/contest.h"
#include "sim/base/text.h"

static void group_by_stream(const struct contest *contest, size_t n, struct groups *groups)
{
	groups->n = n;
	for (size_t i = 0; i < n; i++) {
		groups->title[i] = contest[i].title;
		for (size_t s = 0; s < contest[i].study.n; s++) {
			groups->of[contest[i].from[s]] = i;
			groups->label[contest[i].from[s]] = contest[i].study.series[s].label;
		}
	}
}

/* ---- by strategy or key ---------------------------------------------------------------------------------- */

/* What tells groups apart: study->keys stands for the strategy. */
static const char *value_of(const struct study *study, const struct study_series *series, size_t key)
{
	return key == study->keys ? series->strategy : series->value[key];
}

/* Fills of[], and returns the number of groups; *most is the size of the largest. */
static size_t part(const struct study *study, size_t key, size_t *of, size_t *first, size_t *most)
{
	size_t n = 0;
	*most = 0;
	for (size_t s = 0; s < study->n; s++) {
		size_t i = 0, size = 1;
		while (i < n &&
			   strcmp(value_of(study, &study->series[first[i]], key), value_of(study, &study->series[s], key)) != 0)
			i++;
		if (i == n)
			first[n++] = s;
		of[s] = i;
		for (size_t before = 0; before < s; before++)
			size += of[before] == i;
		*most = size > *most ? size : *most;
	}
	return n;
}

/* The strategy goes first, then the keys; SIZE_MAX when none parts the series well enough. */
static size_t choose_key(const struct study *study, struct groups *groups, size_t *first)
{
	size_t chosen = SIZE_MAX, fewest = SIZE_MAX, most;
	for (size_t i = 0; i <= study->keys; i++) {
		size_t key = i ? i - 1 : study->keys;
		size_t n = part(study, key, groups->of, first, &most);
		if (most <= GROUP_MOST && n < fewest) {
			fewest = n;
			chosen = key;
		}
	}
	return chosen;
}

/* Does the key tell the series from another one of its strategy in its group? */
static bool key_tells(const struct study *study, const struct groups *groups, size_t series, size_t key)
{
	for (size_t i = 0; i < study->n; i++)
		if (groups->of[i] == groups->of[series] &&
			strcmp(study->series[i].strategy, study->series[series].strategy) == 0 &&
			strcmp(study->series[i].value[key], study->series[series].value[key]) != 0)
			return true;
	return false;
}

static const char *label_in_group(const struct study *study, const struct groups *groups, size_t series, size_t by)
{
	const char *label = by == study->keys ? "" : study->series[series].strategy;
	for (size_t key = 0; key < study->keys; key++) {
		const char *value = study->series[series].value[key];
		if (key_tells(study, groups, series, key))
			label = text_keep_f("%s%s%s=%s", label, *label ? " " : "", study->key[key], *value ? value : "-");
	}
	return *label ? label : study->series[series].strategy;
}

static void group_by_key(const struct study *study, size_t key, size_t *first, struct groups *groups)
{
	size_t most;
	groups->n = part(study, key, groups->of, first, &most);
	for (size_t i = 0; i < groups->n; i++) {
		const char *value = value_of(study, &study->series[first[i]], key);
		groups->title[i] = key == study->keys ? value
						   : *value           ? text_keep_f("%s=%s", study->key[key], value)
											  : text_keep_f("without %s", study->key[key]);
	}
	for (size_t s = 0; s < study->n; s++)
		groups->label[s] = label_in_group(study, groups, s, key);
}

void groups_make(const struct study *study, struct arena *arena, struct groups *groups)
{
	struct contest *contest;
	size_t contests = contests_split(study, arena, &contest), *first = ARENA_TAKE(arena, study->n, size_t);
	*groups = (struct groups){ .n = 1,
							   .title = ARENA_TAKE(arena, study->n, const char *),
							   .of = ARENA_TAKE(arena, study->n, size_t),
							   .label = ARENA_TAKE(arena, study->n, const char *) };
	if (contests > 1) {
		group_by_stream(contest, contests, groups);
		for (size_t i = 0; i < contests; i++)
			groups->crowded |= contest[i].study.n > GROUP_MOST;
		return;
	}
	size_t key = study->n > GROUP_MOST ? choose_key(study, groups, first) : SIZE_MAX;
	if (key != SIZE_MAX) {
		group_by_key(study, key, first, groups);
		return;
	}
	groups->crowded = study->n > GROUP_MOST;
	groups->title[0] = "";
	for (size_t s = 0; s < study->n; s++) {
		groups->of[s] = 0;
		groups->label[s] = study->series[s].label;
	}
}
