/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_explain.c -- moesim explain NAME: what it is, when to use it, and its formulas; causality is measured.
 */
#include <config.h>

#include <string.h>

#include "experiments/cli/cmd.h"
#include "experiments/cli/explain.h"
#include "experiments/suite/shipped.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/base/words.h"
#include "sim/route/catalog.h"

static const struct moe_opt explain_rows[] = {
	{ .name = NULL },
};

/* Counts one more thing that is explained; a blank line parts it from the one before.  Always true. */
static bool is_next(size_t *found)
{
	if ((*found)++)
		putchar('\n');
	return true;
}

/* Columns and metrics of one name may stand in several files; layers.csv has the metrics. */
static void explain_numbers(const char *name, size_t *found)
{
	for (size_t i = 0; i < METRIC_COUNT; i++)
		if (strcmp(metric_rows[i].name, name) == 0 && is_next(found))
			explain_metric(&metric_rows[i]);
	for (const struct csv_column *column = run_columns; column->name; column++)
		if (strcmp(column->name, name) == 0 && is_next(found))
			explain_column(column);
}

static void explain_charts(const char *name, size_t *found)
{
	for (size_t i = 0; i < CHARTS; i++)
		if (strcmp(charts[i].name, name) == 0 && is_next(found))
			explain_chart(&charts[i]);
}

/* All parts of that name; a strategy of the name tells of them itself. */
static void explain_parts(const char *name, size_t *found)
{
	for (size_t i = 0; catalog_parts()[i] && !catalog_recipe(name); i++)
		if (strcmp(catalog_parts()[i]->name, name) == 0 && is_next(found))
			explain_part_alone(catalog_parts()[i]);
}

/* All things of that name: a word may name a concept, a recipe, a selector, and a stream. */
static int explain_all(const char *name, size_t *found, struct error *err)
{
	const struct term *term = glossary_find(name);
	const struct moe_recipe *recipe = catalog_recipe(name);
	const struct model *model = model_find(name);
	if (term && is_next(found))
		explain_term(term, name);
	if (recipe && is_next(found))
		TRY(explain_recipe(recipe, err));
	explain_parts(name, found);
	if (stream_find(name) && is_next(found))
		explain_stream(stream_find(name));
	explain_numbers(name, found);
	if (options_find(config_rows(), name) && is_next(found))
		explain_setting(options_find(config_rows(), name));
	explain_charts(name, found);
	if (model && is_next(found))
		explain_model(model);
	if (shipped_suite(name) && is_next(found))
		TRY(explain_suite(name, err));
	return 0;
}

/* All that can be explained, NULL-ended. */
static const char *const *explainable(void)
{
	static struct words words;
	if (words.n > 0)
		return words_list(&words);
	words_add_all(&words, catalog_recipe_names());
	for (size_t i = 0; catalog_parts()[i]; i++)
		words_add(&words, catalog_parts()[i]->name);
	for (size_t i = 0; stream_types[i]; i++)
		words_add(&words, stream_types[i]->name);
	for (size_t i = 0; i < METRIC_COUNT; i++)
		words_add(&words, metric_rows[i].name);
	for (const struct csv_column *column = run_columns; column->name; column++)
		words_add(&words, column->name);
	for (const struct moe_opt *row = config_rows(); row->name; row++)
		words_add(&words, row->name);
	for (size_t i = 0; i < CHARTS; i++)
		words_add(&words, charts[i].name);
	words_add_all(&words, glossary_names());
	words_add_all(&words, model_names());
	words_add_all(&words, shipped_suites());
	return words_list(&words);
}

/* "selector top-k" means the part alone, where a strategy has its name; else several words are one name. */
static const struct moe_part *part_of(int argc, char **args)
{
	for (size_t i = 0; argc == 2 && catalog_parts()[i]; i++) {
		const struct moe_part *part = catalog_parts()[i];
		if (strcmp(args[0], catalog_kind(part->kind)) == 0 && strcmp(args[1], part->name) == 0)
			return part;
	}
	return NULL;
}

static int run(const void *options, int argc, char **args, struct error *err)
{
	size_t found = 0;
	(void)options;
	if (argc == 0)
		return fail(err, ERROR_USER, "explain takes one name (see: moesim list strategies)");
	if (part_of(argc, args)) {
		explain_part_alone(part_of(argc, args));
		return 0;
	}
	const char *name = args[0];
	for (int i = 1; i < argc; i++)
		name = text_keep_f("%s %s", name, args[i]);
	TRY(explain_all(name, &found, err));
	if (found)
		return 0;
	const char *near = text_nearest(name, explainable()), *several = text_beginnings(name, explainable());
	if (near)
		several = text_keep_f("'%s'", near);
	return fail(err, ERROR_USER, "nothing is called '%s' (%s%s%s)", name,
				several ? "did you mean " : "see: moesim list ", several ? several : "concepts", several ? "?" : "");
}

const struct command command_explain = {
	.name = "explain",
	.summary = "what a strategy, part, concept, metric, stream, column, chart, model or suite is",
	.arguments = "NAME",
	.about =
		"Says what a strategy does, when to use it, what it costs and when it fails, with formulas, paper and options; "
		"and what a concept, part, stream, metric, column, setting, chart, model or suite is. Whether a strategy looks "
		"into "
		"the future is measured on a small model, not declared. 'explain selector top-k' means the part where a "
		"strategy has "
		"the same name.",
	.opts = explain_rows,
	.opts_size = 0,
	.words = explainable,
	.run = run,
};
