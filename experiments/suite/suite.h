/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * suite.h -- suite files: which runs answer a question.
 *
 *     # How much quality does a token drop cost?
 *     include = base.suite
 *     [global]
 *     seed = 1..5
 *     [drops]
 *     strategy = switch | expert-choice       # alternatives make the grid
 *     balance = aux,weight=0.01 + z           # + stacks balancers
 *
 * The first comment is the question.  A key is a flag of `run` without its dashes: a setting, or in [global] also
 * checkpoint-every, which is said once and makes no other run.  Values may be quoted with ' or
 * ", which keeps blanks, '|', '#' and '..' as they are; there is no escape character.  An included file's keys stand
 * first, and the including file may set them again.  Nothing here knows what a setting means beyond its option row.
 */
#ifndef EXPERIMENTS_SUITE_SUITE_H
#define EXPERIMENTS_SUITE_SUITE_H

#include <moesim/moesim.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/train/settings.h"

struct suite_place {
	const char *file;
	unsigned line, column;
};

struct suite_value {
	const char *text; /* as options_value() prints it, so that 1e3 and 1000 are the same value */
	struct suite_place at;
};

struct suite_key {
	const struct moe_opt *row;
	struct suite_place at;
	size_t n;
	struct suite_value *value; /* [n], no two alike */
};

struct suite_section {
	const char *name;
	struct suite_place at;
	size_t n;
	struct suite_key *key; /* [n] in the order of the file */
};

/* What the keys mean: the settings of `run`, or a test's own. */
struct suite_settings {
	const struct moe_opt *rows;
	const struct moe_opt *(*find)(const char *name); /* the row of a key, by its own or another name */
	const char *const *(*names)(void);               /* for suggestions */
	/* From what a run is told to the value in effect of every row, value[rows] (texts that live as long as the
	 * program). A row whose text stands for more, as a strategy's name does for its parts, gets what it stands for.  An
	 * error's file is "--NAME" of the row at fault, its column the place in that row's text. */
	int (*resolve)(const struct assignment *given, size_t n, const char **value, struct error *err);
};

struct suite {
	struct arena arena; /* everything below */
	const struct suite_settings *settings;
	const char *name;     /* the file's name without folder and ".suite" */
	const char *question; /* "" when the file begins with no comment */
	size_t n;
	struct suite_section *section; /* [n]; section[0] is [global] */
	size_t files;
	const char **file;        /* [files] the file and what it includes */
	int64_t checkpoint_every; /* of every run, as [global] says; 0: nothing is said */
};

/* Reads the file and all it includes.  Errors name file, line and column.  On failure nothing is left to free. */
int suite_read(const char *path, const struct suite_settings *settings, struct suite *suite, struct error *err);
/* The same for a text in memory; an include is then looked for in the working folder. */
int suite_parse(const char *name, const char *text, size_t size, const struct suite_settings *settings,
				struct suite *suite, struct error *err);

/* "key=alternatives" from the command line: takes the key's place in every section.  `flag` names it in errors. */
int suite_set(struct suite *suite, const char *flag, const char *assignment, struct error *err);

/* Prints "name: question" and an empty line; nothing when there is no question. */
void suite_print_question(const struct suite *suite);

/* The section of that name, or NULL. */
const struct suite_section *suite_find(const struct suite *suite, const char *name);

void suite_free(struct suite *suite);

#endif
