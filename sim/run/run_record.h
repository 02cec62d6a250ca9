/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_record.h -- where a run comes from: what its manifest says, and whether its files are still what it says.
 */
#ifndef SIM_RUN_RUN_RECORD_H
#define SIM_RUN_RUN_RECORD_H

#include "sim/run/run_folder.h"

struct record_setting {
	const char *name, *value, *origin; /* origin "default": nobody asked for it */
};

enum file_state { FILE_INTACT, FILE_CHANGED, FILE_MISSING };

struct record_file {
	const char *name, *sha256; /* as it was when the run ended */
	enum file_state state;     /* now */
};

struct run_record {
	const char *version, *git, *compiler, *precision, *cblas, *system, *written, *stream; /* "" when not told */
	double params_total, params_active, flops_per_token, bayes_loss;                      /* NAN when not told */
	size_t settings, files;
	struct record_setting *setting; /* [settings] in the order of the manual */
	struct record_file *file;       /* [files] */
};

/* Reads the manifest of a run and hashes the files that it names.  Texts live as long as the program, arrays as the
 * arena. */
int run_record_read(const struct run_folder *run, struct arena *arena, struct run_record *record, struct error *err);

/* The first file of the record that is not what it was; NULL: all are. */
const struct record_file *run_record_damage(const struct run_record *record);

/* The record of that file, or NULL. */
const struct record_file *run_record_file(const struct run_record *record, const char *name);

#endif
