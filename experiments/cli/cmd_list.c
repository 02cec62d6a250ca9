/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_list.c -- moesim list KIND: what there is, one line each.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "experiments/cli/cmd.h"
#include "experiments/cli/lists.h"
#include "experiments/host/json_rows.h"
#include "sim/base/text.h"
#include "sim/base/words.h"
#include "sim/base/wrap.h"

struct list_options {
	bool names, json;
};

static const struct moe_opt list_rows[] = {
	{ .name = "names",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct list_options, names),
	  .help = "print the names only, one per line" },
	{ .name = "json",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct list_options, json),
	  .help = "print JSON: an array of objects with name and summary" },
	{ .name = NULL },
};

static const char *const *kind_names(void)
{
	static struct words names;
	if (names.n > 0)
		return words_list(&names);
	for (const struct list_kind *kind = list_kinds; kind->name; kind++)
		words_add(&names, kind->name);
	return words_list(&names);
}

static const char *all_kinds(void)
{
	const char *all = list_kinds[0].name;
	for (const struct list_kind *kind = list_kinds + 1; kind->name; kind++)
		all = text_keep_f("%s, %s", all, kind->name);
	return all;
}

static void print_names(const struct list *list)
{
	for (size_t i = 0; i < list->n; i++)
		puts(list->entry[i].name);
}

/* Wrapped on a terminal only: elsewhere a line is one thing. */
static void print_lines(const struct list *list)
{
	size_t width = 0, columns = wrap_columns_of_terminal(stdout);
	for (size_t i = 0; i < list->n; i++)
		width = wrap_length(list->entry[i].name) > width ? wrap_length(list->entry[i].name) : width;
	for (size_t i = 0; i < list->n; i++) {
		printf("%-*s  ", (int)width, list->entry[i].name);
		wrap_text(stdout, list->entry[i].summary, width + 2, width + 2, columns);
	}
}

static int print_json(const struct list *list, struct error *err)
{
	json_t *array = json_array();
	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array,
							  json_pack("{s:s, s:s}", "name", list->entry[i].name, "summary", list->entry[i].summary));
	return json_print(array, err);
}

static int print_kind(const struct list_kind *kind, const struct list_options *opt, struct error *err)
{
	struct list list = { .n = 0 };
	int status = kind->fill(&list, err);
	if (status == 0 && opt->names)
		print_names(&list);
	else if (status == 0 && opt->json)
		status = print_json(&list, err);
	else if (status == 0)
		print_lines(&list);
	free(list.entry);
	return status;
}

static int list(const void *options, int argc, char **args, struct error *err)
{
	const struct list_options *opt = options;
	if (argc != 1)
		return fail(err, ERROR_USER, "list takes one of: %s", all_kinds());
	if (opt->names && opt->json)
		return fail(err, ERROR_USER, "--names and --json exclude each other");
	for (const struct list_kind *kind = list_kinds; kind->name; kind++)
		if (strcmp(args[0], kind->name) == 0 || strcmp(args[0], kind->one) == 0)
			return print_kind(kind, opt, err);
	const char *near = text_nearest(args[0], kind_names());
	return fail(err, ERROR_USER, "there are no '%s' to list (%s%s%s)", args[0],
				near ? "did you mean '" : "known: ", near ? near : all_kinds(), near ? "'?" : "");
}

const struct command command_list = {
	.name = "list",
	.summary =
		"strategies, parts, streams, metrics, columns, models, suites, clusters, charts, concepts: one line each",
	.arguments = "KIND",
	.about = "KIND is one of strategies, projectors, scorers, selectors, gates, balancers, streams, metrics, columns, "
			 "models, suites, clusters, loads, placements, charts, concepts.",
	.opts = list_rows,
	.opts_size = sizeof(struct list_options),
	.words = kind_names,
	.run = list,
};
