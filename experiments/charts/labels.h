/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * labels.h -- places for the labels of points in a chart, so that none covers another label or a point.
 */
#ifndef EXPERIMENTS_CHARTS_LABELS_H
#define EXPERIMENTS_CHARTS_LABELS_H

#include <stdbool.h>
#include <stddef.h>

/* All in pixels, y upwards or downwards alike. */
struct label {
	double x, y;           /* the point */
	double wide, high;     /* room of the text; 0: only a point, which no text should cover */
	double at_x, at_y;     /* out: the middle of the text */
	double edge_x, edge_y; /* out: the place of its edge that is nearest to the point */
	int side;              /* out: 1 right of the point, -1 left of it, 0 above or below */
	double begin_x;        /* out: where the text begins, ends, or has its middle, so that it stands near its point
							* although its width is only guessed */
	bool far;              /* out: not right beside the point, so that a line should lead to it */
};

/* About the size of a text in the charts' small letters. */
enum { LABEL_HIGH = 14 };
double labels_width(const char *text);

/* Places all labels inside 0 .. wide and 0 .. high as near to their points as the others allow.  The same input gives
 * the same places. */
void labels_place(struct label *label, size_t n, double wide, double high);

#endif
