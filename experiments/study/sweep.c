/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sweep.c -- settings that were swept.
 */
#include <config.h>

#include "experiments/study/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

/* ---- keys that move together */

/* Does a value of one key always come with the same value of the other?  So it is in a suite whose sections change
 * several settings at once; together they are one axis. */
static bool move_together(const struct study *study, size_t a, size_t b)
{
	for (size_t i = 0; i < study->n; i++)
		for (size_t j = 0; j < i; j++) {
			const struct study_series *x = &study->series[i], *y = &study->series[j];
			if ((strcmp(x->value[a], y->value[a]) == 0) != (strcmp(x->value[b], y->value[b]) == 0))
				return false;
		}
	return true;
}

static const size_t *find_leaders(const struct study *study, struct arena *arena)
{
	size_t *leader = ARENA_TAKE(arena, study->keys, size_t);
	for (size_t k = 0; k < study->keys; k++)
		while (leader[k] < k && !move_together(study, leader[k], k))
			leader[k]++;
	return leader;
}

const char *sweep_title(const struct study *study, const struct sweep_axis *axis)
{
	const char *title = study->key[axis->key];
	size_t n = 0;
	for (size_t k = axis->key + 1; k < study->keys; k++)
		if (axis->leader[k] == axis->key)
			title = text_keep_f("%s%s%s", title, n++ ? " and " : ", with ", study->key[k]);
	return title;
}

/* ---- axes */

static int by_size(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	double number_x, number_y;
	bool is_x = text_to_real(*x, &number_x), is_y = text_to_real(*y, &number_y);
	if (is_x != is_y)
		return is_x ? -1 : 1;
	if (is_x && number_x != number_y)
		return number_x < number_y ? -1 : 1;
	return strcmp(*x, *y);
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
	for (size_t i = 0; i < study->n; i++) {
		const char *value = study->series[i].value[key];
		/* a strategy without this setting has no place on its axis */
		if (*value && sweep_place(&axis, value) == 0)
			axis.value[axis.n++] = value;
	}
	qsort(axis.value, axis.n, sizeof *axis.value, by_size);
	judge(&axis);
	return axis;
}

size_t sweep_axes(const struct study *study, struct arena *arena, struct sweep_axis **axes)
{
	const size_t *leader = find_leaders(study, arena);
	size_t n = 0;
	*axes = ARENA_TAKE(arena, study->keys, struct sweep_axis);
	for (size_t k = 0; k < study->keys; k++) {
		if (leader[k] != k)
			continue;
		(*axes)[n] = axis_of(study, k, leader, arena);
		n += (*axes)[n].n >= 2;
	}
	return n;
}

size_t sweep_place(const struct sweep_axis *axis, const char *value)
{
	for (size_t i = 0; i < axis->n; i++)
		if (strcmp(axis->value[i], value) == 0)
			return i + 1;
	return 0;
}

/* ---- lines */

bool sweep_same_line(const struct study *study, const struct study_series *a, const struct study_series *b,
					 const struct sweep_axis *axis)
{
	bool same = strcmp(a->strategy, b->strategy) == 0;
	for (size_t k = 0; same && k < study->keys; k++)
		same = axis->leader[k] == axis->key || strcmp(a->value[k], b->value[k]) == 0;
	return same;
}

struct on_axis {
	const struct study *study;
	const struct sweep_axis *axis;
};

static int by_place(const void *left, const void *right, void *context)
{
	const struct on_axis *on = context;
	size_t a = *(const size_t *)left, b = *(const size_t *)right;
	size_t x = sweep_place(on->axis, on->study->series[a].value[on->axis->key]);
	size_t y = sweep_place(on->axis, on->study->series[b].value[on->axis->key]);
	return x != y ? (x > y) - (x < y) : (a > b) - (a < b);
}

size_t sweep_line(const struct study *study, size_t series, const struct sweep_axis *axis, size_t *line)
{
	size_t n = 0;
	for (size_t i = 0; i < study->n; i++)
		if (sweep_same_line(study, &study->series[i], &study->series[series], axis)) {
			if (i < series)
				return 0;
			line[n++] = i;
		}
	qsort_r(line, n, sizeof *line, by_place, &(struct on_axis){ study, axis });
	return n;
}

const char *sweep_label(const struct study *study, const struct study_series *series, const struct sweep_axis *axis)
{
	const char *label = series->strategy;
	for (size_t k = 0; k < study->keys; k++)
		if (axis->leader[k] != axis->key && study_key_tells(study, series, k))
			label = text_keep_f("%s %s=%s", label, study->key[k], *series->value[k] ? series->value[k] : "-");
	return label;
}
