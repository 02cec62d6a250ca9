/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jobs.h -- several processes at a time.
 *
 * Each job is this program run anew with other arguments, in a process group of its own, so that a Ctrl-C at the
 * terminal reaches the pool alone, which then ends the jobs in order.  A job does not outlive a killed pool.
 */
#ifndef EXPERIMENTS_HOST_JOBS_H
#define EXPERIMENTS_HOST_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "sim/base/error.h"

struct jobs {
	size_t n;         /* jobs 0 .. n - 1, started in this order */
	size_t at_a_time; /* at least 1 */
	void *context;    /* for the functions below */
	/* The job's arguments behind the program's name, NULL-ended; the pool frees the array, not the texts. */
	char **(*arguments)(void *context, size_t job);
	/* Where its stderr goes, a file that is emptied first; its stdout goes nowhere. */
	const char *(*log)(void *context, size_t job);
	void (*started)(void *context, size_t job);
	/* The job ended with this exit code, 128 + n after signal n.  False: start no more (those running still end). */
	bool (*ended)(void *context, size_t job, int code);
	/* About every `tick` seconds; NULL: never. */
	void (*tick)(void *context);
	double tick_seconds;
};

/* Runs all jobs.  Returns 0, or n when signal n (INT, TERM, HUP) asked to stop: the jobs then running got SIGTERM and
 * have ended, and `ended` was not called for them; a second signal kills them.  -1 and *err when no process can be
 * started. */
int jobs_run(const struct jobs *jobs, struct error *err);

/* The file of the running program, for other processes to run. */
const char *jobs_program(void);

/* Processors this process may use. */
size_t jobs_processors(void);

/* Seconds on a clock that never jumps. */
double jobs_clock(void);

#endif
