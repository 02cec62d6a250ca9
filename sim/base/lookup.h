/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lookup.h -- texts numbered in the order in which they are met, so that equal ones are found without a search.
 */
#ifndef SIM_BASE_LOOKUP_H
#define SIM_BASE_LOOKUP_H

#include "sim/base/arena.h"

/* Begins as { .arena = ... }; the texts are the caller's and must live as long. */
struct lookup {
	struct arena *arena;
	size_t n;          /* texts, numbered from 0 */
	size_t slots;      /* a power of two, or 0 */
	const char **text; /* [slots] NULL: free */
	size_t *number;    /* [slots] */
};

/* The text's number; one that was not there gets the number n. */
size_t lookup_add(struct lookup *lookup, const char *text);
/* The text's number, or SIZE_MAX. */
size_t lookup_find(const struct lookup *lookup, const char *text);

#endif
