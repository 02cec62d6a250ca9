/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * memory.c -- allocation that never returns NULL.
 */
#include <config.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/error.h"
#include "sim/base/memory.h"

void *memory_resize(void *old, size_t n, size_t size, const char *what)
{
	void *fresh = reallocarray(old, n, size);
	if (fresh == NULL)
		error_no_memory(what);
	return fresh;
}

char *memory_copy(const char *text)
{
	char *copy = strdup(text);
	if (copy == NULL)
		error_no_memory("a string");
	return copy;
}

static void *take_for_json(size_t bytes)
{
	return memory_resize(NULL, bytes, 1, "JSON");
}

void memory_catch_json(void)
{
	json_set_alloc_funcs(take_for_json, free);
}
