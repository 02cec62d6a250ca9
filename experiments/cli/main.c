/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * main.c -- the program: finds the command, passes it its flags, reports errors.
 */
#include <config.h>

#include <poll.h>
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
#include "sim/base/memory.h"
#include "sim/base/text.h"
#include "sim/multiply/product.h"
#include "sim/route/catalog.h"
#include "strategies/catalog.h"

static void print_version(void)
{
	printf("moesim %s\nCopyright (C) 2026 the moesim authors.  License GPL-3.0-or-later.\n"
		   "source %s, %s precision, %s, %s, %s\n",
		   build.version, build.git, build.precision, product_library(), build.compiler,
		   build.threads ? "OpenMP" : "one thread");
}

/* A question about the program itself is answered; false when the word is none. */
static bool answered(const char *word)
{
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0 || strcmp(word, "-v") == 0)
		print_version();
	else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		manual_overview(stdout);
	else if (strcmp(word, "--man") == 0)
		manual_page(stdout);
	else if (strcmp(word, "--man=suite") == 0)
		manual_suite_page(stdout);
	else if (strcmp(word, "--man=strategy") == 0)
		manual_strategy_page(stdout);
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

/* Flags without a command are those of run. */
static int dispatch(int argc, char **argv, struct error *err)
{
	if (argc < 2 || (argc == 2 && answered(argv[1]))) {
		if (argc < 2)
			manual_overview(stdout);
		return 0;
	}
	if (argv[1][0] == '-')
		return run_command(&command_run, argc, argv, err);
	const struct command *command = command_find(argv[1]);
	return command ? run_command(command, argc - 1, argv + 1, err) : command_unknown(argv[1], err);
}

/* Output that did not get out is a failure, whatever went before. */
static int flush_stdout(struct error *err)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return fail(err, ERROR_WORLD, "cannot write to standard output");
	return 0;
}

/* Has the reader of our standard output gone, as in "moesim list metrics | head -n 1"? */
static bool reader_is_gone(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };
	return ferror(stdout) && poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

/* By default a libgomp thread that has nothing to do spins for milliseconds, and when another process has the other
 * core a run becomes ten times slower. */
static bool wait_without_spinning(void)
{
	if (!build.threads || getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT"))
		return false;
	return setenv("OMP_WAIT_POLICY", "passive", 0) == 0;
}

/* glibc has log, pow and their like once more for processors with fused multiply-add, with other last bits. */
static bool use_plain_functions(void)
{
	static const char plain[] = "glibc.cpu.hwcaps=-FMA,-FMA4";
	const char *said = getenv("GLIBC_TUNABLES");
	if (said && strstr(said, "glibc.cpu.hwcaps="))
		return false;
	return setenv("GLIBC_TUNABLES", said && *said ? text_keep_f("%s:%s", said, plain) : plain, 1) == 0;
}

/* Both libraries read their settings before main() begins, so set them and re-exec, once.  What the user has set
 * stands; where it fails, the run is slower or has the bits of this processor. */
static void set_libraries(int argc, char **argv)
{
	bool trains = argc > 1 && (argv[1][0] == '-' || strcmp(argv[1], command_run.name) == 0);
	if (!trains)
		return;
	bool waits = wait_without_spinning(), plain = use_plain_functions();
	if (waits || plain)
		execv(jobs_program(), argv);
}

/* Prints the error, and gives the exit code that belongs to it. */
static int exit_code_of(const struct error *err)
{
	if (err->code == ERROR_WORLD && reader_is_gone())
		return 128 + SIGPIPE; /* the reader had enough: nothing to complain of */
	error_print(err);
	return err->code == ERROR_NONE ? EXIT_FAILURE : (int)err->code;
}

int main(int argc, char **argv)
{
	struct error err = { .code = ERROR_NONE };
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow (ulimit -f) is an error like a full disk */
	set_libraries(argc, argv);
	error_catch_gsl();
	memory_catch_json();
	product_single_threaded();
	catalog_use(strategy_parts, strategy_recipes);
	int code = dispatch(argc, argv, &err);
	if (code >= 0 && flush_stdout(&err) != 0)
		code = -1;
	return code >= 0 ? code : exit_code_of(&err);
}
