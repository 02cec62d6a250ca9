/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * labels.c -- places for the labels of points in a chart, so that none covers another label or a point.
 *
 * Each label in turn takes the cheapest of its candidate places while the others stand still, until none moves.
 */
#include <config.h>

#include "experiments/charts/labels.h"

#include <math.h>
#include <string.h>

enum { DIRECTIONS = 16, RINGS = 8, SWEEPS = 60, MARK = 5 };

/* How far a label may stand from its point; the first is right beside it. */
static const double ring[RINGS] = { 9, 18, 30, 44, 60, 80, 105, 135 };

struct box {
	double left, right, low, high;
};

static struct box box_of(const struct label *label)
{
	return (struct box){ label->at_x - label->wide / 2, label->at_x + label->wide / 2, label->at_y - label->high / 2,
						 label->at_y + label->high / 2 };
}

static double shared(struct box a, struct box b)
{
	double x = fmin(a.right, b.right) - fmax(a.left, b.left), y = fmin(a.high, b.high) - fmax(a.low, b.low);
	return x > 0 && y > 0 ? x * y : 0;
}

double labels_width(const char *text)
{
	double wide = 0;
	for (; *text; text++)
		wide += strchr("mwMW", *text) ? 10 : strchr("fijltr.,:;-|'() ", *text) ? 4.5 : 7.4;
	return wide;
}

static double clamp(double value, double low, double high)
{
	return fmax(low, fmin(high, value));
}

static void find_edge(struct label *label)
{
	struct box box = box_of(label);
	label->edge_x = clamp(label->x, box.left, box.right);
	label->edge_y = clamp(label->y, box.low, box.high);
}

static bool is_inside(struct box box, double x, double y)
{
	return x > box.left && x < box.right && y > box.low && y < box.high;
}

/* How much of the line from the point to the text runs through a box, from 0 to 1. */
static double crossing(const struct label *label, struct box box)
{
	enum { STEPS = 16 };
	double inside = 0;
	for (int i = 1; i < STEPS; i++)
		inside += is_inside(box, label->x + (label->edge_x - label->x) * i / STEPS,
							label->y + (label->edge_y - label->y) * i / STEPS);
	return inside / STEPS;
}

static double outside(struct box box, double wide, double high)
{
	struct box all = { 0, wide, 0, high };
	return (box.right - box.left) * (box.high - box.low) - shared(box, all);
}

/* What it costs that label i stands where it does: overlaps first, then lines through texts, then distance. */
static double cost_of(const struct label *label, size_t n, size_t i, double wide, double high)
{
	struct box mine = box_of(&label[i]);
	double cost = 10 * outside(mine, wide, high);
	for (size_t j = 0; j < n; j++) {
		struct box point = { label[j].x - MARK, label[j].x + MARK, label[j].y - MARK, label[j].y + MARK };
		cost += 10 * shared(mine, point);
		if (j == i || !(label[j].wide > 0)) /* a point without a text has no line to one */
			continue;
		cost += 10 * shared(mine, box_of(&label[j]));
		cost += 150 * crossing(&label[i], box_of(&label[j])) + 150 * crossing(&label[j], mine);
		cost += 100 * crossing(&label[i], point);
	}
	return cost;
}

static void put(struct label *label, int direction, int far)
{
	double angle = 2 * 3.14159265358979 * direction / DIRECTIONS;
	label->at_x = label->x + cos(angle) * (ring[far] + label->wide / 2);
	label->at_y = label->y + sin(angle) * (ring[far] + label->high / 2);
	find_edge(label);
	label->far = hypot(label->edge_x - label->x, label->edge_y - label->y) > 3 * MARK;
}

/* Beside the point is better than above or below, and near is better than far. */
static double taste(int direction, int far)
{
	double angle = 2 * 3.14159265358979 * direction / DIRECTIONS;
	return 2 * fabs(sin(angle)) + (cos(angle) < 0 ? 1 : 0) + 1.2 * ring[far];
}

/* Puts label i in its cheapest place; true when that is another one. */
static bool improve(struct label *label, size_t n, size_t i, double wide, double high)
{
	struct label before = label[i], best = label[i];
	double least = INFINITY;
	for (int far = 0; far < RINGS; far++)
		for (int direction = 0; direction < DIRECTIONS; direction++) {
			put(&label[i], direction, far);
			double cost = cost_of(label, n, i, wide, high) + taste(direction, far);
			if (cost < least - 1e-9) {
				least = cost;
				best = label[i];
			}
		}
	label[i] = best;
	return fabs(best.at_x - before.at_x) + fabs(best.at_y - before.at_y) > 1e-9;
}

static void find_side(struct label *label)
{
	struct box box = box_of(label);
	label->side = box.left >= label->x ? 1 : box.right <= label->x ? -1 : 0;
	label->begin_x = label->at_x - label->side * label->wide / 2;
}

void labels_place(struct label *label, size_t n, double wide, double high)
{
	bool moved = true;
	for (size_t i = 0; i < n; i++)
		put(&label[i], 0, 0);
	for (int sweep = 0; moved && sweep < SWEEPS; sweep++) {
		moved = false;
		for (size_t i = 0; i < n; i++)
			moved |= label[i].wide > 0 && improve(label, n, i, wide, high);
	}
	for (size_t i = 0; i < n; i++)
		find_side(&label[i]);
}
