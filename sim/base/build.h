/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * build.h -- what this program was built from and with; for --version and the manifest.
 */
#ifndef SIM_BASE_BUILD_H
#define SIM_BASE_BUILD_H

#include <stdbool.h>

struct build {
	const char *version;   /* "0.1.0" */
	const char *git;       /* "v0.1.0-3-g1a2b3c4", with "-dirty" when files had been changed; "unknown" */
	const char *compiler;  /* "gcc 12.2.0" */
	const char *precision; /* "single" or "double" */
	const char *cblas;     /* as configured; product_library() asks the library itself */
	bool threads;          /* built with OpenMP */
};

extern const struct build build;

#endif
