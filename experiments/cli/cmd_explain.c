/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_explain.c -- moesim explain NAME: what it is, when to use it, and its formulas; causality is measured.
 */
#include <config.h>

#include <string.h>

#include "experiments/charts/chart.h"
#include "experiments/cli/cmd.h"
#include "experiments/glossary/glossary.h"
#include "experiments/glossary/lessons.h"
#include "experiments/models/models.h"
#include "experiments/suite/run_settings.h"
#include "experiments/suite/shipped.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/base/words.h"
#include "sim/base/wrap.h"
#include "sim/data/stream.h"
#include "sim/metrics/metrics.h"
#include "sim/route/catalog.h"
#include "sim/run/columns.h"
#include "sim/train/leak.h"

static const struct moe_opt explain_rows[] = {
	{ .name = NULL },
};

/* Every line of a formula, indented.  One that a terminal is too narrow for goes on further in. */
static void print_formula(const char *formula)
{
	size_t columns = wrap_columns_of_terminal(stdout);
	for (const char *end; *formula; formula = *end ? end + 1 : end) {
		end = formula + strcspn(formula, "\n");
		const char *line = text_keep_n(formula, (size_t)(end - formula));
		if (4 + wrap_length(line) <= columns) {
			printf("    %s\n", line);
			continue;
		}
		size_t at = 4 + strspn(line, " ");
		printf("%*s", (int)at, "");
		wrap_text(stdout, line, at, at + 4, columns);
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

/* What the symbols of these formulas mean. */
static void print_symbols(const char *formulas)
{
	bool any = false;
	for (const struct symbol *symbol = symbols; symbol->name; symbol++)
		if (symbol_stands_in(symbol, formulas)) {
			if (!any)
				puts("  symbols:");
			any = true;
			wrap_entry(stdout, symbol->name, 6, symbol->meaning, wrap_columns(stdout));
		}
}

static void explain_part_alone(const struct moe_part *part)
{
	explain_part(part);
	print_symbols(part->formula);
}

/* name: what was asked for, which needs no pointer to itself */
static void explain_term(const struct term *term, const char *name)
{
	print_title("concept", term->name, term->meaning);
	if (*term->also)
		print_fact("also called", term->also);
	if (*term->see && strcmp(term->see, text_keep_f("moesim explain %s", name)) != 0)
		print_fact("see", term->see);
}

static void explain_setting(const struct moe_opt *row)
{
	print_title("setting", text_keep_f("--%s", row->name), options_about(row));
}

static void explain_chart(const struct chart *chart)
{
	print_title("chart", chart->name, chart->shows);
	print_fact("how to read it", chart->reading);
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

static void print_lesson(const struct lesson *lesson)
{
	fputs("  ", stdout);
	wrap_text(stdout, lesson->does, 2, 2, wrap_columns(stdout));
	print_fact("when to use it", lesson->when);
	print_fact("what it costs", lesson->costs);
	print_fact("when it fails", lesson->fails);
	print_fact("who uses it", lesson->used_by);
	print_fact("to try", lesson->command);
	print_fact("look at", lesson->look);
}

/* Of the model of the default settings. */
static int print_counted(const struct moe_recipe *recipe, struct error *err)
{
	struct settings settings;
	struct trainer_needs needs;
	char active[TEXT_NUMBER], total[TEXT_NUMBER], flops[TEXT_NUMBER];
	TRY(settings_resolve(&(struct assignment){ "strategy", recipe->name }, 1, &settings, err));
	TRY(trainer_measure(&settings, &needs, err));
	print_fact("counted", text_keep_f("%s of %s parameters active, %sFLOP per token, in the model of the defaults",
									  text_of_count((double)needs.cost.params_active, active),
									  text_of_count((double)needs.cost.params_total, total),
									  text_of_count((double)needs.cost.flops_forward, flops)));
	return 0;
}

static int explain_recipe(const struct moe_recipe *recipe, struct error *err)
{
	struct sentence sentence;
	struct leak leak;
	const struct lesson *lesson = lesson_find(recipe->name);
	const char *formulas = "";
	TRY(sentence_read(recipe->sentence, NULL, &sentence, err));
	TRY(measure_leak(recipe, &leak, err));
	print_title("strategy", recipe->name, recipe->summary);
	if (lesson)
		print_lesson(lesson);
	TRY(print_counted(recipe, err));
	if (recipe->alias)
		print_fact("also called", recipe->alias);
	print_fact("paper", recipe->cite);
	print_fact("sentence", recipe->sentence);
	print_fact("causal", text_keep_f("%s (measured: %s)", leak_word(leak), findings[leak.causal]));
	for (size_t i = sentence_projects(&sentence) ? 0 : 1; i < sentence_parts(&sentence); i++) {
		putchar('\n');
		explain_part(sentence_part(&sentence, i)->part);
		formulas = text_keep_f("%s %s", formulas, sentence_part(&sentence, i)->part->formula);
	}
	putchar('\n');
	print_symbols(formulas);
	return 0;
}

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

static int explain(const void *options, int argc, char **args, struct error *err)
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
	.run = explain,
};
