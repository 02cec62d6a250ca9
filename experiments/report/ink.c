/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ink.c -- the colours of pictures that are read on white and on black.
 */
#include <config.h>

#include "experiments/report/ink.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool read_hex(const char *text, uint32_t *colour)
{
	char *end;
	*colour = (uint32_t)strtoul(text + 1, &end, 16);
	return end == text + 7 && *end == '\0';
}

static bool read_rgb(const char *text, uint32_t *colour)
{
	unsigned r, g, b;
	char after, more;
	if (sscanf(text, "rgb ( %3u , %3u , %3u %c%c", &r, &g, &b, &after, &more) != 4 || after != ')')
		return false;
	*colour = r << 16 | g << 8 | b;
	return r < 256 && g < 256 && b < 256;
}

bool ink_read(const char *text, size_t length, uint32_t *colour)
{
	char word[40];
	if (length >= sizeof word)
		return false;
	memcpy(word, text, length);
	word[length] = '\0';
	if (strcmp(word, "black") == 0 || strcmp(word, "white") == 0) {
		*colour = *word == 'w' ? 0xffffff : 0;
		return true;
	}
	return word[0] == '#' ? read_hex(word, colour) : read_rgb(word, colour);
}

static unsigned channel(uint32_t colour, int i)
{
	return colour >> (16 - 8 * i) & 0xff;
}

/* Relative luminance, 0 to 1. */
static double luminance(uint32_t colour)
{
	static const double weight[] = { 0.2126, 0.7152, 0.0722 };
	double sum = 0;
	for (int i = 0; i < 3; i++) {
		double c = channel(colour, i) / 255.0;
		sum += weight[i] * (c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
	}
	return sum;
}

double ink_contrast(uint32_t a, uint32_t b)
{
	double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
	return x > y ? x / y : y / x;
}

/* share 0: a, 1: b */
static uint32_t mix(uint32_t a, uint32_t b, double share)
{
	uint32_t mixed = 0;
	for (int i = 0; i < 3; i++)
		mixed = mixed << 8 | (uint32_t)lround((1 - share) * channel(a, i) + share * channel(b, i));
	return mixed;
}

static bool is_grey(uint32_t colour)
{
	unsigned r = channel(colour, 0), g = channel(colour, 1), b = channel(colour, 2);
	unsigned most = r > g ? (r > b ? r : b) : (g > b ? g : b), least = r < g ? (r < b ? r : b) : (g < b ? g : b);
	return most - least <= 8;
}

uint32_t ink_on_dark(uint32_t colour)
{
	static const double pale = 0.6, visible = 4.5; /* what WCAG asks for between text and its ground */
	if (is_grey(colour))
		return mix(INK_DARK_PAPER, INK_LIGHT_INK, 1 - channel(colour, 1) / 255.0);
	if (luminance(colour) > pale)
		return mix(INK_DARK_PAPER, colour, 0.3);
	uint32_t seen = colour;
	for (double share = 0; ink_contrast(seen, INK_DARK_PAPER) < visible; share += 0.05)
		seen = mix(colour, 0xffffff, share);
	return seen;
}

static bool is_known(struct ink *ink, uint32_t colour)
{
	for (size_t i = 0; i < ink->n; i++)
		if (ink->colour[i] == colour)
			return true;
	if (ink->n == INK_MOST)
		return false;
	ink->colour[ink->n++] = colour;
	return true;
}

void ink_use(struct ink *ink, uint32_t colour, FILE *to)
{
	fprintf(to, is_known(ink, colour) ? "var(--i%06" PRIx32 ")" : "#%06" PRIx32, colour);
}

void ink_declare(const struct ink *ink, bool dark, FILE *to)
{
	for (size_t i = 0; i < ink->n; i++) {
		uint32_t value = dark ? ink_on_dark(ink->colour[i]) : ink->colour[i];
		fprintf(to, "--i%06" PRIx32 ":#%06" PRIx32 ";", ink->colour[i], value);
	}
	if (ink->n)
		putc('\n', to);
}
