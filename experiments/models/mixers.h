/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mixers.h -- the kinds of mixer of a config.json as they are read.
 */
#ifndef EXPERIMENTS_MODELS_MIXERS_H
#define EXPERIMENTS_MODELS_MIXERS_H

#include "experiments/models/layers.h"

/* The field of a layer that says of which kind it is. */
#define MIXER offsetof(struct cost_layer, mixer)

struct cost_mixer *mixers_kind(struct reading *reading, int i);

/* The first kind with another name for the same sizes. */
struct cost_mixer *mixers_copy(struct reading *reading, int to);

/* An integer of at least 1, `preset` where the key is missing. */
int mixers_int(struct reading *reading, const char *key, int64_t preset, int64_t *out, struct error *err);

/* Every how many layers one is of another kind, where layer_types does not tell. */
int mixers_every(struct reading *reading, const char *key, int64_t preset, int64_t *every, struct error *err);

#endif
