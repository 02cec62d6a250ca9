/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * arena.c -- all memory of a run; see arena.h.
 */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

enum { LINE = 64 }; /* bytes of a cache line, and of the widest vector register */

struct arena_block {
	struct arena_block *older;
};

/* n * size, rounded up to whole lines; SIZE_MAX when that is more than a size_t holds. */
static size_t padded(size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX - (LINE - 1))
		return SIZE_MAX;
	return (bytes + LINE - 1) / LINE * LINE;
}

static _Noreturn void no_memory(size_t bytes, size_t held)
{
	char asked[TEXT_NUMBER], had[TEXT_NUMBER], what[128];
	snprintf(what, sizeof what, "%s requested, %s already in use", text_of_bytes((double)bytes, asked),
			 text_of_bytes((double)held, had));
	error_no_memory(what);
}

/* calloc() hands out big blocks as untouched zero pages, so memory that is never used costs nothing. */
static void *take_block(struct arena *arena, size_t bytes)
{
	size_t extra = sizeof(struct arena_block) + LINE - 1;
	struct arena_block *block = bytes > SIZE_MAX - extra ? NULL : calloc(1, bytes + extra);
	if (block == NULL)
		no_memory(bytes, arena->bytes);
	block->older = arena->first;
	arena->first = block;
	uintptr_t after = (uintptr_t)(block + 1), misplaced = after % LINE;
	return (char *)(block + 1) + (misplaced == 0 ? 0 : LINE - misplaced);
}

static void *take(struct arena *arena, size_t n, size_t size, bool counting)
{
	size_t bytes = padded(n, size);
	if (bytes == 0)
		return NULL;
	void *memory = counting ? NULL : take_block(arena, bytes);
	if (__builtin_add_overflow(arena->bytes, bytes, &arena->bytes))
		arena->bytes = SIZE_MAX;
	return memory;
}

void *arena_take(struct arena *arena, size_t n, size_t size)
{
	return take(arena, n, size, arena->counting);
}

void *arena_keep(struct arena *arena, size_t n, size_t size)
{
	return take(arena, n, size, false);
}

void arena_free(struct arena *arena)
{
	for (struct arena_block *block = arena->first, *older; block != NULL; block = older) {
		older = block->older;
		free(block);
	}
	arena->first = NULL;
	arena->bytes = 0;
}
