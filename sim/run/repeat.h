/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * repeat.h -- a run made again: the settings of its manifest.
 */
#ifndef SIM_RUN_REPEAT_H
#define SIM_RUN_REPEAT_H

#include "sim/train/settings.h"

/* Settles on the settings of the manifest at `path` (a run folder, or a file of that form) with those of given[n] in
 * the place of its own.  Where the user gives neither strategy nor balancers the run has the name it had.  Refuses a
 * manifest whose settings mean something else to this build, by their hash. */
int repeat_resolve(const char *path, const struct assignment *given, size_t n, struct settings *settings,
				   struct error *err);

#endif
