/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart_sweep.c -- charts of swept settings: curves over one, maps over two.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/charts/chart.h"
#include "experiments/charts/chart_totals.h"
#include "sim/base/text.h"

enum { SWEPT_KEYS = 3 }; /* rows of panels */

/* ---- keys that move together ----------------------------------------------------------------------------- */

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

/* leader[key]: the first key that moves with it, which may be itself. */
static const size_t *find_leaders(struct chart_sheet *sheet)
{
	const struct study *study = sheet->study;
	size_t *leader = ARENA_TAKE(&sheet->arena, study->keys, size_t);
	for (size_t k = 0; k < study->keys; k++)
		while (leader[k] < k && !move_together(study, leader[k], k))
			leader[k]++;
	return leader;
}

/* "experts, with top-k and expert-width" */
static const char *axis_title(const struct study *study, const size_t *leader, size_t key)
{
	const char *title = study->key[key];
	size_t n = 0;
	for (size_t k = key + 1; k < study->keys; k++)
		if (leader[k] == key)
			title = text_keep_f("%s%s%s", title, n++ ? " and " : ", with ", study->key[k]);
	return title;
}

/* ---- the axis of a key ----------------------------------------------------------------------------------- */

/* The values of a swept setting in order: numbers by size, then words. */
struct axis {
	size_t key, n;
	const char **value;
	bool numeric;         /* all values are numbers */
	bool geometric;       /* and spread over a wide range: a log axis suits them */
	const size_t *leader; /* [keys] of find_leaders() */
};

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

static void judge(struct axis *axis)
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

static struct axis axis_of(struct chart_sheet *sheet, size_t key, const size_t *leader)
{
	const struct study *study = sheet->study;
	struct axis axis = { .key = key, .leader = leader, .value = ARENA_TAKE(&sheet->arena, study->n, const char *) };
	for (size_t i = 0; i < study->n; i++) {
		const char *value = study->series[i].value[key];
		bool known = *value == '\0'; /* a strategy without this setting has no place on its axis */
		for (size_t j = 0; j < axis.n; j++)
			known |= strcmp(axis.value[j], value) == 0;
		if (!known)
			axis.value[axis.n++] = value;
	}
	qsort(axis.value, axis.n, sizeof *axis.value, by_size);
	judge(&axis);
	return axis;
}

/* From 1; 0 when it has none. */
static size_t place_on(const struct axis *axis, const char *value)
{
	for (size_t i = 0; i < axis->n; i++)
		if (strcmp(axis->value[i], value) == 0)
			return i + 1;
	return 0;
}

static double position_on(const struct axis *axis, const char *value)
{
	double number;
	size_t place = place_on(axis, value);
	if (place == 0)
		return NAN;
	return axis->numeric && text_to_real(value, &number) ? number : (double)place;
}

/* ---- curves over one setting ----------------------------------------------------------------------------- */

/* Series that differ in nothing but the key, and what moves with it, lie on one line. */
static bool is_on_line(const struct study *study, const struct study_series *a, const struct study_series *b,
					   const struct axis *axis)
{
	bool same = strcmp(a->strategy, b->strategy) == 0;
	for (size_t k = 0; same && k < study->keys; k++)
		same = axis->leader[k] == axis->key || strcmp(a->value[k], b->value[k]) == 0;
	return same;
}

static const char *line_label(const struct study *study, const struct study_series *series, const struct axis *axis)
{
	const char *label = series->strategy;
	for (size_t k = 0; k < study->keys; k++)
		for (size_t i = 0; axis->leader[k] != axis->key && i < study->n; i++)
			if (strcmp(study->series[i].strategy, series->strategy) == 0 &&
				strcmp(study->series[i].value[k], series->value[k]) != 0) {
				label = text_keep_f("%s %s=%s", label, study->key[k], *series->value[k] ? series->value[k] : "-");
				break;
			}
	return label;
}

/* The lines of all keys. */
struct lines {
	size_t n, room;
	const char **label;
	double *look, *of_key;
	size_t low_n, high_n;
};

static void open_line(struct lines *lines, const struct study *study, const struct study_series *series,
					  const struct axis *axis, size_t key_place)
{
	size_t variant = 0;
	for (size_t i = 0; i < lines->n; i++)
		variant += lines->of_key[i] == (double)key_place &&
				   (size_t)lines->look[i] % STUDY_COLOURS == series->colour % STUDY_COLOURS;
	lines->label[lines->n] = line_label(study, series, axis);
	lines->look[lines->n] = (double)(series->colour + STUDY_COLOURS * (variant % 8));
	lines->of_key[lines->n++] = (double)key_place;
}

static int put_point(struct chart_sheet *sheet, struct lines *lines, const struct study_series *series,
					 const struct axis *axis, const char *column, struct error *err)
{
	struct estimate loss, maxvio, dead;
	TRY(chart_total(sheet, series, column, &loss, err));
	TRY(chart_total(sheet, series, "maxvio", &maxvio, err));
	TRY(chart_total(sheet, series, "dead_experts", &dead, err));
	if (loss.n == 0)
		return 0;
	csv_int(sheet->data, (int64_t)lines->n);
	chart_put_text(sheet, lines->label[lines->n - 1]);
	chart_put_text(sheet, sheet->study->key[axis->key]);
	chart_put(sheet, position_on(axis, series->value[axis->key]));
	csv_int(sheet->data, (int64_t)loss.n);
	chart_put_estimate(sheet, &loss);
	chart_put_estimate(sheet, &maxvio);
	chart_put_estimate(sheet, &dead);
	csv_row(sheet->data);
	lines->low_n = loss.n < lines->low_n ? loss.n : lines->low_n;
	lines->high_n = loss.n > lines->high_n ? loss.n : lines->high_n;
	return 0;
}

/* Is this the first series of its line?  Then `last` says whether others follow. */
static bool begins_line(const struct study *study, size_t series, const struct axis *axis, bool *alone)
{
	*alone = true;
	for (size_t i = 0; i < study->n; i++) {
		if (i == series || !is_on_line(study, &study->series[i], &study->series[series], axis))
			continue;
		*alone = false;
		if (i < series)
			return false;
	}
	return true;
}

static int put_lines(struct chart_sheet *sheet, struct lines *lines, const struct axis *axis, size_t key_place,
					 const char *column, struct error *err)
{
	const struct study *study = sheet->study;
	for (size_t i = 0; i < study->n; i++) {
		bool alone;
		if (!begins_line(study, i, axis, &alone) || alone)
			continue;
		open_line(lines, study, &study->series[i], axis, key_place);
		for (size_t j = i; j < study->n; j++)
			if (is_on_line(study, &study->series[j], &study->series[i], axis))
				TRY(put_point(sheet, lines, &study->series[j], axis, column, err));
	}
	return 0;
}

/* The tick marks of one key: "places1" and "ticks1" for the first. */
static void put_ticks(struct chart_sheet *sheet, const struct axis *axis, size_t key_place)
{
	double *place = ARENA_TAKE(&sheet->arena, axis->n, double);
	for (size_t i = 0; i < axis->n; i++)
		place[i] = position_on(axis, axis->value[i]);
	chart_set_numbers(sheet, text_keep_f("places%zu", key_place), axis->n, place);
	chart_set_texts(sheet, text_keep_f("ticks%zu", key_place), axis->n, axis->value);
}

static int put_keys(struct chart_sheet *sheet, struct lines *lines, struct error *err)
{
	const struct study *study = sheet->study;
	const char *column, *name[SWEPT_KEYS];
	const size_t *leader = find_leaders(sheet);
	double geometric[SWEPT_KEYS];
	size_t n = 0;
	TRY(chart_loss_column(sheet, &column, err));
	for (size_t k = 0; k < study->keys; k++) {
		struct axis axis = axis_of(sheet, k, leader);
		if (axis.n < 2 || leader[k] != k)
			continue;
		if (n == SWEPT_KEYS) {
			chart_note(sheet, "%s: only %d swept settings are shown", study->key[k], SWEPT_KEYS);
			continue;
		}
		name[n] = axis_title(study, leader, k);
		geometric[n++] = axis.geometric;
		put_ticks(sheet, &axis, n);
		TRY(put_lines(sheet, lines, &axis, n, column, err));
	}
	chart_set_number(sheet, "keys", (double)n);
	chart_set_texts(sheet, "key_name", n, name);
	chart_set_numbers(sheet, "key_log", n, geometric);
	return 0;
}

/* `aside[]`: where a line's marks stand around the value, from -1 to 1, so that bars do not hide each other. */
static void put_aside(struct chart_sheet *sheet, const struct lines *lines)
{
	double *aside = ARENA_TAKE(&sheet->arena, lines->n, double);
	for (size_t i = 0; i < lines->n; i++) {
		size_t before = 0, all = 0;
		for (size_t j = 0; j < lines->n; j++) {
			before += lines->of_key[j] == lines->of_key[i] && j < i;
			all += lines->of_key[j] == lines->of_key[i];
		}
		aside[i] = all > 1 && lines->high_n > 1 ? 2 * (double)before / (double)(all - 1) - 1 : 0;
	}
	chart_set_numbers(sheet, "aside", lines->n, aside);
}

int chart_fill_sweep(struct chart_sheet *sheet, struct error *err)
{
	size_t room = sheet->study->n * (sheet->study->keys + 1);
	struct lines lines = { .room = room,
						   .low_n = SIZE_MAX,
						   .label = ARENA_TAKE(&sheet->arena, room, const char *),
						   .look = ARENA_TAKE(&sheet->arena, room, double),
						   .of_key = ARENA_TAKE(&sheet->arena, room, double) };
	TRY(put_keys(sheet, &lines, err));
	if (lines.high_n == 0) {
		sheet->missing = "no setting was swept (besides the strategy and the seed)";
		return 0;
	}
	chart_set_number(sheet, "series", (double)lines.n);
	chart_set_labels(sheet, lines.n, lines.label);
	chart_set_numbers(sheet, "look", lines.n, lines.look);
	chart_set_numbers(sheet, "of_key", lines.n, lines.of_key);
	put_aside(sheet, &lines);
	chart_set_seeds(sheet, lines.low_n, lines.high_n);
	return 0;
}

/* ---- maps over two settings ------------------------------------------------------------------------------ */

struct map {
	struct axis x, y;
	size_t panels;
	const char **panel; /* strategies */
	double *loss, *n;   /* [panels][y.n][x.n] */
	double least, most;
};

static size_t cell_of(const struct map *map, size_t panel, size_t column, size_t row)
{
	return (panel * map->y.n + row) * map->x.n + column;
}

static size_t panel_of(struct map *map, const char *strategy)
{
	for (size_t p = 0; p < map->panels; p++)
		if (strcmp(map->panel[p], strategy) == 0)
			return p;
	map->panel[map->panels++] = strategy;
	return map->panels - 1;
}

static int read_map(struct chart_sheet *sheet, struct map *map, const char *column, struct error *err)
{
	const struct study *study = sheet->study;
	size_t cells = study->n * map->x.n * map->y.n;
	map->panel = ARENA_TAKE(&sheet->arena, study->n, const char *);
	map->loss = ARENA_TAKE(&sheet->arena, cells, double);
	map->n = ARENA_TAKE(&sheet->arena, cells, double);
	for (size_t i = 0; i < cells; i++)
		map->loss[i] = NAN;
	map->least = INFINITY;
	map->most = -INFINITY;
	for (size_t i = 0; i < study->n; i++) {
		const struct study_series *series = &study->series[i];
		size_t at_x = place_on(&map->x, series->value[map->x.key]), at_y = place_on(&map->y, series->value[map->y.key]);
		struct estimate loss;
		TRY(chart_total(sheet, series, column, &loss, err));
		if (!at_x || !at_y || !loss.n)
			continue;
		size_t cell = cell_of(map, panel_of(map, series->strategy), at_x - 1, at_y - 1);
		map->loss[cell] = loss.mean;
		map->n[cell] = (double)loss.n;
		map->least = fmin(map->least, loss.mean);
		map->most = fmax(map->most, loss.mean);
	}
	return 0;
}

/* Has no other strategy a lower loss at this place? */
static bool is_least(const struct map *map, size_t panel, size_t column, size_t row)
{
	double own = map->loss[cell_of(map, panel, column, row)];
	for (size_t p = 0; p < map->panels; p++)
		if (map->loss[cell_of(map, p, column, row)] < own)
			return false;
	return isfinite(own) && map->panels > 1;
}

static void put_map(struct chart_sheet *sheet, const struct map *map)
{
	for (size_t p = 0; p < map->panels; p++)
		for (size_t row = 0; row < map->y.n; row++)
			for (size_t column = 0; column < map->x.n; column++) {
				size_t cell = cell_of(map, p, column, row);
				if (!isfinite(map->loss[cell]))
					continue;
				csv_int(sheet->data, (int64_t)p + 1);
				chart_put_text(sheet, map->panel[p]);
				csv_int(sheet->data, (int64_t)column);
				csv_int(sheet->data, (int64_t)row);
				chart_put_text(sheet, map->x.value[column]);
				chart_put_text(sheet, map->y.value[row]);
				chart_put(sheet, map->n[cell]);
				chart_put(sheet, map->loss[cell]);
				csv_int(sheet->data, is_least(map, p, column, row));
				csv_row(sheet->data);
			}
	chart_set_number(sheet, "panels", (double)map->panels);
	chart_set_labels(sheet, map->panels, map->panel);
	chart_set_text(sheet, "x_name", axis_title(sheet->study, map->x.leader, map->x.key));
	chart_set_text(sheet, "y_name", axis_title(sheet->study, map->y.leader, map->y.key));
	chart_set_texts(sheet, "x_value", map->x.n, map->x.value);
	chart_set_texts(sheet, "y_value", map->y.n, map->y.value);
	chart_set_number(sheet, "least", map->least);
	chart_set_number(sheet, "most", map->most);
}

int chart_fill_map(struct chart_sheet *sheet, struct error *err)
{
	struct map map = { .panels = 0 };
	const char *column;
	const size_t *leader = find_leaders(sheet);
	size_t n = 0;
	for (size_t k = 0; k < sheet->study->keys; k++) {
		struct axis axis = axis_of(sheet, k, leader);
		if (axis.n < 2 || leader[k] != k)
			continue;
		*(n == 0 ? &map.x : &map.y) = axis;
		n++;
	}
	if (n != 2) {
		sheet->missing = "it needs exactly two swept settings besides the strategy and the seed";
		return 0;
	}
	TRY(chart_loss_column(sheet, &column, err));
	TRY(read_map(sheet, &map, column, err));
	if (map.panels == 0)
		sheet->missing = "no run is finished";
	else
		put_map(sheet, &map);
	return 0;
}
