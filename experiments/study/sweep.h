/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sweep.h -- settings that were swept: their values in order, and the series that differ in nothing else.
 */
#ifndef EXPERIMENTS_STUDY_SWEEP_H
#define EXPERIMENTS_STUDY_SWEEP_H

#include "experiments/study/study.h"

/* The values of a swept setting in order: numbers by size, then words. */
struct sweep_axis {
	size_t key, n;
	const char **value;   /* [n] */
	bool numeric;         /* all values are numbers */
	bool geometric;       /* and spread over a wide range: a log axis suits them */
	const size_t *leader; /* [study.keys] the first key that moves with it, which may be itself */
	const bool **tells;   /* [study.n][study.keys] as study_telling() has it */
};

/* The axes of the study's keys in their order, for keys that always change together only the first one's.  A setting
 * that has one value in this study is none.  Arrays live as long as the arena.  Returns the number of axes. */
size_t sweep_axes(const struct study *study, struct arena *arena, struct sweep_axis **axes);

/* The key and those that move with it in words, as an axis is called: "capacity factor, with inner width of one
 * expert"; "weight of the loss (aux)" of a part's or a stream's option.  What no table knows is called as it is
 * written. */
const char *sweep_words(const struct study *study, const struct sweep_axis *axis);

/* The place of a value on the axis, from 1; 0 when it has none. */
size_t sweep_place(const struct sweep_axis *axis, const char *value);

/* Series that differ in nothing but the axis' key and what moves with it, in the order of the axis. */
struct sweep_line {
	size_t n, *series; /* [n] */
};

/* The lines in the order of their first series in the study, every series on one of them; returns their number. */
size_t sweep_lines(const struct study *study, const struct sweep_axis *axis, struct arena *arena,
				   struct sweep_line **lines);

/* What the series of a line have in common: "aux-loss aux.scope=batch". */
const char *sweep_label(const struct study *study, const struct study_series *series, const struct sweep_axis *axis);

#endif
