/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * places.h -- where the files that come with the program are.
 *
 * A program in a build tree uses those of its source tree; an installed one uses those installed with it, also when
 * the whole installation was moved.
 */
#ifndef EXPERIMENTS_HOST_PLACES_H
#define EXPERIMENTS_HOST_PLACES_H

/* The folders of the gnuplot scripts, of the suites, of the clusters and of the demo's texts; they live as long as the
 * program. */
const char *place_plots(void);
const char *place_suites(void);
const char *place_clusters(void);
const char *place_texts(void);

#endif
