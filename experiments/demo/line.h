/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * line.h -- a line of text on the terminal: each token with its experts and weights, as cells.
 */
#ifndef EXPERIMENTS_DEMO_LINE_H
#define EXPERIMENTS_DEMO_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { LINE_TOKENS = 48, LINE_EXPERTS = 16 }; /* the most of each; an expert is one digit, 0 to f */

/* Where and how it is drawn. */
struct ink {
	FILE *to;
	size_t columns;
	bool color; /* cells have the color of their expert; the digits say the same without */
};

/* Who computes a token, the largest weight first; none where every expert left it out. */
struct choices {
	size_t n;
	uint32_t expert[LINE_EXPERTS];
	double weight[LINE_EXPERTS];
};

struct line {
	const char *label; /* the kind of text it is from */
	size_t n;
	char text[LINE_TOKENS];
	struct choices choices[LINE_TOKENS];
};

/* Adds an expert of a token, in its place. */
void choices_add(struct choices *choices, uint32_t expert, double weight);

/* Four rows or more for each strip as wide as the screen: the text, the first expert, its weight in tenths, the second
 * expert, and, where they differ among the tokens, how many experts each has. */
void line_print(const struct ink *ink, const struct line *line);

/* The load of each expert as a multiple of the fair share; "dead" where dead[e]. */
void loads_print(const struct ink *ink, size_t experts, const double *load, const bool *dead);

#endif
