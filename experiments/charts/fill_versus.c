/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_versus.c -- MaxVio against NMI, model against model.
 */
#include <config.h>

#include <math.h>

#include "experiments/charts/counts.h"
#include "experiments/charts/labels.h"

/* A panel in pixels, and the greatest values on its axes.  MaxVio stands on a scale that is straight near 0 and
 * logarithmic beyond 0.1. */
struct panel {
	double wide, high, right, top;
};

static double x_pixel(const struct panel *panel, double maxvio)
{
	return panel->wide * asinh(maxvio / 0.1) / asinh(panel->right / 0.1);
}

static double x_value(const struct panel *panel, double pixel)
{
	return 0.1 * sinh(pixel / panel->wide * asinh(panel->right / 0.1));
}

static double maxvio_of(const struct analysis_layer *layer, bool alone)
{
	return alone ? layer->alone[counts_worst_domain(layer)].maxvio : layer->together.maxvio;
}

/* Of many layers only the first and the last are told by their number. */
static bool is_told(size_t l, size_t layers)
{
	return layers < 7 || l == 0 || l + 1 == layers;
}

/* A number that found no place near its mark would say nothing. */
static bool is_near(const struct label *label)
{
	enum { NEAR = 36 };
	return label->wide > 0 && hypot(label->edge_x - label->x, label->edge_y - label->y) < NEAR;
}

static void put_mark(struct chart_sheet *sheet, size_t series, bool alone, const struct analysis_layer *layer,
					 const struct panel *panel, const struct label *label)
{
	csv_int(sheet->data, (int64_t)series + 1);
	chart_put_text(sheet, layer->model);
	csv_int(sheet->data, layer->layer);
	csv_int(sheet->data, alone ? 2 : 1);
	chart_put(sheet, maxvio_of(layer, alone));
	chart_put(sheet, layer->together.domain_nmi);
	chart_put_text(sheet, is_near(label) ? counts_layer(layer) : "");
	chart_put(sheet, x_value(panel, label->begin_x));
	chart_put(sheet, label->at_y / panel->high * panel->top);
	csv_int(sheet->data, label->side);
	csv_row(sheet->data);
}

static size_t count_layers(size_t n, const struct counted_model *model)
{
	size_t layers = 0;
	for (size_t i = 0; i < n; i++)
		layers += model[i].layers;
	return layers;
}

static void put_panel(struct chart_sheet *sheet, size_t n, const struct counted_model *model, bool alone,
					  const struct panel *panel)
{
	size_t layers = count_layers(n, model), at = 0;
	struct label *label = ARENA_TAKE(&sheet->arena, layers, struct label);
	for (size_t i = 0; i < n; i++)
		for (size_t l = 0; l < model[i].layers; l++)
			label[at++] = (struct label){
				.x = x_pixel(panel, maxvio_of(&model[i].layer[l], alone)),
				.y = panel->high * model[i].layer[l].together.domain_nmi / panel->top,
				.wide = is_told(l, model[i].layers) ? labels_width(counts_layer(&model[i].layer[l])) : 0,
				.high = LABEL_HIGH,
			};
	labels_place(label, layers, panel->wide, panel->high);
	at = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t l = 0; l < model[i].layers; l++)
			put_mark(sheet, i, alone, &model[i].layer[l], panel, &label[at++]);
}

int fill_versus(struct chart_sheet *sheet, struct error *err)
{
	struct counted_model model[COUNTS_MODELS];
	struct panel panel = { .wide = 340, .high = 300 };
	size_t n = counts_with_domains(sheet, counts_models(sheet, model), model);
	double right[2], nmi = counts_greatest(n, model, COUNTS_NMI);
	(void)err;
	panel.top = nmi > 0 ? 1.15 * nmi : 1;
	for (int alone = 0; alone < 2; alone++) {
		panel.right = right[alone] = 1.5 * fmax(counts_greatest(n, model, alone ? COUNTS_ALONE : COUNTS_POOLED), 0.3);
		put_panel(sheet, n, model, alone, &panel);
	}
	counts_set_models(sheet, n, model);
	chart_set_number(sheet, "wide", panel.wide);
	chart_set_number(sheet, "high", panel.high);
	chart_set_number(sheet, "top", panel.top);
	chart_set_numbers(sheet, "right", 2, right);
	return 0;
}
