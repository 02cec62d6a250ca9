/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * leak.h -- does the model look into the future, and how much does that change?
 */
#ifndef SIM_TRAIN_LEAK_H
#define SIM_TRAIN_LEAK_H

#include "sim/train/trainer.h"

/* Whether later tokens of a sequence can change where earlier ones go: never, in training alone, or in evaluation, too.
 * After training alone the evaluation losses are still those of a causal model. */
enum causality { CAUSALITY_NO, CAUSALITY_TRAIN_ONLY, CAUSALITY_YES };

struct leak {
	enum causality causal; /* by the rule of the layers' routers: see sim/route/lookahead.h */
	/* How much it mattered on held-out tokens: the mean absolute change of the losses in the first half of a sequence
	 * when its second half changes, in nats per token; 0 up to rounding for a causal model, and small where a rule that
	 * looks ahead seldom gets to.  NAN: not measured. */
	double change;
};

/* Probes the routers of all layers as they are now, in both phases.  What the last forward passes left is lost. */
struct leak leak_measure(struct trainer *trainer);

/* "no", "train-only", "yes": the words of summary.csv; "" when not measured. */
const char *leak_word(struct leak leak);

#endif
