/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cache.h -- experts that a device keeps in its memory while the others are fetched: what a policy hits, and what it
 * could.
 *
 * A layer has a cache of its own.  Tokens come in batches; a batch asks once for each expert that any of its tokens
 * has. An expert that is not kept is fetched, computed from a buffer beside the cache, and may then take the place of
 * another.
 */
#ifndef SIM_CLUSTER_CACHE_H
#define SIM_CLUSTER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/cluster/traffic.h"

struct cache_requests {
	size_t n, batches, experts;
	uint32_t *expert; /* [n] in the order of batches, in a batch by first use */
	uint32_t *next;   /* [n] number of the next request for the same expert; UINT32_MAX: none */
	uint64_t *total;  /* [experts] requests for each */
	uint32_t *order;  /* [experts] by falling total, equals in their order */
};

/* What is known when an expert is asked for. */
struct cache_view {
	const struct cache_requests *requests;
	size_t room, now;     /* experts that are kept; number of the request */
	const uint64_t *seen; /* [experts] requests so far, this one included */
	const bool *pinned;   /* [experts] is among the `room` that are asked for most */
};

struct cache_policy {
	const char *name, *summary;
	/* How much the expert that is asked for now is worth keeping; the one with least goes first.  0: not at all. */
	uint64_t (*worth)(const struct cache_view *view, uint32_t expert);
	bool turns_away; /* one that is worth less than all that are kept takes no place */
};
extern const struct cache_policy cache_policies[]; /* ended by a row without a name */

struct cache_result {
	uint64_t requests, hits; /* the first request for an expert is never a hit */
};

/* The requests of a layer of tokens, in the arena, for batches of so many tokens.  At most 2^31 choices. */
struct cache_requests cache_requests_of(const struct traffic *routing, size_t batch, struct arena *arena);

/* With room for so many experts, at least 1. */
struct cache_result cache_run(const struct cache_requests *requests, const struct cache_policy *policy, size_t room);

/* Experts that B tokens have between them when each takes k of E at random: E (1 - (1 - k/E)^B). */
double cache_expected_touched(size_t experts, double k, double batch);

#endif
