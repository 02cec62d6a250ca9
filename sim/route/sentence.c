/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sentence.c -- a routing strategy in words: reading, checking, printing.
 */
#include <config.h>

#include "sim/route/sentence.h"

#include <ctype.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"

static const char *const overflow_words[] = { "position", "lowest-score", NULL };

#define AT(field) .at = offsetof(struct layer_options, field)
const struct moe_opt layer_rows[] = {
	{ .name = "experts",
	  .type = MOE_OPT_INT,
	  AT(experts),
	  .low = 1,
	  .high = 65536,
	  .preset = 64,
	  .help = "routed experts of each MoE layer" },
	{ .name = "top-k",
	  .type = MOE_OPT_INT,
	  AT(k),
	  .low = 1,
	  .high = 65536,
	  .preset = 2,
	  .unit = "experts",
	  .help = "experts per token (the average, where experts choose)" },
	{ .name = "shared",
	  .type = MOE_OPT_INT,
	  AT(shared),
	  .low = 0,
	  .high = 1024,
	  .preset = 0,
	  .unit = "experts",
	  .help = "shared experts, which every token visits" },
	{ .name = "expert-width",
	  .type = MOE_OPT_INT,
	  AT(expert_width),
	  .low = 1,
	  .high = 1048576,
	  .preset = 16,
	  .unit = "neurons",
	  .help = "inner width of one expert" },
	{ .name = "capacity",
	  .type = MOE_OPT_REAL,
	  AT(capacity),
	  .low = 0,
	  .high = 1e6,
	  .preset = 0,
	  .zero = "none",
	  .help = "capacity factor: an expert takes at most factor * k * tokens / experts" },
	{ .name = "overflow",
	  .type = MOE_OPT_CHOICE,
	  AT(overflow),
	  .choices = overflow_words,
	  .high = 1,
	  .help = "who is dropped from a full expert: the last in the batch, or the lowest score" },
	{ .name = "jitter",
	  .type = MOE_OPT_REAL,
	  AT(jitter),
	  .low = 0,
	  .high = 0.99,
	  .preset = 0,
	  .zero = "none",
	  .help = "multiplies the router's input by 1 +- jitter in training (Switch)" },
	{ .name = "router-scale",
	  .type = MOE_OPT_REAL,
	  AT(router_scale),
	  .low = 0,
	  .high = 1e3,
	  .preset = 0.1,
	  .help = "standard deviation of the router's initial weights" },
	{ .name = "router-lr",
	  .type = MOE_OPT_REAL,
	  AT(router_lr),
	  .low = 0,
	  .high = 1e3,
	  .preset = 1,
	  .help = "factor of the learning rate for the router's weights; 0: they stay as drawn" },
	{ .name = NULL },
};
#undef AT

/* A piece of the text being read: [at, end), inside `text` which belongs to the flag `file`. */
struct slice {
	const char *file, *text;
	size_t at, end;
};

static const char *slice_text(struct slice slice)
{
	return text_keep_n(slice.text + slice.at, slice.end - slice.at);
}

static int slice_fail(struct slice slice, struct error *err)
{
	return fail_at(err, slice.file, 0, (unsigned)slice.at + 1);
}

/* Cuts the next piece off the front, up to a separator for which `ends` holds; the separator goes too. */
static struct slice slice_next(struct slice *rest, bool (*ends)(const char *at))
{
	struct slice piece = *rest;
	size_t i = rest->at;
	while (i < rest->end && !ends(rest->text + i))
		i++;
	piece.end = i;
	rest->at = i < rest->end ? i + 1 : i;
	return piece;
}

static bool ends_at_comma(const char *at)
{
	return *at == ',';
}

static bool ends_at_blank(const char *at)
{
	return isspace((unsigned char)*at);
}

/* A plus between two balancers, not the one in 1e+3. */
static bool ends_at_plus(const char *at)
{
	return *at == '+' && isalpha((unsigned char)at[1]);
}

/* Splits "key=value" into the key (returned) and the value; false when there is no '='. */
static bool slice_split(struct slice pair, struct slice *key, struct slice *value)
{
	const char *sign = memchr(pair.text + pair.at, '=', pair.end - pair.at);
	*key = *value = pair;
	if (sign == NULL)
		return false;
	key->end = (size_t)(sign - pair.text);
	value->at = key->end + 1;
	return true;
}

/* The layer option of that name; `k` is short for top-k. */
static const struct moe_opt *layer_row(const char *name)
{
	return options_find(layer_rows, strcmp(name, "k") == 0 ? "top-k" : name);
}

static int word_add(struct sentence *sentence, const struct moe_opt *row, struct slice value, struct error *err)
{
	struct layer_options probe;
	options_preset(layer_rows, &probe);
	if (options_set(row, &probe, slice_text(value), err) != 0)
		return slice_fail(value, err);
	if (sentence->words == SENTENCE_WORDS)
		return fail(err, ERROR_USER, "more than %d layer options in one sentence", SENTENCE_WORDS),
			   slice_fail(value, err);
	sentence->word[sentence->words++] = (struct layer_word){ row, slice_text(value) };
	return 0;
}

/* A comma promises one option more. */
static int check_last(struct slice text, struct error *err)
{
	if (text.at == text.end || text.text[text.end - 1] != ',')
		return 0;
	fail(err, ERROR_USER, "an option is missing behind the last comma");
	return fail_at(err, text.file, 0, (unsigned)text.end);
}

/* "name,key=value,..." into a part of that kind. */
static int part_read(enum moe_kind kind, struct slice text, struct part_use *use, struct error *err)
{
	struct slice rest = text, name = slice_next(&rest, ends_at_comma);
	const struct moe_part *part = catalog_part(kind, slice_text(name));
	if (part == NULL) {
		const char *near = text_nearest(slice_text(name), catalog_part_names(kind));
		fail(err, ERROR_USER, "unknown %s '%s' (%s%s%s)", catalog_kind(kind), slice_text(name),
			 near ? "did you mean '" : "see: moesim list ", near ? near : catalog_kind(kind), near ? "'?" : "s");
		return slice_fail(name, err);
	}
	TRY(check_last(text, err));
	if (part->opts_size > PART_OPTIONS)
		BUG("a part's options are too large");
	use->part = part;
	memset(&use->opt, 0, sizeof use->opt);
	options_preset(part->opts, use->opt.bytes);
	if (rest.at == rest.end)
		return 0;
	const char *what = text_keep_f("%s %s", catalog_kind(kind), part->name);
	if (options_assign_list(part->opts, use->opt.bytes, what, slice_text(rest), err) != 0) {
		unsigned column = err->column ? err->column : 1;
		err->column = 0; /* it counts from the list's first byte */
		return fail_at(err, text.file, 0, (unsigned)rest.at + column);
	}
	return 0;
}

/* The place of a balancer: that of the same name among the `old` first ones, or behind the others. */
static struct part_use *balancer_place(struct sentence *sentence, size_t old, const struct part_use *use)
{
	for (size_t i = 0; i < old; i++)
		if (sentence->balancer[i].part == use->part)
			return &sentence->balancer[i];
	return sentence->balancers < SENTENCE_BALANCERS ? &sentence->balancer[sentence->balancers++] : NULL;
}

/* "none", "one{+another}", which replace what was there, or "+one{+another}", which are added to it or replace their
 * like.  A list may hold one balancer twice, as an auxiliary loss over two scopes. */
static int balance_read(struct slice text, struct sentence *sentence, struct error *err)
{
	if (text.at < text.end && text.text[text.at] == '+')
		text.at++;
	else
		sentence->balancers = 0;
	if (strcmp(slice_text(text), "none") == 0)
		return 0;
	size_t old = sentence->balancers;
	do {
		struct slice one = slice_next(&text, ends_at_plus);
		struct part_use use;
		TRY(part_read(MOE_BALANCER, one, &use, err));
		struct part_use *place = balancer_place(sentence, old, &use);
		if (place == NULL) {
			fail(err, ERROR_USER, "more than %d balancers", SENTENCE_BALANCERS);
			return slice_fail(one, err);
		}
		*place = use;
	} while (text.at < text.end);
	return 0;
}

/* What may stand before '=' in a sentence, for suggestions. */
static const char *const *word_names(void)
{
	static const char *names[32] = { "scorer", "selector", "gate", "balance", "k" };
	size_t n = 5;
	for (const struct moe_opt *row = layer_rows; row->name && n + 1 < 32; row++)
		names[n++] = row->name;
	names[n] = NULL;
	return names;
}

static int word_read(struct slice word, struct sentence *sentence, struct error *err)
{
	struct slice key, value;
	if (!slice_split(word, &key, &value)) {
		fail(err, ERROR_USER, "'%s' is neither a recipe at the front nor KEY=VALUE", slice_text(word));
		return slice_fail(word, err);
	}
	const char *name = slice_text(key);
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
	const char *near = text_nearest(name, word_names());
	fail(err, ERROR_USER, "unknown word '%s' (%s%s%s)", name, near ? "did you mean '" : "known: ",
		 near ? near : "scorer, selector, gate, balance and the layer options of 'moesim run --help'",
		 near ? "'?" : "");
	return slice_fail(key, err);
}

/* A key after a recipe's name: a layer option, or an option of exactly one of the recipe's parts. */
static int override_read(struct slice pair, struct sentence *sentence, struct error *err)
{
	struct slice key, value;
	struct part_use *found = NULL;
	if (!slice_split(pair, &key, &value)) {
		fail(err, ERROR_USER, "'%s' needs a value: KEY=VALUE", slice_text(pair));
		return slice_fail(pair, err);
	}
	const char *name = slice_text(key);
	if (layer_row(name))
		return word_add(sentence, layer_row(name), value, err);
	for (size_t i = 0; i < sentence_parts(sentence); i++) {
		struct part_use *use = (struct part_use *)sentence_part(sentence, i);
		if (options_find(use->part->opts, name) == NULL)
			continue;
		if (found) {
			fail(err, ERROR_USER, "'%s' could mean %s or %s (write the parts out, as in balance=%s,%s=...)", name,
				 found->part->name, use->part->name, use->part->name, name);
			return slice_fail(key, err);
		}
		found = use;
	}
	if (found == NULL) {
		fail(err, ERROR_USER, "'%s' has no option '%s' (see: moesim explain %s)", sentence->name, name, sentence->name);
		return slice_fail(key, err);
	}
	if (options_set(options_find(found->part->opts, name), found->opt.bytes, slice_text(value), err) != 0)
		return slice_fail(value, err);
	return 0;
}

/* Does a word of that text have this key? */
static bool has_key(struct slice text, const char *name)
{
	while (text.at < text.end) {
		struct slice key, value;
		if (slice_split(slice_next(&text, ends_at_blank), &key, &value) && strcmp(slice_text(key), name) == 0)
			return true;
	}
	return false;
}

/* Of two words with one key the first would be lost.  Balancers may be added one by one, though: balance=+z. */
static int check_repeat(struct slice before, struct slice word, struct error *err)
{
	struct slice key, value;
	if (!slice_split(word, &key, &value) || strcmp(slice_text(key), "balance") == 0 ||
		!has_key(before, slice_text(key)))
		return 0;
	fail(err, ERROR_USER, "'%s' is said twice (keep one)", slice_text(key));
	return slice_fail(key, err);
}

static int words_read(struct slice rest, struct sentence *sentence, struct error *err)
{
	struct slice before = rest;
	while (rest.at < rest.end) {
		before.end = rest.at;
		struct slice word = slice_next(&rest, ends_at_blank);
		if (word.at == word.end)
			continue;
		TRY(check_repeat(before, word, err));
		TRY(word_read(word, sentence, err));
	}
	return 0;
}

static int recipe_read(struct slice text, struct sentence *sentence, struct error *err)
{
	TRY(check_last(text, err));
	struct slice name = slice_next(&text, ends_at_comma);
	const struct moe_recipe *recipe = catalog_recipe(slice_text(name));
	if (recipe == NULL) {
		const char *near = text_nearest(slice_text(name), catalog_recipe_names());
		fail(err, ERROR_USER, "unknown strategy '%s' (%s%s%s)", slice_text(name),
			 near ? "did you mean '" : "see: moesim list ", near ? near : "strategies", near ? "'?" : "");
		return slice_fail(name, err);
	}
	struct slice body = { "recipe", recipe->sentence, 0, strlen(recipe->sentence) };
	if (words_read(body, sentence, err) != 0)
		BUG(text_keep_f("the recipe '%s' is wrong: %s", recipe->name, err->text));
	sentence->name = recipe->name;
	while (text.at < text.end)
		TRY(override_read(slice_next(&text, ends_at_comma), sentence, err));
	return 0;
}

static int preset_parts(struct sentence *sentence, struct error *err)
{
	struct slice words = { "preset", "scorer=softmax selector=top-k gate=renorm", 0, 0 };
	words.end = strlen(words.text);
	return words_read(words, sentence, err);
}

int sentence_read(const char *text, const char *balance, struct sentence *sentence, struct error *err)
{
	struct slice rest = { "--strategy", text, 0, strlen(text) };
	*sentence = (struct sentence){ .name = "custom" };
	TRY(preset_parts(sentence, err));
	while (rest.at < rest.end && ends_at_blank(text + rest.at))
		rest.at++;
	if (rest.at == rest.end)
		return fail(err, ERROR_USER, "an empty strategy (see: moesim list strategies)"), slice_fail(rest, err);
	struct slice after = rest, first = slice_next(&after, ends_at_blank), name = first;
	name = slice_next(&first, ends_at_comma);
	if (memchr(name.text + name.at, '=', name.end - name.at) == NULL) {
		first = rest, after = rest;
		TRY(recipe_read(slice_next(&after, ends_at_blank), sentence, err));
		rest = after;
	}
	TRY(words_read(rest, sentence, err));
	if (balance == NULL)
		return 0;
	return balance_read((struct slice){ "--balance", balance, 0, strlen(balance) }, sentence, err);
}

int sentence_apply(const struct sentence *sentence, struct layer_options *layer, struct error *err)
{
	for (size_t i = 0; i < sentence->words; i++)
		TRY(options_set(sentence->word[i].row, layer, sentence->word[i].value, err));
	return 0;
}

static unsigned part_wants(const struct part_use *use)
{
	return use->part->wants | (use->part->wants_with ? use->part->wants_with(part_opt(use)) : 0);
}

unsigned sentence_wants(const struct sentence *sentence)
{
	unsigned wants = 0;
	for (size_t i = 0; i < sentence_parts(sentence); i++)
		wants |= part_wants(sentence_part(sentence, i));
	return wants;
}

static const char *wanted(unsigned missing)
{
	return missing & MOE_LOGITS ? "logits" : "scores";
}

/* What a part itself says of its options beside the layer's. */
static int check_options(const struct sentence *sentence, const struct layer_options *layer, struct error *err)
{
	struct moe_call call = { .experts = (size_t)layer->experts, .k = (size_t)layer->k };
	for (size_t i = 0; i < sentence_parts(sentence); i++) {
		const struct part_use *use = sentence_part(sentence, i);
		char complaint[160] = "";
		if (use->part->check && !use->part->check(&call, part_opt(use), complaint, sizeof complaint))
			return fail(err, ERROR_USER, "%s '%s': %s", catalog_kind(use->part->kind), use->part->name, complaint);
	}
	return 0;
}

int sentence_check(const struct sentence *sentence, const struct layer_options *layer, struct error *err)
{
	const struct moe_part *scorer = sentence->scorer.part;
	const struct moe_selector *selector = (const struct moe_selector *)sentence->selector.part;
	unsigned given = scorer->gives | (scorer->wants & MOE_LOGITS);
	for (size_t i = 1; i < sentence_parts(sentence); i++) {
		const struct moe_part *part = sentence_part(sentence, i)->part;
		unsigned missing = part_wants(sentence_part(sentence, i)) & (MOE_LOGITS | MOE_SCORES) & ~given;
		if (missing)
			return fail(err, ERROR_USER, "%s '%s' needs %s, and scorer '%s' gives none (try scorer=softmax)",
						catalog_kind(part->kind), part->name, wanted(missing), scorer->name);
	}
	if (selector->select == NULL) {
		if (given)
			return fail(err, ERROR_USER, "selector '%s' routes nothing, so scorer '%s' has no use (try scorer=none)",
						selector->part.name, scorer->name);
		return 0;
	}
	if (layer->k > layer->experts)
		return fail(err, ERROR_USER, "top-k %lld exceeds the %lld experts (lower --top-k or raise --experts)",
					(long long)layer->k, (long long)layer->experts);
	TRY(check_options(sentence, layer, err));
	if (layer->overflow == OVERFLOW_LOWEST_SCORE && layer->capacity > 0 && !(given & MOE_SCORES))
		return fail(err, ERROR_USER,
					"overflow 'lowest-score' needs scores, and scorer '%s' gives none (try "
					"overflow=position)",
					scorer->name);
	return 0;
}

static const char *use_text(const struct part_use *use)
{
	const char *list = use->part->opts ? options_list(use->part->opts, use->opt.bytes, true) : "";
	return *list ? text_keep_f("%s,%s", use->part->name, list) : use->part->name;
}

const char *sentence_text(const struct sentence *sentence, const struct layer_options *layer)
{
	const char *balance = sentence->balancers ? use_text(&sentence->balancer[0]) : "none";
	for (size_t i = 1; i < sentence->balancers; i++)
		balance = text_keep_f("%s+%s", balance, use_text(&sentence->balancer[i]));
	const char *text = text_keep_f("scorer=%s selector=%s gate=%s balance=%s", use_text(&sentence->scorer),
								   use_text(&sentence->selector), use_text(&sentence->gate), balance);
	for (const struct moe_opt *row = layer_rows; row->name; row++)
		text = text_keep_f("%s %s=%s", text, row->name, options_value(row, layer));
	return text;
}
