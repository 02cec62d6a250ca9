/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * notes.h -- what is said of a model beside its figures.
 */
#ifndef EXPERIMENTS_MODELS_NOTES_H
#define EXPERIMENTS_MODELS_NOTES_H

#include "experiments/models/models.h"

/* Adds a sentence to the model's note; a caution, which makes a count doubtful, is said aloud, too. */
void notes_add(struct model *model, const char *note);
void notes_caution(struct model *model, const char *note);

#endif
