/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * list.c -- the built-in models and the user's own, counted.
 */
#include <config.h>

#include "experiments/models/list.h"

#include <stdlib.h>

#include "experiments/models/models.h"
#include "sim/base/text.h"

static int add(struct model_list *list, const struct model *model, bool mine, struct error *err)
{
	struct cost_count count;
	TRY(cost_count(&model->shape, 1, &count, err));
	for (size_t i = 0; i < list->n; i++) {
		struct listed_model *other = &list->model[i];
		if (other->total != count.params_total || other->active != count.params_active || other->mine != mine)
			continue;
		other->label = text_keep_f("%s = %s", other->label, model->label);
		return 0;
	}
	list->model[list->n++] = (struct listed_model){ model->label, count.params_total, count.params_active, mine };
	return 0;
}

static int add_word(struct model_list *list, const char *word, struct error *err)
{
	struct model model;
	TRY(model_open(word, &model, err));
	return add(list, &model, true, err);
}

/* Is it a built-in model that the user named, to be told from the others? */
static bool is_named(const struct model *model, size_t words, char *const *word)
{
	for (size_t i = 0; i < words; i++)
		if (model_find(word[i]) == model)
			return true;
	return false;
}

static int add_all(struct model_list *list, size_t words, char *const *word, struct error *err)
{
	for (const struct model *model = models; model->name; model++)
		TRY(add(list, model, is_named(model, words, word), err));
	for (size_t i = 0; i < words; i++)
		if (!model_find(word[i]))
			TRY(add_word(list, word[i], err));
	return 0;
}

int model_list_read(size_t words, char *const *word, struct model_list *list, struct error *err)
{
	size_t most = words;
	while (models[most - words].name)
		most++;
	*list = (struct model_list){ .model = calloc(most, sizeof *list->model) };
	if (!list->model)
		error_no_memory("the models");
	int status = add_all(list, words, word, err);
	if (status != 0)
		model_list_free(list);
	return status;
}

void model_list_free(struct model_list *list)
{
	free(list->model);
	*list = (struct model_list){ .n = 0 };
}
