/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lists.h -- everything that can be listed.
 */
#ifndef EXPERIMENTS_CLI_LISTS_H
#define EXPERIMENTS_CLI_LISTS_H

#include <stddef.h>

#include "sim/base/error.h"

/* What was found, in the order in which it is shown. */
struct list {
	size_t n, room;
	struct entry {
		const char *name, *summary;
	} * entry; /* [n] */
};

struct list_kind {
	const char *name, *one; /* "suites", "suite" */
	int (*fill)(struct list *list, struct error *err);
};
extern const struct list_kind list_kinds[]; /* the end has no name */

#endif
