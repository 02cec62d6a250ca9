/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * agreement.h -- two routings of the same tokens, compared choice by choice.
 *
 * A token is the same in both when it has the same step and number, or the same request and index (trace.h).
 */
#ifndef EXPERIMENTS_STUDY_AGREEMENT_H
#define EXPERIMENTS_STUDY_AGREEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "experiments/study/analysis.h"
#include "sim/base/error.h"

enum { AGREEMENT_QUARTERS = 4 };

/* Of one layer, or of all layers together.  A and B are the sets of experts that a token has here and there; NAN is
 * "not measured". */
struct agreement {
	const char *layer;              /* its number; "NAME/number" of a further model in the file; "all" */
	double tokens;                  /* that both files have in this layer; of all layers: pairs of token and layer */
	double only_first, only_second; /* that one file alone has */
	double equal_choices;           /* 2 sum |A and B| / sum (|A| + |B|): the share of choices that are equal */
	double jaccard;                 /* mean of |A and B| / |A or B| */
	double differing;               /* share of the tokens with A != B */
	double differing_any_layer;     /* share of the tokens that differ in at least one layer; of all layers alone */
	/* By the margin of the token in the first file: its largest less its smallest weight, over their sum (of a single
	 * choice the weight).  From the quarter with the smallest margins up; margin[] are the bounds between the quarters.
	 */
	double by_margin[AGREEMENT_QUARTERS], margin[AGREEMENT_QUARTERS - 1];
};

struct agreements {
	size_t n;         /* layers, and behind them "all" */
	uint64_t padding; /* choices of expert -1, which were skipped */
	struct agreement *of;
};

/* Reads both files, which must tell tokens apart. */
int agreement_read(char *const file[2], const struct analysis_choice *choice, struct agreements *result,
				   struct error *err);
void agreement_free(struct agreements *result);

#endif
