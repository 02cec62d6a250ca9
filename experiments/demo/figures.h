/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * figures.h -- what the demo measures at one moment of a training, and the paragraph that says what was seen.
 */
#ifndef EXPERIMENTS_DEMO_FIGURES_H
#define EXPERIMENTS_DEMO_FIGURES_H

#include "experiments/demo/line.h"
#include "sim/train/leak.h"

struct figures {
	const char *strategy;
	size_t step, experts;
	double load[LINE_EXPERTS]; /* over the fair share, on the held-out tokens */
	bool dead[LINE_EXPERTS];
	size_t dead_experts;
	double fullest;     /* the largest load */
	double loss;        /* nats per token */
	double information; /* of expert and domain, in nats */
	/* the expert in ordinary use that has most of its tokens from one domain: its share of them, and the domain's of
	 * all tokens */
	size_t specialist;
	const char *subject;
	double share, share_of_text;
	enum causality causal; /* of the last figures of a strategy */
};

/* Evaluates the first layer; does not set `causal`. */
void figures_take(struct figures *figures, struct trainer *trainer);

/* What figure[n] show: those of one strategy in the order of its training, the first of all before it, and of every
 * other strategy the end alone.  Nothing in it but what the figures say; lives as long as the program. */
const char *figures_text(const struct figures *figure, size_t n);

#endif
