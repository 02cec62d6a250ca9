/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * child.h -- runs what ends the program, in a process of its own, and sees how it ends.
 *
 * Check's own expectations of an exit or a signal need a fork for every test, which valgrind runs go without.
 */
#ifndef TESTS_SUPPORT_CHILD_H
#define TESTS_SUPPORT_CHILD_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct ending {
	int exit_code;    /* -1: ended by a signal */
	int signal;       /* 0: it left by itself */
	char words[2048]; /* what it wrote to stderr */
};

static inline void child_work(int errors, void (*work)(void))
{
	const struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	dup2(errors, STDERR_FILENO);
	work();
	_exit(0);
}

static inline struct ending child_run(void (*work)(void))
{
	struct ending ending = { .exit_code = -1 };
	FILE *errors = tmpfile();
	ck_assert_ptr_nonnull(errors);
	fflush(NULL);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		child_work(fileno(errors), work);
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		ending.exit_code = WEXITSTATUS(status);
	else
		ending.signal = WTERMSIG(status);
	rewind(errors);
	ending.words[fread(ending.words, 1, sizeof ending.words - 1, errors)] = 0;
	fclose(errors);
	return ending;
}

#endif
