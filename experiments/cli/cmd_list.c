/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_list.c -- moesim list KIND: what there is, one line each.
 */
#include <config.h>

#include <string.h>

#include "experiments/cli/cmd.h"
#include "experiments/host/places.h"
#include "experiments/models/models.h"
#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/cluster/presets.h"
#include "sim/data/stream.h"
#include "sim/metrics/metrics.h"
#include "sim/route/catalog.h"
#include "sim/run/columns.h"

struct list_options {
	bool names;
};

static const struct moe_opt list_rows[] = {
	{ .name = "names",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct list_options, names),
	  .high = 1,
	  .help = "names only, one a line" },
	{ .name = NULL },
};

static void line(bool names, const char *name, const char *summary)
{
	if (names)
		puts(name);
	else
		printf("%-18s %s\n", name, summary);
}

static void list_strategies(bool names)
{
	for (const struct moe_recipe *recipe = catalog_recipes(); recipe->name; recipe++)
		line(names, recipe->name,
			 recipe->alias ? text_keep_f("%s (also: %s)", recipe->summary, recipe->alias) : recipe->summary);
}

static void list_parts(enum moe_kind kind, bool names)
{
	for (size_t i = 0; catalog_parts()[i]; i++)
		if (catalog_parts()[i]->kind == kind)
			line(names, catalog_parts()[i]->name, catalog_parts()[i]->summary);
}

static void list_scorers(bool names)
{
	list_parts(MOE_SCORER, names);
}

static void list_selectors(bool names)
{
	list_parts(MOE_SELECTOR, names);
}

static void list_gates(bool names)
{
	list_parts(MOE_GATE, names);
}

static void list_balancers(bool names)
{
	list_parts(MOE_BALANCER, names);
}

static void list_streams(bool names)
{
	for (size_t i = 0; stream_types[i]; i++)
		line(names, stream_types[i]->name, stream_types[i]->summary);
}

static void list_metrics(bool names)
{
	for (size_t i = 0; i < METRIC_COUNT; i++)
		line(names, metric_rows[i].name,
			 text_keep_f("%s%s%s", metric_rows[i].meaning,
						 *metric_rows[i].unit ? text_keep_f(" [%s]", metric_rows[i].unit) : "",
						 *metric_rows[i].balance ? text_keep_f("; in balance %s", metric_rows[i].balance) : ""));
}

static void list_column(bool names, const struct csv_column *column)
{
	const char *file = run_file_name((enum run_file)column->file);
	line(names, text_keep_f("%.*s.%s", (int)strlen(file) - 4, file, column->name),
		 text_keep_f("%s%s", column->meaning, *column->unit ? text_keep_f(" [%s]", column->unit) : ""));
}

/* A balancer whose loss steps.csv has no column for brings one of its own. */
static void list_term(bool names, const struct moe_part *part)
{
	const char *column = part->kind == MOE_BALANCER ? ((const struct moe_balancer *)part)->column : NULL;
	if (column && !csv_columns_find(run_columns, FILE_STEPS, column))
		line(names, text_keep_f("steps.%s", column),
			 text_keep_f("loss of balancer %s before its weight, mean over the layers", part->name));
}

static void list_columns(bool names)
{
	for (const struct csv_column *column = run_columns; column->name; column++)
		list_column(names, column);
	for (size_t i = 0; catalog_parts()[i]; i++)
		list_term(names, catalog_parts()[i]);
}

static void list_models(bool names)
{
	for (const struct model *model = models; model->name; model++)
		line(names, model->name, model->label);
}

static const char *cluster_summary(const struct preset *preset)
{
	return text_keep_f("%.4g GB/s within a node, %.4g GB/s between nodes, %.4g TFLOP/s, %.4g GB/s of memory",
					   preset->figure[FIGURE_nvl_gbps], preset->figure[FIGURE_nic_gbps], preset->figure[FIGURE_tflops],
					   preset->figure[FIGURE_hbm_gbps]);
}

static int list_clusters(bool names, struct error *err)
{
	struct presets presets = { .n = 0 };
	TRY(presets_read(path_join(place_clusters(), "clusters.csv"), &presets, err));
	for (size_t i = 0; i < presets.n; i++)
		line(names, presets.preset[i].name, cluster_summary(&presets.preset[i]));
	presets_free(&presets);
	return 0;
}

static const struct {
	const char *name;
	void (*list)(bool names);
} kinds[] = {
	{ "strategies", list_strategies }, { "scorers", list_scorers },     { "selectors", list_selectors },
	{ "gates", list_gates },           { "balancers", list_balancers }, { "streams", list_streams },
	{ "metrics", list_metrics },       { "columns", list_columns },     { "models", list_models },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static int list(const void *options, int argc, char **args, struct error *err)
{
	const struct list_options *opt = options;
	static const char in_a_file[] = "clusters"; /* which may fail to be read */
	const char *known[KINDS + 2] = { NULL }, *all = "";
	for (size_t i = 0; i < KINDS; i++) {
		known[i] = kinds[i].name;
		all = text_keep_f("%s%s%s", all, *all ? ", " : "", kinds[i].name);
	}
	known[KINDS] = in_a_file;
	all = text_keep_f("%s, %s", all, in_a_file);
	if (argc != 1)
		return fail(err, ERROR_USER, "list takes one of: %s", all);
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(args[0], kinds[i].name) == 0) {
			kinds[i].list(opt->names);
			return 0;
		}
	if (strcmp(args[0], in_a_file) == 0)
		return list_clusters(opt->names, err);
	const char *near = text_nearest(args[0], known);
	return fail(err, ERROR_USER, "there are no '%s' to list (%s%s%s)", args[0],
				near ? "did you mean '" : "known: ", near ? near : all, near ? "'?" : "");
}

const struct command command_list = {
	.name = "list",
	.summary = "strategies, parts, streams, metrics, columns, models, clusters: one line each",
	.arguments = "KIND",
	.about =
		"KIND is one of strategies, scorers, selectors, gates, balancers, streams, metrics, columns, models, clusters.",
	.opts = list_rows,
	.opts_size = sizeof(struct list_options),
	.run = list,
};
