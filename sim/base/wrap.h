/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wrap.h -- text for a person: wrapped at the width of the terminal, with a hanging indent.
 */
#ifndef SIM_BASE_WRAP_H
#define SIM_BASE_WRAP_H

#include <stddef.h>
#include <stdio.h>

enum {
	WRAP_NEVER = 1 << 20, /* a width that no text reaches: for output that programs read */
	WRAP_WIDEST = 90,     /* longer lines are hard to read, however wide the terminal */
	WRAP_USUAL = 80       /* where there is no terminal */
};

/* Columns for text on `to`: those of COLUMNS where it is a number, else of the terminal, else WRAP_USUAL; at most
 * WRAP_WIDEST. */
size_t wrap_columns(FILE *to);

/* The same, but WRAP_NEVER where `to` is no terminal: one thing stays on one line. */
size_t wrap_columns_of_terminal(FILE *to);

/* The same for tables: as wide as the terminal is. */
size_t wrap_columns_of_table(FILE *to);

/* Prints the text and a newline.  The line has `at` columns already; those that follow are indented by `indent`.  Words
 * are separated by blanks and never split: one that is longer than a line has a line of its own. */
void wrap_text(FILE *to, const char *text, size_t at, size_t indent, size_t columns);

/* "  head   body", the body wrapped in its column; a head of more than `width` columns has a line of its own. */
void wrap_entry(FILE *to, const char *head, size_t width, const char *body, size_t columns);

/* Columns that the text takes: characters of UTF-8, not bytes. */
size_t wrap_length(const char *text);

#endif
