/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_help.c -- moesim help COMMAND: prints what COMMAND --help prints.
 */
#include <config.h>

#include "experiments/cli/cmd.h"
#include "experiments/cli/manual.h"

static const struct moe_opt rows[] = { { .name = NULL } };

static int help(const void *options, int argc, char **args, struct error *err)
{
	(void)options;
	if (argc > 1)
		return fail(err, ERROR_USER, "help takes one command (see: moesim --help)");
	const struct command *command = argc > 0 ? command_find(args[0]) : NULL;
	if (argc > 0 && !command)
		return command_unknown(args[0], err);
	if (command)
		manual_command(command, stdout);
	else
		manual_overview(stdout);
	return 0;
}

const struct command command_help = {
	.name = "help",
	.summary = "help on a command",
	.arguments = "[COMMAND]",
	.about = "Prints what 'moesim COMMAND --help' prints; without COMMAND, the list of commands.",
	.opts = rows,
	.words = command_names,
	.run = help,
};
