/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * causality.h -- who looks ahead: series that route with later tokens in view, whose loss no causal model can have.
 */
#ifndef EXPERIMENTS_STUDY_CAUSALITY_H
#define EXPERIMENTS_STUDY_CAUSALITY_H

#include "experiments/study/study.h"

/* A series looks ahead when any of its runs does. */
bool causality_breaks(const struct study_series *series);

/* Does any series of the study? */
bool causality_breaks_any(const struct study *study);

/* The label as a reader meets it: with a dagger when the series looks ahead. */
const char *causality_label(const struct study_series *series, const char *label);

#endif
