/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * checkpoint.h -- everything that a resumed run needs, in one file that is whole or not there.
 *
 * Parameters, moments, the parts' states, the step, and sizes and hashes of the CSV files at that moment.  Random
 * streams need no state: they depend on seed, name and step.  A checkpoint fits the build's precision and the very same
 * settings.
 */
#ifndef SIM_RUN_CHECKPOINT_H
#define SIM_RUN_CHECKPOINT_H

#include "sim/run/recorder.h"

int checkpoint_write(const char *path, const struct trainer *trainer, const struct recorder_place *place,
					 struct error *err);

/* Into an opened trainer.  Refuses another file, a damaged one, other settings and another precision. */
int checkpoint_read(const char *path, struct trainer *trainer, struct recorder_place *place, struct error *err);

#endif
