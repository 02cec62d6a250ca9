/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * memory.h -- allocation that never returns NULL: out of memory, the program ends with exit code 1.
 */
#ifndef SIM_BASE_MEMORY_H
#define SIM_BASE_MEMORY_H

#include <stddef.h>

/* reallocarray() for n >= 1; `what` is what the message says could not be had. */
void *memory_resize(void *old, size_t n, size_t size, const char *what);
/* jansson ends the program in the same way from now on: left to itself it goes on without the memory, and a text that
 * it reads or writes may lack a character.  Once, before its first use. */
void memory_catch_json(void);
/* strdup(). */
char *memory_copy(const char *text);

#endif
