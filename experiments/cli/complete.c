/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * complete.c -- what may stand at the end of a command line that is being typed.
 */
#include <config.h>

#include "experiments/cli/complete.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/cli/flags.h"
#include "experiments/models/models.h"
#include "experiments/study/compare.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/data/stream.h"
#include "sim/route/catalog.h"

/* What is being completed: the last word is `before` and then the beginning of each candidate. */
struct typed {
	const char *before, *at;
	FILE *to;
	size_t found;
};

/* Offers "name" and `end`, which is "=" where a value must follow. */
static void offer(struct typed *typed, const char *name, const char *end, const char *summary)
{
	if (strncmp(name, typed->at, strlen(typed->at)) != 0)
		return;
	fprintf(typed->to, "%s%s%s\t%s\n", typed->before, name, end, summary);
	typed->found++;
}

static void offer_names(struct typed *typed, const char *const *name)
{
	for (; name && *name; name++)
		offer(typed, *name, "", "");
}

static void offer_files(struct typed *typed)
{
	fputs(":files\n", typed->to);
}

/* Moves on past a character of the word: what stands up to it is not to be completed any more. */
static void move_past(struct typed *typed, const char *end)
{
	typed->before = text_keep_f("%s%.*s", typed->before, (int)(end + 1 - typed->at), typed->at);
	typed->at = end + 1;
}

/* The words that a row takes: those of a choice, and the one for zero. */
static void offer_words(struct typed *typed, const struct moe_opt *row)
{
	static const char *const yes_no[] = { "yes", "no", NULL };
	if (row->type == MOE_OPT_CHOICE)
		offer_names(typed, row->choices);
	if (row->type == MOE_OPT_FLAG)
		offer_names(typed, yes_no);
	if (row->zero)
		offer(typed, row->zero, "", "");
}

static void offer_rows(struct typed *typed, const struct moe_opt *rows)
{
	for (; rows && rows->name; rows++)
		offer(typed, rows->name, rows->type == MOE_OPT_FLAG ? "" : "=", rows->help);
}

/* Behind "name," or "name,option=": options, or the words of one.  rows[] holds the tables they may come from. */
static void complete_options(struct typed *typed, const struct moe_opt *const *rows, size_t tables)
{
	const char *comma = strrchr(typed->at, ','), *equals;
	if (comma)
		move_past(typed, comma);
	equals = strchr(typed->at, '=');
	for (size_t i = 0; !equals && i < tables; i++)
		offer_rows(typed, rows[i]);
	if (!equals)
		return;
	const char *name = text_keep_n(typed->at, (size_t)(equals - typed->at));
	move_past(typed, equals);
	for (size_t i = 0; i < tables; i++)
		if (options_find(rows[i], name))
			offer_words(typed, options_find(rows[i], name));
}

/* "top-k", or "top-k,second=r" of one kind of part. */
static void complete_part(struct typed *typed, enum moe_kind kind)
{
	const char *plus = kind == MOE_BALANCER ? strrchr(typed->at, '+') : NULL;
	if (plus)
		move_past(typed, plus);
	const char *comma = strchr(typed->at, ',');
	if (comma) {
		const struct moe_part *part = catalog_part(kind, text_keep_n(typed->at, (size_t)(comma - typed->at)));
		if (part)
			complete_options(typed, &part->opts, 1);
		return;
	}
	for (size_t i = 0; catalog_parts()[i]; i++)
		if (catalog_parts()[i]->kind == kind)
			offer(typed, catalog_parts()[i]->name, "", catalog_parts()[i]->summary);
}

/* "aux-loss,weight=0.1": layer options, and those of the recipe's parts. */
static void complete_recipe(struct typed *typed, const struct moe_recipe *recipe)
{
	const struct moe_opt **rows;
	struct sentence sentence = { .balancers = 0 };
	struct error ignored;
	size_t tables = 1;
	bool known = sentence_read(recipe->sentence, NULL, &sentence, &ignored) == 0;
	rows = calloc(1 + sentence_parts(&sentence), sizeof *rows);
	if (!rows)
		error_no_memory("options");
	rows[0] = layer_rows;
	for (size_t i = 0; known && i < sentence_parts(&sentence); i++)
		rows[tables++] = sentence_part(&sentence, i)->part->opts;
	complete_options(typed, rows, tables);
	free(rows);
}

/* The keys of a sentence that name parts, in the order of enum moe_kind. */
static const char *const kind_keys[] = { "projector", "scorer", "selector", "gate", "balance" };
enum { KIND_KEYS = sizeof kind_keys / sizeof *kind_keys };

/* "gate=re", "capacity=1": a word of a sentence that has its '='. */
static void complete_value(struct typed *typed, const char *equals)
{
	const char *key = text_keep_n(typed->at, (size_t)(equals - typed->at));
	move_past(typed, equals);
	for (size_t i = 0; i < KIND_KEYS; i++)
		if (strcmp(key, kind_keys[i]) == 0)
			complete_part(typed, (enum moe_kind)i);
	if (options_find(layer_rows, key))
		offer_words(typed, options_find(layer_rows, key));
}

/* A recipe, or words of a sentence; only the last word counts. */
static void complete_sentence(struct typed *typed)
{
	const char *blank = strrchr(typed->at, ' ');
	if (blank)
		move_past(typed, blank);
	const char *end = typed->at + strcspn(typed->at, ",=");
	if (*end == '=') {
		complete_value(typed, end);
	} else if (*end == ',') {
		const struct moe_recipe *recipe = catalog_recipe(text_keep_n(typed->at, (size_t)(end - typed->at)));
		if (recipe)
			complete_recipe(typed, recipe);
	} else {
		for (const struct moe_recipe *recipe = catalog_recipes(); !blank && recipe->name; recipe++)
			offer(typed, recipe->name, "", recipe->summary);
		for (size_t i = 0; i < KIND_KEYS; i++)
			offer(typed, kind_keys[i], "=", "");
		if (blank)
			offer_rows(typed, layer_rows);
	}
}

static void complete_balance(struct typed *typed)
{
	complete_part(typed, MOE_BALANCER);
}

static void complete_stream(struct typed *typed)
{
	const char *comma = strchr(typed->at, ',');
	const struct stream_type *type = comma ? stream_find(text_keep_n(typed->at, (size_t)(comma - typed->at))) : NULL;
	if (type)
		complete_options(typed, &type->opts, 1);
	for (size_t i = 0; !comma && stream_types[i]; i++)
		offer(typed, stream_types[i]->name, "", stream_types[i]->summary);
}

static void complete_model(struct typed *typed)
{
	offer_names(typed, model_names());
	offer_files(typed);
}

static void complete_metrics(struct typed *typed)
{
	const char *comma = strrchr(typed->at, ',');
	if (comma)
		move_past(typed, comma);
	for (const struct compare_metric *metric = compare_metrics; metric->name; metric++)
		offer(typed, metric->name, "", "");
}

/* Texts that are neither files nor free. */
static const struct {
	const char *flag;
	void (*complete)(struct typed *typed);
} texts[] = {
	{ "strategy", complete_sentence }, { "balance", complete_balance }, { "stream", complete_stream },
	{ "like", complete_model },        { "metric", complete_metrics },
};

static void complete_flag_value(struct typed *typed, const struct moe_opt *row)
{
	if (row->type != MOE_OPT_TEXT) {
		offer_words(typed, row);
		return;
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (strcmp(texts[i].flag, row->name) == 0) {
			texts[i].complete(typed);
			return;
		}
	offer_files(typed);
}

static const struct moe_opt *row_of(const struct flag_table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++)
		if (strcmp(table->option[i].name, name) == 0)
			return table->row[i];
	return NULL;
}

/* The row of "--name" or "-o"; NULL when it is no flag. */
static const struct moe_opt *row_of_flag(const struct flag_table *table, const char *word)
{
	if (strncmp(word, "--", 2) == 0)
		return row_of(table, word + 2);
	for (size_t i = 0; word[0] == '-' && word[1] && !word[2] && i < table->n; i++)
		if (table->own[i] && flag_letter(table->option[i].name) == word[1])
			return table->row[i];
	return NULL;
}

/* Other names of a setting are offered only where nothing else fits. */
static void offer_flags(struct typed *typed, const struct flag_table *table)
{
	typed->before = "--";
	typed->at += strspn(typed->at, "-");
	for (int aliases = 0; aliases < 2 && !typed->found; aliases++)
		for (size_t i = 0; i < table->n; i++) {
			const struct moe_opt *row = table->row[i];
			bool alias = row && strcmp(row->name, table->option[i].name) != 0;
			if (alias == (aliases == 1))
				offer(typed, table->option[i].name, "", row ? row->help : "print help and exit");
		}
}

static void complete_word(const struct command *command, struct typed *typed, const char *previous)
{
	struct flag_table table;
	flag_table_fill(&table, command);
	const struct moe_opt *row = previous ? row_of_flag(&table, previous) : NULL;
	const char *equals = strchr(typed->at, '=');
	if (row && row->type != MOE_OPT_FLAG) {
		complete_flag_value(typed, row);
	} else if (strncmp(typed->at, "--", 2) == 0 && equals) {
		row = row_of(&table, text_keep_n(typed->at + 2, (size_t)(equals - typed->at) - 2));
		move_past(typed, equals);
		if (row)
			complete_flag_value(typed, row);
	} else if (*typed->at == '-') {
		offer_flags(typed, &table);
	} else if (*command->arguments) {
		offer_names(typed, command->words ? command->words() : NULL);
		if (command->files)
			offer_files(typed);
	}
}

void complete_print(size_t words, char *const *word, FILE *to)
{
	struct typed typed = { .before = "", .at = words ? word[words - 1] : "", .to = to };
	const struct command *command = words ? command_find(word[0]) : NULL;
	if (words <= 1 && *typed.at != '-') {
		for (size_t i = 0; commands[i]; i++)
			offer(&typed, commands[i]->name, "", commands[i]->summary);
		return;
	}
	size_t first = command ? 1 : 0;
	if (command || *word[0] == '-')
		complete_word(command ? command : &command_run, &typed, words - first > 1 ? word[words - 2] : NULL);
}
