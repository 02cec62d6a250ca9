/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * likeness.h -- a public model made small: the settings of a simulation that routes as it does.
 *
 * The router stays as it is: experts, experts per token, shared experts, scores, groups, weights and balancing.  Depth,
 * width, heads and the experts' width are multiplied by one scale and rounded to what a simulated network can have: at
 * least one layer and one neuron, at least two heads (or it would be attention of another kind), and a width that the
 * heads share evenly.  A shared expert is as wide as a routed one, so there are as many as make up the shared width.
 */
#ifndef EXPERIMENTS_MODELS_LIKENESS_H
#define EXPERIMENTS_MODELS_LIKENESS_H

#include "experiments/models/models.h"
#include "sim/train/settings.h"

enum { LIKENESS_SETTINGS = 8 };

struct likeness {
	const struct model *model;
	double scale;
	struct assignment setting[LIKENESS_SETTINGS]; /* for settings_resolve_above() */
};

/* `name` is a built-in model's, or the path of a config.json.  scale = 0 is the one that makes the model as wide as a
 * simulation is by default, or less wide where that would have more than LIKENESS_PARAMS parameters in its experts. */
#define LIKENESS_PARAMS 4e6
int likeness_fill(const char *name, double scale, struct likeness *likeness, struct error *err);

/* For people: what became of the model's shape in settings that may have overruled it, and what of its routing is left
 * out.  Lives as long as the program. */
const char *likeness_text(const struct likeness *likeness, const struct settings *settings);

#endif
