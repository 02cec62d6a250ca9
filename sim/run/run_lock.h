/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_lock.h -- a run's folder made or checked, held against a second process, and cleared.
 */
#ifndef SIM_RUN_RUN_LOCK_H
#define SIM_RUN_RUN_LOCK_H

#include "sim/base/error.h"

struct run_lock {
	const char *folder;
	int fd; /* the folder; -1: not held */
};

/* What to do with a folder that is there already. */
enum run_mode { RUN_NEW, RUN_FORCE, RUN_RESUME };

/* Makes or checks the folder, takes its lock, and sweeps out what a killed process left half-written.  A folder that
 * holds anything else is refused, unless it holds a run and mode says what to do with it. */
int run_lock_take(struct run_lock *lock, const char *folder, enum run_mode mode, struct error *err);
/* Removes all files of a run but its manifest. */
int run_lock_clear(const struct run_lock *lock, struct error *err);
/* Removes those that are written at the end. */
int run_lock_clear_end(const struct run_lock *lock, struct error *err);
/* Gives the folder back: the last thing that is done to it. */
void run_lock_release(struct run_lock *lock);

#endif
