/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * draw.h -- draws charts in a folder: the data of each, a script that stands alone beside it, and the pictures.
 *
 * Data and scripts are written first and stay when gnuplot is missing or fails.
 */
#ifndef EXPERIMENTS_CHARTS_DRAW_H
#define EXPERIMENTS_CHARTS_DRAW_H

#include <signal.h>
#include <stdint.h>

#include "experiments/charts/chart.h"

enum draw_format { DRAW_PNG = 1, DRAW_SVG = 2, DRAW_PDF = 4 };

/* How charts are drawn, and of what; the caller fills it. */
struct drawing {
	const char *folder;
	unsigned formats;     /* of enum draw_format, added */
	const char *terminal; /* gnuplot commands that draw on the terminal in place of pictures; NULL: pictures */
	bool colorless;       /* charts that are nothing without colors are left out */
	unsigned timeout;     /* seconds that gnuplot may take for a picture */
	const struct study *study;
	const struct analysis *analysis;
	const struct model_list *models;
	const struct findings *findings; /* of the study, whose titles stand at the heads of its charts; NULL: none do */
	struct chart_choice choice;

	unsigned failed;    /* out: charts that gnuplot did not draw */
	struct error first; /* out: why it did not draw the first of them */
	bool hopeless;      /* gnuplot is missing or hangs: it is not tried again */
	sigset_t before;    /* the signal mask as it was */
};

/* What became of a chart. */
struct drawn {
	bool ok;
	const char *missing; /* why it has nothing to show; NULL: it has */
	const char *notes;   /* what was left out of it, one line each; "" for nothing */
	const char *legend;  /* as in struct chart_sheet */
};

/* Makes the folder, with what all scripts load.  Until draw_end() the signals that end a program wait, so that nothing
 * half-drawn is left behind; they end what is being drawn. */
int draw_begin(struct drawing *, struct error *err);
/* Then they are delivered. */
void draw_end(struct drawing *);

/* Draws a chart.  Files of that name that were there before are gone in any case.  A failure is a table that cannot be
 * read or a file that cannot be written; a failing gnuplot is not one: drawing->failed counts it. */
int draw_chart(struct drawing *, const struct chart *, struct drawn *, struct error *err);

/* Where the picture is. */
const char *draw_path(const struct drawing *, const struct chart *, enum draw_format format);

/* The colors of looks, as the script that all charts load has them. */
enum { DRAW_COLOURS = 10 };
int draw_palette(uint32_t colour[DRAW_COLOURS], struct error *err);

/* Removes all that was drawn and written there, and the folder when it is empty then. */
void draw_remove(const struct drawing *);

#endif
