/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd.h -- the commands of moesim: one file each, one row each in commands.def.
 */
#ifndef EXPERIMENTS_CLI_CMD_H
#define EXPERIMENTS_CLI_CMD_H

#include <moesim/moesim.h>
#include <stdio.h>

#include "sim/base/error.h"
#include "sim/train/settings.h"

/* The settings of sim/train/settings.h that the user gave, in order. */
struct given {
	size_t n;
	struct assignment assignment[128];
};

struct command {
	const char *name, *summary; /* one line for the list of commands */
	const char *arguments;      /* "FILE", "DIR..."; "" when it takes none */
	const char *about;          /* a paragraph for --help and the man page */
	const struct moe_opt *opts; /* flags as option rows, --name VALUE; never NULL */
	size_t opts_size;
	const char *repeated; /* a text flag that may be given several times, its values joined by ';'; or NULL */
	unsigned settings; /* groups of settings taken as flags too; its options struct then begins with a struct given */
	/* For completion: words that may stand as arguments, NULL-ended; and whether files may. */
	const char *const *(*words)(void);
	bool files;
	/* opt is the filled options struct; args the positional arguments.  Returns the exit code; errors that end the
	 * command go into *err with a return of -1, and main prints them. */
	int (*run)(const void *opt, int argc, char **args, struct error *err);
};

extern const struct command *const commands[]; /* NULL-ended, in the order of the manual */

/* The command of that name, or NULL; their names, NULL-ended. */
const struct command *command_find(const char *name);
const char *const *command_names(void);

/* Refuses a word that is no command, and says what was meant: a command, or what takes a strategy, suite or model of
 * that name. */
int command_unknown(const char *word, struct error *err);

#define COMMAND(name) extern const struct command command_##name;
#include "experiments/cli/commands.def"
#undef COMMAND

#endif
