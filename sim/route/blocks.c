/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * blocks.c -- a part of a router at work on the blocks of a batch.
 */
#include <config.h>

#include "sim/route/blocks.h"

#include "sim/base/parallel.h"
#include "sim/base/seed.h"

struct cut blocks_cut(const struct router *r, size_t i)
{
	const struct part_use *use = sentence_part(r->sentence, i);
	const struct part_memory *memory = &r->memory[i];
	const struct moe_call *call = &r->route.call;
	struct cut cut = reach_cut(reach_of(use->part, use->opt, call), call);
	struct moe_call block = reach_call(&cut, call, 0);
	if (cut.blocks > memory->blocks || router_scratch(use, &block) > memory->block_size)
		return reach_cut(MOE_REACH_BATCH, call);
	return cut;
}

static void set_block(const struct router *r, size_t i, const struct cut *cut, size_t number, struct block *block)
{
	const struct part_use *use = sentence_part(r->sentence, i);
	const struct part_memory *memory = &r->memory[i];
	size_t first = number * cut->size;
	block->number = number;
	block->at = first * r->route.call.experts;
	block->route = reach_view(cut, &r->route, number);
	block->rng = memory->rng;
	seed_skip(&block->rng, use->part->draws ? first * use->part->draws(&r->route.call, use->opt) : 0);
	block->self = memory->self;
	block->self.rng = &block->rng;
	if (memory->block_size > 0)
		block->self.scratch = (char *)memory->scratch + number * memory->block_size;
}

void blocks_each(struct router *r, size_t i, const struct cut *cut,
				 void (*work)(struct router *, size_t i, const struct block *))
{
	if (cut->blocks == 1) {
		struct block whole = { .self = r->memory[i].self, .route = r->route };
		work(r, i, &whole);
		return;
	}
	PARALLEL_FOR
	for (size_t b = 0; b < cut->blocks; b++) {
		struct block block;
		set_block(r, i, cut, b, &block);
		work(r, i, &block);
	}
}
