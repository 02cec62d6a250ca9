/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * grid.h -- from a suite to its list of runs.
 *
 * The grid points of a section are all combinations of its keys' alternatives and those it has from [global], the last
 * key moving fastest; each point is run with every seed.  A run is known by the hash of all its settings, so that
 * neither its section nor its place in the file matters to whether it has been made already.
 */
#ifndef EXPERIMENTS_SUITE_GRID_H
#define EXPERIMENTS_SUITE_GRID_H

#include <stdbool.h>

#include "experiments/suite/suite.h"

enum { GRID_LIMIT = 100 * 1000 }; /* runs */

struct grid_point {
	const struct suite_section *section;
	const char *label;           /* unique in the grid; text_is_name() holds */
	const char *const *said;     /* [rows] what the suite says of each row but the seed; NULL: nothing */
	const char *const *resolved; /* [rows] what is in effect */
	size_t runs;                 /* of this point; 0 when another section makes the same ones */
};

struct grid_run {
	size_t point;
	const char *seed;
	uint64_t hash;    /* of all settings in effect: settings_hash() */
	const char *name; /* "<label>-s<seed>-<hash8>": the folder */
};

struct grid {
	struct arena arena;
	const struct moe_opt *rows;
	size_t n_rows, seed_row;
	size_t points, n;
	struct grid_point *point; /* [points] in the order of the file */
	struct grid_run *run;     /* [n] point by point, seeds inside */
	bool *swept;              /* [rows] more than one value in the grid */
	size_t doubled;           /* runs that two sections ask for; they are made once, for the first */
};

/* Builds the grid of all sections, or of those named in the comma-separated list `only` (NULL or "": all), and resolves
 * every point, so that no run is started of a suite in which one cannot be made. */
int grid_build(const struct suite *suite, const char *only, struct grid *grid, struct error *err);

/* Does any run have this label, or this strategy? */
bool grid_names(const struct grid *grid, const char *name);

/* The value of a row in a run: in the suite's words, or else the one in effect. */
const char *grid_value(const struct grid *grid, const struct grid_run *run, size_t row);

/* What the run is told, given[rows]; returns their number. */
size_t grid_given(const struct grid *grid, const struct grid_run *run, struct assignment *given);

/* An argument list: `command`, "--key=value" of what the run is told, then `extra` (NULL-ended), and NULL; freed with
 * one free(). */
char **grid_arguments(const struct grid *grid, const struct grid_run *run, const char *command,
					  const char *const *extra);

void grid_free(struct grid *grid);

#endif
