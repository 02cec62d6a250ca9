/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * discrete.h -- the table behind gsl_ran_discrete().
 */
#ifndef SIM_BASE_DISCRETE_H
#define SIM_BASE_DISCRETE_H

#include <gsl/gsl_randist.h>
#include <stddef.h>

/* As gsl_ran_discrete_preproc(n, weight), to the bit, for gsl_ran_discrete() and gsl_ran_discrete_free(); but ends the
 * program when out of memory, where GSL writes through a null pointer.  n >= 1, weights of at least 0, not all 0. */
gsl_ran_discrete_t *discrete_open(size_t n, const double *weight);

#endif
