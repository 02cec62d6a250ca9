/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * parts.c -- in what two ways of routing differ.
 */
#include <config.h>

#include "experiments/study/parts.h"

#include <stdbool.h>
#include <string.h>

#include "experiments/study/wording.h"
#include "sim/base/text.h"

enum { PARTS_MOST = 32 };

/* Words of a sentence that say little to a reader, and what to say in their place. */
static const char *spoken(const char *key)
{
	static const char *const word[][2] = { { "balance", "balancer" },
										   { "experts", "number of experts" },
										   { "top-k", "experts per token" },
										   { "shared", "shared experts" },
										   { "expert-width", "expert width" } };
	for (size_t i = 0; i < sizeof word / sizeof *word; i++)
		if (strcmp(word[i][0], key) == 0)
			return word[i][1];
	return key;
}

/* Does the sentence hold this very word? */
static bool has_word(const char *sentence, const char *word, size_t length)
{
	for (const char *at = sentence; *at; at += strspn(at, " ")) {
		size_t own = strcspn(at, " ");
		if (own == length && strncmp(at, word, length) == 0)
			return true;
		at += own;
	}
	return false;
}

static bool is_listed(const char *const *name, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name[i], spoken(key)) == 0)
			return true;
	return false;
}

/* Appends the keys of the words that the other sentence does not have. */
static size_t list_missing(const char *sentence, const char *other, const char **name, size_t n)
{
	for (const char *at = sentence; *at; at += strspn(at, " ")) {
		size_t length = strcspn(at, " ");
		const char *key = text_keep_n(at, strcspn(at, "= "));
		if (n < PARTS_MOST && !has_word(other, at, length) && !is_listed(name, n, key))
			name[n++] = spoken(key);
		at += length;
	}
	return n;
}

size_t parts_differing(const char *sentence, const char *other, const char **words)
{
	const char *name[PARTS_MOST];
	size_t n = list_missing(sentence, other, name, 0);
	n = list_missing(other, sentence, name, n);
	*words = wording_list(n, name);
	return n;
}
