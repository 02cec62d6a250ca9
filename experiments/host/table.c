/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * table.c -- a table for a person.
 */
#include <config.h>

#include "experiments/host/table.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/error.h"
#include "sim/base/text.h"
#include "sim/base/wrap.h"

void table_begin(struct table *table, const char *const *header)
{
	*table = (struct table){ .header = header };
	while (header[table->columns])
		table->columns++;
}

static void add_cell(struct table *table, const char *text)
{
	if ((table->cells & (table->cells - 1)) == 0) {
		size_t room = table->cells ? 2 * table->cells : 1;
		table->cell = realloc(table->cell, room * sizeof *table->cell);
		if (!table->cell)
			error_no_memory("a table");
	}
	table->cell[table->cells++] = text;
}

void table_cell(struct table *table, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	add_cell(table, text_keep(text));
}

void table_number(struct table *table, double value, int decimals)
{
	if (isnan(value))
		add_cell(table, "-");
	else
		table_cell(table, "%.*f", decimals, value);
}

void table_interval(struct table *table, double value, double half, int decimals)
{
	if (isnan(value) || isnan(half))
		table_number(table, value, decimals);
	else
		table_cell(table, "%.*f +- %.*f", decimals, value, decimals, half);
}

static bool is_left(const struct table *table, size_t column)
{
	return table->header[column][0] == '<';
}

static const char *title(const struct table *table, size_t column)
{
	return table->header[column] + is_left(table, column);
}

static int width(const struct table *table, size_t column)
{
	size_t most = strlen(title(table, column));
	for (size_t i = column; i < table->cells; i += table->columns)
		if (strlen(table->cell[i]) > most)
			most = strlen(table->cell[i]);
	return (int)most;
}

/* Empty cells leave no blanks at the end of a line: they are owed until something follows. */
static void print_cell(const struct table *table, size_t column, const char *text, int wide, int *owed, FILE *to)
{
	int length = (int)strlen(text), left = is_left(table, column) ? 0 : wide - length;
	*owed += column ? 2 : 0;
	if (length > 0) {
		fprintf(to, "%*s%s", *owed + left, "", text);
		*owed = wide - length - left;
	} else {
		*owed += wide;
	}
}

/* What is printed of each line: the keys, and the columns from `from` to before `until`. */
struct part {
	size_t keys, from, until;
};

static void print_line(const struct table *table, const int *wide, const char *const *cell, struct part part, FILE *to)
{
	int owed = 0;
	for (size_t c = 0; c < part.until; c++)
		if (c < part.keys || c >= part.from)
			print_cell(table, c, cell ? cell[c] : title(table, c), wide[c], &owed, to);
	fputc('\n', to);
}

static size_t span(const int *wide, size_t columns)
{
	size_t sum = 0;
	for (size_t c = 0; c < columns; c++)
		sum += (size_t)wide[c] + (c ? 2 : 0);
	return sum;
}

/* The columns of words that the table begins with tell lines apart, as far as they leave room for others. */
static size_t keys_of(const struct table *table, const int *wide, size_t room)
{
	size_t keys = 1;
	while (keys < table->columns && is_left(table, keys) && 5 * span(wide, keys + 1) <= 3 * room)
		keys++;
	return keys < table->columns ? keys : table->columns;
}

static size_t end_of_part(const struct table *table, const int *wide, const struct part *part, size_t room)
{
	size_t used = span(wide, part->keys), until = part->from;
	while (until < table->columns && (until == part->from || used + 2 + (size_t)wide[until] <= room))
		used += 2 + (size_t)wide[until++];
	return until;
}

static void print_part(const struct table *table, const int *wide, struct part part, FILE *to)
{
	print_line(table, wide, NULL, part, to);
	for (size_t i = 0; i < table->cells; i += table->columns)
		print_line(table, wide, table->cell + i, part, to);
}

void table_end(struct table *table, FILE *to)
{
	int *wide = calloc(table->columns + 1, sizeof *wide);
	size_t room = wrap_columns_of_table(to);
	if (!wide)
		error_no_memory("a table");
	for (size_t c = 0; c < table->columns; c++)
		wide[c] = width(table, c);
	struct part part = { .keys = keys_of(table, wide, room) };
	for (part.from = part.keys; part.from <= table->columns; part.from = part.until) {
		part.until = end_of_part(table, wide, &part, room);
		print_part(table, wide, part, to);
		if (part.until == table->columns)
			break;
		fputc('\n', to);
	}
	free(wide);
	table_free(table);
}

void table_free(struct table *table)
{
	free(table->cell);
	*table = (struct table){ .columns = 0 };
}
