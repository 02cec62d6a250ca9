/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gnuplot.h -- running gnuplot on a script, without a shell and without trust in any name.
 */
#ifndef EXPERIMENTS_CHARTS_GNUPLOT_H
#define EXPERIMENTS_CHARTS_GNUPLOT_H

#include <signal.h>
#include <stdio.h>

#include "sim/base/error.h"

/* Writes a text as a gnuplot string: in single quotes, where nothing but the quote itself has a meaning.  Control
 * characters and bytes that are no UTF-8 become '?'. */
void gnuplot_quote(FILE *to, const char *text);

enum gnuplot_end {
	GNUPLOT_DREW,
	GNUPLOT_FAILED,
	GNUPLOT_UNUSABLE /* missing, stopped, or out of time: another script would fare no better */
};

/* Runs "gnuplot -d -e COMMANDS SCRIPT" in the folder, in the C locale, with its stdout as ours.  No gnuplot, a failing
 * one, one that misses a column of its data or needs more than `seconds` is a failure of the system (the error holds
 * gnuplot's first complaint); nothing of it is left running. */
enum gnuplot_end gnuplot_run(const char *folder, const char *script, const char *commands, unsigned seconds,
							 struct error *err);

/* Makes the signals that end a program wait, those excepted that are ignored; one that waits stops gnuplot_run().  The
 * mask as it was goes to *before. */
void gnuplot_hold_signals(sigset_t *before);

#endif
