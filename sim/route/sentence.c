/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sentence.c -- a routing strategy as a value: its parts with their options, kept for good and so free to be copied.
 */
#include <config.h>

#include "sim/route/sentence.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"

const char sentence_plain_projector[] = "linear";

const void *sentence_keep(const void *bytes, size_t size)
{
	return size ? text_keep_n(bytes, size) : NULL;
}

/* A part's options, to be changed; at least one byte. */
static void *options_copy(const struct part_use *use)
{
	void *copy = calloc(1, use->part->opts_size + 1);
	if (copy == NULL)
		error_no_memory("a part's options");
	if (use->opt)
		memcpy(copy, use->opt, use->part->opts_size);
	return copy;
}

/* Takes the changed options when status is 0, and frees them. */
static int options_take(struct part_use *use, void *changed, int status)
{
	if (status == 0 && use->part->opts)
		use->opt = sentence_keep(changed, use->part->opts_size);
	free(changed);
	return status;
}

struct part_use part_use_of(const struct moe_part *part)
{
	struct part_use use = { .part = part };
	void *options = options_copy(&use);
	options_preset(part->opts, options);
	options_take(&use, options, 0);
	return use;
}

int part_use_set(struct part_use *use, const char *list, struct error *err)
{
	void *options = options_copy(use);
	const char *what = text_keep_f("%s %s", catalog_kind(use->part->kind), use->part->name);
	return options_take(use, options, options_assign_list(use->part->opts, options, what, list, err));
}

int part_use_set_one(struct part_use *use, const char *name, const char *value, struct error *err)
{
	void *options = options_copy(use);
	return options_take(use, options, options_set(options_find(use->part->opts, name), options, value, err));
}

static void set_balancer(struct sentence *sentence, size_t i, const struct part_use *use)
{
	struct part_use *list = calloc(sentence->balancers, sizeof *list);
	if (list == NULL)
		error_no_memory("a sentence");
	memcpy(list, sentence->balancer, sentence->balancers * sizeof *list);
	list[i] = *use;
	sentence->balancer = sentence_keep(list, sentence->balancers * sizeof *list);
	free(list);
}

void sentence_set_part(struct sentence *sentence, size_t i, const struct part_use *use)
{
	if (i == 0)
		sentence->projector = *use;
	else if (i == 1)
		sentence->scorer = *use;
	else if (i == 2)
		sentence->selector = *use;
	else if (i == 3)
		sentence->gate = *use;
	else
		set_balancer(sentence, i - 4, use);
}

int sentence_apply(const struct sentence *sentence, struct layer_options *layer, struct error *err)
{
	for (size_t i = 0; i < sentence->words; i++)
		TRY(options_set(sentence->word[i].row, layer, sentence->word[i].value, err));
	return 0;
}

bool sentence_projects(const struct sentence *sentence)
{
	return sentence->scorer.part->wants & MOE_LOGITS;
}

static bool is_plain(const struct part_use *projector)
{
	return strcmp(projector->part->name, sentence_plain_projector) == 0;
}

static const char *use_text(const struct part_use *use)
{
	const char *list = use->part->opts ? options_list(use->part->opts, use->opt, true) : "";
	return *list ? text_keep_f("%s,%s", use->part->name, list) : use->part->name;
}

/* That a layer has no experts without a network. */
static bool goes_without_saying(const struct moe_opt *row, const struct layer_options *layer)
{
	bool bare = row->at == offsetof(struct layer_options, zero) || row->at == offsetof(struct layer_options, copy) ||
				row->at == offsetof(struct layer_options, constant);
	return bare && *(const int64_t *)((const char *)layer + row->at) == 0;
}

const char *sentence_text(const struct sentence *sentence, const struct layer_options *layer)
{
	const char *balance = sentence->balancers ? use_text(&sentence->balancer[0]) : "none";
	for (size_t i = 1; i < sentence->balancers; i++)
		balance = text_keep_f("%s+%s", balance, use_text(&sentence->balancer[i]));
	const char *projector =
		is_plain(&sentence->projector) ? "" : text_keep_f("projector=%s ", use_text(&sentence->projector));
	const char *text = text_keep_f("%sscorer=%s selector=%s gate=%s balance=%s", projector, use_text(&sentence->scorer),
								   use_text(&sentence->selector), use_text(&sentence->gate), balance);
	for (const struct moe_opt *row = layer_rows; row->name; row++)
		if (!goes_without_saying(row, layer))
			text = text_keep_f("%s %s=%s", text, row->name, options_value(row, layer));
	return text;
}
