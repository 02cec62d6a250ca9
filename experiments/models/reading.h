/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * reading.h -- the steps by which a config.json is read; for its readers alone.
 */
#ifndef EXPERIMENTS_MODELS_READING_H
#define EXPERIMENTS_MODELS_READING_H

#include "experiments/models/family.h"
#include "experiments/models/models.h"

/* Enters the objects around the text model; true when there was one.  What is said of the head there holds where the
 * text model's own object says nothing of it. */
bool identity_enter(struct document *doc, const struct family **outer, bool *tied);

/* A wrapper of a known family says best what is in it; then the class that is to be made, then model_type.  What these
 * contradict each other in is added to the model's note. */
int identity_find(const struct document *doc, const struct family *outer, const struct family **family,
				  struct model *model, struct error *err);

/* The family's key of a size; NULL: it has no such size. */
const char *sizes_key(const struct reading *reading, enum size size);

/* Reads all sizes from `first` on, then what holds between them. */
int sizes_read(struct reading *reading, enum size first, struct error *err);

/* Experts of another input, [64, 64] of [1536, 512], where a family's sizes are pairs. */
int sizes_read_passive(const struct reading *reading, struct cost_shape *shape, struct error *err);

/* Adds what may bear parameters and was not read, and what was taken from the family's defaults, to the note. */
void unread_note(struct reading *reading, struct model *model);

#endif
