/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * part_options.c -- the options of parts and streams that differ between the runs of a suite.
 */
#include <config.h>

#include "experiments/suite/part_options.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/error.h"
#include "sim/base/text.h"

static struct part_option *find(struct part_options *options, const char *name)
{
	for (size_t i = 0; i < options->n; i++)
		if (strcmp(options->option[i].name, name) == 0)
			return &options->option[i];
	return NULL;
}

static struct part_option *open_option(struct part_options *options, const char *name)
{
	if ((options->n & (options->n - 1)) == 0) {
		size_t room = options->n ? 2 * options->n : 1;
		options->option = realloc(options->option, room * sizeof *options->option);
		if (!options->option)
			error_no_memory("options of parts");
	}
	struct part_option *option = &options->option[options->n++];
	*option = (struct part_option){ text_keep(name), calloc(options->runs, sizeof *option->value) };
	if (!option->value)
		error_no_memory("options of parts");
	return option;
}

void part_options_add(struct part_options *options, size_t run, const struct run_folder *of)
{
	for (size_t i = 0; i < of->settings; i++) {
		const char *name = of->setting[i].name;
		if (!strchr(name, '.'))
			continue;
		struct part_option *option = find(options, name);
		option = option ? option : open_option(options, name);
		option->value[run] = text_keep(of->setting[i].value);
	}
}

static bool differs(const struct part_option *option, size_t runs)
{
	const char *first = NULL;
	for (size_t i = 0; i < runs; i++) {
		if (first && option->value[i] && strcmp(first, option->value[i]) != 0)
			return true;
		first = first ? first : option->value[i];
	}
	return false;
}

void part_options_choose(struct part_options *options)
{
	size_t kept = 0;
	for (size_t i = 0; i < options->n; i++)
		if (differs(&options->option[i], options->runs))
			options->option[kept++] = options->option[i];
		else
			free(options->option[i].value);
	options->n = kept;
}

void part_options_free(struct part_options *options)
{
	for (size_t i = 0; i < options->n; i++)
		free(options->option[i].value);
	free(options->option);
}
