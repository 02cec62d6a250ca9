/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * manual.c -- help and manual page, printed from the tables.
 */
#include <config.h>

#include "experiments/cli/manual.h"

#include <string.h>

#include "experiments/cli/flags.h"
#include "experiments/cli/roff.h"
#include "experiments/glossary/glossary.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/base/wrap.h"
#include "sim/data/stream.h"
#include "sim/metrics/metrics.h"
#include "sim/route/catalog.h"
#include "sim/run/columns.h"
#include "sim/train/borrowed.h"

static const char question[] = "how should a Mixture-of-Experts model route its tokens?";

static const char *const exit_codes[][2] = {
	{ "0", "done" },
	{ "1", "system error: disk, memory, a missing program" },
	{ "2", "usage error or invalid input" },
	{ "3", "a requested check failed, or a single run diverged" },
	{ "128+n", "ended by signal n" },
};
enum { EXIT_CODES = sizeof exit_codes / sizeof *exit_codes };

static const char *const examples[][2] = {
	{ "moesim demo", "watch a router choose experts, before and after training" },
	{ "moesim --strategy expert-choice", "train one small MoE model and write runs/expert-choice-s1" },
	{ "moesim --strategy top-k --balance aux,weight=0.01+z", "token choice with two balancing losses" },
	{ "moesim suite quick", "compare strategies over seeds" },
	{ "moesim plot runs/quick", "draw the charts of a suite" },
	{ "moesim report runs/quick", "the suite as one web page" },
	{ "moesim explain bias", "what a strategy does, when to use it and when it fails" },
};
enum { EXAMPLES = sizeof examples / sizeof *examples };

static const char *const program_flags[][2] = {
	{ "-h, --help", "print this help and exit" },
	{ "-V, --version", "print the version and exit" },
	{ "--man[=PAGE]", "print the manual page moesim(1), or with suite or strategy one of files, as roff" },
};
enum { PROGRAM_FLAGS = sizeof program_flags / sizeof *program_flags };

void manual_overview(FILE *to)
{
	enum { HEAD = 13, BELOW = 4 }; /* BELOW: every example has a line of its own */
	size_t columns = wrap_columns(to);
	wrap_text(to, text_keep_f("moesim: %s", question), 0, 0, columns);
	fputs("\nUsage: moesim [COMMAND] [FLAGS]\n\n", to);
	wrap_text(to, "Commands (without one, flags are those of run):", 0, 0, columns);
	for (size_t i = 0; commands[i]; i++)
		wrap_entry(to, commands[i]->name, HEAD, commands[i]->summary, columns);
	fputs("\nFlags:\n", to);
	for (size_t i = 0; i < PROGRAM_FLAGS; i++)
		wrap_entry(to, program_flags[i][0], HEAD, program_flags[i][1], columns);
	fputs("\nExamples:\n", to);
	for (size_t i = 0; i < EXAMPLES; i++)
		wrap_entry(to, examples[i][0], BELOW, examples[i][1], columns);
	fputc('\n', to);
	wrap_text(to, "'moesim help COMMAND' lists the flags of a command; 'man moesim' has it all.", 0, 0, columns);
}

/* "-o, --out TEXT" */
static const char *head_of(const struct moe_opt *row, bool own)
{
	const char *value = options_placeholder(row);
	char letter = own ? flag_letter(row->name) : 0;
	return text_keep_f("%s--%s%s%s", letter ? text_keep_f("-%c, ", letter) : "", row->name, *value ? " " : "", value);
}

enum { HEAD = 22 }; /* columns of a flag in help; what is longer has a line of its own */

static void print_flag(const struct moe_opt *row, FILE *to)
{
	wrap_entry(to, head_of(row, true), HEAD, options_about(row), wrap_columns(to));
}

static void print_setting(const struct moe_opt *row, FILE *to)
{
	wrap_entry(to, head_of(row, false), HEAD, options_about(row), wrap_columns(to));
}

/* Calls visit() for each setting of one group. */
static void each_setting(unsigned group, void (*visit)(const struct moe_opt *row, FILE *to), FILE *to)
{
	for (const struct moe_opt *row = config_rows(); row->name; row++)
		if (config_group(row) == group)
			visit(row, to);
}

static void print_settings(unsigned groups, FILE *to)
{
	fputs("\nSettings, which affect the results:\n", to);
	for (unsigned group = 1; group < SETTINGS_ALL; group <<= 1)
		if (groups & group) {
			fprintf(to, "\n %s:\n", config_group_title((enum setting_group)group));
			each_setting(group, print_setting, to);
		}
}

static void print_aliases(unsigned groups, FILE *to)
{
	enum { ALIAS = 28, BELOW = 2 }; /* a word is long and never split: it has a line of its own */
	fputc('\n', to);
	wrap_text(to, "Aliases, as in Megatron-LM and Hugging Face Transformers:", 0, 0, wrap_columns(to));
	for (size_t i = 0; config_aliases[i][0]; i++)
		if (groups & config_group(config_find(config_aliases[i][1])))
			wrap_entry(to, text_keep_f("--%s", config_aliases[i][0]), ALIAS, text_keep_f("--%s", config_aliases[i][1]),
					   wrap_columns(to));
	for (size_t i = 0; (groups & SETTINGS_ROUTING) && borrowed_name(i); i++)
		wrap_entry(to, text_keep_f("--%s", borrowed_name(i)), BELOW, text_keep_f("%s in --strategy", borrowed_words(i)),
				   wrap_columns(to));
}

void manual_command(const struct command *command, FILE *to)
{
	wrap_text(to, text_keep_f("moesim %s: %s", command->name, command->summary), 0, 0, wrap_columns(to));
	fputc('\n', to);
	wrap_text(to, text_keep_f("Usage: moesim %s [FLAGS] %s", command->name, command->arguments), 0, 7,
			  wrap_columns(to));
	fputc('\n', to);
	wrap_text(to, command->about, 0, 0, wrap_columns(to));
	fputs("\nFlags:\n", to);
	wrap_entry(to, "-h, --help", HEAD, "print this help and exit", wrap_columns(to));
	for (const struct moe_opt *row = command->opts; row->name; row++)
		print_flag(row, to);
	if (command->settings) {
		print_settings(command->settings, to);
		print_aliases(command->settings, to);
	}
}

static void roff_flag(const struct moe_opt *row, FILE *to)
{
	roff_item(head_of(row, true), options_about(row), to);
}

static void roff_setting(const struct moe_opt *row, FILE *to)
{
	roff_item(head_of(row, false), options_about(row), to);
}

static void roff_settings(FILE *to)
{
	fputs(".SH SETTINGS\nEach is a flag of\n.B moesim run\nand a key of a suite file.\n", to);
	for (unsigned group = 1; group < SETTINGS_ALL; group <<= 1) {
		fprintf(to, ".SS %s\n", config_group_title((enum setting_group)group));
		each_setting(group, roff_setting, to);
	}
}

static void roff_commands(FILE *to)
{
	fputs(".SH COMMANDS\n", to);
	for (size_t i = 0; commands[i]; i++) {
		fprintf(to, ".SS \"moesim %s %s\"\n", commands[i]->name, commands[i]->arguments);
		roff_text(commands[i]->about, to);
		putc('\n', to);
		for (const struct moe_opt *row = commands[i]->opts; row->name; row++)
			roff_flag(row, to);
	}
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

static void roff_glossary(FILE *to)
{
	fputs(".SH GLOSSARY\n", to);
	for (const struct term *term = glossary; term->name; term++)
		roff_item(*term->also ? text_keep_f("%s (%s)", term->name, term->also) : term->name, term->meaning, to);
}

static void roff_files(FILE *to)
{
	fputs(".SH FILES OF A RUN\n", to);
	for (int i = 0; i < RUN_FILES; i++) {
		fprintf(to, ".SS %s\n", run_file_name((enum run_file)i));
		for (const struct csv_column *column = run_columns; column->name; column++)
			if ((int)run_column_file(column) == i)
				roff_item(column->name,
						  text_keep_f("%s%s", column->meaning, *column->unit ? text_keep_f(" [%s]", column->unit) : ""),
						  to);
	}
}

void manual_page(FILE *to)
{
	roff_begin("moesim", 1, question, to);
	fputs(".SH SYNOPSIS\n.B moesim\n[COMMAND] [FLAGS]\n.PP\nFlags without a command are those of\n.BR run .\n", to);
	roff_commands(to);
	roff_settings(to);
	roff_routing(to);
	roff_files(to);
	roff_glossary(to);
	fputs(".SH EXIT STATUS\n", to);
	for (size_t i = 0; i < EXIT_CODES; i++)
		roff_item(exit_codes[i][0], exit_codes[i][1], to);
	fputs(".SH EXAMPLES\n", to);
	for (size_t i = 0; i < EXAMPLES; i++)
		roff_item(examples[i][0], examples[i][1], to);
	fputs(".SH SEE ALSO\n.BR moesim\\-suite (5),\n.BR moesim\\-strategy (5)\n", to);
}
