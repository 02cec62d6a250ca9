/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * roff.h -- the pieces of a manual page.
 */
#ifndef EXPERIMENTS_CLI_ROFF_H
#define EXPERIMENTS_CLI_ROFF_H

#include <stdio.h>

/* Title and NAME of a page of that section, set flush left: a sentence of parts is a long word that leaves no line to
 * adjust. */
void roff_begin(const char *name, int section, const char *purpose, FILE *to);

/* A heading. */
void roff_heading(const char *text, FILE *to);

/* Text with what roff would read as a command made harmless. */
void roff_text(const char *text, FILE *to);

/* The text as a paragraph of its own. */
void roff_paragraph(const char *text, FILE *to);

/* Lines as they are, in the type of a terminal. */
void roff_example(const char *lines, FILE *to);

/* A word and what is said of it. */
void roff_item(const char *head, const char *body, FILE *to);

#endif
