/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * grammar.c -- reads a sentence: recipes, parts, balancers and layer options, each checked where it stands.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/base/words.h"
#include "sim/route/catalog.h"
#include "sim/route/sentence.h"
#include "sim/route/slice.h"

/* The layer option of that name; `k` is short for top-k. */
static const struct moe_opt *layer_row(const char *name)
{
	return options_find(layer_rows, strcmp(name, "k") == 0 ? "top-k" : name);
}

/* Adds a layer option behind the others. */
static int word_add(struct sentence *sentence, const struct moe_opt *row, struct slice value, struct error *err)
{
	struct layer_options probe;
	options_preset(layer_rows, &probe);
	if (options_set(row, &probe, slice_text(value), err) != 0)
		return slice_fail(value, err);
	struct layer_word *words = calloc(sentence->words + 1, sizeof *words);
	if (words == NULL)
		error_no_memory("a sentence");
	for (size_t i = 0; i < sentence->words; i++)
		words[i] = sentence->word[i];
	words[sentence->words++] = (struct layer_word){ row, slice_text(value) };
	sentence->word = sentence_keep(words, sentence->words * sizeof *words);
	free(words);
	return 0;
}

/* A trailing comma promises one more option. */
static int check_last(struct slice text, struct error *err)
{
	if (text.at == text.end || text.text[text.end - 1] != ',')
		return 0;
	fail(err, ERROR_USER, "an option is missing behind the last comma");
	return fail_at(err, text.file, 0, (unsigned)text.end);
}

static int fail_unknown_part(enum moe_kind kind, struct slice name, struct error *err)
{
	const char *near = text_nearest(slice_text(name), catalog_part_names(kind));
	fail(err, ERROR_USER, "unknown %s '%s' (%s%s%s)", catalog_kind(kind), slice_text(name),
		 near ? "did you mean '" : "see: moesim list ", near ? near : catalog_kind(kind), near ? "'?" : "s");
	return slice_fail(name, err);
}

/* The part of that name, with its presets. */
static int part_find(enum moe_kind kind, struct slice name, struct part_use *use, struct error *err)
{
	const struct moe_part *part = catalog_part(kind, slice_text(name));
	if (part == NULL)
		return fail_unknown_part(kind, name, err);
	*use = part_use_of(part);
	return 0;
}

/* "name,key=value,..." into a part of that kind. */
static int part_read(enum moe_kind kind, struct slice text, struct part_use *use, struct error *err)
{
	struct slice rest = text, name = slice_next(&rest, slice_ends_at_comma);
	TRY(part_find(kind, name, use, err));
	TRY(check_last(text, err));
	if (rest.at == rest.end || part_use_set(use, slice_text(rest), err) == 0)
		return 0;
	unsigned column = err->column ? err->column : 1;
	err->column = 0; /* it counts from the list's first byte */
	return fail_at(err, text.file, 0, (unsigned)rest.at + column);
}

/* Balancers while they are read. */
struct balancers {
	struct part_use *use;
	size_t n, room;
};

static void balancers_add(struct balancers *list, const struct part_use *use)
{
	if (list->n == list->room) {
		list->room = list->room ? 2 * list->room : 8;
		list->use = realloc(list->use, list->room * sizeof *list->use);
		if (list->use == NULL)
			error_no_memory("a sentence");
	}
	list->use[list->n++] = *use;
}

/* In the place of one of the same name among the `old` first ones, or behind the others. */
static void balancers_put(struct balancers *list, size_t old, const struct part_use *use)
{
	for (size_t i = 0; i < old; i++)
		if (list->use[i].part == use->part) {
			list->use[i] = *use;
			return;
		}
	balancers_add(list, use);
}

static int balancers_read(struct slice text, struct balancers *list, struct error *err)
{
	size_t old = list->n;
	do {
		struct part_use use;
		TRY(part_read(MOE_BALANCER, slice_next(&text, slice_ends_at_plus), &use, err));
		balancers_put(list, old, &use);
	} while (text.at < text.end);
	return 0;
}

/* "none", "one{+another}", which replace what was there, or "+one{+another}", which are added to it or replace their
 * like.  A list may hold one balancer twice, as an auxiliary loss over two scopes. */
static int balance_read(struct slice text, struct sentence *sentence, struct error *err)
{
	struct balancers list = { NULL, 0, 0 };
	bool adds = text.at < text.end && text.text[text.at] == '+';
	text.at += adds;
	for (size_t i = 0; adds && i < sentence->balancers; i++)
		balancers_add(&list, &sentence->balancer[i]);
	int status = strcmp(slice_text(text), "none") == 0 ? 0 : balancers_read(text, &list, err);
	if (status == 0) {
		sentence->balancer = sentence_keep(list.use, list.n * sizeof *list.use);
		sentence->balancers = list.n;
	}
	free(list.use);
	return status;
}

static const char *const part_words[] = { "projector", "scorer", "selector", "gate", "balance", "k", NULL };

static int fail_unknown_word(struct slice key, struct error *err)
{
	struct words known = { NULL, 0, 0 };
	words_add_all(&known, part_words);
	words_add_all(&known, options_names(layer_rows));
	const char *near = text_nearest(slice_text(key), words_list(&known));
	fail(err, ERROR_USER, "unknown word '%s' (%s%s%s)", slice_text(key), near ? "did you mean '" : "known: ",
		 near ? near : "projector, scorer, selector, gate, balance and the layer options of 'moesim run --help'",
		 near ? "'?" : "");
	words_free(&known);
	return slice_fail(key, err);
}

static int word_read(struct slice word, struct sentence *sentence, struct error *err)
{
	struct slice key, value;
	if (!slice_split(word, &key, &value)) {
		fail(err, ERROR_USER, "'%s' is neither a recipe at the front nor KEY=VALUE", slice_text(word));
		return slice_fail(word, err);
	}
	const char *name = slice_text(key);
	if (strcmp(name, "projector") == 0)
		return part_read(MOE_PROJECTOR, value, &sentence->projector, err);
	if (strcmp(name, "scorer") == 0)
		return part_read(MOE_SCORER, value, &sentence->scorer, err);
	if (strcmp(name, "selector") == 0)
		return part_read(MOE_SELECTOR, value, &sentence->selector, err);
	if (strcmp(name, "gate") == 0)
		return part_read(MOE_GATE, value, &sentence->gate, err);
	if (strcmp(name, "balance") == 0)
		return balance_read(value, sentence, err);
	if (layer_row(name))
		return word_add(sentence, layer_row(name), value, err);
	return fail_unknown_word(key, err);
}

/* Sets an option of the sentence's i-th part. */
static int part_assign(struct sentence *sentence, size_t i, const char *name, struct slice value, struct error *err)
{
	struct part_use use = *sentence_part(sentence, i);
	if (part_use_set_one(&use, name, slice_text(value), err) != 0)
		return slice_fail(value, err);
	sentence_set_part(sentence, i, &use);
	return 0;
}

static int fail_ambiguous(struct slice key, const char *one, const char *other, struct error *err)
{
	fail(err, ERROR_USER, "'%s' could mean %s or %s (write the parts out, as in balance=%s,%s=...)", slice_text(key),
		 one, other, other, slice_text(key));
	return slice_fail(key, err);
}

/* An option of exactly one of the recipe's parts. */
static int part_option_read(struct slice key, struct slice value, struct sentence *sentence, struct error *err)
{
	size_t n = sentence_parts(sentence), found = n;
	const char *name = slice_text(key);
	for (size_t i = 0; i < n; i++) {
		const struct moe_part *part = sentence_part(sentence, i)->part;
		if (options_find(part->opts, name) == NULL)
			continue;
		if (found < n)
			return fail_ambiguous(key, sentence_part(sentence, found)->part->name, part->name, err);
		found = i;
	}
	if (found < n)
		return part_assign(sentence, found, name, value, err);
	fail(err, ERROR_USER, "'%s' has no option '%s' (see: moesim explain %s)", sentence->name, name, sentence->name);
	return slice_fail(key, err);
}

/* A key after a recipe's name: a layer option, or an option of one of the recipe's parts. */
static int override_read(struct slice pair, struct sentence *sentence, struct error *err)
{
	struct slice key, value;
	if (!slice_split(pair, &key, &value)) {
		fail(err, ERROR_USER, "'%s' needs a value: KEY=VALUE", slice_text(pair));
		return slice_fail(pair, err);
	}
	const struct moe_opt *row = layer_row(slice_text(key));
	return row ? word_add(sentence, row, value, err) : part_option_read(key, value, sentence, err);
}

/* Of two pairs with one key the first would be lost.  Balancers may be added one by one, though: balance=+z. */
static int check_repeat(struct slice before, bool (*ends)(const char *), struct slice pair, struct error *err)
{
	struct slice key, value;
	if (!slice_split(pair, &key, &value) || strcmp(slice_text(key), "balance") == 0 ||
		!slice_has_key(before, ends, slice_text(key)))
		return 0;
	fail(err, ERROR_USER, "'%s' is given twice (keep one)", slice_text(key));
	return slice_fail(key, err);
}

static int words_read(struct slice rest, struct sentence *sentence, struct error *err)
{
	struct slice before = rest;
	while (rest.at < rest.end) {
		before.end = rest.at;
		struct slice word = slice_next(&rest, slice_ends_at_blank);
		if (word.at == word.end)
			continue;
		TRY(check_repeat(before, slice_ends_at_blank, word, err));
		TRY(word_read(word, sentence, err));
	}
	return 0;
}

static int overrides_read(struct slice rest, struct sentence *sentence, struct error *err)
{
	struct slice before = rest;
	while (rest.at < rest.end) {
		before.end = rest.at;
		struct slice pair = slice_next(&rest, slice_ends_at_comma);
		TRY(check_repeat(before, slice_ends_at_comma, pair, err));
		TRY(override_read(pair, sentence, err));
	}
	return 0;
}

static int recipe_read(struct slice text, struct sentence *sentence, struct error *err)
{
	TRY(check_last(text, err));
	struct slice name = slice_next(&text, slice_ends_at_comma);
	const struct moe_recipe *recipe = catalog_recipe(slice_text(name));
	if (recipe == NULL) {
		const char *near = text_nearest(slice_text(name), catalog_recipe_names());
		fail(err, ERROR_USER, "unknown strategy '%s' (%s%s%s)", slice_text(name),
			 near ? "did you mean '" : "see: moesim list ", near ? near : "strategies", near ? "'?" : "");
		return slice_fail(name, err);
	}
	struct slice body = slice_of("recipe", recipe->sentence);
	if (words_read(body, sentence, err) != 0)
		BUG(text_keep_f("the recipe '%s' is wrong: %s", recipe->name, err->text));
	sentence->name = recipe->name;
	return overrides_read(text, sentence, err);
}

static int preset_parts(struct sentence *sentence, struct error *err)
{
	const char *words = text_keep_f("projector=%s scorer=softmax selector=top-k gate=renorm", sentence_plain_projector);
	return words_read(slice_of("preset", words), sentence, err);
}

int sentence_read(const char *text, const char *balance, struct sentence *sentence, struct error *err)
{
	struct slice rest = slice_of("--strategy", text);
	*sentence = (struct sentence){ .name = "custom" };
	TRY(preset_parts(sentence, err));
	while (rest.at < rest.end && slice_ends_at_blank(text + rest.at))
		rest.at++;
	if (rest.at == rest.end)
		return fail(err, ERROR_USER, "an empty strategy (see: moesim list strategies)"), slice_fail(rest, err);
	struct slice after = rest, first = slice_next(&after, slice_ends_at_blank), name = first;
	name = slice_next(&first, slice_ends_at_comma);
	if (memchr(name.text + name.at, '=', name.end - name.at) == NULL) {
		first = rest, after = rest;
		TRY(recipe_read(slice_next(&after, slice_ends_at_blank), sentence, err));
		rest = after;
	}
	TRY(words_read(rest, sentence, err));
	return balance ? sentence_balance(sentence, balance, err) : 0;
}

int sentence_balance(struct sentence *sentence, const char *balance, struct error *err)
{
	return balance_read(slice_of("--balance", balance), sentence, err);
}

bool sentence_says(const char *text, const char *key)
{
	return slice_has_key(slice_of("--strategy", text), slice_ends_at_blank, key);
}

/* Such an option of the part, or without a part of the layer. */
static int change_option(struct sentence *sentence, struct part_use *use, const char *name, const char *value,
						 struct error *err)
{
	if (use->part == NULL)
		return word_add(sentence, layer_row(name), slice_of("", value), err);
	if (options_find(use->part->opts, name) == NULL)
		return fail(err, ERROR_USER, "%s '%s' has no option '%s'", catalog_kind(use->part->kind), use->part->name,
					name);
	return part_use_set_one(use, name, value, err);
}

static bool is_at_preset(const struct part_use *use, const char *name)
{
	const struct moe_opt *row = options_find(use->part->opts, name);
	return row && options_is_preset(row, use->opt);
}

static int change_options(struct sentence *sentence, struct part_use *use, const struct sentence_change *change,
						  struct error *err)
{
	for (size_t i = 0; i < SENTENCE_OPTIONS && change->option[i].name; i++)
		if (!change->gently || is_at_preset(use, change->option[i].name))
			TRY(change_option(sentence, use, change->option[i].name, change->option[i].value, err));
	return 0;
}

static void add_balancer(struct sentence *sentence, const struct part_use *use)
{
	struct balancers list = { NULL, 0, 0 };
	for (size_t i = 0; i < sentence->balancers; i++)
		balancers_add(&list, &sentence->balancer[i]);
	balancers_put(&list, list.n, use);
	sentence->balancer = sentence_keep(list.use, list.n * sizeof *list.use);
	sentence->balancers = list.n;
	free(list.use);
}

int sentence_change(struct sentence *sentence, const struct sentence_change *change, struct error *err)
{
	struct part_use use = { NULL, NULL };
	if (change->kind == SENTENCE_LAYER)
		return change_options(sentence, &use, change, err);
	enum moe_kind kind = (enum moe_kind)change->kind;
	if (change->part)
		TRY(part_find(kind, slice_of("", change->part), &use, err));
	else
		use = *sentence_part(sentence, kind);
	TRY(change_options(sentence, &use, change, err));
	if (kind == MOE_BALANCER)
		add_balancer(sentence, &use);
	else
		sentence_set_part(sentence, kind, &use);
	return 0;
}
