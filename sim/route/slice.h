/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * slice.h -- a piece of a sentence, which knows where in the text it stands.
 */
#ifndef SIM_ROUTE_SLICE_H
#define SIM_ROUTE_SLICE_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/base/error.h"

/* [at, end) of `text`, which belongs to the flag `file`. */
struct slice {
	const char *file, *text;
	size_t at, end;
};

/* The whole of a text. */
struct slice slice_of(const char *file, const char *text);

/* The piece as a text of its own, which lives as long as the program. */
const char *slice_text(struct slice slice);

/* Adds the flag and the column of the piece to an error; returns -1. */
int slice_fail(struct slice slice, struct error *err);

/* Cuts the next piece off the front, up to a separator for which `ends` holds; the separator goes too. */
struct slice slice_next(struct slice *rest, bool (*ends)(const char *at));
bool slice_ends_at_comma(const char *at);
bool slice_ends_at_blank(const char *at);
bool slice_ends_at_plus(const char *at); /* between two balancers; not the one in 1e+3 */

/* Splits "key=value" at its first '='; false when there is none. */
bool slice_split(struct slice pair, struct slice *key, struct slice *value);

/* Does a pair among the pieces of `text` have this key? */
bool slice_has_key(struct slice text, bool (*ends)(const char *at), const char *key);

#endif
