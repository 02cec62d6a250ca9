/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * options.h -- tables of option rows (struct moe_opt): set, check, print, explain.
 *
 * Parts, streams and the run's own settings all use the same rows; so a range error, a suggestion and a line of help
 * look the same everywhere.
 */
#ifndef SIM_BASE_OPTIONS_H
#define SIM_BASE_OPTIONS_H

#include <moesim/moesim.h>
#include <stdio.h>

#include "sim/base/error.h"

/* Writes every row's default into the struct `into`.  rows may be NULL (no options). */
void options_preset(const struct moe_opt *rows, void *into);

/* The row of that name, or NULL.  '_' and '-' are the same in a name. */
const struct moe_opt *options_find(const struct moe_opt *rows, const char *name);

/* Parses and checks `value` and writes it; NULL means that the option was named without a value, which only a flag may
 * be.  A flag takes true, yes, on, 1, "" and false, no, off, 0; the row's word for zero is taken even where its range
 * leaves 0 out.  The error names the option, the value, the range or the words allowed, in one line such as
 * "k = 65: must be an integer from 1 to 64"; the struct is untouched then. */
int options_set(const struct moe_opt *row, void *into, const char *value, struct error *err);

/* options_find + options_set; an unknown name is an error with "did you mean" and `what` ("selector top-k"). */
int options_assign(const struct moe_opt *rows, void *into, const char *what, const char *name, const char *value,
				   struct error *err);

/* Splits "a=1,b=word" at the commas and assigns each; a flag may stand without "=", a comma or backslash
 * inside a value is written with a backslash before it, and nothing may be given twice.  "" assigns nothing.  On an
 * error err->column is the place in `text` of the pair that is wrong, from 1. */
int options_assign_list(const struct moe_opt *rows, void *into, const char *what, const char *text, struct error *err);

/* The value as options_set() would read it back; the result lives as long as the program. */
const char *options_value(const struct moe_opt *row, const void *from);

/* The row's default in the same words. */
const char *options_value_preset(const struct moe_opt *row);

/* Does the struct hold the row's default? */
bool options_is_preset(const struct moe_opt *row, const void *from);

/* "a=1,b=word" of all rows that differ from their default ("" when none do), or of all rows; options_assign_list()
 * reads it back. */
const char *options_list(const struct moe_opt *rows, const void *from, bool all);

/* "integer from 1 to 4096", "number of at least 0, or none", "one of: position, lowest", for help and errors. */
const char *options_range(const struct moe_opt *row);

/* What help says of a row: "help [unit] (range; default 1)".  What says nothing is left out: the range of a text or a
 * flag, a default that is empty.  Lives as long as the program. */
const char *options_about(const struct moe_opt *row);

/* What stands for the value: "N", "X", "WORD", "TEXT"; "" for a flag. */
const char *options_placeholder(const struct moe_opt *row);

/* An entry a row, "  name=N  help [unit] (range; default 1)", aligned and wrapped at so many columns. */
void options_help(const struct moe_opt *rows, size_t columns, FILE *to);

/* The names of all rows, NULL-ended, for suggestions; lives as long as the program. */
const char *const *options_names(const struct moe_opt *rows);

#endif
