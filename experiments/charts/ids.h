/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ids.h -- numbers for the different words of a CSV column.
 */
#ifndef EXPERIMENTS_CHARTS_IDS_H
#define EXPERIMENTS_CHARTS_IDS_H

#include "sim/base/arena.h"
#include "sim/base/csv.h"

enum { IDS_LIMIT = 1 << 16 }; /* words of one column */

/* Words in the order of appearance. */
struct ids {
	size_t n, room;
	const char **name;
	size_t slots, *slot; /* open addressing: index + 1, 0 is empty */
};

/* With room for the words of any column of the table, in the arena. */
void ids_start(struct ids *ids, struct arena *arena, const struct csv_table *table);
/* The number of a word, which is kept; SIZE_MAX when there are too many. */
size_t ids_of(struct ids *ids, const char *name);

#endif
