/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_map.c -- loss over two swept settings.
 */
#include <config.h>

#include <math.h>
#include <string.h>

#include "experiments/charts/chart_totals.h"
#include "experiments/study/sweep.h"

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
	chart_set_text(sheet, "x_name", sweep_words(sheet->study, &map->x));
	chart_set_text(sheet, "y_name", sweep_words(sheet->study, &map->y));
	chart_set_texts(sheet, "x_value", map->x.n, map->x.value);
	chart_set_texts(sheet, "y_value", map->y.n, map->y.value);
	chart_set_number(sheet, "least", map->least);
	chart_set_number(sheet, "most", map->most);
}

int fill_map(struct chart_sheet *sheet, struct error *err)
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
