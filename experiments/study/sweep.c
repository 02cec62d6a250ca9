/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sweep.c -- settings that were swept.
 */
#include <config.h>

#include "experiments/study/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/lookup.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/data/stream.h"
#include "sim/route/catalog.h"
#include "sim/train/config.h"

/* ---- keys that move together */

/* Which of the key's values each series has, numbered in the order in which the series have them. */
static const size_t *number_values(const struct study *study, size_t key, struct arena *arena)
{
	struct lookup values = { .arena = arena };
	size_t *number = ARENA_TAKE(arena, study->n, size_t);
	for (size_t i = 0; i < study->n; i++)
		number[i] = lookup_add(&values, study->series[i].value[key]);
	return number;
}

/* Does a value of one key always come with the same value of another one?  So it is in a suite whose sections change
 * several settings at once; together they are one axis.  Then their values have the same numbers. */
static const size_t *find_leaders(const struct study *study, struct arena *arena)
{
	size_t *leader = ARENA_TAKE(arena, study->keys, size_t);
	const size_t **number = ARENA_TAKE(arena, study->keys, const size_t *);
	for (size_t k = 0; k < study->keys; k++) {
		number[k] = number_values(study, k, arena);
		while (leader[k] < k && memcmp(number[leader[k]], number[k], study->n * sizeof *number[k]) != 0)
			leader[k]++;
	}
	return leader;
}

/* The row of "aux.weight" or "topicmix.context", or NULL. */
static const struct moe_opt *option_of(const char *owner, const char *name)
{
	const struct stream_type *stream = stream_find(owner);
	const struct moe_opt *row = stream ? options_find(stream->opts, name) : NULL;
	const struct moe_part *const *parts = catalog_parts();
	for (size_t i = 0; row == NULL && parts && parts[i]; i++)
		if (parts[i]->opts && strcmp(parts[i]->name, owner) == 0)
			row = options_find(parts[i]->opts, name);
	return row;
}

/* What help says of the row, up to its first comma or bracket. */
static const char *words_of(const struct moe_opt *row)
{
	return text_keep_n(row->help, strcspn(row->help, ",;:("));
}

static const char *in_words(const char *key)
{
	const char *point = strchr(key, '.');
	const struct moe_opt *row = point ? NULL : config_find(key);
	if (row)
		return words_of(row);
	const char *owner = point ? text_keep_n(key, (size_t)(point - key)) : "";
	row = point ? option_of(owner, point + 1) : NULL;
	return row ? text_keep_f("%s (%s)", words_of(row), owner) : key;
}

const char *sweep_words(const struct study *study, const struct sweep_axis *axis)
{
	const char *words = in_words(study->key[axis->key]);
	size_t n = 0;
	for (size_t k = axis->key + 1; k < study->keys; k++)
		if (axis->leader[k] == axis->key)
			words = text_keep_f("%s%s%s", words, n++ ? " and " : ", with ", in_words(study->key[k]));
	return words;
}

/* ---- axes */

static int by_size(const void *a, const void *b)
{
	return study_order(*(const char *const *)a, *(const char *const *)b);
}

static void judge(struct sweep_axis *axis)
{
	double least = INFINITY, most = -INFINITY, value;
	axis->numeric = true;
	for (size_t i = 0; i < axis->n; i++) {
		axis->numeric &= text_to_real(axis->value[i], &value);
		if (axis->numeric) {
			least = fmin(least, value);
			most = fmax(most, value);
		}
	}
	axis->geometric = axis->numeric && least > 0 && most / least >= 3.5;
}

static struct sweep_axis axis_of(const struct study *study, size_t key, const size_t *leader, struct arena *arena)
{
	struct sweep_axis axis = { .key = key, .leader = leader, .value = ARENA_TAKE(arena, study->n, const char *) };
	struct lookup values = { .arena = arena };
	for (size_t i = 0; i < study->n; i++) {
		const char *value = study->series[i].value[key];
		/* a strategy without this setting has no place on its axis */
		if (*value && lookup_add(&values, value) == axis.n)
			axis.value[axis.n++] = value;
	}
	qsort(axis.value, axis.n, sizeof *axis.value, by_size);
	judge(&axis);
	return axis;
}

size_t sweep_axes(const struct study *study, struct arena *arena, struct sweep_axis **axes)
{
	const size_t *leader = find_leaders(study, arena);
	const bool **tells = study_telling(study, arena);
	size_t n = 0;
	*axes = ARENA_TAKE(arena, study->keys, struct sweep_axis);
	for (size_t k = 0; k < study->keys; k++) {
		if (leader[k] != k)
			continue;
		(*axes)[n] = axis_of(study, k, leader, arena);
		(*axes)[n].tells = tells;
		n += (*axes)[n].n >= 2;
	}
	return n;
}

size_t sweep_place(const struct sweep_axis *axis, const char *value)
{
	const char **found = bsearch(&value, axis->value, axis->n, sizeof *axis->value, by_size);
	return found ? (size_t)(found - axis->value) + 1 : 0;
}

/* ---- lines */

/* Equal for the series of one line. */
static const char *line_of(const struct study *study, const struct study_series *series, const struct sweep_axis *axis,
						   const char **piece)
{
	size_t n = 0;
	piece[n++] = series->strategy;
	for (size_t k = 0; k < study->keys; k++)
		if (axis->leader[k] != axis->key)
			piece[n++] = series->value[k];
	return text_keep_all(n, piece);
}

struct on_axis {
	const struct study *study;
	const struct sweep_axis *axis;
};

static int by_place(const void *left, const void *right, void *context)
{
	const struct on_axis *on = context;
	size_t a = *(const size_t *)left, b = *(const size_t *)right;
	int order = study_order(on->study->series[a].value[on->axis->key], on->study->series[b].value[on->axis->key]);
	return order != 0 ? order : (a > b) - (a < b);
}

size_t sweep_lines(const struct study *study, const struct sweep_axis *axis, struct arena *arena,
				   struct sweep_line **lines)
{
	struct lookup met = { .arena = arena };
	const char **piece = ARENA_TAKE(arena, study->keys + 1, const char *);
	size_t *of = ARENA_TAKE(arena, study->n, size_t), *room = ARENA_TAKE(arena, study->n, size_t);
	struct sweep_line *line = ARENA_TAKE(arena, study->n, struct sweep_line);
	for (size_t i = 0; i < study->n; i++) {
		of[i] = lookup_add(&met, line_of(study, &study->series[i], axis, piece));
		line[of[i]].n++;
	}
	for (size_t i = 0; i < met.n; i++) {
		line[i].series = room;
		room += line[i].n;
		line[i].n = 0;
	}
	for (size_t i = 0; i < study->n; i++)
		line[of[i]].series[line[of[i]].n++] = i;
	for (size_t i = 0; i < met.n; i++)
		qsort_r(line[i].series, line[i].n, sizeof *line[i].series, by_place, &(struct on_axis){ study, axis });
	*lines = line;
	return met.n;
}

const char *sweep_label(const struct study *study, const struct study_series *series, const struct sweep_axis *axis)
{
	const char *label = series->strategy;
	for (size_t k = 0; k < study->keys; k++)
		if (axis->leader[k] != axis->key && axis->tells[series - study->series][k])
			label = text_keep_f("%s %s=%s", label, study->key[k], *series->value[k] ? series->value[k] : "-");
	return label;
}
