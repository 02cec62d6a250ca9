/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * manifest.h -- manifest.json: what ran, with what, and what came out.
 */
#ifndef SIM_RUN_MANIFEST_H
#define SIM_RUN_MANIFEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"

struct trainer;

enum { MANIFEST_FORMAT = 1 };

/* Writes DIR/manifest.json.  status is "running", or "replacing" while files of an older run may still be there, or how
 * the run ended: "done", "diverged" or "interrupted"; then the files of the folder are listed with their sizes and
 * SHA-256.  Everything under "host" may differ between equal runs. */
int manifest_write(const char *folder, const char *status, const struct trainer *trainer, int threads,
				   struct error *err);

struct record_setting {
	const char *name, *value, *origin; /* origin "default": the user did not ask for it */
};

/* A setting that is in effect: a row of the manual, a part ("scorer") or an option of a part ("aux.weight"). */
struct run_setting {
	const char *name, *value;
};

struct record_file {
	const char *name, *sha256; /* as it was when the run ended */
	int64_t bytes;             /* -1 when not told */
};

/* What a manifest says.  Texts are "" and numbers NAN when not told. */
struct run_record {
	const char *strategy, *sentence, *status;
	const char *version, *git, *compiler, *precision, *cblas, *system, *written, *stream;
	int64_t seed, steps_done; /* -1 when not told */
	double params_total, params_active, flops_per_token, bayes_loss;
	bool has_hash;
	uint64_t hash; /* settings_hash() of the run */
	size_t settings, files, effective;
	struct record_setting *setting; /* [settings] in the order of the manual */
	struct record_file *file;       /* [files] */
	/* [effective] the parts and options of the sentence, those of the stream, then `setting`; no name twice */
	struct run_setting *in_effect;
};

/* Reads DIR/manifest.json.  ERROR_USER when there is none or it is damaged or of another format, ERROR_WORLD when it
 * cannot be read.  Texts live as long as the program, arrays as the arena. */
int manifest_read(const char *folder, struct arena *arena, struct run_record *record, struct error *err);
/* The same from a file of any name. */
int manifest_read_file(const char *path, struct arena *arena, struct run_record *record, struct error *err);
/* The same from JSON that has been read already; *err has no place. */
int manifest_take(const json_t *json, struct arena *arena, struct run_record *record, struct error *err);

/* Does the manifest say that the run is in that state? */
bool manifest_is(const struct run_record *record, const char *status);
/* The record of that file, or NULL. */
const struct record_file *run_record_file(const struct run_record *record, const char *name);

#endif
