/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * curve.h -- the share of a link's bandwidth that a message reaches, by its size.
 *
 * Between two points the share is a power of the size, a straight line where both axes are logarithmic: so a larger
 * message never takes less time than a smaller one, whatever is between the points.  Beyond the ends it is as there.
 */
#ifndef SIM_CLUSTER_CURVE_H
#define SIM_CLUSTER_CURVE_H

#include <stdbool.h>
#include <stddef.h>

enum { CURVE_POINTS = 32 /* at most */ };

struct curve {
	size_t n;
	struct curve_point {
		double bytes, share; /* share in (0, 1] */
		unsigned line;       /* of the file that gives it */
	} point[CURVE_POINTS];   /* [n] by size */
};

/* Puts a point in its place.  False: there is one of that size, or no room. */
bool curve_add(struct curve *curve, const struct curve_point *point);

/* The first point at which a message takes less time than one of the point before; n: there is none. */
size_t curve_shortcut(const struct curve *curve);

/* 1 without points. */
double curve_share(const struct curve *curve, double bytes);

#endif
