/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * columns.h -- the run folder's files and their columns as a table, made from columns.def and metrics.def.
 */
#ifndef SIM_RUN_COLUMNS_H
#define SIM_RUN_COLUMNS_H

/* The files of a run folder that hold rows, in the order of enum run_file. */
enum run_file {
	FILE_STEPS,
	FILE_LAYERS,
	FILE_EXPERTS,
	FILE_DOMAINS,
	FILE_TIMING,
	FILE_SUMMARY,
	FILE_POSITIONS,
	RUN_FILES
};

struct column {
	enum run_file file;
	const char *name, *unit, *meaning;
};
extern const struct column run_columns[]; /* ended by name = NULL; layers' metrics not among them */

/* "steps.csv" */
const char *run_file_name(enum run_file file);
/* The header line, "step,tokens,..."; lives as long as the program. */
const char *run_file_header(enum run_file file);

#endif
