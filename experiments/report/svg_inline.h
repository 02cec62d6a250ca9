/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * svg_inline.h -- puts an SVG file that gnuplot has drawn into a web page.
 */
#ifndef EXPERIMENTS_REPORT_SVG_INLINE_H
#define EXPERIMENTS_REPORT_SVG_INLINE_H

#include <stdbool.h>
#include <stdio.h>

#include "experiments/report/ink.h"
#include "sim/base/error.h"

struct svg_inline {
	const char *prefix;  /* of its ids, "loss": no two pictures of a page may have the same one */
	const char *label;   /* what a reader who does not see it is told */
	bool coloured_areas; /* the colours of its areas have a meaning, and stay on a dark screen */
	bool on_paper;       /* all its colours stay */
	struct ink *ink;     /* gets its colours */
};

/* Writes the <svg> element with its ids made its own, its colours made variables, and everything left out that is no
 * drawing: only elements and attributes that are known to draw come through, and no link that leads out of the picture.
 * A text that is no well-formed SVG is an error, and what was written is then of no use. */
int svg_inline(const char *svg, const struct svg_inline *how, FILE *to, struct error *err);

#endif
