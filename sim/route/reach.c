/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * reach.c -- a batch in blocks, for parts to which other tokens, or other sequences, are nothing.
 */
#include <config.h>

#include "sim/route/reach.h"

/* An eighth of the batch, within bounds: a block must be worth a thread's while, and have its rows in the cache. */
enum { SHARES = 8, LEAST = 128, MOST = 512 };

enum moe_reach reach_of(const struct moe_part *part, const void *opt, const struct moe_call *call)
{
	return part->reach_with ? part->reach_with(call, opt) : part->reach;
}

static size_t block_size(size_t tokens)
{
	size_t size = (tokens / SHARES + 15) / 16 * 16;
	return size < LEAST ? LEAST : size > MOST ? MOST : size;
}

struct cut reach_cut(enum moe_reach reach, const struct moe_call *call)
{
	size_t size = block_size(call->tokens);
	if (reach == MOE_REACH_SEQUENCE)
		size = (size + call->length - 1) / call->length * call->length;
	if (reach == MOE_REACH_BATCH || size >= call->tokens)
		return (struct cut){ reach, call->tokens, 1 };
	return (struct cut){ reach, size, (call->tokens + size - 1) / size };
}

size_t reach_most_blocks(const struct moe_call *call)
{
	size_t blocks = (call->tokens + MOST - 1) / MOST;
	return blocks < SHARES ? SHARES : blocks;
}

struct moe_call reach_call(const struct cut *cut, const struct moe_call *call, size_t b)
{
	struct moe_call block = *call;
	if (cut->blocks == 1)
		return block;
	block.tokens = b + 1 < cut->blocks ? cut->size : call->tokens - b * cut->size;
	block.length = cut->reach == MOE_REACH_TOKEN ? 1 : call->length;
	block.sequences = block.tokens / block.length;
	return block;
}

static const uint32_t *ids_from(const uint32_t *id, size_t first)
{
	return id ? id + first : NULL;
}

static const real *rows_from(const real *rows, size_t first, size_t width)
{
	return rows ? rows + first * width : NULL;
}

struct moe_route reach_view(const struct cut *cut, const struct moe_route *route, size_t b)
{
	size_t first = b * cut->size, experts = route->call.experts;
	return (struct moe_route){ .call = reach_call(cut, &route->call, b),
							   .of = { .id = ids_from(route->of.id, first),
									   .domain = ids_from(route->of.domain, first),
									   .guess = ids_from(route->of.guess, first),
									   .class_of = route->of.class_of },
							   .x = rows_from(route->x, first, route->call.width),
							   .logits = rows_from(route->logits, first, experts),
							   .scores = rows_from(route->scores, first, experts),
							   .choice = rows_from(route->choice, first, experts) };
}
