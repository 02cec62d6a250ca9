/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * build.c -- what this program was built from and with.
 */
#include <config.h>

#include "sim/base/build.h"

#include "sim/base/real.h"
#include <git-state.h>

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

const struct build build = {
	.version = PACKAGE_VERSION,
	.git = GIT_STATE,
	.compiler = COMPILER,
	.precision = REAL_NAME,
	.cblas = BLAS_NAME,
#ifdef _OPENMP
	.threads = true,
#endif
};
