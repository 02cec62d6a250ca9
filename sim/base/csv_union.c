/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * csv_union.c -- the columns of several tables.
 */
#include <config.h>

#include "sim/base/csv_union.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/text.h"

bool csv_union_has(const struct csv_union *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->name[i], name) == 0)
			return true;
	return false;
}

static void add(struct csv_union *all, const char *name)
{
	if (csv_union_has(all, name))
		return;
	if (all->n == all->room) {
		all->room = all->room ? 2 * all->room : 32;
		all->name = realloc(all->name, all->room * sizeof *all->name);
		if (!all->name)
			error_no_memory("column names");
	}
	all->name[all->n++] = text_keep(name);
}

void csv_union_add(struct csv_union *all, const struct csv_table *table)
{
	for (size_t c = 0; c < table->columns; c++)
		add(all, table->header[c]);
}

void csv_union_free(struct csv_union *all)
{
	free(all->name);
}

const char *csv_union_header(const struct csv_union *all)
{
	const char *line = "";
	for (size_t i = 0; i < all->n; i++)
		line = text_keep_f("%s%s%s", line, i ? "," : "", all->name[i]);
	return line;
}

void csv_union_put(const struct csv_union *all, const struct csv_table *table, size_t row, struct csv_writer *to)
{
	for (size_t i = 0; i < all->n; i++) {
		int from = csv_column(table, all->name[i]);
		const char *cell = from < 0 ? "" : csv_cell(table, row, from);
		if (*cell)
			csv_text(to, cell);
		else
			csv_empty(to);
	}
}
