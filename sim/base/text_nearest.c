/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * text_nearest.c -- the word that a misspelled one was meant to be.
 */
#include <config.h>

#include <limits.h>
#include <string.h>

#include "sim/base/text.h"

enum { WORD = 64 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;
	return least < c ? least : c;
}

/* Optimal string alignment: insert, delete, replace, swap two neighbors (Damerau 1964; Wagner and Fischer 1974). */
unsigned text_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	if (n > WORD || m > WORD)
		return UINT_MAX;
	unsigned rows[3][WORD + 1], *before = rows[0], *last = rows[1], *row = rows[2];
	for (size_t j = 0; j <= m; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		unsigned *spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[m];
}

/* Lower case, '-' for '_': what a hurried hand confuses does not count as a difference. */
static bool fold(const char *from, char to[WORD + 1])
{
	size_t n = strlen(from);
	if (n > WORD)
		return false;
	for (size_t i = 0; i <= n; i++)
		to[i] = (char)(from[i] == '_' ? '-' : from[i] >= 'A' && from[i] <= 'Z' ? from[i] + 32 : from[i]);
	return true;
}

/* The only word that begins with what was typed, for "aux" of "aux-loss". */
static const char *completion(const char *folded, const char *const *words)
{
	const char *found = NULL;
	char other[WORD + 1];
	for (size_t n = strlen(folded); n >= 3 && *words != NULL; words++) {
		if (!fold(*words, other) || strncmp(folded, other, n) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = *words;
	}
	return found;
}

const char *text_beginnings(const char *word, const char *const *words)
{
	enum { MOST = 5 };
	const char *found[MOST], *all = NULL;
	char typed[WORD + 1], other[WORD + 1];
	size_t n = 0, length = strlen(word);
	if (length < 3 || !fold(word, typed))
		return NULL;
	for (; *words; words++)
		if (fold(*words, other) && strncmp(typed, other, length) == 0) {
			if (n == MOST)
				return NULL;
			found[n++] = *words;
		}
	for (size_t i = 0; i < n; i++)
		all = text_keep_f("%s%s'%s'", all ? all : "",
						  i == 0      ? ""
						  : i + 1 < n ? ", "
						  : n > 2     ? ", or "
									  : " or ",
						  found[i]);
	return all;
}

const char *text_nearest(const char *word, const char *const *words)
{
	char typed[WORD + 1], other[WORD + 1];
	if (!fold(word, typed))
		return NULL;
	const char *best = NULL;
	unsigned least = UINT_MAX;
	for (size_t i = 0; words[i] != NULL; i++) {
		unsigned distance = fold(words[i], other) ? text_distance(typed, other) : UINT_MAX;
		if (distance < least) {
			least = distance;
			best = words[i];
		}
	}
	/* A word of one or two letters is one letter away from every other such word: that says nothing. */
	size_t length = strlen(typed), allowed = length < 3 ? 0 : length < 6 ? 1 : length / 3;
	if (least <= allowed)
		return best;
	return completion(typed, words);
}
