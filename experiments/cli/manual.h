/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * manual.h -- help and manual page, printed from the tables.
 */
#ifndef EXPERIMENTS_CLI_MANUAL_H
#define EXPERIMENTS_CLI_MANUAL_H

#include "experiments/cli/cmd.h"

/* moesim --help */
void manual_overview(FILE *to);
/* moesim COMMAND --help */
void manual_command(const struct command *command, FILE *to);
/* The manual page moesim(1), as roff. */
void manual_page(FILE *to);
/* moesim-suite(5) and moesim-strategy(5). */
void manual_suite_page(FILE *to);
void manual_strategy_page(FILE *to);

#endif
