/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * published.h -- a config.json as it was published with a model, read by the row of its family.
 */
#ifndef EXPERIMENTS_MODELS_PUBLISHED_H
#define EXPERIMENTS_MODELS_PUBLISHED_H

#include "experiments/models/family.h"
#include "experiments/models/models.h"

/* Sets shape, note and router; name, label and source stay the caller's.  Enters the text model of a larger one. */
int published_read(struct document *doc, struct model *model, struct error *err);

/* Sets router and unlike, from what the file says of them and from its family. */
int routing_read(const struct document *doc, const struct family *family, struct model *model, struct error *err);

#endif
