/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * glossary.h -- the words of the field and of this program, and what they mean.
 */
#ifndef EXPERIMENTS_GLOSSARY_GLOSSARY_H
#define EXPERIMENTS_GLOSSARY_GLOSSARY_H

#include <stdbool.h>

/* A row of glossary.def. */
struct term {
	const char *name, *also, *see, *meaning;
};

extern const struct term glossary[]; /* ended by name = NULL */

/* The term of that name or other name, or NULL.  Upper and lower case, '-', '_' and blanks are the same, and a word in
 * the plural is found, too. */
const struct term *glossary_find(const char *word);

/* All names and other names, a '-' for every blank, NULL-ended; lives as long as the program. */
const char *const *glossary_names(void);

/* A symbol of the formulas. */
struct symbol {
	const char *name, *meaning;
};

extern const struct symbol symbols[]; /* ended by name = NULL */

/* Does the formula use it, with or without its argument, and not as a piece of a longer word? */
bool symbol_stands_in(const struct symbol *symbol, const char *formula);

#endif
