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
#include "experiments/study/sweep.h"
#include "sim/base/text.h"

enum { SWEPT_KEYS = 3 }; /* rows of panels */

/* A number has its own place on an axis of numbers; everything else stands at 1, 2, 3... */
static double position_on(const struct sweep_axis *axis, const char *value)
{
	double number;
	size_t place = sweep_place(axis, value);
	if (place == 0)
		return NAN;
	return axis->numeric && text_to_real(value, &number) ? number : (double)place;
}

/* ---- curves over one setting ----------------------------------------------------------------------------- */

/* The lines of all keys. */
struct lines {
	size_t n, room;
	const char **label;
	double *look, *of_key;
	size_t low_n, high_n;
};

static void open_line(struct lines *lines, const struct study *study, const struct study_series *series,
					  const struct sweep_axis *axis, size_t key_place)
{
	size_t variant = 0;
	for (size_t i = 0; i < lines->n; i++)
		variant += lines->of_key[i] == (double)key_place &&
				   (size_t)lines->look[i] % STUDY_COLOURS == series->colour % STUDY_COLOURS;
	lines->label[lines->n] = sweep_label(study, series, axis);
	lines->look[lines->n] = (double)(series->colour + STUDY_COLOURS * (variant % 8));
	lines->of_key[lines->n++] = (double)key_place;
}

static int put_point(struct chart_sheet *sheet, struct lines *lines, const struct study_series *series,
					 const struct sweep_axis *axis, const char *column, struct error *err)
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

static int put_lines(struct chart_sheet *sheet, struct lines *lines, const struct sweep_axis *axis, size_t key_place,
					 const char *column, struct error *err)
{
	const struct study *study = sheet->study;
	size_t *line = ARENA_TAKE(&sheet->arena, study->n, size_t);
	for (size_t i = 0; i < study->n; i++) {
		size_t length = sweep_line(study, i, axis, line);
		if (length < 2)
			continue;
		open_line(lines, study, &study->series[i], axis, key_place);
		for (size_t j = 0; j < length; j++)
			TRY(put_point(sheet, lines, &study->series[line[j]], axis, column, err));
	}
	return 0;
}

/* The tick marks of one key: "places1" and "ticks1" for the first. */
static void put_ticks(struct chart_sheet *sheet, const struct sweep_axis *axis, size_t key_place)
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
	double geometric[SWEPT_KEYS];
	struct sweep_axis *axis;
	size_t n = 0, axes = sweep_axes(study, &sheet->arena, &axis);
	TRY(chart_loss_column(sheet, &column, err));
	for (size_t i = 0; i < axes; i++) {
		if (n == SWEPT_KEYS) {
			chart_note(sheet, "%s: only %d swept settings are shown", study->key[axis[i].key], SWEPT_KEYS);
			continue;
		}
		name[n] = sweep_title(study, &axis[i]);
		geometric[n++] = axis[i].geometric;
		put_ticks(sheet, &axis[i], n);
		TRY(put_lines(sheet, lines, &axis[i], n, column, err));
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
	struct sweep_axis x, y;
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
		size_t at_x = sweep_place(&map->x, series->value[map->x.key]),
			   at_y = sweep_place(&map->y, series->value[map->y.key]);
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
	chart_set_text(sheet, "x_name", sweep_title(sheet->study, &map->x));
	chart_set_text(sheet, "y_name", sweep_title(sheet->study, &map->y));
	chart_set_texts(sheet, "x_value", map->x.n, map->x.value);
	chart_set_texts(sheet, "y_value", map->y.n, map->y.value);
	chart_set_number(sheet, "least", map->least);
	chart_set_number(sheet, "most", map->most);
}

int chart_fill_map(struct chart_sheet *sheet, struct error *err)
{
	struct map map = { .panels = 0 };
	const char *column;
	struct sweep_axis *axis;
	if (sweep_axes(sheet->study, &sheet->arena, &axis) != 2) {
		sheet->missing = "it needs exactly two swept settings besides the strategy and the seed";
		return 0;
	}
	map.x = axis[0];
	map.y = axis[1];
	TRY(chart_loss_column(sheet, &column, err));
	TRY(read_map(sheet, &map, column, err));
	if (map.panels == 0)
		sheet->missing = "no run is finished";
	else
		put_map(sheet, &map);
	return 0;
}
