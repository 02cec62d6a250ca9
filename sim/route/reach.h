/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * reach.h -- a batch in blocks, for parts to which other tokens, or other sequences, are nothing.
 *
 * The blocks depend on the batch alone and each is computed by one thread, so that the result is the same to the byte
 * at any number of threads, and the same as without any blocks.
 */
#ifndef SIM_ROUTE_REACH_H
#define SIM_ROUTE_REACH_H

#include <moesim/moesim.h>

/* How a batch is cut. */
struct cut {
	enum moe_reach reach;
	size_t size, blocks; /* tokens of a block, of which the last may have fewer */
};

/* The reach of a part in this call. */
enum moe_reach reach_of(const struct moe_part *part, const void *opt, const struct moe_call *call);

/* One block where the reach is the batch, or the batch small. */
struct cut reach_cut(enum moe_reach reach, const struct moe_call *call);

/* The most blocks that any batch up to this one is cut into, whatever the reach. */
size_t reach_most_blocks(const struct moe_call *call);

/* Block b as a batch of its own; the whole batch where there is but one. */
struct moe_call reach_call(const struct cut *cut, const struct moe_call *call, size_t b);

/* What is known of its tokens, but for picks and plan. */
struct moe_route reach_view(const struct cut *cut, const struct moe_route *route, size_t b);

#endif
