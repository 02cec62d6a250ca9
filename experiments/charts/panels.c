/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * panels.c -- a chart of matrices: which series and layers have a panel, and what its script must know.
 */
#include <config.h>

#include "experiments/charts/panels.h"

#include <math.h>
#include <string.h>

#include "sim/base/text.h"
#include "sim/data/stream.h"

enum { SERIES = 24 }; /* series that are shown */

struct panels *panels_new(struct chart_sheet *sheet)
{
	return ARENA_TAKE(&sheet->arena, 1, struct panels);
}

/* Panels are small, so "topicmix.context=1" is called "context=1" in their titles. */
static const char *without_stream(const char *label)
{
	const char *text = "";
	for (const char *from = label; *from;) {
		size_t word = strcspn(from, " "), name = strcspn(from, ".=");
		if (name < word && from[name] == '.' && stream_find(text_keep_n(from, name))) {
			from += name + 1;
			word -= name + 1;
		}
		word += from[word] == ' ';
		text = text_keep_f("%s%.*s", text, (int)word, from);
		from += word;
	}
	return text;
}

bool panels_open(struct panels *panels, const char *label, const char *layer, size_t width, size_t height)
{
	if (panels->n == PANELS)
		return false;
	size_t p = panels->n++;
	panels->label[p] = without_stream(label);
	panels->layer[p] = layer;
	panels->width[p] = (double)width;
	panels->height[p] = (double)height;
	panels->first[p] = panels->rows;
	panels->rows += (double)width * (double)height;
	panels->last[p] = panels->rows - 1;
	return true;
}

/* The place-th of n series is one of the `few` that lie evenly among them, both ends of a sweep included. */
static bool is_spread(size_t place, size_t n, size_t few)
{
	for (size_t i = 0; i < few && few < n; i++)
		if ((few > 1 ? i * (n - 1) / (few - 1) : 0) == place)
			return true;
	return few >= n;
}

/* Layers without a choice have nothing to show, and must not take the place of those that have. */
static bool chooses_experts(const struct study_series *series)
{
	return strcmp(run_folder_setting(series->run[0], "selector"), "none") != 0;
}

static size_t first_of_strategy(const struct study *study, size_t series)
{
	size_t first = 0;
	while (strcmp(study->series[first].strategy, study->series[series].strategy) != 0)
		first++;
	return first;
}

size_t panels_choose_series(struct chart_sheet *sheet, size_t *shown)
{
	const struct study *study = sheet->study;
	size_t *size = ARENA_TAKE(&sheet->arena, study->n, size_t), *met = ARENA_TAKE(&sheet->arena, study->n, size_t);
	size_t n = 0, strategies = 0;
	for (size_t i = 0; i < study->n; i++)
		if (chooses_experts(&study->series[i]))
			strategies += size[first_of_strategy(study, i)]++ == 0;
	size_t few = study->n <= SERIES ? study->n : strategies == 0 || strategies > SERIES ? 1 : SERIES / strategies;
	for (size_t i = 0; i < study->n && n < SERIES; i++) {
		size_t first = first_of_strategy(study, i);
		if (few == study->n || (chooses_experts(&study->series[i]) && is_spread(met[first]++, size[first], few)))
			shown[n++] = i;
	}
	if (n < study->n)
		chart_note(sheet, "of %zu series, %zu are shown, spread evenly over each strategy's", study->n, n);
	return n;
}

/* Many series times many layers: then the last layer, where routing is most specialized, stands for the run. */
static bool only_last_layer(const struct chart_sheet *sheet, size_t layers)
{
	return layers * sheet->study->n > 24;
}

size_t panels_first_layer(const struct chart_sheet *sheet, size_t layers)
{
	return only_last_layer(sheet, layers) ? layers - 1 : 0;
}

static void note_seed(struct chart_sheet *sheet, const struct panels *panels)
{
	const struct run_folder *first = sheet->study->series[0].run[0];
	bool same = true;
	for (size_t i = 0; i < sheet->study->n; i++)
		same &= sheet->study->series[i].run[0]->seed == first->seed;
	chart_set_text(sheet, "of_run",
				   same && first->seed >= 0 ? text_keep_f("seed %lld", (long long)first->seed)
											: "the first seed of each");
	if (panels->n == PANELS)
		chart_note(sheet, "only the first %d panels are shown", PANELS);
}

static void note_layers(struct chart_sheet *sheet, struct panels *panels)
{
	if (!only_last_layer(sheet, panels->layers) || panels->layers < 2)
		return;
	chart_note(sheet, "of %zu layers, only the last is shown", panels->layers);
	panels->layers = 1;
}

void panels_put(struct chart_sheet *sheet, struct panels *panels)
{
	note_layers(sheet, panels);
	chart_set_number(sheet, "panels", (double)panels->n);
	chart_set_number(sheet, "layers", (double)panels->layers);
	chart_set_labels(sheet, panels->n, panels->label);
	chart_set_texts(sheet, "layer", panels->n, panels->layer);
	chart_set_numbers(sheet, "first", panels->n, panels->first);
	chart_set_numbers(sheet, "last", panels->n, panels->last);
	chart_set_numbers(sheet, "columns", panels->n, panels->width);
	chart_set_numbers(sheet, "rows", panels->n, panels->height);
	chart_set_numbers(sheet, "scale", panels->n, panels->scale);
	chart_set_number(sheet, "most", panels->most);
	note_seed(sheet, panels);
}
