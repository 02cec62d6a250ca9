/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * outlook.h -- the runs of a suite before they are made: what there is to do, what it costs, and what it can show.
 */
#ifndef EXPERIMENTS_SUITE_OUTLOOK_H
#define EXPERIMENTS_SUITE_OUTLOOK_H

#include "experiments/suite/campaign.h"

/* Prints a table of the runs with their state and cost, and how long those to be made will take. */
int outlook_print(const struct suite *suite, const struct campaign *campaign, struct error *err);

/* The runs as JSON, with exact counts: FLOPs and bytes are of one run, those of the evaluations included. */
int outlook_print_json(const struct suite *suite, const struct campaign *campaign, struct error *err);

#endif
