/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * text.h -- words and numbers: parsing, printing, suggesting.  No function here depends on the locale.
 */
#ifndef SIM_BASE_TEXT_H
#define SIM_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole of `text` must be a finite decimal number ("0.01", ".5", "-1e-3"); hexadecimal, nan, inf, blanks, a
 * leading '+' and numbers beyond the range of double (also those that would silently become 0) are refused.  Returns
 * false and leaves *out alone when it is not one. */
bool text_to_real(const char *text, double *out);

/* The same for an integer, exactly; a suffix k, M or G (thousand, million, billion) is understood, "1e6" and "1.5k"
 * too, as they are whole. */
bool text_to_int(const char *text, int64_t *out);

enum { TEXT_NUMBER = 32 }; /* room for any number printed below, with its end */

/* The shortest decimal that reads back as exactly this value: "0.1", "1e-05", "nan", "-inf".  text_of_float
 * does so for a value that was computed in single precision ("0.1", not "0.10000000149011612"). */
const char *text_of_double(double value, char buffer[TEXT_NUMBER]);
const char *text_of_float(float value, char buffer[TEXT_NUMBER]);

/* For people: "1.23 M", "45.6 k", "789"; three digits, and whole numbers below 1000 as they are. */
const char *text_of_count(double value, char buffer[TEXT_NUMBER]);
/* For people: "3.4 MB", "45.6 MB", "789 B" (1 MB = 1e6 bytes). */
const char *text_of_bytes(double bytes, char buffer[TEXT_NUMBER]);

/* Levenshtein distance with transpositions of neighbors, in bytes; UINT_MAX when a side has more than 64. */
unsigned text_distance(const char *a, const char *b);

/* The word of a NULL-ended list nearest to `word`, when near enough to be meant (one error in short words, one in three
 * letters in long ones; case and '_' for '-' do not count), or the only one that begins with it; else NULL. */
const char *text_nearest(const char *word, const char *const *words);

/* The words of a NULL-ended list that begin with `word`, as "'a', 'b', or 'c'"; NULL when there are none or more than
 * five, or when less than three letters were typed. */
const char *text_beginnings(const char *word, const char *const *words);

/* A copy that lives until the program ends (equal texts share one copy), aligned for any type.  Ends the program with
 * exit code 1 when out of memory.  Not for use in several threads at once. */
const char *text_keep(const char *text);
const char *text_keep_n(const char *text, size_t length);
const char *text_keep_f(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The pieces in one text, so that only equal lists of pieces give equal texts. */
const char *text_keep_all(size_t n, const char *const *piece);
const char *text_keep_v(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

/* May a run, a strategy label or a file be called this?  [A-Za-z0-9._=,+-], 1 to 200 bytes, no leading '.' or '-'. */
bool text_is_name(const char *text);

/* 64-bit FNV-1a, the hash behind stable run names and seeds. */
uint64_t text_hash(const char *text);
uint64_t text_hash_bytes(const void *bytes, size_t n, uint64_t start); /* start with TEXT_HASH_START */
#define TEXT_HASH_START UINT64_C(0xcbf29ce484222325)

#endif
