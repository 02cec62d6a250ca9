/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * manual_files.c -- the manual pages of what a user writes: suite files and sentences of a strategy.
 */
#include <config.h>

#include "experiments/cli/manual.h"
#include "experiments/cli/roff.h"
#include "experiments/glossary/glossary.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"
#include "sim/route/layer_options.h"
#include "sim/run/run.h"

static void put_row(const struct moe_opt *row, FILE *to)
{
	const char *value = options_placeholder(row);
	roff_item(*value ? text_keep_f("%s = %s", row->name, value) : row->name, options_about(row), to);
}

static void put_rows(const struct moe_opt *rows, FILE *to)
{
	for (const struct moe_opt *row = rows; row && row->name; row++)
		put_row(row, to);
}

/* ---- moesim-suite(5) ----------------------------------------------------------------------------------------- */

/* A test makes a file of it. */
static const char suite_example[] = "# What does a capacity cost, and does balancing help?\n"
									"[global]\n"
									"seed = 1..3\n"
									"steps = 200\n"
									"capacity = none | 1.25 | 1\n"
									"\n"
									"[unbalanced]\n"
									"strategy = top-k\n"
									"\n"
									"[balanced]\n"
									"strategy = aux-loss | \"top-k balance=bias,rate=0.01\"";

static const char *const suite_rules[][2] = {
	{ "# TEXT",
	  "a comment, to the end of the line. The first comment is the question that the suite asks; up to an empty "
	  "line of comment it may take several lines" },
	{ "include = FILE",
	  "reads that file first; a path is taken from the folder of the including file. What it sets may "
	  "be set again. Includes stand above the first section, and are nested at most 7 deep" },
	{ "[NAME]",
	  "begins a section. The keys of [global] hold for every section that does not set them itself. Where there "
	  "is no other section, [global] is the grid; otherwise each other section is one, and [global] makes no "
	  "runs of its own" },
	{ "KEY = VALUE", "sets a key, which is a flag of moesim run without its dashes" },
	{ "VALUE | VALUE", "alternatives: the section's runs are all combinations of the alternatives of its keys, and "
					   "runs that two sections ask for are made once" },
	{ "A..B", "for a key that is an integer: all integers from A to B" },
	{ "VALUE + VALUE", "in balance, balancers that act together" },
	{ "'VALUE' or \"VALUE\"", "keeps blanks, '|', '#' and '..' as they are; there is no escape character" },
};
enum { SUITE_RULES = sizeof suite_rules / sizeof *suite_rules };

void manual_suite_page(FILE *to)
{
	static const struct moe_opt carried[] = { RUN_CHECKPOINT_ROW(0), { .name = NULL } };
	roff_begin("moesim-suite", 5, "a question and the runs that answer it", to);
	roff_heading("DESCRIPTION", to);
	roff_paragraph("A suite file is read by 'moesim suite FILE', which makes its runs and says what came of them; "
				   "'moesim suite FILE --dry-run' lists them. It is text in lines; blank lines mean nothing.",
				   to);
	roff_heading("LINES", to);
	for (size_t i = 0; i < SUITE_RULES; i++)
		roff_item(suite_rules[i][0], suite_rules[i][1], to);
	roff_heading("EXAMPLE", to);
	roff_example(suite_example, to);
	roff_heading("KEYS OF [global] ALONE", to);
	put_rows(carried, to);
	roff_heading("KEYS", to);
	put_rows(config_rows(), to);
	roff_heading("OTHER NAMES", to);
	for (size_t i = 0; config_aliases[i][0]; i++)
		roff_item(config_aliases[i][0], config_aliases[i][1], to);
	roff_heading("SEE ALSO", to);
	fputs(".BR moesim (1),\n.BR moesim\\-strategy (5)\n", to);
}

/* ---- moesim-strategy(5) -------------------------------------------------------------------------------------- */

/* Tests run each of them. */
static const char *const sentences[][2] = {
	{ "expert-choice", "a strategy by its name" },
	{ "top-k,k=4", "with a setting of the layer, or of one of its parts" },
	{ "aux-loss balance=+z,weight=0.001", "with one more balancer" },
	{ "top-k balance=aux,weight=0.05+z", "with other balancers than its own" },
	{ "bias balance=none shared=1", "with none, and a shared expert" },
	{ "scorer=sigmoid selector=top-k gate=renorm balance=bias,rate=0.01 k=4 experts=32", "spelled out" },
};
enum { SENTENCES = sizeof sentences / sizeof *sentences };

static const char grammar[] = "sentence  = [strategy{,key=value}] {word}\n"
							  "word      = projector=part | scorer=part | selector=part | gate=part\n"
							  "          | balance=[+]part{+part} | layer-option=value\n"
							  "part      = name{,key=value}";

static void put_part(const struct moe_part *part, FILE *to)
{
	roff_item(text_keep_f("%s=%s", part->kind == MOE_BALANCER ? "balance" : catalog_kind(part->kind), part->name),
			  text_keep_f("%s (%s)", part->summary, part->cite), to);
	fputs(".RS\n", to);
	roff_example(part->formula, to);
	put_rows(part->opts, to);
	fputs(".RE\n", to);
}

void manual_strategy_page(FILE *to)
{
	roff_begin("moesim-strategy", 5, "a routing strategy in words", to);
	roff_heading("DESCRIPTION", to);
	roff_paragraph("A strategy is a sentence of parts: a projector, a scorer, a selector, a gate and any number of "
				   "balancers, with "
				   "options of the layer. It is what --strategy takes, and what a suite file's key strategy and a "
				   "manifest hold. Words stand apart by blanks; an option that is not given has its default.",
				   to);
	roff_example(grammar, to);
	roff_paragraph(
		"A key behind a strategy's name is looked up among the options of the layer, then among those of its "
		"parts. balance=none takes all balancers away, balance=z leaves that one alone, and balance=+z adds it "
		"to those of the strategy. k is short for top-k. Without a gate, weights are renormalized.",
		to);
	roff_heading("EXAMPLES", to);
	for (size_t i = 0; i < SENTENCES; i++)
		roff_item(sentences[i][0], sentences[i][1], to);
	roff_heading("STRATEGIES", to);
	for (const struct moe_recipe *recipe = catalog_recipes(); recipe->name; recipe++)
		roff_item(recipe->name, recipe->sentence, to);
	roff_heading("OPTIONS OF THE LAYER", to);
	put_rows(layer_rows, to);
	roff_heading("PARTS", to);
	for (size_t i = 0; catalog_parts()[i]; i++)
		put_part(catalog_parts()[i], to);
	roff_heading("SYMBOLS", to);
	for (const struct symbol *symbol = symbols; symbol->name; symbol++)
		roff_item(symbol->name, symbol->meaning, to);
	roff_heading("SEE ALSO", to);
	fputs(".BR moesim (1),\n.BR moesim\\-suite (5)\n", to);
}
