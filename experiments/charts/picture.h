/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * picture.h -- a picture that gnuplot draws, whole or not at all.
 */
#ifndef EXPERIMENTS_CHARTS_PICTURE_H
#define EXPERIMENTS_CHARTS_PICTURE_H

#include "experiments/charts/gnuplot.h"

/* Draws FOLDER/NAME.gp as FOLDER/NAME.FORMAT; the format is "png", "svg" or "pdf". */
enum gnuplot_end picture_draw(const char *folder, const char *name, const char *format, unsigned seconds,
							  struct error *err);

#endif
