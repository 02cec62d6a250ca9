/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ids.c -- numbers for the different words of a CSV column.
 */
#include <config.h>

#include "experiments/charts/ids.h"

#include <string.h>

#include "sim/base/text.h"

void ids_start(struct ids *ids, struct arena *arena, const struct csv_table *table)
{
	size_t most = table->rows < IDS_LIMIT ? table->rows : IDS_LIMIT;
	*ids = (struct ids){ .room = most, .slots = 4 * most + 1 };
	ids->name = ARENA_TAKE(arena, most + 1, const char *);
	ids->slot = ARENA_TAKE(arena, ids->slots, size_t);
}

size_t ids_of(struct ids *ids, const char *name)
{
	size_t at = text_hash(name) % ids->slots;
	for (; ids->slot[at]; at = (at + 1) % ids->slots)
		if (strcmp(ids->name[ids->slot[at] - 1], name) == 0)
			return ids->slot[at] - 1;
	if (ids->n == ids->room)
		return SIZE_MAX;
	ids->name[ids->n++] = text_keep(name);
	ids->slot[at] = ids->n;
	return ids->n - 1;
}
