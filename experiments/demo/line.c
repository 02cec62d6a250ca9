/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * line.c -- a line of text on the terminal: each token with its experts and weights, as cells.
 */
#include <config.h>

#include "experiments/demo/line.h"

#include "sim/base/error.h"

enum { LABEL = 9, MARGIN = 2 };

/* Backgrounds of the 256 colors of xterm, all so light that black text has a contrast above 7:1 on them. */
static const unsigned char backgrounds[LINE_EXPERTS] = { 210, 222, 192, 117, 183, 156, 216, 122,
														 147, 229, 219, 152, 180, 250, 159, 114 };

static const char digits[] = "0123456789abcdef";

void choices_add(struct choices *choices, uint32_t expert, double weight)
{
	size_t at = choices->n++;
	if (at == LINE_EXPERTS)
		BUG("more experts of a token than there are");
	for (; at > 0 && choices->weight[at - 1] < weight; at--) {
		choices->expert[at] = choices->expert[at - 1];
		choices->weight[at] = choices->weight[at - 1];
	}
	choices->expert[at] = expert;
	choices->weight[at] = weight;
}

/* One character in the color of an expert; LINE_EXPERTS: in none. */
static void put_cell(const struct ink *ink, char c, uint32_t expert)
{
	if (ink->color && expert < LINE_EXPERTS)
		fprintf(ink->to, "\033[38;5;16;48;5;%dm%c\033[0m", backgrounds[expert], c);
	else
		fputc(c, ink->to);
}

enum row { ROW_TEXT, ROW_FIRST, ROW_WEIGHT, ROW_SECOND, ROW_NUMBER, ROWS };
static const char *const row_names[ROWS] = { "", "1st", "weight", "2nd", "experts" };

static uint32_t expert_of(const struct choices *choices, size_t rank)
{
	return rank < choices->n ? choices->expert[rank] : LINE_EXPERTS;
}

static char digit_of(uint32_t expert)
{
	return expert < LINE_EXPERTS ? digits[expert] : '.';
}

/* 0.60 to 0.69 is 6; what is above 0.99 is 9, too. */
static char tenths(const struct choices *choices)
{
	if (choices->n == 0)
		return '.';
	double weight = choices->weight[0];
	return digits[weight >= 0.9 ? 9 : weight <= 0 ? 0 : (size_t)(10 * weight)];
}

static void put_token(const struct ink *ink, enum row row, char c, const struct choices *choices)
{
	uint32_t first = expert_of(choices, 0), second = expert_of(choices, 1);
	switch (row) {
	case ROW_TEXT:
		put_cell(ink, c, first);
		return;
	case ROW_FIRST:
		put_cell(ink, digit_of(first), first);
		return;
	case ROW_WEIGHT:
		put_cell(ink, tenths(choices), LINE_EXPERTS);
		return;
	case ROW_SECOND:
		put_cell(ink, digit_of(second), second);
		return;
	default:
		put_cell(ink, choices->n < LINE_EXPERTS ? digits[choices->n] : '+', LINE_EXPERTS);
	}
}

static bool numbers_differ(const struct line *line)
{
	for (size_t i = 1; i < line->n; i++)
		if (line->choices[i].n != line->choices[0].n)
			return true;
	return false;
}

void line_print(const struct ink *ink, const struct line *line)
{
	size_t room = ink->columns - MARGIN - LABEL, rows = numbers_differ(line) ? ROWS : ROW_NUMBER;
	for (size_t from = 0; from < line->n; from += room)
		for (size_t row = 0; row < rows; row++) {
			size_t end = line->n - from > room ? from + room : line->n;
			fprintf(ink->to, "%*s%-*s", MARGIN, "", LABEL, row == ROW_TEXT ? line->label : row_names[row]);
			for (size_t i = from; i < end; i++)
				put_token(ink, (enum row)row, line->text[i], &line->choices[i]);
			fputc('\n', ink->to);
		}
}

/* Right in its five columns, so that neighbors do not touch. */
static void put_load(const struct ink *ink, double load, bool dead)
{
	if (dead)
		fputs(" dead", ink->to);
	else
		fprintf(ink->to, "%5.2f", load);
}

void loads_print(const struct ink *ink, size_t experts, const double *load, const bool *dead)
{
	enum { CELL = 5 };
	size_t room = (ink->columns - MARGIN - LABEL) / CELL;
	for (size_t from = 0; from < experts; from += room) {
		size_t end = experts - from > room ? from + room : experts;
		fprintf(ink->to, "%*s%-*s", MARGIN, "", LABEL, "expert");
		for (size_t e = from; e < end; e++) {
			fprintf(ink->to, "%*s", CELL - 1, "");
			put_cell(ink, digits[e], (uint32_t)e);
		}
		fprintf(ink->to, "\n%*s%-*s", MARGIN, "", LABEL, "load");
		for (size_t e = from; e < end; e++)
			put_load(ink, load[e], dead[e]);
		fputc('\n', ink->to);
	}
}
