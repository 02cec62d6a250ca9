/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lookup.c -- numbered texts in a table of slots: a text stands in the first free slot from the one its hash names.
 */
#include <config.h>

#include "sim/base/lookup.h"

#include <stdint.h>
#include <string.h>

#include "sim/base/text.h"

/* The slot that holds the text, or the free one where it belongs; there always is a free one. */
static size_t slot_of(const struct lookup *lookup, const char *text)
{
	size_t at = text_hash(text) & (lookup->slots - 1);
	while (lookup->text[at] && strcmp(lookup->text[at], text) != 0)
		at = (at + 1) & (lookup->slots - 1);
	return at;
}

/* The outgrown slots stay in the arena. */
static void widen(struct lookup *lookup)
{
	struct lookup wider = *lookup;
	wider.slots = lookup->slots ? 2 * lookup->slots : 64;
	wider.text = ARENA_TAKE(lookup->arena, wider.slots, const char *);
	wider.number = ARENA_TAKE(lookup->arena, wider.slots, size_t);
	for (size_t i = 0; i < lookup->slots; i++)
		if (lookup->text[i]) {
			size_t at = slot_of(&wider, lookup->text[i]);
			wider.text[at] = lookup->text[i];
			wider.number[at] = lookup->number[i];
		}
	*lookup = wider;
}

size_t lookup_add(struct lookup *lookup, const char *text)
{
	if (2 * lookup->n >= lookup->slots)
		widen(lookup);
	size_t at = slot_of(lookup, text);
	if (lookup->text[at] == NULL) {
		lookup->text[at] = text;
		lookup->number[at] = lookup->n++;
	}
	return lookup->number[at];
}

size_t lookup_find(const struct lookup *lookup, const char *text)
{
	if (lookup->slots == 0)
		return SIZE_MAX;
	size_t at = slot_of(lookup, text);
	return lookup->text[at] ? lookup->number[at] : SIZE_MAX;
}
