/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layers.h -- lists of a config.json that have an entry for each layer.
 */
#ifndef EXPERIMENTS_MODELS_LAYERS_H
#define EXPERIMENTS_MODELS_LAYERS_H

#include <stddef.h>

#include "experiments/models/family.h"

/* No size of a model is beyond this; so no sum of two sizes overflows. */
#define SIZE_LIMIT 1000000000
/* No model has more layers; each is remembered. */
#define LAYERS_LIMIT 100000

/* The list, at least as long as there are layers, or NULL. */
int layers_list(struct reading *reading, const char *key, const json_t **list, struct error *err);

/* An integer from `low` that bears weight; what the class has, which is told in r->defaults, where it is missing. */
int layers_int(struct reading *reading, const char *key, int64_t low, int64_t preset, int64_t *out, struct error *err);

/* Tells that the file has no such key and the class has that value. */
void layers_default(struct reading *reading, const char *key, int64_t value);

/* The same of what has no number; told once. */
void layers_default_text(struct reading *reading, const char *key);

/* Tells that layer_types is missing and the class has a pattern of its own. */
void layers_default_pattern(struct reading *reading);

/* A sentence for the note, about what the family's code does not know. */
void layers_doubt(struct reading *reading, const char *doubt);

struct layer_word {
	const char *word;
	int8_t value;
};

/* Sets that field of each layer by the words of a list of texts, the end having no word.  *found is false, and nothing
 * is set, where there is no such list. */
int layers_words(struct reading *reading, const char *key, const struct layer_word *words, size_t field, bool *found,
				 struct error *err);

/* The same by a list of 0 and 1. */
int layers_flags(struct reading *reading, const char *key, int8_t off, int8_t on, size_t field, bool *found,
				 struct error *err);

#endif
