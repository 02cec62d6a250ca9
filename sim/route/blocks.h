/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * blocks.h -- a part of a router at work on the blocks of a batch.
 */
#ifndef SIM_ROUTE_BLOCKS_H
#define SIM_ROUTE_BLOCKS_H

#include "sim/route/reach.h"
#include "sim/route/router_parts.h"

/* One block of the batch, as a part sees it. */
struct block {
	size_t number, at; /* at: where its entries begin in what is [tokens][experts] */
	struct moe_rng rng;
	struct moe_self self;
	struct moe_route route;
};

/* Cut by the reach of part i; one block where there is no memory for so many, or for such. */
struct cut blocks_cut(const struct router *r, size_t i);

/* Has part i work on the batch, or on its blocks on all threads. */
void blocks_each(struct router *r, size_t i, const struct cut *cut,
				 void (*work)(struct router *, size_t i, const struct block *));

#endif
