/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * whole_csv.h -- a CSV file that appears whole or not at all.
 */
#ifndef SIM_BASE_WHOLE_CSV_H
#define SIM_BASE_WHOLE_CSV_H

#include "sim/base/csv.h"
#include "sim/base/memory_file.h"

struct whole_csv {
	struct csv_writer *rows; /* to be filled by csv_text(), csv_row() and so on */
	struct memory_file memory;
};

void whole_csv_begin(struct whole_csv *csv, const char *header);
/* Ends the rows and leaves the text in `memory`, to be freed, also on an error. */
int whole_csv_finish(struct whole_csv *csv, struct error *err);
/* The same, and replaces the file by what was written; path NULL forgets it. */
int whole_csv_end(struct whole_csv *csv, const char *path, struct error *err);

#endif
