/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * columns.c -- the run folder's files and their columns as a table.
 */
#include <config.h>

#include "sim/run/columns.h"

#include <stddef.h>

#include "sim/base/text.h"
#include "sim/metrics/metrics.h"

enum { steps = FILE_STEPS, layers, experts, domains, timing, summary, positions };

const struct column run_columns[] = {
#define COLUMN(file, name, unit, meaning) { (enum run_file)file, #name, unit, meaning },
#include "sim/run/columns.def"
#undef COLUMN
	{ .name = NULL },
};

const char *run_file_name(enum run_file file)
{
	static const char *const names[] = { "steps.csv",  "layers.csv",  "experts.csv",  "domains.csv",
										 "timing.csv", "summary.csv", "positions.csv" };
	return names[file];
}

const char *run_file_header(enum run_file file)
{
	const char *header = "";
	for (const struct column *column = run_columns; column->name; column++)
		if (column->file == file)
			header = text_keep_f("%s%s%s", header, *header ? "," : "", column->name);
	return file == FILE_LAYERS ? text_keep_f("%s%s", header, metric_header) : header;
}
