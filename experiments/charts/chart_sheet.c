/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart_sheet.c -- what every chart writes: its prelude of gnuplot variables, its cells and its notes.
 */
#include <config.h>

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "experiments/charts/chart.h"
#include "experiments/charts/gnuplot.h"
#include "sim/base/text.h"

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

void chart_set_labels_as(struct chart_sheet *sheet, size_t n, const char *const *label, const char *name,
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
	chart_set_labels_as(sheet, n, label, "label", "longest");
}

void chart_set_seeds(struct chart_sheet *sheet, size_t low, size_t high)
{
	const char *text = high <= 1     ? "one run each; nothing is known of chance"
					   : low == high ? text_keep_f("mean of n = %zu seeds", high)
									 : text_keep_f("mean of n = %zu to %zu seeds", low, high);
	chart_set_text(sheet, "seeds", text);
	chart_set_text(sheet, "interval", high > 1 ? " with its 95% t interval" : "");
	chart_set_number(sheet, "banded", high > 1);
	chart_set_number(sheet, "seeds_low", (double)low);
	chart_set_number(sheet, "seeds_high", (double)high);
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

void chart_put_seeds(struct chart_sheet *sheet, const double *value, size_t n)
{
	bool each = n > 1 && n <= CHART_SEEDS;
	for (size_t i = 0; i < CHART_SEEDS; i++)
		chart_put(sheet, each && i < n ? value[i] : NAN);
}

void chart_note(struct chart_sheet *sheet, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vfprintf(sheet->notes, format, args);
	va_end(args);
	putc('\n', sheet->notes);
}
