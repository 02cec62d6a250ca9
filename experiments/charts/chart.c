/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart.c -- the table of charts, and what all of them write.
 */
#include <config.h>

#include "experiments/charts/chart.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "experiments/charts/gnuplot.h"
#include "experiments/charts/groups.h"
#include "sim/base/text.h"

const struct chart charts[] = {
	{ "loss", "evaluation loss and excess loss over training",
	  "series,label,step,tokens,n,loss,loss_low,loss_high,excess,excess_low,excess_high,bayes", chart_fill_loss,
	  false },
	{ "load", "load of every expert over training", "panel,label,layer,rank,expert,bin,tokens,load", chart_fill_load,
	  .of_colour = true },
	{ "balance", "MaxVio and dead experts over training",
	  "series,label,layer,step,tokens,n,maxvio,maxvio_low,maxvio_high,dead,dead_low,dead_high,floor",
	  chart_fill_balance, false },
	{ "tradeoff", "excess loss against MaxVio at the end",
	  "series,label,n,loss,loss_low,loss_high,maxvio,maxvio_low,maxvio_high,pareto", chart_fill_tradeoff, false },
	{ "domains", "which experts serve which domain", "panel,label,layer,domain,row,expert,column,share",
	  chart_fill_domains, true },
	{ "cost", "experts in use, parameters and FLOPs",
	  "series,label,n,experts,alive,effective,params_active,params_total,flops_per_token,flops_total,flops_all",
	  chart_fill_cost, false },
	{ "differences", "paired differences in loss from a baseline",
	  "series,label,row,n,difference,difference_low,difference_high,paired_low,paired_high,relative,"
	  "relative_low,relative_high,p,verdict",
	  chart_fill_differences, false },
	{ "target", "training FLOPs and seconds to reach a common loss",
	  "series,label,row,n,reached,flops,flops_low,flops_high,seconds,seconds_low,seconds_high", chart_fill_target,
	  false },
	{ "specialisation", "information between domain and expert over training",
	  "series,label,layer,step,tokens,n,nmi,nmi_low,nmi_high", chart_fill_specialisation, false },
	{ "saturation", "how sure the router is, over training", "series,label,layer,step,tokens,n,top1,top1_low,top1_high",
	  chart_fill_saturation, false },
	{ "drops", "assignments dropped over training", "series,label,layer,step,tokens,n,drops,drops_low,drops_high",
	  chart_fill_drops, false },
	{ "positions", "assignments dropped by the token's place in its sequence",
	  "series,label,layer,position,n,drops,drops_low,drops_high", chart_fill_positions, false },
	{ "sweep", "loss and balance against a swept setting",
	  "series,label,key,value,n,loss,loss_low,loss_high,maxvio,maxvio_low,maxvio_high,dead,dead_low,dead_high",
	  chart_fill_sweep, false },
	{ "map", "loss over two swept settings", "panel,label,column,row,x,y,n,loss,least", chart_fill_map,
	  .of_colour = true },
	{ .name = NULL },
};

const struct chart charts_of_counts[] = {
	{ "experts", "load of every expert, sorted, of all domains and of each alone",
	  "panel,model,layer,domain,line,rank,expert,load", chart_fill_experts, false },
	{ "matrix", "which experts serve which domain", "panel,model,layer,domain,row,expert,column,share",
	  chart_fill_matrix, .of_colour = true },
	{ "depth", "balance and specialisation, layer by layer",
	  "series,model,layer,place,experts,maxvio,floor,worst,effective,mi,nmi,mi_floor", chart_fill_depth, false },
	{ "versus", "model against model: balance and specialisation",
	  "series,model,layer,panel,maxvio,nmi,label,label_x,label_y,side", chart_fill_versus, false },
	{ .name = NULL },
};

const struct chart charts_of_models[] = {
	{ "models", "active parameters against all, of public models and of yours",
	  "label,total,active,mine,side,label_total,label_active,line_total,line_active", chart_fill_models, false },
	{ .name = NULL },
};

const char *const chart_shared[] = { "style", "multiples", NULL };

/* ---- the prelude ----------------------------------------------------------------------------------------- */

/* A whole number stands without a point: gnuplot wants it so for counts and indices. */
static void number(FILE *to, double value)
{
	char buffer[TEXT_NUMBER];
	fputs(isfinite(value) ? text_of_double(value, buffer) : "NaN", to);
}

void chart_set_number(struct chart_sheet *sheet, const char *name, double value)
{
	fprintf(sheet->prelude, "%s = ", name);
	number(sheet->prelude, value);
	putc('\n', sheet->prelude);
}

void chart_set_text(struct chart_sheet *sheet, const char *name, const char *text)
{
	fprintf(sheet->prelude, "%s = ", name);
	gnuplot_quote(sheet->prelude, text);
	putc('\n', sheet->prelude);
}

void chart_set_numbers(struct chart_sheet *sheet, const char *name, size_t n, const double *value)
{
	fprintf(sheet->prelude, "array %s[%zu] = [", name, n);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ", " : "", sheet->prelude);
		number(sheet->prelude, value[i]);
	}
	fputs("]\n", sheet->prelude);
}

void chart_set_texts(struct chart_sheet *sheet, const char *name, size_t n, const char *const *text)
{
	fprintf(sheet->prelude, "array %s[%zu] = [", name, n);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ", " : "", sheet->prelude);
		gnuplot_quote(sheet->prelude, text[i]);
	}
	fputs("]\n", sheet->prelude);
}

enum { LABEL_MOST = 56 }; /* characters of a label that are shown */

static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

/* The label as it is shown; of a long one the middle is left out, for what tells labels apart stands at their ends. */
static const char *shown_label(const char *label, size_t *characters)
{
	size_t at[4096], n = 0; /* where characters begin */
	for (size_t i = 0; label[i] && n < sizeof at / sizeof *at; i++)
		if (begins_character(label[i]))
			at[n++] = i;
	*characters = n <= LABEL_MOST ? n : LABEL_MOST;
	return n <= LABEL_MOST ? label
						   : text_keep_f("%.*s…%s", (int)at[LABEL_MOST / 2], label, &label[at[n - LABEL_MOST / 2 + 1]]);
}

/* Sets NAME[] and the number of characters of the longest, as LENGTH. */
static void set_labels(struct chart_sheet *sheet, size_t n, const char *const *label, const char *name,
					   const char *length)
{
	const char **shown = ARENA_TAKE(&sheet->arena, n, const char *);
	size_t longest = 0;
	for (size_t i = 0; i < n; i++) {
		size_t characters;
		shown[i] = shown_label(label[i], &characters);
		longest = characters > longest ? characters : longest;
	}
	chart_set_texts(sheet, name, n, shown);
	chart_set_number(sheet, length, (double)longest);
}

void chart_set_labels(struct chart_sheet *sheet, size_t n, const char *const *label)
{
	set_labels(sheet, n, label, "label", "longest");
}

const char *chart_honest_label(const struct study_series *series, const char *label)
{
	return study_sees_future(series) ? text_keep_f("%s †", label) : label;
}

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

/* `groups`, `group_title[]`, `group_of[]` of each series; `lines`, `line_label[]`, `line_look[]`, `line_of[]`. */
static void set_groups(struct chart_sheet *sheet, size_t n, const size_t *shown)
{
	struct groups groups;
	struct legend legend = { 0, ARENA_TAKE(&sheet->arena, n, const char *), ARENA_TAKE(&sheet->arena, n, double) };
	double *group = ARENA_TAKE(&sheet->arena, n, double), *line = ARENA_TAKE(&sheet->arena, n, double);
	groups_make(sheet->study, &sheet->arena, &groups);
	number_groups(&sheet->arena, &groups, n, shown, group);
	if (groups.n > PANELS_MOST)
		chart_note(sheet, "of %zu panels, the first %d are shown", groups.n, PANELS_MOST);
	for (size_t i = 0; i < n; i++) {
		const struct study_series *series = &sheet->study->series[shown[i]];
		line[i] = (double)line_of(&legend, chart_honest_label(series, groups.label[shown[i]]), series->colour) + 1;
	}
	chart_set_number(sheet, "groups", (double)(groups.n < PANELS_MOST ? groups.n : PANELS_MOST));
	chart_set_texts(sheet, "group_title", groups.n, groups.title);
	chart_set_numbers(sheet, "group_of", n, group);
	chart_set_number(sheet, "lines", (double)legend.n);
	set_labels(sheet, legend.n, legend.label, "line_label", "line_longest");
	chart_set_numbers(sheet, "line_look", legend.n, legend.look);
	chart_set_numbers(sheet, "line_of", n, line);
}

void chart_set_series(struct chart_sheet *sheet, size_t n, const size_t *shown)
{
	const char **label = ARENA_TAKE(&sheet->arena, n, const char *);
	double *look = ARENA_TAKE(&sheet->arena, n, double);
	bool marked = false;
	for (size_t i = 0; i < n; i++) {
		const struct study_series *series = &sheet->study->series[shown[i]];
		label[i] = chart_honest_label(series, series->label);
		marked |= study_sees_future(series);
		look[i] = series->colour + STUDY_COLOURS * (series->variant % 8); /* style.gp has eight of each colour */
	}
	chart_set_number(sheet, "series", (double)n);
	chart_set_labels(sheet, n, label);
	chart_set_numbers(sheet, "look", n, look);
	chart_set_text(sheet, "footnote", marked ? "†: routes with later tokens in view." : "");
	set_groups(sheet, n, shown);
}

void chart_set_seeds(struct chart_sheet *sheet, size_t low, size_t high)
{
	const char *text = high <= 1     ? "one run each; nothing is known of chance"
					   : low == high ? text_keep_f("mean of n = %zu seeds", high)
									 : text_keep_f("mean of n = %zu to %zu seeds", low, high);
	chart_set_text(sheet, "seeds", text);
	chart_set_text(sheet, "interval", high > 1 ? " with its 95% t interval" : "");
	chart_set_number(sheet, "banded", high > 1);
}

void chart_set_tokens(struct chart_sheet *sheet, double most, bool known)
{
	double unit = !known ? 1 : most >= 2e9 ? 1e9 : most >= 1e6 ? 1e6 : most >= 2e3 ? 1e3 : 1;
	chart_set_number(sheet, "x_unit", unit);
	chart_set_text(sheet, "x_title",
				   !known       ? "training step"
				   : unit > 1e6 ? "training tokens (billions)"
				   : unit > 1e3 ? "training tokens (millions)"
				   : unit > 1   ? "training tokens (thousands)"
								: "training tokens");
}

/* ---- cells and notes ------------------------------------------------------------------------------------- */

void chart_put(struct chart_sheet *sheet, double value)
{
	if (isfinite(value))
		csv_double(sheet->data, value);
	else
		csv_empty(sheet->data);
}

void chart_put_text(struct chart_sheet *sheet, const char *text)
{
	char line[512];
	size_t n = 0;
	for (; text[n] && n + 1 < sizeof line; n++)
		line[n] = (unsigned char)text[n] < 0x20 || text[n] == '"' ? '?' : text[n];
	line[n] = '\0';
	csv_text(sheet->data, line);
}

void chart_put_estimate(struct chart_sheet *sheet, const struct estimate *value)
{
	chart_put(sheet, value->mean);
	chart_put(sheet, value->low);
	chart_put(sheet, value->high);
}

void chart_note(struct chart_sheet *sheet, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vfprintf(sheet->notes, format, args);
	va_end(args);
	putc('\n', sheet->notes);
}
