/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * models.h -- MoE models: the built-in public ones, those described by a Hugging Face config.json, and the networks of
 * runs.
 */
#ifndef EXPERIMENTS_MODELS_MODELS_H
#define EXPERIMENTS_MODELS_MODELS_H

#include <stddef.h>

#include "sim/base/error.h"
#include "sim/cost/cost.h"

struct model {
	const char *name;  /* as typed; for a file what its path says of it */
	const char *label; /* as its makers write it; for a file the name */
	struct cost_shape shape;
	int64_t context;            /* the sequence length it was trained with, where that is told; else 0 */
	const char *total, *active; /* published, in billions, with the digits that were published; NULL: nothing was */
	const char *note;    /* why published and counted figures differ, or what is not counted; NULL: nothing to say */
	const char *caution; /* of the note what a reader must know to trust the count; NULL: nothing */
	const char *source;  /* where the shape stands */
	const char *router;  /* how it routes, as a sentence of strategy; NULL: not told */
	const char *unlike;  /* what of that the sentence leaves out; NULL: nothing */
};

/* The built-in models; the end has no name. */
extern const struct model models[];

/* The built-in model of that name, or NULL.  Case and everything but letters and digits do not count: "Mixtral 8x7B"
 * is mixtral-8x7b. */
const struct model *model_find(const char *name);

/* The names of the built-in models, NULL-ended, for suggestions; live as long as the program. */
const char *const *model_names(void);

/* Reads a Hugging Face config.json of one of the known families, or the manifest.json of a run.  Errors carry file,
 * line and column. */
int model_read(const char *path, struct model *model, struct error *err);

/* The same from memory; `path` is for the name and for errors. */
int model_parse(const char *path, const char *text, size_t size, struct model *model, struct error *err);

/* Sets what was published of the model that has exactly so many parameters, where one is known. */
void figures_find(int64_t params, struct model *model);

/* A built-in name, or else a file or the folder of a run; a word that is none of these is an error with the nearest
 * name. */
int model_open(const char *word, struct model *model, struct error *err);

#endif
