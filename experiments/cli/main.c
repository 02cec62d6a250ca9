/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * main.c -- the program: finds the command, hands it its flags, tells what went wrong.
 */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/cli/cmd.h"
#include "experiments/cli/flags.h"
#include "experiments/cli/manual.h"
#include "experiments/host/jobs.h"
#include "sim/base/build.h"
#include "sim/base/text.h"
#include "sim/multiply/product.h"
#include "sim/route/catalog.h"
#include "strategies/catalog.h"

const struct command *const commands[] = {
	&command_run,  &command_suite,   &command_compare, &command_plot,  &command_report,
	&command_list, &command_explain, &command_analyze, &command_model, &command_cluster, NULL
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int unknown_command(const char *word, struct error *err)
{
	const char *names[sizeof commands / sizeof *commands];
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		names[i] = commands[i] ? commands[i]->name : NULL;
	const char *near = text_nearest(word, names);
	if (near)
		return fail(err, ERROR_USER, "unknown command '%s' (did you mean '%s'?)", word, near);
	return fail(err, ERROR_USER, "unknown command '%s' (see: moesim --help)", word);
}

static void print_version(void)
{
	printf("moesim %s\nCopyright (C) 2026 the moesim authors.  License GPL-3.0-or-later.\n"
		   "source %s, %s precision, %s, %s, %s\n",
		   build.version, build.git, build.precision, product_library(), build.compiler,
		   build.threads ? "OpenMP" : "one thread");
}

/* What is asked of the program itself; true when it was that. */
static bool answered(const char *word)
{
	if (strcmp(word, "--version") == 0)
		print_version();
	else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		manual_overview(stdout);
	else if (strcmp(word, "--man") == 0)
		manual_page(stdout);
	else
		return false;
	return true;
}

static int run_command(const struct command *command, int argc, char **argv, struct error *err)
{
	struct flags flags;
	int code = flags_read(command, argc, argv, &flags, err);
	if (code == 0 && flags.help)
		manual_command(command, stdout);
	else if (code == 0)
		code = command->run(flags.opt, flags.argc, flags.args, err);
	flags_free(&flags);
	return code;
}

static int dispatch(int argc, char **argv, struct error *err)
{
	if (argc < 2 || argv[1][0] == '-')
		return argc == 2 && answered(argv[1]) ? 0 : run_command(&command_run, argc, argv, err);
	const struct command *command = find_command(argv[1]);
	return command ? run_command(command, argc - 1, argv + 1, err) : unknown_command(argv[1], err);
}

/* Output that did not get out is a failure, whatever went before. */
static int flush_stdout(struct error *err)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return fail(err, ERROR_WORLD, "cannot write to standard output");
	return 0;
}

/* A thread of libgomp that has nothing to do spins by default, for milliseconds, and when another process has the other
 * core a run becomes ten times slower.  The library reads what it shall do before main() begins: so the program says it
 * and starts itself anew, once.  A user's own word stands. */
static void wait_without_spinning(int argc, char **argv)
{
	bool trains = argc < 2 || argv[1][0] == '-' || strcmp(argv[1], command_run.name) == 0;
	if (!build.threads || !trains || getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT"))
		return;
	if (setenv("OMP_WAIT_POLICY", "passive", 0) == 0)
		execv(jobs_program(), argv); /* where that fails, threads spin */
}

int main(int argc, char **argv)
{
	struct error err = { .code = ERROR_NONE };
	wait_without_spinning(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow (ulimit -f) is an error like a full disk */
	error_catch_gsl();
	product_single_threaded();
	catalog_use(strategy_parts, strategy_recipes);
	int code = dispatch(argc, argv, &err);
	if (code >= 0 && flush_stdout(&err) != 0)
		code = -1;
	if (code >= 0)
		return code;
	error_print(&err);
	return err.code == ERROR_NONE ? EXIT_FAILURE : (int)err.code;
}
