/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * words.h -- a list of words that grows: names for suggestions and listings.
 */
#ifndef SIM_BASE_WORDS_H
#define SIM_BASE_WORDS_H

#include <stddef.h>

/* Begins as { 0 }. */
struct words {
	const char **word; /* [n] and a NULL behind them; NULL while the list is empty */
	size_t n, room;
};

/* Appends a word, which must outlive the list.  Ends the program with exit code 1 when out of memory. */
void words_add(struct words *words, const char *word);

/* Appends all words of a NULL-ended list. */
void words_add_all(struct words *words, const char *const *more);

/* The words, ended by NULL, as text_nearest() reads them; valid until the next one is added. */
const char *const *words_list(const struct words *words);

void words_free(struct words *words);

#endif
