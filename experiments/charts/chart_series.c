/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart_series.c -- the series of a chart: their labels, looks and groups.
 */
#include <config.h>

#include "experiments/charts/chart_series.h"

#include <string.h>

#include "experiments/charts/groups.h"
#include "experiments/study/causality.h"

/* Small multiples have one legend for all panels: a line for each label that series bear in their groups.  It has the
 * colour of its strategy, or none (0) where several strategies share the label. */
struct legend {
	size_t n;
	const char **label;
	double *look;
};

static size_t line_of(struct legend *legend, const char *label, unsigned colour)
{
	size_t line = 0, before = 0;
	while (line < legend->n && strcmp(legend->label[line], label) != 0)
		line++;
	if (line < legend->n) {
		if (legend->look[line] != 0 && ((unsigned)legend->look[line] - 1) % STUDY_COLOURS + 1 != colour)
			legend->look[line] = 0;
		return line;
	}
	for (size_t i = 0; i < line; i++)
		before += ((unsigned)legend->look[i] + STUDY_COLOURS - 1) % STUDY_COLOURS + 1 == colour;
	legend->label[line] = label;
	legend->look[line] = colour + STUDY_COLOURS * (double)(before % 8);
	legend->n++;
	return line;
}

enum { PANELS_MOST = 12 };

/* Only groups of which something is shown have a panel: numbers them from 1, and moves their titles up. */
static void number_groups(struct arena *arena, struct groups *groups, size_t n, const size_t *shown, double *group)
{
	size_t *number = ARENA_TAKE(arena, groups->n, size_t), used = 0;
	for (size_t i = 0; i < n; i++)
		number[groups->of[shown[i]]] = 1;
	for (size_t g = 0; g < groups->n; g++)
		if (number[g]) {
			groups->title[used] = groups->title[g];
			number[g] = ++used;
		}
	for (size_t i = 0; i < n; i++)
		group[i] = (double)number[groups->of[shown[i]]];
	groups->n = used;
}

/* Prints what the groups and the legend came to. */
static void put_groups(struct chart_sheet *sheet, size_t n, const struct groups *groups, const double *group,
					   const struct legend *legend, const double *line)
{
	if (groups->n > PANELS_MOST)
		chart_note(sheet, "of %zu panels, the first %d are shown", groups->n, PANELS_MOST);
	chart_set_number(sheet, "groups", (double)(groups->n < PANELS_MOST ? groups->n : PANELS_MOST));
	chart_set_texts(sheet, "group_title", groups->n, groups->title);
	chart_set_numbers(sheet, "group_of", n, group);
	chart_set_number(sheet, "lines", (double)legend->n);
	chart_set_labels_as(sheet, legend->n, legend->label, "line_label", "line_longest");
	chart_set_numbers(sheet, "line_look", legend->n, legend->look);
	chart_set_numbers(sheet, "line_of", n, line);
}

void chart_set_groups(struct chart_sheet *sheet, size_t n, const size_t *shown, struct chart_groups *out)
{
	struct groups groups;
	struct legend legend = { 0, ARENA_TAKE(&sheet->arena, n, const char *), ARENA_TAKE(&sheet->arena, n, double) };
	double *group = ARENA_TAKE(&sheet->arena, n, double), *line = ARENA_TAKE(&sheet->arena, n, double);
	groups_make(sheet->study, &sheet->arena, &groups);
	number_groups(&sheet->arena, &groups, n, shown, group);
	*out = (struct chart_groups){ .n = groups.n, .first = ARENA_TAKE(&sheet->arena, groups.n, size_t) };
	for (size_t i = n; i-- > 0;)
		out->first[(size_t)group[i] - 1] = shown[i];
	for (size_t i = 0; i < n; i++) {
		const struct study_series *series = &sheet->study->series[shown[i]];
		line[i] = (double)line_of(&legend, causality_label(series, groups.label[shown[i]]), series->colour) + 1;
	}
	put_groups(sheet, n, &groups, group, &legend, line);
	if (groups.n == 1) /* of several, small panels have titles and a key */
		chart_set_legend(sheet, legend.n, legend.label, legend.look);
}

void chart_set_series(struct chart_sheet *sheet, size_t n, const size_t *shown)
{
	const char **label = ARENA_TAKE(&sheet->arena, n, const char *);
	double *look = ARENA_TAKE(&sheet->arena, n, double);
	bool marked = false;
	for (size_t i = 0; i < n; i++) {
		const struct study_series *series = &sheet->study->series[shown[i]];
		label[i] = causality_label(series, series->label);
		marked |= causality_breaks(series);
		look[i] = series->colour + STUDY_COLOURS * (series->variant % 8); /* style.gp has eight of each colour */
	}
	chart_set_number(sheet, "series", (double)n);
	chart_set_labels(sheet, n, label);
	chart_set_numbers(sheet, "look", n, look);
	chart_set_text(sheet, "footnote", marked ? "†: routes with later tokens in view." : "");
}
