/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * logits.h -- router logits from a file, with the biases and token ids that may come beside them.
 *
 * Each file is read by matrix_read(): CSV or .npy, "-" being standard input.
 */
#ifndef SIM_ROUTE_LOGITS_H
#define SIM_ROUTE_LOGITS_H

#include <moesim/moesim.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"

struct logits {
	size_t tokens, experts;
	real *value;       /* [tokens][experts] */
	real *offset;      /* [experts] biases of the selection; NULL: none were read */
	uint32_t *id;      /* [tokens] token ids; NULL: none were read */
	size_t vocabulary; /* highest id + 1 */
};

/* One row for each token, one column for each expert.  What the working precision cannot hold is refused. */
int logits_read(struct logits *logits, const char *path, struct arena *arena, struct error *err);

/* Is every row non-negative with the sum 1, as probabilities are? */
bool logits_sum_to_one(const struct logits *logits);

/* After logits_read().  Biases: a column 'bias' beside a column 'expert' or in the order of the experts, a single
 * column, or a single row.  Every expert has one. */
int logits_read_bias(struct logits *logits, const char *path, struct arena *arena, struct error *err);

/* After logits_read().  Token ids in the order of the tokens: a column 'id', a single column, or an array of one
 * dimension; whole numbers below 2^32. */
int logits_read_ids(struct logits *logits, const char *path, struct arena *arena, struct error *err);

#endif
