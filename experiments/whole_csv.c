/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * whole_csv.c -- a CSV file that appears whole or not at all.
 */
#include <config.h>

#include "experiments/whole_csv.h"

#include <stdlib.h>

#include "sim/base/files.h"

void whole_csv_begin(struct whole_csv *csv, const char *header)
{
	*csv = (struct whole_csv){ .text = NULL };
	csv->memory = open_memstream(&csv->text, &csv->size);
	if (!csv->memory)
		error_no_memory("a CSV file");
	csv->rows = csv_open_stream(csv->memory, header);
}

int whole_csv_end(struct whole_csv *csv, const char *path, struct error *err)
{
	int status = csv_close(csv->rows, false, err);
	if (fclose(csv->memory) != 0)
		error_no_memory("a CSV file");
	if (status == 0 && path)
		status = file_replace(path, csv->text, csv->size, err);
	free(csv->text);
	return status;
}
