/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * watch.h -- the progress line of a suite: runs done, those running with loss and MaxVio, time left.
 */
#ifndef EXPERIMENTS_SUITE_WATCH_H
#define EXPERIMENTS_SUITE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

/* A run as far as its files tell; NAN: not known yet. */
struct glimpse {
	double step, loss, maxvio;
};

/* Reads the last whole lines of a run folder's steps.csv and layers.csv, also while they are being written. */
struct glimpse watch_glimpse(const char *folder);

struct watch {
	bool on; /* stderr is a terminal */
	double began;
	size_t total, done; /* runs of this call */
};

void watch_begin(struct watch *watch, size_t total);

/* Draws the line anew over the last one.  folder[0 .. n-1] run at the moment, called name[i], for steps[i] steps. */
void watch_draw(const struct watch *watch, size_t n, const char *const *folder, const char *const *name,
				const double *steps);

/* Wipes the line, so that something else can be printed. */
void watch_clear(const struct watch *watch);

#endif
