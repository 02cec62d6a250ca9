/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * arena.h -- all memory of a run, taken before its first step and given back at its end.
 *
 * An arena can also only count: then arena_take() returns NULL and adds up what would have been taken, so that an
 * estimate and the truth come from the same code.
 */
#ifndef SIM_BASE_ARENA_H
#define SIM_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;
struct arena {
	bool counting;
	size_t bytes;              /* taken so far, with padding */
	struct arena_block *first; /* blocks in the order of taking, newest first */
};

/* Zeroed memory for n things of `size` bytes, aligned to 64 bytes; NULL when the arena only counts, or for n = 0.
 * Ends the program with exit code 1 when there is none; n * size beyond SIZE_MAX saturates when counting. */
void *arena_take(struct arena *arena, size_t n, size_t size);
#define ARENA_TAKE(arena, n, type) ((type *)arena_take((arena), (n), sizeof(type)))

/* The same memory even when the arena only counts: for the few structures that laying out itself writes to. */
void *arena_keep(struct arena *arena, size_t n, size_t size);
#define ARENA_KEEP(arena, n, type) ((type *)arena_keep((arena), (n), sizeof(type)))

void arena_free(struct arena *arena);

#endif
