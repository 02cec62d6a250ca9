/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_explain.c -- moesim explain NAME: formula, paper, options, and whether it is causal, which is measured.
 */
#include <config.h>

#include <string.h>

#include "experiments/cli/cmd.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/base/words.h"
#include "sim/data/stream.h"
#include "sim/metrics/metrics.h"
#include "sim/route/catalog.h"
#include "sim/train/leak.h"

static const struct moe_opt explain_rows[] = {
	{ .name = NULL },
};

/* Every line of a formula, indented. */
static void print_formula(const char *formula)
{
	for (const char *end; *formula; formula = *end ? end + 1 : end) {
		end = formula + strcspn(formula, "\n");
		printf("    %.*s\n", (int)(end - formula), formula);
	}
}

static void explain_part(const struct moe_part *part)
{
	printf("%s %s: %s\n", catalog_kind(part->kind), part->name, part->summary);
	print_formula(part->formula);
	printf("  paper: %s\n", part->cite);
	if (part->opts) {
		puts("  options:");
		options_help(part->opts, stdout);
	}
}

static void explain_stream(const struct stream_type *type)
{
	printf("stream %s: %s\n", type->name, type->summary);
	print_formula(type->formula);
	printf("  good for: %s\n", type->use);
	printf("  source: %s\n", type->cite);
	if (type->opts->name) {
		puts("  options:");
		options_help(type->opts, stdout);
	}
}

static void explain_metric(const struct metric *metric)
{
	printf("metric %s: %s\n", metric->name, metric->meaning);
	if (*metric->unit)
		printf("  unit: %s\n", metric->unit);
	if (*metric->balance)
		printf("  at perfect balance: %s\n", metric->balance);
}

/* A small untrained model is enough: whether later tokens can move earlier outputs is a matter of the rule. */
static int measure_leak(const struct moe_recipe *recipe, struct leak *leak, struct error *err)
{
	static const char *const small[][2] = { { "experts", "16" },     { "width", "16" },      { "expert-width", "8" },
											{ "batch", "4" },        { "seq-length", "32" }, { "eval-tokens", "128" },
											{ "stream", "topicmix" } };
	struct assignment given[8] = { { "strategy", recipe->name } };
	struct settings settings;
	struct trainer trainer;
	for (size_t i = 0; i < 7; i++)
		given[i + 1] = (struct assignment){ small[i][0], small[i][1] };
	TRY(settings_resolve(given, 8, &settings, err));
	TRY(trainer_open(&trainer, &settings, err));
	*leak = leak_measure(&trainer);
	trainer_close(&trainer);
	return 0;
}

/* In the order of enum causality. */
static const char *const findings[] = {
	"changing later tokens changes where earlier ones go",
	"changing later tokens changes where earlier ones go, but in training only",
	"no change of later tokens changes where earlier ones go",
};

static int explain_recipe(const struct moe_recipe *recipe, struct error *err)
{
	struct sentence sentence;
	struct leak leak;
	TRY(sentence_read(recipe->sentence, NULL, &sentence, err));
	TRY(measure_leak(recipe, &leak, err));
	printf("strategy %s: %s\n", recipe->name, recipe->summary);
	if (recipe->alias)
		printf("  also called: %s\n", recipe->alias);
	printf("  paper: %s\n  sentence: %s\n", recipe->cite, recipe->sentence);
	printf("  causal: %s (measured: %s)\n", leak_word(leak), findings[leak.causal]);
	for (size_t i = 0; i < sentence_parts(&sentence); i++) {
		putchar('\n');
		explain_part(sentence_part(&sentence, i)->part);
	}
	return 0;
}

/* All things of that name: a word may name a recipe, a selector, and a stream. */
static int explain_all(const char *name, size_t *found, struct error *err)
{
	const struct moe_recipe *recipe = catalog_recipe(name);
	if (recipe) {
		TRY(explain_recipe(recipe, err));
		++*found;
	}
	for (size_t i = 0; catalog_parts()[i]; i++)
		if (strcmp(catalog_parts()[i]->name, name) == 0 && recipe == NULL && ++*found)
			explain_part(catalog_parts()[i]);
	if (stream_find(name) && ++*found)
		explain_stream(stream_find(name));
	for (size_t i = 0; i < METRIC_COUNT; i++)
		if (strcmp(metric_rows[i].name, name) == 0 && ++*found)
			explain_metric(&metric_rows[i]);
	return 0;
}

static const char *nearest(const char *name)
{
	struct words words = { NULL, 0, 0 };
	words_add_all(&words, catalog_recipe_names());
	for (int kind = MOE_SCORER; kind <= MOE_BALANCER; kind++)
		words_add_all(&words, catalog_part_names((enum moe_kind)kind));
	for (size_t i = 0; stream_types[i]; i++)
		words_add(&words, stream_types[i]->name);
	for (size_t i = 0; i < METRIC_COUNT; i++)
		words_add(&words, metric_rows[i].name);
	const char *near = text_nearest(name, words_list(&words));
	words_free(&words);
	return near;
}

static int explain(const void *options, int argc, char **args, struct error *err)
{
	size_t found = 0;
	(void)options;
	if (argc != 1)
		return fail(err, ERROR_USER, "explain takes one name (see: moesim list strategies)");
	TRY(explain_all(args[0], &found, err));
	if (found)
		return 0;
	const char *near = nearest(args[0]);
	return fail(err, ERROR_USER, "nothing is called '%s' (%s%s%s)", args[0],
				near ? "did you mean '" : "see: moesim list ", near ? near : "strategies", near ? "'?" : "");
}

const struct command command_explain = {
	.name = "explain",
	.summary = "formula, paper, options and causality of a strategy, part, stream or metric",
	.arguments = "NAME",
	.about = "Tells what a strategy, part, stream or metric is, with its formula, its paper and its options. Whether a "
			 "strategy looks into the future is measured on a small model, not declared.",
	.opts = explain_rows,
	.opts_size = 0,
	.run = explain,
};
