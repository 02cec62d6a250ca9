/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * text_keep.c -- strings that live until the program ends, one copy of each.
 */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/error.h"
#include "sim/base/memory_file.h"
#include "sim/base/text.h"

struct kept {
	struct kept *next;
	uint64_t hash;
	size_t length;
	_Alignas(max_align_t) char text[];
};

static struct {
	struct kept **slot; /* [slots], a power of two */
	size_t slots, count;
} keeper;

static void keeper_free(void)
{
	for (size_t i = 0; i < keeper.slots; i++)
		for (struct kept *k = keeper.slot[i], *next; k != NULL; k = next) {
			next = k->next;
			free(k);
		}
	free(keeper.slot);
	memset(&keeper, 0, sizeof keeper);
}

static void keeper_grow(void)
{
	size_t slots = keeper.slots == 0 ? 256 : 2 * keeper.slots;
	struct kept **slot = calloc(slots, sizeof *slot);
	if (slot == NULL)
		error_no_memory("a table of texts");
	for (size_t i = 0; i < keeper.slots; i++)
		for (struct kept *k = keeper.slot[i], *next; k != NULL; k = next) {
			next = k->next;
			k->next = slot[k->hash & (slots - 1)];
			slot[k->hash & (slots - 1)] = k;
		}
	if (keeper.slots == 0)
		atexit(keeper_free);
	free(keeper.slot);
	keeper.slot = slot;
	keeper.slots = slots;
}

const char *text_keep_n(const char *text, size_t length)
{
	if (keeper.count >= keeper.slots)
		keeper_grow();
	uint64_t hash = text_hash_bytes(text, length, TEXT_HASH_START);
	struct kept **slot = &keeper.slot[hash & (keeper.slots - 1)];
	for (struct kept *k = *slot; k != NULL; k = k->next)
		if (k->hash == hash && k->length == length && memcmp(k->text, text, length) == 0)
			return k->text;
	struct kept *fresh = malloc(sizeof *fresh + length + 1);
	if (fresh == NULL)
		error_no_memory("a string");
	*fresh = (struct kept){ .next = *slot, .hash = hash, .length = length };
	memcpy(fresh->text, text, length);
	fresh->text[length] = 0;
	*slot = fresh;
	keeper.count++;
	return fresh->text;
}

const char *text_keep(const char *text)
{
	return text_keep_n(text, strlen(text));
}

const char *text_keep_all(size_t n, const char *const *piece)
{
	struct memory_file file;
	memory_file_open(&file);
	for (size_t i = 0; i < n; i++)
		fprintf(file.to, "%zu:%s", strlen(piece[i]), piece[i]);
	memory_file_close(&file);
	const char *kept = text_keep_n(file.text, file.size);
	free(file.text);
	return kept;
}

const char *text_keep_v(const char *format, va_list args)
{
	char *text;
	int length = vasprintf(&text, format, args);
	if (length < 0)
		error_no_memory("a string");
	const char *kept = text_keep_n(text, (size_t)length);
	free(text);
	return kept;
}

const char *text_keep_f(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	const char *kept = text_keep_v(format, args);
	va_end(args);
	return kept;
}
