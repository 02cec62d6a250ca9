/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * driver.c -- feeds files to a fuzz target, so that what a fuzzer once found is tried again with any compiler.
 */
#include <config.h>

#include <dirent.h>
#include <stdio.h>

#include "sim/base/files.h"
#include "tests/fuzz/fuzz.h"

enum { LIMIT = 1 << 24 };

static int try_file(const char *path, struct error *err)
{
	char *bytes;
	size_t size;
	TRY(file_read(path, LIMIT, &bytes, &size, err));
	/* a copy of just this size, so that the address sanitizer sees one byte too many */
	uint8_t *exact = malloc(size > 0 ? size : 1);
	FUZZ_EXPECT(exact != NULL);
	memcpy(exact, bytes, size);
	free(bytes);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

static int try_path(const char *path, struct error *err);

static int try_folder(const char *path, struct error *err)
{
	struct dirent **entry;
	int n = scandir(path, &entry, NULL, alphasort), status = 0;
	if (n < 0)
		return fail(err, ERROR_WORLD, "cannot read the folder %s", path);
	for (int i = 0; i < n; i++) {
		if (status == 0 && entry[i]->d_name[0] != '.')
			status = try_path(path_join(path, entry[i]->d_name), err);
		free(entry[i]);
	}
	free(entry);
	return status;
}

static int try_path(const char *path, struct error *err)
{
	return folder_exists(path) ? try_folder(path, err) : try_file(path, err);
}

int main(int argc, char **args)
{
	struct error err;
	for (int i = 1; i < argc; i++) {
		if (try_path(args[i], &err) == 0)
			continue;
		error_print(&err);
		return err.code;
	}
	return 0;
}
