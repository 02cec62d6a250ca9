/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * manual.c -- help and manual page, printed from the tables.
 */
#include <config.h>

#include "experiments/cli/manual.h"

#include <string.h>

#include "sim/base/build.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/data/stream.h"
#include "sim/metrics/metrics.h"
#include "sim/route/catalog.h"
#include "sim/run/columns.h"

static const char question[] = "how should a Mixture-of-Experts model route its tokens?";

static const char *const exit_codes[][2] = {
	{ "0", "done" },
	{ "1", "the world failed: disk, memory, a missing program" },
	{ "2", "the input is wrong" },
	{ "3", "a check that was asked for did not hold, or a single run diverged" },
	{ "128+n", "ended by signal n" },
};
enum { EXIT_CODES = sizeof exit_codes / sizeof *exit_codes };

static const char *const examples[][2] = {
	{ "moesim --strategy expert-choice", "train one small MoE model and write runs/expert-choice-s1" },
	{ "moesim --strategy top-k --balance aux,weight=0.01+z", "token choice with two balancing losses" },
	{ "moesim suite quick", "compare strategies over seeds" },
	{ "moesim plot runs/quick", "draw the charts of a suite" },
	{ "moesim report runs/quick", "the suite as one web page" },
	{ "moesim explain bias", "formula, paper and options of a strategy or part" },
};
enum { EXAMPLES = sizeof examples / sizeof *examples };

void manual_overview(FILE *to)
{
	fprintf(to, "moesim: %s\n\nUsage: moesim [COMMAND] [FLAGS]      (no command means run)\n\nCommands:\n", question);
	for (size_t i = 0; commands[i]; i++)
		fprintf(to, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\nExamples:\n", to);
	for (size_t i = 0; i < EXAMPLES; i++)
		fprintf(to, "  %-54s %s\n", examples[i][0], examples[i][1]);
	fputs("\nmoesim COMMAND --help tells the flags of a command, moesim --version what this is.\n", to);
}

static const char *placeholder(const struct moe_opt *row)
{
	static const char *const word[] = { " N", " X", " WORD", "", " TEXT" };
	return text_keep_f("--%s%s", row->name, word[row->type]);
}

static const char *bounds(const struct moe_opt *row)
{
	const char *preset = options_value_preset(row);
	if (row->type == MOE_OPT_FLAG)
		return "";
	if (row->type == MOE_OPT_TEXT)
		return *preset ? text_keep_f(" (default %s)", preset) : "";
	return text_keep_f(" (%s; default %s)", options_range(row), preset);
}

static void print_flags(const struct moe_opt *rows, FILE *to)
{
	for (const struct moe_opt *row = rows; row->name; row++)
		fprintf(to, "  %-22s %s%s%s%s%s\n", placeholder(row), row->help, row->unit ? " [" : "",
				row->unit ? row->unit : "", row->unit ? "]" : "", bounds(row));
}

static void print_aliases(FILE *to)
{
	fputs("\nOther names that are understood:\n", to);
	for (size_t i = 0; config_aliases[i][0]; i++)
		fprintf(to, "  --%-28s --%s\n", config_aliases[i][0], config_aliases[i][1]);
	for (size_t i = 0; config_words[i][0]; i++)
		fprintf(to, "  --%-28s the word %s in --strategy\n", config_words[i][0], config_words[i][1]);
}

void manual_command(const struct command *command, FILE *to)
{
	fprintf(to, "moesim %s: %s\n\nUsage: moesim %s%s%s [FLAGS]\n\n%s\n", command->name, command->summary, command->name,
			*command->arguments ? " " : "", command->arguments, command->about);
	if (command->opts->name) {
		fputs("\nFlags:\n", to);
		print_flags(command->opts, to);
	}
	if (command->takes_settings) {
		fputs("\nSettings (they decide the results):\n", to);
		print_flags(config_rows(), to);
		print_aliases(to);
	}
}

/* ---- the manual page ------------------------------------------------------------------------------------------ */

/* Text with what roff would read as a command made harmless. */
static void roff(const char *text, FILE *to)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", to);
	for (; *text; text++)
		if (*text == '\\')
			fputs("\\e", to);
		else if (*text == '-')
			fputs("\\-", to);
		else
			putc(*text, to);
}

static void roff_item(const char *head, const char *body, FILE *to)
{
	fputs(".TP\n.B ", to);
	roff(head, to);
	putc('\n', to);
	roff(body, to);
	putc('\n', to);
}

static void roff_flags(const struct moe_opt *rows, FILE *to)
{
	for (const struct moe_opt *row = rows; row->name; row++)
		roff_item(placeholder(row),
				  text_keep_f("%s%s%s", row->help, row->unit ? text_keep_f(" [%s]", row->unit) : "", bounds(row)), to);
}

static void roff_commands(FILE *to)
{
	fputs(".SH COMMANDS\n", to);
	for (size_t i = 0; commands[i]; i++) {
		fprintf(to, ".SS \"moesim %s %s\"\n", commands[i]->name, commands[i]->arguments);
		roff(commands[i]->about, to);
		putc('\n', to);
		roff_flags(commands[i]->opts, to);
	}
	fputs(".SH SETTINGS\nEach is a flag of\n.B moesim run\nand a key of a suite file.\n", to);
	roff_flags(config_rows(), to);
}

static void roff_routing(FILE *to)
{
	fputs(".SH STRATEGIES\n", to);
	for (const struct moe_recipe *recipe = catalog_recipes(); recipe->name; recipe++)
		roff_item(text_keep_f("%s%s%s", recipe->name, recipe->alias ? ", " : "", recipe->alias ? recipe->alias : ""),
				  text_keep_f("%s: %s", recipe->summary, recipe->sentence), to);
	fputs(".SH PARTS\n", to);
	for (size_t i = 0; catalog_parts()[i]; i++) {
		const struct moe_part *part = catalog_parts()[i];
		roff_item(text_keep_f("%s %s", catalog_kind(part->kind), part->name),
				  text_keep_f("%s (%s)", part->summary, part->cite), to);
	}
	fputs(".SH STREAMS\n", to);
	for (size_t i = 0; stream_types[i]; i++)
		roff_item(stream_types[i]->name, stream_types[i]->summary, to);
}

static void roff_files(FILE *to)
{
	fputs(".SH FILES OF A RUN\n", to);
	for (int i = 0; i < RUN_FILES; i++) {
		fprintf(to, ".SS %s\n", run_file_name((enum run_file)i));
		for (const struct csv_column *column = run_columns; column->name; column++)
			if (column->file == i)
				roff_item(column->name,
						  text_keep_f("%s%s", column->meaning, *column->unit ? text_keep_f(" [%s]", column->unit) : ""),
						  to);
	}
}

void manual_page(FILE *to)
{
	/* .ad l, because a sentence of parts is a long word that leaves no line to adjust */
	fprintf(to, ".TH MOESIM 1 \"\" \"moesim %s\" \"User commands\"\n.ad l\n.SH NAME\nmoesim \\- %s\n", build.version,
			question);
	fputs(".SH SYNOPSIS\n.B moesim\n[COMMAND] [FLAGS]\n.PP\nWith no command word,\n.B run\nis meant.\n", to);
	roff_commands(to);
	roff_routing(to);
	roff_files(to);
	fputs(".SH EXIT STATUS\n", to);
	for (size_t i = 0; i < EXIT_CODES; i++)
		roff_item(exit_codes[i][0], exit_codes[i][1], to);
	fputs(".SH EXAMPLES\n", to);
	for (size_t i = 0; i < EXAMPLES; i++)
		roff_item(examples[i][0], examples[i][1], to);
}
