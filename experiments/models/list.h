/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * list.h -- the built-in models and the user's own, counted.
 */
#ifndef EXPERIMENTS_MODELS_LIST_H
#define EXPERIMENTS_MODELS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/base/error.h"

struct listed_model {
	const char *label; /* of several models that count alike, all labels with = between them */
	int64_t total, active;
	bool mine; /* the user named it */
};

struct model_list {
	size_t n;
	struct listed_model *model;
};

/* All built-in models, then those that the words name (as for model_open()) and that are not built in. */
int model_list_read(size_t words, char *const *word, struct model_list *list, struct error *err);
void model_list_free(struct model_list *list);

#endif
