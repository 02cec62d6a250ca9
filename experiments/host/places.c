/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * places.c -- where the files that come with the program are.
 */
#include <config.h>

#include "experiments/host/places.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/files.h"
#include "sim/base/text.h"

/* The folder of the running program, or NULL where the system does not tell. */
static const char *program_folder(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path);
	if (length <= 0 || (size_t)length >= sizeof path)
		return NULL;
	path[length] = '\0';
	*strrchr(path, '/') = '\0';
	return text_keep(path);
}

/* `in_build` is relative to the root of a build tree, where configure left a link to the source tree; `installed` is
 * relative to bin of an installation; `fixed` is where `make install` was told to put it. */
static const char *find(const char *in_build, const char *installed, const char *fixed)
{
	const char *here = program_folder();
	if (!here)
		return fixed;
	const char *path = path_join(here, in_build);
	if (file_exists(path_join(here, "build-aux/config.h")) && folder_exists(path))
		return path;
	path = path_join(here, installed);
	return folder_exists(path) ? path : fixed;
}

const char *place_plots(void)
{
	return find("plots", "../share/" PACKAGE "/plots", PLOTDIR);
}

const char *place_suites(void)
{
	return find("experiments/suites", "../share/" PACKAGE "/suites", SUITEDIR);
}

const char *place_clusters(void)
{
	return find("experiments/presets", "../share/" PACKAGE "/clusters", CLUSTERDIR);
}

const char *place_texts(void)
{
	return find("experiments/texts", "../share/" PACKAGE "/texts", TEXTDIR);
}
