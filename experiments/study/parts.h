/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * parts.h -- in what two ways of routing differ.
 *
 * Where two recipes differ in more than one part, the difference in their results belongs to no one part.
 */
#ifndef EXPERIMENTS_STUDY_PARTS_H
#define EXPERIMENTS_STUDY_PARTS_H

#include <stddef.h>

/* Compares two resolved sentences, which name every part and layer option.  Returns in how many of these they differ;
 * *words says in which: "scorer and balancer".  The text lives as long as the program. */
size_t parts_differing(const char *sentence, const char *other, const char **words);

#endif
