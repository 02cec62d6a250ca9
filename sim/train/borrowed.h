/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * borrowed.h -- settings of other programs that are words of a sentence here (docs/borrowed-names.md).
 *
 * Some mean something only together, as Megatron-LM's kind of auxiliary loss and its coefficient: then one of them says
 * it all.
 */
#ifndef SIM_TRAIN_BORROWED_H
#define SIM_TRAIN_BORROWED_H

#include "sim/train/config.h"

/* Is this one of config_words? */
bool borrowed_known(const char *name);
/* Does it say something by itself, without a value?  Of a known name. */
bool borrowed_is_flag(const char *name);

/* What given[i], of a known name, adds to the strategy; "" where another one says it.  NULL and *err for a value that
 * is none, or where what it needs beside it is not given; err->file is the flag. */
const char *borrowed_words(const struct assignment *given, size_t n, size_t i, struct error *err);

/* What the given names set in the gate, whichever it is. */
int borrowed_gate(const struct assignment *given, size_t n, struct part_use *gate, struct error *err);

#endif
