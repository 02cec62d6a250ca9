/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * real.h -- the working precision.  `real` itself is declared in moesim.h: float, or double with MOE_DOUBLE.
 */
#ifndef SIM_BASE_REAL_H
#define SIM_BASE_REAL_H

#include <moesim/moesim.h>

#ifdef MOE_DOUBLE
#define REAL_NAME "double"
#define csv_real csv_double
#else
#define REAL_NAME "single"
#define csv_real csv_float
#endif

#endif
