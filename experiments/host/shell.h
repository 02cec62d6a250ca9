/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * shell.h -- words as a POSIX shell reads them back.
 */
#ifndef EXPERIMENTS_HOST_SHELL_H
#define EXPERIMENTS_HOST_SHELL_H

#include <stdio.h>

/* Prints the word, in single quotes where it would otherwise not stay one word. */
void shell_quote(FILE *to, const char *word);

#endif
