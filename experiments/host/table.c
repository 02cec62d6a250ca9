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

static void print_line(const struct table *table, const int *wide, const char *const *cell, FILE *to)
{
	int owed = 0;
	for (size_t c = 0; c < table->columns; c++)
		print_cell(table, c, cell ? cell[c] : title(table, c), wide[c], &owed, to);
	fputc('\n', to);
}

void table_end(struct table *table, FILE *to)
{
	int *wide = calloc(table->columns + 1, sizeof *wide);
	if (!wide)
		error_no_memory("a table");
	for (size_t c = 0; c < table->columns; c++)
		wide[c] = width(table, c);
	print_line(table, wide, NULL, to);
	for (size_t i = 0; i < table->cells; i += table->columns)
		print_line(table, wide, table->cell + i, to);
	free(wide);
	table_free(table);
}

void table_free(struct table *table)
{
	free(table->cell);
	*table = (struct table){ .columns = 0 };
}
