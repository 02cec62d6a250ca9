/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_explain.c -- moesim explain NAME: formula, paper, options, and whether it is causal, which is measured.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "experiments/cli/cmd.h"
#include "experiments/models/models.h"
#include "experiments/suite/run_settings.h"
#include "experiments/suite/shipped.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/base/wrap.h"
#include "sim/data/stream.h"
#include "sim/metrics/metrics.h"
#include "sim/route/catalog.h"
#include "sim/run/columns.h"
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

/* "strategy bias: what it is", wrapped. */
static void print_title(const char *kind, const char *name, const char *summary)
{
	wrap_text(stdout, text_keep_f("%s %s: %s", kind, name, summary), 0, 4, wrap_columns(stdout));
}

static void print_fact(const char *name, const char *text)
{
	int length = printf("  %s: ", name);
	wrap_text(stdout, text, (size_t)length, 4, wrap_columns(stdout));
}

static void print_options(const struct moe_opt *rows)
{
	if (!rows || !rows->name)
		return;
	puts("  options:");
	options_help(rows, wrap_columns(stdout), stdout);
}

static void explain_part(const struct moe_part *part)
{
	print_title(catalog_kind(part->kind), part->name, part->summary);
	print_formula(part->formula);
	print_fact("paper", part->cite);
	print_options(part->opts);
}

static void explain_stream(const struct stream_type *type)
{
	print_title("stream", type->name, type->summary);
	print_formula(type->formula);
	print_fact("good for", type->use);
	print_fact("source", type->cite);
	print_options(type->opts);
}

static void explain_metric(const struct metric *metric)
{
	print_title("metric", metric->name, metric->meaning);
	if (*metric->unit)
		print_fact("unit", metric->unit);
	if (*metric->balance)
		print_fact("at perfect balance", metric->balance);
}

static void explain_column(const struct csv_column *column)
{
	print_title("column", column->name, column->meaning);
	print_fact("file", run_file_name(column->file));
	if (*column->unit)
		print_fact("unit", column->unit);
}

static void explain_model(const struct model *model)
{
	print_title("model", model->name, model->label);
	print_fact("source", model->source);
	if (model->router)
		print_fact("routing", model->router);
	print_fact("parameters, FLOPs and memory", text_keep_f("moesim model %s", model->name));
}

static int explain_suite(const char *name, struct error *err)
{
	struct suite suite;
	TRY(suite_read(shipped_suite(name), run_settings(), &suite, err));
	print_title("suite", suite.name, suite.question);
	suite_free(&suite);
	print_fact("file", shipped_suite(name));
	print_fact("its runs", text_keep_f("moesim suite %s --dry-run", name));
	return 0;
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
	print_title("strategy", recipe->name, recipe->summary);
	if (recipe->alias)
		print_fact("also called", recipe->alias);
	print_fact("paper", recipe->cite);
	print_fact("sentence", recipe->sentence);
	print_fact("causal", text_keep_f("%s (measured: %s)", leak_word(leak), findings[leak.causal]));
	for (size_t i = sentence_projects(&sentence) ? 0 : 1; i < sentence_parts(&sentence); i++) {
		putchar('\n');
		explain_part(sentence_part(&sentence, i)->part);
	}
	return 0;
}

/* Columns and metrics of one name may stand in several files; layers.csv has the metrics. */
static size_t explain_numbers(const char *name)
{
	size_t found = 0;
	for (size_t i = 0; i < METRIC_COUNT; i++)
		if (strcmp(metric_rows[i].name, name) == 0 && ++found)
			explain_metric(&metric_rows[i]);
	for (const struct csv_column *column = run_columns; column->name; column++)
		if (strcmp(column->name, name) == 0 && ++found)
			explain_column(column);
	return found;
}

/* All things of that name: a word may name a recipe, a selector, and a stream. */
static int explain_all(const char *name, size_t *found, struct error *err)
{
	const struct moe_recipe *recipe = catalog_recipe(name);
	const struct model *model = model_find(name);
	if (recipe) {
		TRY(explain_recipe(recipe, err));
		++*found;
	}
	for (size_t i = 0; catalog_parts()[i]; i++)
		if (strcmp(catalog_parts()[i]->name, name) == 0 && recipe == NULL && ++*found)
			explain_part(catalog_parts()[i]);
	if (stream_find(name) && ++*found)
		explain_stream(stream_find(name));
	*found += explain_numbers(name);
	if (model && ++*found)
		explain_model(model);
	if (shipped_suite(name) && ++*found)
		TRY(explain_suite(name, err));
	return 0;
}

/* Adds the names of a NULL-ended list to names[n]; NULL counts them alone.  Returns their number then. */
static size_t add_names(const char **names, size_t n, const char *const *more)
{
	for (; *more; more++, n++)
		if (names)
			names[n] = *more;
	return n;
}

static size_t gather_names(const char **names)
{
	size_t n = add_names(names, 0, catalog_recipe_names());
	for (int kind = MOE_PROJECTOR; kind <= MOE_BALANCER; kind++)
		n = add_names(names, n, catalog_part_names((enum moe_kind)kind));
	for (size_t i = 0; stream_types[i]; i++)
		n = add_names(names, n, (const char *const[]){ stream_types[i]->name, NULL });
	for (size_t i = 0; i < METRIC_COUNT; i++)
		n = add_names(names, n, (const char *const[]){ metric_rows[i].name, NULL });
	for (const struct csv_column *column = run_columns; column->name; column++)
		n = add_names(names, n, (const char *const[]){ column->name, NULL });
	n = add_names(names, n, model_names());
	return add_names(names, n, shipped_suites());
}

/* All that can be explained, NULL-ended. */
static const char *const *explainable(void)
{
	static const char **names;
	if (!names) {
		names = calloc(gather_names(NULL) + 1, sizeof *names);
		if (!names)
			error_no_memory("names");
		gather_names(names);
	}
	return names;
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
	const char *near = text_nearest(args[0], explainable());
	return fail(err, ERROR_USER, "nothing is called '%s' (%s%s%s)", args[0],
				near ? "did you mean '" : "see: moesim list ", near ? near : "strategies", near ? "'?" : "");
}

const struct command command_explain = {
	.name = "explain",
	.summary = "formula, paper, options and causality of a strategy or part; what a metric, stream, column or suite is",
	.arguments = "NAME",
	.about =
		"Says what a strategy, part, stream, metric, column, model or suite is; for strategies and parts with formula, "
		"paper and options. Whether a strategy looks into the future is measured on a small model, not declared.",
	.opts = explain_rows,
	.opts_size = 0,
	.words = explainable,
	.run = explain,
};
