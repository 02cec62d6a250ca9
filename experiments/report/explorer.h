/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * explorer.h -- the part of a page where a reader moves through training: who computed what, step by step.
 *
 * Shown are the load of every expert, the experts of every domain, and a few tokens with their experts.  The last step
 * of the first run is there as tables; a script of the page's own, with all steps of all runs beside it as JSON, lets a
 * slider move them.
 */
#ifndef EXPERIMENTS_REPORT_EXPLORER_H
#define EXPERIMENTS_REPORT_EXPLORER_H

#include <stdio.h>

#include "experiments/study/study.h"

struct explorer_token {
	int64_t number, id, position;
	const char *text, *domain; /* text "": its id is all there is to write */
};

struct explorer_pick {
	int64_t expert; /* -1: none took the token */
	double weight;  /* 0: dropped */
};

/* What one run recorded.  Texts live as long as the program, arrays as the arena that was given. */
struct explorer_run {
	const char *label;
	size_t steps, layers, experts;
	int64_t *step;       /* [steps] */
	double *load;        /* [steps][layers][experts] held-out tokens */
	size_t domains;      /* 0: not recorded */
	const char **domain; /* [domains] */
	double *joint;       /* [steps][layers][domains][experts] held-out tokens */
	size_t tokens;       /* 0: not recorded */
	struct explorer_token *token;
	size_t *first;              /* [steps * layers * tokens + 1] where the picks of each begin */
	struct explorer_pick *pick; /* [first[steps * layers * tokens]] */
};

/* Reads experts.csv, domains.csv and tokens.csv.  A run without experts has no steps. */
int explorer_run_read(const struct run_folder *run, struct arena *arena, struct explorer_run *into, struct error *err);

/* The place of the i-th of n steps that stand for all `steps`: the first and the last are among them. */
size_t explorer_step(size_t steps, size_t n, size_t i);

/* Bytes of one step in JSON, about. */
double explorer_step_bytes(const struct explorer_run *run);

/* Writes the run as a JSON object with n of its steps. */
void explorer_run_json(const struct explorer_run *run, size_t n, FILE *to);

/* The levels of color for a load in units of the fair share: level i ends below explorer_bound[i].  The lowest is that
 * of dead experts. */
enum { EXPLORER_BOUNDS = 7, EXPLORER_LEVELS = EXPLORER_BOUNDS + 1, EXPLORER_HUES = 16 };
extern const double explorer_bound[EXPLORER_BOUNDS];
size_t explorer_level(double load);

/* The colors of a level and of an expert's tokens, 0xRRGGBB, and that of the text on them. */
uint32_t explorer_level_color(size_t level, bool dark);
uint32_t explorer_hue(size_t expert);
uint32_t explorer_text_on(uint32_t color);

struct explorer {
	struct arena arena;
	struct explorer_run shown; /* the first run; steps 0: nothing to show */
	size_t runs;               /* in `json` */
	size_t thinned, left_out;  /* runs of which not every step is in `json`, and runs that would be too much */
	char *json;                /* their objects, with commas between; malloc'ed */
};

/* Takes in the first run of every series, or every run, as far as they fit in a page. */
int explorer_read(const struct study *study, bool every_run, struct explorer *explorer, struct error *err);
void explorer_free(struct explorer *explorer);

/* Its style, its section, and what makes it move. */
void explorer_style(FILE *to);
void explorer_write(const struct explorer *explorer, FILE *to);
extern const char *const explorer_script[]; /* JavaScript, NULL-ended */

#endif
