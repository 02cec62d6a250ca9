/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_settings.h -- the settings of `run`, as suites know them.
 */
#ifndef EXPERIMENTS_SUITE_RUN_SETTINGS_H
#define EXPERIMENTS_SUITE_RUN_SETTINGS_H

#include "experiments/suite/suite.h"

const struct suite_settings *run_settings(void);

#endif
