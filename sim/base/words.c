/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * words.c -- a list of words that grows.
 */
#include <config.h>

#include "sim/base/words.h"

#include <stdlib.h>

#include "sim/base/error.h"

static void grow(struct words *words)
{
	words->room = words->room ? 2 * words->room : 16;
	words->word = realloc(words->word, words->room * sizeof *words->word);
	if (words->word == NULL)
		error_no_memory("a list of words");
}

void words_add(struct words *words, const char *word)
{
	if (words->n + 1 >= words->room)
		grow(words);
	words->word[words->n++] = word;
	words->word[words->n] = NULL;
}

void words_add_all(struct words *words, const char *const *more)
{
	for (; *more; more++)
		words_add(words, *more);
}

const char *const *words_list(const struct words *words)
{
	static const char *const nothing[] = { NULL };
	return words->word ? words->word : nothing;
}

void words_free(struct words *words)
{
	free(words->word);
	*words = (struct words){ NULL, 0, 0 };
}
