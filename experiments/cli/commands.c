/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * commands.c -- the table of commands, and what a word that is none of them may have meant.
 */
#include <config.h>

#include <string.h>

#include "experiments/cli/cmd.h"
#include "experiments/models/models.h"
#include "experiments/suite/shipped.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"

const struct command *const commands[] = {
#define COMMAND(name) &command_##name,
#include "experiments/cli/commands.def"
#undef COMMAND
	NULL
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

const char *const *command_names(void)
{
	static const char *names[sizeof commands / sizeof *commands];
	for (size_t i = 0; commands[i]; i++)
		names[i] = commands[i]->name;
	return names;
}

/* The command line that does something with a thing of this name; NULL when there is no such thing. */
static const char *line_for(const char *word)
{
	if (catalog_recipe(word))
		return text_keep_f("moesim run --strategy %s", word);
	if (shipped_suite(word))
		return text_keep_f("moesim suite %s", word);
	return model_find(word) ? text_keep_f("moesim model %s", word) : NULL;
}

/* The same for a name that is nearly this word. */
static const char *line_near(const char *word)
{
	const char *near = text_nearest(word, catalog_recipe_names());
	near = near ? near : text_nearest(word, shipped_suites());
	near = near ? near : text_nearest(word, model_names());
	return near ? line_for(near) : NULL;
}

int command_unknown(const char *word, struct error *err)
{
	const char *line = line_for(word), *near = text_nearest(word, command_names());
	if (line)
		return fail(err, ERROR_USER, "unknown command '%s' (did you mean '%s'?)", word, line);
	if (near == NULL)
		near = line_near(word);
	if (near)
		return fail(err, ERROR_USER, "unknown command '%s' (did you mean '%s'?)", word, near);
	return fail(err, ERROR_USER, "unknown command '%s' (see: moesim --help)", word);
}
