/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd.h -- the commands of moesim: one file each, one row each in the table of main.c.
 */
#ifndef EXPERIMENTS_CLI_CMD_H
#define EXPERIMENTS_CLI_CMD_H

#include <moesim/moesim.h>
#include <stdio.h>

#include "sim/base/error.h"
#include "sim/train/config.h"

/* What the user said about the settings of sim/train/config.h, in order. */
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
	bool takes_settings;  /* takes all settings as flags too; its options struct begins with a struct given */
	/* opt is the filled options struct; args the positional arguments.  Returns the exit code; errors that end the
	 * command go into *err with a return of -1, and main prints them. */
	int (*run)(const void *opt, int argc, char **args, struct error *err);
};

extern const struct command *const commands[]; /* NULL-ended, in the order of the manual */

extern const struct command command_run, command_suite, command_compare, command_plot, command_report, command_list,
	command_explain, command_model, command_analyze, command_cluster;

#endif
