/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_models.c -- active parameters against all of them: what sparsity buys.
 *
 * Both axes are logarithmic and a decade is as long on one as on the other, so that equal shares lie on one diagonal.
 */
#include <config.h>

#include <math.h>

#include "experiments/charts/chart.h"
#include "experiments/charts/labels.h"
#include "experiments/models/list.h"

/* The picture in pixels. */
static const double most_wide = 860, most_high = 620, most_decade = 300;

/* The logarithms at the edges, and pixels of a decade. */
struct frame {
	double left, right, low, high, decade;
};

static struct frame frame_of(const struct model_list *list)
{
	struct frame frame = { INFINITY, -INFINITY, INFINITY, -INFINITY, most_decade };
	for (size_t i = 0; i < list->n; i++) {
		double x = log10((double)list->model[i].total), y = log10((double)list->model[i].active);
		frame.left = fmin(frame.left, x - 0.2);
		frame.right = fmax(frame.right, x + 0.35);
		frame.low = fmin(frame.low, y - 0.25);
		frame.high = fmax(frame.high, y + 0.2);
	}
	frame.decade = fmin(frame.decade, most_wide / (frame.right - frame.left));
	frame.decade = fmin(frame.decade, most_high / (frame.high - frame.low));
	return frame;
}

static void place(const struct model_list *list, struct frame frame, struct label *label)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct listed_model *model = &list->model[i];
		label[i] = (struct label){ .x = (log10((double)model->total) - frame.left) * frame.decade,
								   .y = (log10((double)model->active) - frame.low) * frame.decade,
								   .wide = labels_width(model->label),
								   .high = LABEL_HIGH };
	}
	labels_place(label, list->n, (frame.right - frame.left) * frame.decade, (frame.high - frame.low) * frame.decade);
}

/* A place in pixels as values of the two axes. */
static void put_place(struct chart_sheet *sheet, struct frame frame, double x, double y)
{
	chart_put(sheet, pow(10, frame.left + x / frame.decade));
	chart_put(sheet, pow(10, frame.low + y / frame.decade));
}

int fill_models(struct chart_sheet *sheet, struct error *err)
{
	const struct model_list *list = sheet->models;
	struct frame frame = frame_of(list);
	struct label *label = ARENA_TAKE(&sheet->arena, list->n, struct label);
	double mine = 0;
	(void)err;
	place(list, frame, label);
	for (size_t i = 0; i < list->n; i++) {
		const struct listed_model *model = &list->model[i];
		mine += model->mine;
		chart_put_text(sheet, model->label);
		csv_int(sheet->data, model->total);
		csv_int(sheet->data, model->active);
		csv_int(sheet->data, model->mine);
		csv_int(sheet->data, label[i].side);
		put_place(sheet, frame, label[i].begin_x, label[i].at_y);
		put_place(sheet, frame, label[i].far ? label[i].edge_x : NAN, label[i].far ? label[i].edge_y : NAN);
		csv_row(sheet->data);
	}
	chart_set_number(sheet, "left", pow(10, frame.left));
	chart_set_number(sheet, "right", pow(10, frame.right));
	chart_set_number(sheet, "low", pow(10, frame.low));
	chart_set_number(sheet, "top", pow(10, frame.high));
	chart_set_number(sheet, "decade", frame.decade);
	chart_set_number(sheet, "mine", mine);
	return 0;
}
