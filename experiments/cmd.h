/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd.h -- the commands of moesim: one file each, one row each in the table of main.c.
 */
#ifndef EXPERIMENTS_CMD_H
#define EXPERIMENTS_CMD_H

#include <moesim/moesim.h>
#include <stdio.h>

#include "sim/base/error.h"

/* One flag of a command.  `row` names it, checks it, and prints its help; a positional argument has no flag. */
struct command {
	const char *name, *summary; /* one line for the list of commands */
	const char *arguments;      /* "FILE", "DIR..."; "" when it takes none */
	const char *about;          /* a paragraph for --help and the man page */
	const struct moe_opt *opts; /* flags as option rows: --name VALUE; never NULL */
	size_t opts_size;
	/* opt is the filled options struct; args the positional arguments.  Returns the exit code; errors that end the
	 * command go into *err with a return of -1, and main prints them. */
	int (*run)(const void *opt, int argc, char **args, struct error *err);
	/* Settings rows that this command also takes as flags (run), or NULL; see settings.h. */
	bool takes_settings;
};

extern const struct command command_run, command_suite, command_compare, command_plot, command_list, command_explain,
    command_model, command_analyze;

#endif
