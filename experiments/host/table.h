/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * table.h -- a table for a person: columns as wide as their widest cell, words left, numbers right.
 *
 * On a terminal that is too narrow for it, it is printed in several parts with as many columns as fit, each behind the
 * columns of words that it begins with.
 */
#ifndef EXPERIMENTS_HOST_TABLE_H
#define EXPERIMENTS_HOST_TABLE_H

#include <stddef.h>
#include <stdio.h>

struct table {
	size_t columns, cells;
	const char *const *header; /* [columns]; a '<' before the word makes the column flush left */
	const char **cell;         /* [cells], row by row */
};

/* header is NULL-ended and must outlive the table. */
void table_begin(struct table *table, const char *const *header);
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A number with so many decimals; "-" for NAN. */
void table_number(struct table *table, double value, int decimals);
/* "0.123 +- 0.004"; without the interval where there is none. */
void table_interval(struct table *table, double value, double half, int decimals);
/* Prints the table and frees it. */
void table_end(struct table *table, FILE *to);
void table_free(struct table *table);

#endif
