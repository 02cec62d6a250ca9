/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * borrowed.h -- settings of other programs that are changes to the strategy's sentence here (docs/borrowed-names.md).
 *
 * Some mean something only together, as Megatron-LM's kind of auxiliary loss and its coefficient: then one of them says
 * it all.
 */
#ifndef SIM_TRAIN_BORROWED_H
#define SIM_TRAIN_BORROWED_H

#include "sim/train/settings.h"

/* Is this a borrowed name? */
bool borrowed_known(const char *name);

/* Of a known name: does it say something by itself, without a value? */
bool borrowed_is_flag(const char *name);

/* All borrowed names, and what the i-th is in a sentence, up to its value: "balance=+z,weight=".  NULL at the end. */
const char *borrowed_name(size_t i);
const char *borrowed_words(size_t i);

/* Changes the sentence of config->strategy as the given names say.  Refuses a value that is none, a name without what
 * it needs beside it, and what the strategy's own words or another name have said; err->file is the flag. */
int borrowed_apply(const struct config *config, const struct assignment *given, size_t n, struct sentence *sentence,
				   struct error *err);

#endif
