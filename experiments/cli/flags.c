/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * flags.c -- the command line of one command, read by its option rows with getopt_long.
 */
#include <config.h>

#include "experiments/cli/flags.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"
#include "sim/train/borrowed.h"

/* getopt's value of entry i is FIRST + i: no character, and no two alike, because of several flags with equal values it
 * would take the first for an abbreviation of all. */
enum { FIRST = 256, HELP = FIRST };

static const struct {
	char letter;
	const char *name;
} letters[] = { { 'h', "help" }, { 'o', "out" }, { 'j', "jobs" }, { 'n', "dry-run" }, { 'q', "quiet" } };
enum { LETTERS = sizeof letters / sizeof *letters };

char flag_letter(const char *name)
{
	for (size_t i = 0; i < LETTERS; i++)
		if (strcmp(letters[i].name, name) == 0)
			return letters[i].letter;
	return 0;
}

static size_t table_find(const struct flag_table *table, const char *name)
{
	size_t i = 0;
	while (i < table->n && strcmp(table->option[i].name, name) != 0)
		i++;
	return i;
}

/* Does the flag take a value, can it, or not? */
static int argument_of(const char *name, const struct moe_opt *row)
{
	if (row == NULL)
		return no_argument;
	bool flag = row->type == MOE_OPT_FLAG || (borrowed_known(name) && borrowed_is_flag(name));
	return flag ? optional_argument : required_argument;
}

static void table_add(struct flag_table *table, const char *name, const struct moe_opt *row, bool own)
{
	if (table_find(table, name) < table->n)
		return; /* a command's own flag comes before a setting of the same name */
	if (table->n + 1 == FLAGS_MOST)
		BUG("too many flags");
	table->option[table->n] = (struct option){ name, argument_of(name, row), NULL, FIRST + (int)table->n };
	table->own[table->n] = own;
	table->row[table->n++] = row;
}

static void add_setting(struct flag_table *table, unsigned groups, const char *name, const char *row_name)
{
	const struct moe_opt *row = config_find(row_name);
	if (groups & config_group(row))
		table_add(table, name, row, false);
}

void flag_table_fill(struct flag_table *table, const struct command *command)
{
	*table = (struct flag_table){ 0 };
	table_add(table, "help", NULL, true);
	for (const struct moe_opt *row = command->opts; row->name; row++)
		table_add(table, row->name, row, true);
	for (const struct moe_opt *row = config_rows(); row->name; row++)
		add_setting(table, command->settings, row->name, row->name);
	for (size_t i = 0; config_aliases[i][0]; i++)
		add_setting(table, command->settings, config_aliases[i][0], config_aliases[i][1]);
	for (size_t i = 0; borrowed_name(i); i++)
		add_setting(table, command->settings, borrowed_name(i), "strategy");
}

/* Such as ":ho:q"; the first colon makes getopt tell a missing value from an unknown flag. */
static const char *letters_of(const struct flag_table *table)
{
	const char *all = ":";
	for (size_t i = 0; i < LETTERS; i++) {
		size_t at = table_find(table, letters[i].name);
		if (at < table->n && table->own[at])
			all = text_keep_f("%s%c%s", all, letters[i].letter,
							  table->option[at].has_arg == required_argument ? ":" : "");
	}
	return all;
}

/* The entry that getopt's answer means. */
static size_t entry_of(const struct flag_table *table, int answer)
{
	for (size_t i = 0; i < LETTERS; i++)
		if (letters[i].letter == answer)
			return table_find(table, letters[i].name);
	return (size_t)(answer - FIRST);
}

/* "--moe_router_topk=2" becomes "--moe-router-topk=2", in place. */
static void dash_names(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		for (char *at = argv[i]; strncmp(argv[i], "--", 2) == 0 && *at && *at != '='; at++)
			*at = *at == '_' ? '-' : *at;
}

/* A setting by one of its names, and not of the command's own groups. */
static bool is_setting(const char *name)
{
	return config_find(name) || borrowed_known(name);
}

/* Another command with a flag of this name. */
static const struct command *owner_of(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (options_find(commands[i]->opts, name))
			return commands[i];
	return NULL;
}

static int refuse_setting(const struct command *command, const char *name, struct error *err)
{
	const char *instead = options_find(command->opts, "set") ? text_keep_f("write --set %s=VALUE", name) : "run does";
	return fail(err, ERROR_USER, "%s does not use the setting '--%s' (%s)", command->name, name, instead);
}

static int unknown(const struct flag_table *table, const struct command *command, const char *word, struct error *err)
{
	const char *names[FLAGS_MOST], *name = text_keep_n(word, strcspn(word, "="));
	const char *bare = strncmp(name, "--", 2) == 0 ? name + 2 : "";
	if (is_setting(bare))
		return refuse_setting(command, bare, err);
	for (size_t i = 0; i <= table->n; i++)
		names[i] = table->option[i].name;
	const char *near = *bare ? text_nearest(bare, names) : NULL;
	const struct command *owner = owner_of(bare);
	if (owner)
		return fail(err, ERROR_USER, "unknown flag '%s': it belongs to %s, not to %s%s%s%s", name, owner->name,
					command->name, near ? " (did you mean '--" : "", near ? near : "", near ? "'?)" : "");
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

static int take(const struct command *command, const struct flag_table *table, size_t i, const char *value,
				struct flags *flags, struct error *err)
{
	struct given *given = flags->opt;
	if (table->own[i]) {
		value = joined(command, table->row[i], flags->opt, value ? value : "yes");
		if (options_set(table->row[i], flags->opt, value, err) != 0)
			return fail_at(err, text_keep_f("--%s", table->option[i].name), 0, 0);
		return 0;
	}
	if (given->n == sizeof given->assignment / sizeof *given->assignment)
		return fail(err, ERROR_USER, "too many flags");
	given->assignment[given->n++] = (struct assignment){ table->option[i].name, value ? value : "yes" };
	return 0;
}

static int read_all(const struct command *command, const struct flag_table *table, int argc, char **argv,
					struct flags *flags, struct error *err)
{
	int kind;
	opterr = 0;
	optind = 0; /* 0 makes glibc start from scratch */
	while ((kind = getopt_long(argc, argv, letters_of(table), table->option, NULL)) != -1) {
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
		TRY(take(command, table, entry_of(table, kind), optarg, flags, err));
	}
	flags->argc = argc - optind;
	flags->args = argv + optind;
	return 0;
}

static int unexpected(const struct command *command, const char *word, struct error *err)
{
	if ((command->settings & SETTINGS_ROUTING) && catalog_recipe(word))
		return fail(err, ERROR_USER, "unexpected argument '%s' (did you mean '--strategy %s'?)", word, word);
	return fail(err, ERROR_USER, "unexpected argument '%s' (see: moesim %s --help)", word, command->name);
}

int flags_read(const struct command *command, int argc, char **argv, struct flags *flags, struct error *err)
{
	struct flag_table table;
	*flags = (struct flags){ .opt = calloc(1, command->opts_size ? command->opts_size : 1) };
	if (flags->opt == NULL)
		error_no_memory("the command line");
	options_preset(command->opts, flags->opt);
	flag_table_fill(&table, command);
	dash_names(argc, argv);
	TRY(read_all(command, &table, argc, argv, flags, err));
	if (!flags->help && flags->argc > 0 && *command->arguments == 0)
		return unexpected(command, flags->args[0], err);
	return 0;
}

void flags_free(struct flags *flags)
{
	free(flags->opt);
	flags->opt = NULL;
}
