/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * suite_line.h -- the lines of a suite file and what they are made of: blanks, comments, names, alternatives.
 */
#ifndef EXPERIMENTS_SUITE_SUITE_LINE_H
#define EXPERIMENTS_SUITE_SUITE_LINE_H

#include <stdbool.h>

#include "experiments/suite/suite.h"

/* Where a parser stands: one line of one text.  Begin with `start` at the text and number 0. */
struct suite_line {
	const char *file;
	unsigned number;
	const char *start, *at, *end; /* the line, without its end */
	char *word;                   /* [longest line + 1] what suite_line_piece() read */
};

/* An alternative as read: its text, without quotes, stands in line->word. */
struct suite_piece {
	struct suite_place at;
	bool quoted;
};

/* Moves on to the next line of the text; false at its end. */
bool suite_line_next(struct suite_line *line, const char *text_end);

/* Refuses control characters. */
int suite_line_check(struct suite_line *line, struct error *err);

void suite_line_skip_blanks(struct suite_line *line);

/* Is there nothing more, or only a comment? */
bool suite_line_at_end(const struct suite_line *line);

/* Reads [A-Za-z0-9._-]*; the result lives as long as the program. */
const char *suite_line_name(struct suite_line *line);

/* Reads one alternative up to '|', a comment or the end of the line into line->word, blanks at its end cut. */
int suite_line_piece(struct suite_line *line, struct suite_piece *piece, struct error *err);

/* The first block of comment lines, joined, without license lines and without "name.suite -- ". */
const char *suite_line_question(struct arena *arena, const char *text, size_t size);

/* The place of a character of the line. */
struct suite_place suite_line_place(const struct suite_line *line, const char *at);

/* Give an error that is already worded its place: there, or where the parser stands.  Return -1. */
int suite_place_fail(struct error *err, struct suite_place at);
int suite_line_fail(const struct suite_line *line, struct error *err);

#endif
