/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * manifest.h -- manifest.json: what ran, with what, and what came out.
 */
#ifndef SIM_TRAIN_MANIFEST_H
#define SIM_TRAIN_MANIFEST_H

#include "sim/train/recorder.h"

/* Writes DIR/manifest.json.  status is "running", "done", "diverged" or "interrupted"; with any but "running" the files
 * of the folder are listed with their sizes and SHA-256.  Everything under "host" may differ between equal runs. */
int manifest_write(const char *folder, const char *status, const struct trainer *trainer, int threads,
				   struct error *err);

#endif
