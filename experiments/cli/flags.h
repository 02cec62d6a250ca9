/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * flags.h -- the command line of one command, read by its option rows.
 */
#ifndef EXPERIMENTS_CLI_FLAGS_H
#define EXPERIMENTS_CLI_FLAGS_H

#include "experiments/cli/cmd.h"

struct flags {
	void *opt; /* the command's options struct, filled; malloc'ed */
	int argc;
	char **args; /* positional arguments, inside argv */
	bool help;   /* --help was given; nothing else was checked then */
};

/* Reads argv[1 .. argc-1] (argv[0] is the command's word).  Flags may stand anywhere before "--"; '_' in a flag's name
 * is '-'.  An unknown flag is an error with "did you mean". */
int flags_read(const struct command *command, int argc, char **argv, struct flags *flags, struct error *err);
void flags_free(struct flags *flags);

#endif
