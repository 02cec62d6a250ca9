/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * manifest.h -- manifest.json: what ran, with what, and what came out.
 */
#ifndef SIM_RUN_MANIFEST_H
#define SIM_RUN_MANIFEST_H

#include "sim/run/recorder.h"

/* Writes DIR/manifest.json.  status is "running", or "replacing" while files of an older run may still be there, or how
 * the run ended: "done", "diverged" or "interrupted"; then the files of the folder are listed with their sizes and
 * SHA-256.  Everything under "host" may differ between equal runs. */
int manifest_write(const char *folder, const char *status, const struct trainer *trainer, int threads,
				   struct error *err);

struct manifest_facts {
	const char *status; /* "" where nothing is said; lives as long as the program */
	bool has_settings;
	uint64_t settings; /* settings_hash() of the run */
};

/* What DIR/manifest.json says; nothing where there is none or it is no JSON.  -1 when it cannot be read. */
int manifest_read(const char *folder, struct manifest_facts *facts, struct error *err);

/* Is this file of DIR the one that the manifest lists?  -1 and *err when it is another, or cannot be read.  A manifest
 * that does not list the file vouches for anything. */
int manifest_vouch(const char *folder, enum run_file file, struct error *err);

#endif
