/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * shipped.c -- the suites that come with the program.
 */
#include <config.h>

#include "experiments/suite/shipped.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/host/places.h"
#include "sim/base/error.h"
#include "sim/base/files.h"
#include "sim/base/text.h"

static const char ending[] = ".suite";

static size_t stem(const char *name)
{
	size_t length = strlen(name), end = sizeof ending - 1;
	return length > end && strcmp(name + length - end, ending) == 0 ? length - end : 0;
}

static int is_suite(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && stem(entry->d_name) > 0;
}

/* strcmp, because alphasort goes by the locale */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

const char *const *shipped_suites(void)
{
	static const char **names;
	struct dirent **entry = NULL;
	if (names)
		return names;
	int n = scandir(place_suites(), &entry, is_suite, by_name);
	bool starved = n < 0 && errno == ENOMEM;
	names = starved ? NULL : calloc((size_t)(n > 0 ? n : 0) + 1, sizeof *names);
	if (!names)
		error_no_memory("the names of suites");
	for (int i = 0; i < n; i++) {
		names[i] = text_keep_n(entry[i]->d_name, stem(entry[i]->d_name));
		free(entry[i]);
	}
	free(entry);
	return names;
}

const char *shipped_suite(const char *name)
{
	if (*name == '\0' || strchr(name, '/'))
		return NULL;
	const char *path = path_join(place_suites(), stem(name) ? name : text_keep_f("%s%s", name, ending));
	return file_exists(path) ? path : NULL;
}
