/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * token_sample.h -- the few tokens of a batch whose experts a run folder tells one by one.
 */
#ifndef SIM_RUN_TOKEN_SAMPLE_H
#define SIM_RUN_TOKEN_SAMPLE_H

#include "sim/data/stream.h"

/* So many sequences and so many tokens of each: about as many rows as domains.csv has. */
enum { TOKEN_SAMPLE_SEQUENCES = 4, TOKEN_SAMPLE_LENGTH = 16 };

/* Finds sequences of a batch that begin in different domains, and, where there are not so many domains, further ones;
 * each kind in the order of the batch.  Returns how many. */
size_t token_sample(const struct batch *batch, size_t sequence[TOKEN_SAMPLE_SEQUENCES]);

/* The tokens that are told of each of them, from its first on. */
size_t token_sample_length(const struct batch *batch);

#endif
