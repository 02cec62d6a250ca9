/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_settings.h -- the settings of `run`, as suites know them.
 */
#ifndef EXPERIMENTS_GRID_RUN_SETTINGS_H
#define EXPERIMENTS_GRID_RUN_SETTINGS_H

#include "experiments/grid/suite.h"

const struct suite_settings *run_settings(void);

#endif
