/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * simulated.h -- the network of a run, read from its manifest.json, as a model that can be counted beside public ones.
 */
#ifndef EXPERIMENTS_MODELS_SIMULATED_H
#define EXPERIMENTS_MODELS_SIMULATED_H

#include "experiments/models/document.h"
#include "experiments/models/models.h"

/* Is this a manifest.json of moesim? */
bool simulated_is(const struct document *doc);

/* Sets shape and context from the settings that the manifest lists, by the code that `run` itself counts with; name,
 * label and source stay the caller's. */
int simulated_read(const struct document *doc, struct model *model, struct error *err);

#endif
