/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * flags.c -- the command line of one command, read by its option rows with getopt_long.
 */
#include <config.h>

#include "experiments/cli/flags.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/text.h"

/* getopt's value of entry i is FIRST + i: no character, and no two alike, because of several flags with equal values it
 * would take the first for an abbreviation of all. */
enum { MOST = 256, FIRST = 256, HELP = FIRST };

/* getopt's table, and beside it what each entry means. */
struct table {
	size_t n;
	struct option option[MOST];
	const struct moe_opt *row[MOST]; /* NULL for --help */
	bool own[MOST];                  /* the command's own, not a setting */
};

static void table_add(struct table *table, const char *name, const struct moe_opt *row, bool own)
{
	for (size_t i = 0; i < table->n; i++)
		if (strcmp(table->option[i].name, name) == 0)
			return; /* a command's own flag comes before a setting of the same name */
	if (table->n + 1 == MOST)
		BUG("too many flags");
	int argument = row == NULL ? no_argument : row->type == MOE_OPT_FLAG ? optional_argument : required_argument;
	table->option[table->n] = (struct option){ name, argument, NULL, FIRST + (int)table->n };
	table->own[table->n] = own;
	table->row[table->n++] = row;
}

static void table_fill(struct table *table, const struct command *command)
{
	*table = (struct table){ 0 };
	table_add(table, "help", NULL, true);
	for (const struct moe_opt *row = command->opts; row->name; row++)
		table_add(table, row->name, row, true);
	if (!command->takes_settings)
		return;
	for (const struct moe_opt *row = config_rows(); row->name; row++)
		table_add(table, row->name, row, false);
	for (size_t i = 0; config_aliases[i][0]; i++)
		table_add(table, config_aliases[i][0], config_find(config_aliases[i][1]), false);
	for (size_t i = 0; config_words[i][0]; i++)
		table_add(table, config_words[i][0], config_find("strategy"), false);
}

/* "--moe_router_topk=2" becomes "--moe-router-topk=2", in place. */
static void dash_names(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		for (char *at = argv[i]; strncmp(argv[i], "--", 2) == 0 && *at && *at != '='; at++)
			*at = *at == '_' ? '-' : *at;
}

static int unknown(const struct table *table, const struct command *command, const char *word, struct error *err)
{
	const char *names[MOST], *name = text_keep_n(word, strcspn(word, "="));
	for (size_t i = 0; i <= table->n; i++)
		names[i] = table->option[i].name;
	const char *near = strncmp(name, "--", 2) == 0 ? text_nearest(name + 2, names) : NULL;
	if (near)
		return fail(err, ERROR_USER, "unknown flag '%s' (did you mean '--%s'?)", name, near);
	return fail(err, ERROR_USER, "unknown flag '%s' (see: moesim %s --help)", name, command->name);
}

/* All values so far of the flag that may be given several times; of any other one the last. */
static const char *joined(const struct command *command, const struct moe_opt *row, const void *opt, const char *value)
{
	if (!command->repeated || strcmp(command->repeated, row->name) != 0)
		return value;
	const char *before = options_value(row, opt);
	return *before ? text_keep_f("%s;%s", before, value) : value;
}

static int take(const struct command *command, const struct table *table, size_t i, const char *value,
				struct flags *flags, struct error *err)
{
	struct given *given = flags->opt;
	if (table->own[i]) {
		value = joined(command, table->row[i], flags->opt, value ? value : "yes");
		if (options_set(table->row[i], flags->opt, value, err) != 0)
			return fail_at(err, text_keep_f("--%s", table->option[i].name), 0, 0);
		return 0;
	}
	if (!command->takes_settings || given->n == sizeof given->assignment / sizeof *given->assignment)
		return fail(err, ERROR_USER, "too many flags");
	given->assignment[given->n++] = (struct assignment){ table->option[i].name, value ? value : "yes" };
	return 0;
}

static int read_all(const struct command *command, const struct table *table, int argc, char **argv,
					struct flags *flags, struct error *err)
{
	int kind;
	opterr = 0;
	optind = 0; /* 0 makes glibc start anew */
	while ((kind = getopt_long(argc, argv, ":h", table->option, NULL)) != -1) {
		if (kind == 'h' || kind == HELP) {
			flags->help = true;
			return 0;
		}
		if (kind == ':')
			return fail(err, ERROR_USER, "flag '%s' needs a value", argv[optind - 1]);
		if (kind == '?' && optopt == HELP)
			return fail(err, ERROR_USER, "flag '--help' takes no value");
		if (kind == '?')
			return unknown(table, command, optopt ? text_keep_f("-%c", optopt) : argv[optind - 1], err);
		TRY(take(command, table, (size_t)(kind - FIRST), optarg, flags, err));
	}
	flags->argc = argc - optind;
	flags->args = argv + optind;
	return 0;
}

int flags_read(const struct command *command, int argc, char **argv, struct flags *flags, struct error *err)
{
	struct table table;
	*flags = (struct flags){ .opt = calloc(1, command->opts_size ? command->opts_size : 1) };
	if (flags->opt == NULL)
		error_no_memory("the command line");
	options_preset(command->opts, flags->opt);
	table_fill(&table, command);
	dash_names(argc, argv);
	TRY(read_all(command, &table, argc, argv, flags, err));
	if (!flags->help && flags->argc > 0 && *command->arguments == 0)
		return fail(err, ERROR_USER, "unexpected argument '%s' (see: moesim %s --help)", flags->args[0], command->name);
	return 0;
}

void flags_free(struct flags *flags)
{
	free(flags->opt);
	flags->opt = NULL;
}
