/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lessons.h -- what a learner is told of a strategy beside its formulas.
 */
#ifndef EXPERIMENTS_GLOSSARY_LESSONS_H
#define EXPERIMENTS_GLOSSARY_LESSONS_H

struct lesson {
	const char *strategy; /* name of a recipe */
	const char *does;     /* two plain sentences */
	const char *when;     /* to use it */
	const char *costs;    /* beside what is counted: memory, communication */
	const char *fails;
	const char *used_by;
	const char *command; /* to try: moesim ... */
	const char *look;    /* at what; columns by their names */
};

extern const struct lesson lessons[]; /* ended by strategy = NULL */

/* The lesson on the recipe of that name, or NULL: its parts must tell all then. */
const struct lesson *lesson_find(const char *strategy);

#endif
