/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * token_sample.c -- the few tokens of a batch whose experts a run folder tells one by one.
 */
#include <config.h>

#include "sim/run/token_sample.h"

static bool begins_alike(const struct batch *batch, size_t a, size_t b)
{
	return batch->domain[a * batch->length] == batch->domain[b * batch->length];
}

/* Adds the sequences whose domain is not there yet, or all that are not. */
static size_t add(const struct batch *batch, bool alike, size_t *sequence, size_t n)
{
	for (size_t s = 0; s < batch->sequences && n < TOKEN_SAMPLE_SEQUENCES; s++) {
		bool is_there = false;
		for (size_t i = 0; i < n; i++)
			is_there |= sequence[i] == s || (!alike && begins_alike(batch, sequence[i], s));
		if (!is_there)
			sequence[n++] = s;
	}
	return n;
}

size_t token_sample(const struct batch *batch, size_t sequence[TOKEN_SAMPLE_SEQUENCES])
{
	return add(batch, true, sequence, add(batch, false, sequence, 0));
}

size_t token_sample_length(const struct batch *batch)
{
	return batch->length < TOKEN_SAMPLE_LENGTH ? batch->length : TOKEN_SAMPLE_LENGTH;
}
