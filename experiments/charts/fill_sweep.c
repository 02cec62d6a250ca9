/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_sweep.c -- loss and balance against each swept setting.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/charts/chart.h"
#include "experiments/charts/chart_totals.h"
#include "experiments/study/contrast.h"
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
	struct chart_end loss, maxvio, dead;
	TRY(chart_end(sheet, series, column, &loss, err));
	TRY(chart_end(sheet, series, "maxvio", &maxvio, err));
	TRY(chart_end(sheet, series, "dead_experts", &dead, err));
	if (loss.of.n == 0)
		return 0;
	csv_int(sheet->data, (int64_t)lines->n);
	chart_put_text(sheet, lines->label[lines->n - 1]);
	chart_put_text(sheet, sheet->study->key[axis->key]);
	chart_put(sheet, position_on(axis, series->value[axis->key]));
	csv_int(sheet->data, (int64_t)loss.of.n);
	chart_put_end(sheet, &loss);
	chart_put_end(sheet, &maxvio);
	chart_put_end(sheet, &dead);
	csv_row(sheet->data);
	lines->low_n = loss.of.n < lines->low_n ? loss.of.n : lines->low_n;
	lines->high_n = loss.of.n > lines->high_n ? loss.of.n : lines->high_n;
	return 0;
}

static int put_lines(struct chart_sheet *sheet, struct lines *lines, const struct sweep_axis *axis, size_t key_place,
					 const char *column, struct error *err)
{
	const struct study *study = sheet->study;
	struct sweep_line *line;
	size_t n = sweep_lines(study, axis, &sheet->arena, &line);
	for (size_t i = 0; i < n; i++) {
		const size_t *on = line[i].series;
		if (line[i].n < 2)
			continue;
		open_line(lines, study, &study->series[on[0]], axis, key_place);
		for (size_t j = 0; j < line[i].n; j++)
			TRY(put_point(sheet, lines, &study->series[on[j]], axis, column, err));
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

/* Does a line of that key hold planted routers?  Then it shows the ceiling at every value, and a line across would show
 * one of them twice. */
static bool sweeps_ceiling(struct chart_sheet *sheet, const struct sweep_axis *axis)
{
	const struct study *study = sheet->study;
	struct sweep_line *line;
	size_t n = sweep_lines(study, axis, &sheet->arena, &line);
	for (size_t i = 0; i < n; i++)
		if (contrast_role(&study->series[line[i].series[0]]) == MOE_CEILING && line[i].n > 1)
			return true;
	return false;
}

/* `ceiling[]` of each key, on one stream, and `ceiling_title`. */
static int put_ceilings(struct chart_sheet *sheet, const struct sweep_axis *axis, size_t keys, const char *column,
						struct error *err)
{
	struct chart_streams streams;
	struct chart_limits limits;
	double *ceiling = ARENA_TAKE(&sheet->arena, keys, double);
	chart_split_streams(sheet, &streams);
	TRY(chart_limits(sheet, &streams, column, &limits, err));
	for (size_t k = 0; k < keys; k++)
		ceiling[k] = streams.n > 1 || sweeps_ceiling(sheet, &axis[k]) ? NAN : limits.ceiling[0];
	chart_set_numbers(sheet, "ceiling", keys, ceiling);
	chart_set_text(sheet, "ceiling_title", text_keep_f("ceiling: %s", limits.ceiling_label[0]));
	return 0;
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
		name[n] = sweep_words(study, &axis[i]);
		geometric[n++] = axis[i].geometric;
		put_ticks(sheet, &axis[i], n);
		TRY(put_lines(sheet, lines, &axis[i], n, column, err));
	}
	chart_set_number(sheet, "keys", (double)n);
	chart_set_texts(sheet, "key_name", n, name);
	chart_set_numbers(sheet, "key_log", n, geometric);
	return n ? put_ceilings(sheet, axis, n, column, err) : 0;
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

int fill_sweep(struct chart_sheet *sheet, struct error *err)
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
