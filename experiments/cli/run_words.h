/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_words.h -- what moesim run tells of a run.
 */
#ifndef EXPERIMENTS_CLI_RUN_WORDS_H
#define EXPERIMENTS_CLI_RUN_WORDS_H

#include "experiments/clusters/run_cluster.h"
#include "sim/run/run.h"

/* What the settings mean and need, for a run that is not made.  like: what is said of the model that it is made after,
 * or NULL. */
int run_words_plan(const struct settings *settings, const char *like, struct error *err);

/* One line on a terminal, over the one before; *shown is when that was, in seconds of the run. */
void run_words_progress(const struct run_progress *now, double *shown);

/* What came of it. */
void run_words_end(const struct trainer *trainer, const char *like, const struct outcome *outcome,
				   const struct run_cluster *cluster, const char *folder);

#endif
