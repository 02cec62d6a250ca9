/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_csv.c -- any bytes as a CSV file.
 */
#include <config.h>

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/base/csv.h"
#include "sim/base/files.h"
#include "tests/fuzz/fuzz.h"

static void walk(const struct csv_table *table)
{
	for (size_t row = 0; row < table->rows; row++)
		for (size_t column = 0; column < table->columns; column++) {
			bool ok = true;
			FUZZ_EXPECT(csv_cell(table, row, (int)column));
			csv_number(table, row, (int)column, &ok);
		}
	for (size_t column = 0; column < table->columns; column++)
		FUZZ_EXPECT(csv_column(table, table->header[column]) == (int)column);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char path[64];
	int fd = memfd_create("fuzz.csv", 0);
	FUZZ_EXPECT(fd >= 0 && file_write_all(fd, bytes, size) == 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	struct csv_table table;
	struct error err = { .code = ERROR_NONE };
	int status = csv_read(path, &table, &err);
	fuzz_check(status, &err);
	if (status == 0) {
		walk(&table);
		csv_free(&table);
	}
	close(fd);
	return 0;
}
