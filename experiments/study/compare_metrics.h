/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * compare_metrics.h -- the metrics that series are compared in, one row each.
 */
#ifndef EXPERIMENTS_STUDY_COMPARE_METRICS_H
#define EXPERIMENTS_STUDY_COMPARE_METRICS_H

#include <stdbool.h>
#include <stddef.h>

#include "experiments/study/statistics.h"
#include "sim/base/arena.h"
#include "sim/base/error.h"

/* Which tables show a metric that is not judged. */
enum { SHOWN_BY_COMPARE = 1, SHOWN_BY_REPORT = 2 };

struct compare_metric {
	const char *name;    /* a column of summary.csv */
	const char *said;    /* in a sentence: "excess loss" */
	const char *heading; /* of a column on a terminal; NULL: the name */
	const char *unit;    /* "" when it has none */
	int sense;           /* -1: less is better, 0: neither */
	double margin;       /* smaller differences make no difference in practice, unless the user says otherwise */
	int decimals;        /* in a table; 0: a count */
	bool proportional;   /* above zero, and may scatter in proportion to its size */
	double resolution;   /* its smallest step, of a count; 0: none */
	bool of_k;           /* means something else with another number of experts per token */
	bool is_loss;        /* one of them is judged */
	bool optional;       /* runs may lack it, and then nothing is said of it unless it is asked for */
	bool judged;         /* by default */
	unsigned shown;      /* SHOWN_BY_..., added */
};
extern const struct compare_metric compare_metrics[]; /* ends with a NULL name */

size_t compare_metric_count(void);

/* The row of that name, or NULL. */
const struct compare_metric *compare_metric(const char *name);

/* Reads the words of --metric, comma-separated, none of them twice; "" are none.  *metric lives in the arena. */
int compare_metrics_read(const char *list, struct arena *arena, const struct compare_metric ***metric, size_t *n,
						 struct error *err);

/* "better", "worse", "equivalent", "equal", "undecided"; "lower" and "higher" for a metric of which less is not better.
 */
const char *compare_verdict(const struct compare_metric *metric, enum verdict verdict);

#endif
