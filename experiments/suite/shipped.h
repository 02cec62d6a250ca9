/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * shipped.h -- the suites that come with the program.
 */
#ifndef EXPERIMENTS_SUITE_SHIPPED_H
#define EXPERIMENTS_SUITE_SHIPPED_H

/* Names of the suite files that are installed, or stand in the build tree, sorted and NULL-ended; empty where there is
 * no such folder.  Lives as long as the program. */
const char *const *shipped_suites(void);

/* The path of the suite of that name (with or without ".suite"); NULL when none is called so. */
const char *shipped_suite(const char *name);

#endif
