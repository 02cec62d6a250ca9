/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * curve.c -- the share of a link's bandwidth that a message reaches, by its size.
 */
#include <config.h>

#include "sim/cluster/curve.h"

#include <math.h>
#include <string.h>

/* The points of at most so many bytes. */
static size_t points_to(const struct curve *curve, double bytes)
{
	size_t n = 0;
	while (n < curve->n && curve->point[n].bytes <= bytes)
		n++;
	return n;
}

bool curve_add(struct curve *curve, const struct curve_point *point)
{
	size_t at = points_to(curve, point->bytes);
	if (curve->n == CURVE_POINTS || (at > 0 && curve->point[at - 1].bytes == point->bytes))
		return false;
	memmove(&curve->point[at + 1], &curve->point[at], (curve->n++ - at) * sizeof *point);
	curve->point[at] = *point;
	return true;
}

size_t curve_shortcut(const struct curve *curve)
{
	for (size_t i = 1; i < curve->n; i++)
		if (curve->point[i].bytes / curve->point[i].share < curve->point[i - 1].bytes / curve->point[i - 1].share)
			return i;
	return curve->n;
}

double curve_share(const struct curve *curve, double bytes)
{
	size_t at = points_to(curve, bytes);
	if (curve->n == 0)
		return 1;
	if (at == 0 || at == curve->n)
		return curve->point[at == 0 ? 0 : at - 1].share;
	const struct curve_point *low = &curve->point[at - 1], *high = &curve->point[at];
	double way = log(bytes / low->bytes) / log(high->bytes / low->bytes);
	return low->share * pow(high->share / low->share, way);
}
