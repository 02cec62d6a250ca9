/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * demo.h -- the shipped texts routed before, during and after training, under four strategies.
 */
#ifndef EXPERIMENTS_DEMO_DEMO_H
#define EXPERIMENTS_DEMO_DEMO_H

#include "experiments/demo/line.h"
#include "sim/base/error.h"

/* Trains and shows, in a few seconds of one processor.  texts: the folder whose files are the domains; each needs 385
 * bytes, and its last line is shown. */
int demo_show(const struct ink *ink, const char *texts, uint64_t seed, struct error *err);

#endif
