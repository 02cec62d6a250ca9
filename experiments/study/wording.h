/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wording.h -- pieces of sentences: counts, lists, ranges.  Texts live as long as the program.
 */
#ifndef EXPERIMENTS_STUDY_WORDING_H
#define EXPERIMENTS_STUDY_WORDING_H

#include <stddef.h>

/* "no seeds", "one seed", "five seeds", "12 seeds": numbers up to ten are written out.  The plural adds an s. */
const char *wording_count(size_t n, const char *noun);

/* The number alone: "no", "one", "ten", "11". */
const char *wording_number(size_t n);

/* The same text with a capital letter first. */
const char *wording_capital(const char *text);

/* "a", "a and b", "a, b, and c"; "" of nothing. */
const char *wording_list(size_t n, const char *const *of);

/* "0.52", "0.52 to 0.80": both ends rounded alike, and one of them where they look the same. */
const char *wording_range(double low, double high, int decimals);

/* The same for whole percents of fractions: "7%", "7 to 12%", "less than 1%". */
const char *wording_percents(double low, double high);

#endif
