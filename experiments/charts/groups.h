/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * groups.h -- series in groups that are drawn side by side, where one panel would hold too many or different streams.
 */
#ifndef EXPERIMENTS_CHARTS_GROUPS_H
#define EXPERIMENTS_CHARTS_GROUPS_H

#include "experiments/study/study.h"

enum { GROUP_MOST = 8 }; /* series that a reader can tell apart in one panel */

struct groups {
	size_t n;           /* 1: all in one panel */
	const char **title; /* [n] */
	size_t *of;         /* [study->n] the group of each series */
	const char **label; /* [study->n] what tells the series from others of its group */
	bool crowded;       /* some group has more than GROUP_MOST series, because no key parts them better */
};

/* Groups the series: by stream where streams differ, since losses on two streams cannot be compared; else, when there
 * are more than GROUP_MOST, by strategy or by one swept key, whichever makes the fewest groups of at most GROUP_MOST
 * series.  Everything lives as long as the arena. */
void groups_make(const struct study *study, struct arena *arena, struct groups *groups);

#endif
