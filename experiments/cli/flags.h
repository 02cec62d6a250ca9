/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * flags.h -- the command line of one command, read by its option rows.
 */
#ifndef EXPERIMENTS_CLI_FLAGS_H
#define EXPERIMENTS_CLI_FLAGS_H

#include <getopt.h>

#include "experiments/cli/cmd.h"

struct flags {
	void *opt; /* the command's options struct, filled; malloc'ed */
	int argc;
	char **args; /* positional arguments, inside argv */
	bool help;   /* --help was given; nothing else was checked then */
};

/* Reads argv[1 .. argc-1] (argv[0] is the command's word).  Flags may stand anywhere before "--"; '_' in a flag's name
 * is '-'.  An unknown flag is an error with "did you mean"; so is a setting of a group that the command does not take.
 */
int flags_read(const struct command *command, int argc, char **argv, struct flags *flags, struct error *err);
void flags_free(struct flags *flags);

enum { FLAGS_MOST = 256 };

/* The flags of a command as getopt_long() takes them, and what each of them means. */
struct flag_table {
	size_t n;
	struct option option[FLAGS_MOST];
	const struct moe_opt *row[FLAGS_MOST]; /* NULL for --help */
	bool own[FLAGS_MOST];                  /* the command's own, not a setting */
};

/* All that the command takes: --help, its own flags, and the settings of its groups, by their other names too. */
void flag_table_fill(struct flag_table *table, const struct command *command);

/* The letter that is short for a flag of a command ('o' for "out"); 0: it has none. */
char flag_letter(const char *name);

#endif
