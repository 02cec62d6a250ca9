/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * contrast.h -- which series of a contest are compared with which.
 *
 * By default everything is compared with one baseline; under a sweep, each series with that of the baseline's strategy
 * which has the same swept settings.
 */
#ifndef EXPERIMENTS_STUDY_CONTRAST_H
#define EXPERIMENTS_STUDY_CONTRAST_H

#include <moesim/moesim.h>

#include "experiments/study/study.h"

/* What the series' strategy is to the others; a contender when it is no recipe. */
enum moe_role contrast_role(const struct study_series *series);

/* The first series with that role, or study->n. */
size_t contrast_series_of(const struct study *study, enum moe_role role);

/* The series that the others are compared with: that of this label or else strategy (study->n when there is none); for
 * "" the baseline by role, else the model without routing, else the first series. */
size_t contrast_baseline(const struct study *study, const char *against);

/* [study->n] the counterpart of each series in the strategy of `base`: the one with the same swept settings, else
 * `base` itself.  It is the series itself when that belongs to the strategy. */
const size_t *contrast_counterparts(const struct study *study, size_t base, struct arena *arena);

struct contrast {
	size_t a, b; /* a minus b */
	bool aside;  /* asked for by sentences alone */
};

/* Begins as { .arena = ... }. */
struct contrasts {
	struct arena *arena;
	size_t n;
	struct contrast *of; /* [n] */
};

/* Every series against its counterpart of the baseline, or against the baseline itself where no strategy but that one
 * is in the study; with baseline = study->n every pair, the earlier one first.  Planted routers are compared only when
 * the baseline is one, or in all pairs: they show a limit. */
void contrast_list(const struct study *study, size_t baseline, struct contrasts *into);

/* Appends the contrasts that sentences need besides, none of them twice: along a swept setting each series against the
 * one before it on its line; in a study without sweeps, contenders among each other as long as they are few. */
void contrast_asides(const struct study *study, size_t baseline, struct contrasts *into);

#endif
