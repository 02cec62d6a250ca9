/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * csv_union.h -- the columns of several tables, which need not have the same ones.
 */
#ifndef SIM_BASE_CSV_UNION_H
#define SIM_BASE_CSV_UNION_H

#include "sim/base/csv.h"

/* Starts as zeros. */
struct csv_union {
	size_t n, room;
	const char **name; /* [n] in the order in which they turn up; they live as long as the program */
};

/* Adds the columns that are not there yet. */
void csv_union_add(struct csv_union *, const struct csv_table *table);
void csv_union_free(struct csv_union *);

bool csv_union_has(const struct csv_union *, const char *name);

/* "a,b,c"; lives as long as the program. */
const char *csv_union_header(const struct csv_union *);

/* Writes one row of a table, a cell for each column: empty where the table lacks the column, or the cell is. */
void csv_union_put(const struct csv_union *, const struct csv_table *table, size_t row, struct csv_writer *to);

#endif
