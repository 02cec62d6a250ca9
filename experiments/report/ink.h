/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ink.h -- the colours of pictures that are read on white and on black.
 *
 * Pictures are drawn for white paper.  Every colour of theirs becomes a variable of the page, which has a second value
 * for a dark screen: greys change places, pale tints become deep ones, and what is too dark to be seen there is
 * lightened until it stands out.
 */
#ifndef EXPERIMENTS_REPORT_INK_H
#define EXPERIMENTS_REPORT_INK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { INK_MOST = 512, INK_DARK_PAPER = 0x191c22, INK_LIGHT_INK = 0xe6e8ec };

struct ink {
	size_t n;
	uint32_t colour[INK_MOST]; /* 0xRRGGBB, each once, in the order in which they were met */
};

/* Reads "rgb( 38,  38,  38)", "#262626", "black", "white"; false for anything else ("none", "currentColor"). */
bool ink_read(const char *text, size_t length, uint32_t *colour);

/* The colour's value on a dark screen. */
uint32_t ink_on_dark(uint32_t colour);

/* The contrast of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio"). */
double ink_contrast(uint32_t a, uint32_t b);

/* Writes the colour as an attribute's value: a variable of the page, or itself when there are too many. */
void ink_use(struct ink *ink, uint32_t colour, FILE *to);

/* Writes "--i262626:#262626;" for all colours met, or their values on a dark screen. */
void ink_declare(const struct ink *ink, bool dark, FILE *to);

#endif
