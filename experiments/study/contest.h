/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * contest.h -- which series of a study may be compared with one another: those that saw the same stream.
 *
 * A loss on one stream says nothing of a loss on another one, and two streams share no tokens to pair by.
 */
#ifndef EXPERIMENTS_STUDY_CONTEST_H
#define EXPERIMENTS_STUDY_CONTEST_H

#include "experiments/study/study.h"

struct contest {
	const char *title;  /* "topicmix.shared=0.2"; "" when all series of the study saw one stream */
	struct study study; /* its series alone, labeled without their stream; borrows everything else, not to be freed */
	size_t *from;       /* [study.n] the series' places in the whole study */
};

/* Splits the study, in the order of its series; all arrays live as long as the arena.  Returns the number of contests.
 */
size_t contests_split(const struct study *study, struct arena *arena, struct contest **contests);

#endif
