/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * complete.h -- what may stand at the end of a command line that is being typed.
 */
#ifndef EXPERIMENTS_CLI_COMPLETE_H
#define EXPERIMENTS_CLI_COMPLETE_H

#include <stdio.h>

/* Prints the candidates for word[words - 1] (which may be empty), one per line with a tab and a summary.  word[0] is
 * what follows the program's name.  A candidate that ends in '=' or ',' is to be continued; the line ":files" asks the
 * shell for its files.  All of it comes from the rows that the parser reads. */
void complete_print(size_t words, char *const *word, FILE *to);

#endif
