/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * explain.c -- one thing explained on stdout: its title, its facts, its formulas.
 */
#include <config.h>

#include "experiments/cli/explain.h"

#include <string.h>

#include "experiments/glossary/lessons.h"
#include "experiments/suite/run_settings.h"
#include "experiments/suite/shipped.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/base/wrap.h"
#include "sim/route/catalog.h"
#include "sim/train/leak.h"

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

void explain_part_alone(const struct moe_part *part)
{
	explain_part(part);
	print_symbols(part->formula);
}

/* name: what was asked for, which needs no pointer to itself */
void explain_term(const struct term *term, const char *name)
{
	print_title("concept", term->name, term->meaning);
	if (*term->also)
		print_fact("also called", term->also);
	if (*term->see && strcmp(term->see, text_keep_f("moesim explain %s", name)) != 0)
		print_fact("see", term->see);
}

void explain_setting(const struct moe_opt *row)
{
	print_title("setting", text_keep_f("--%s", row->name), options_about(row));
}

void explain_chart(const struct chart *chart)
{
	print_title("chart", chart->name, chart->shows);
	print_fact("how to read it", chart->reading);
}

void explain_stream(const struct stream_type *type)
{
	print_title("stream", type->name, type->summary);
	print_formula(type->formula);
	print_fact("good for", type->use);
	print_fact("source", type->cite);
	print_options(type->opts);
}

void explain_metric(const struct metric *metric)
{
	print_title("metric", metric->name, metric->meaning);
	if (*metric->unit)
		print_fact("unit", metric->unit);
	if (*metric->balance)
		print_fact("at perfect balance", metric->balance);
}

void explain_column(const struct csv_column *column)
{
	print_title("column", column->name, column->meaning);
	print_fact("file", run_file_name(run_column_file(column)));
	if (*column->unit)
		print_fact("unit", column->unit);
}

void explain_model(const struct model *model)
{
	print_title("model", model->name, model->label);
	print_fact("source", model->source);
	if (model->router)
		print_fact("routing", model->router);
	print_fact("parameters, FLOPs and memory", text_keep_f("moesim model %s", model->name));
}

int explain_suite(const char *name, struct error *err)
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

int explain_recipe(const struct moe_recipe *recipe, struct error *err)
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
