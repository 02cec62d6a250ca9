/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * whole_csv.c -- a CSV file that appears whole or not at all.
 */
#include <config.h>

#include "sim/base/whole_csv.h"

#include <stdlib.h>

#include "sim/base/files.h"

void whole_csv_begin(struct whole_csv *csv, const char *header)
{
	memory_file_open(&csv->memory);
	csv->rows = csv_open_stream(csv->memory.to, header);
}

int whole_csv_finish(struct whole_csv *csv, struct error *err)
{
	int status = csv_close(csv->rows, false, err);
	memory_file_close(&csv->memory);
	return status;
}

int whole_csv_end(struct whole_csv *csv, const char *path, struct error *err)
{
	int status = whole_csv_finish(csv, err);
	if (status == 0 && path)
		status = file_replace(path, csv->memory.text, csv->memory.size, err);
	free(csv->memory.text);
	return status;
}
