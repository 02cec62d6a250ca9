/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_list.c -- moesim list KIND: what there is, one line each.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "experiments/charts/chart.h"
#include "experiments/cli/cmd.h"
#include "experiments/glossary/glossary.h"
#include "experiments/host/json_rows.h"
#include "experiments/host/places.h"
#include "experiments/models/models.h"
#include "experiments/suite/run_settings.h"
#include "experiments/suite/shipped.h"
#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/base/wrap.h"
#include "sim/cluster/load.h"
#include "sim/cluster/placement.h"
#include "sim/cluster/presets.h"
#include "sim/data/stream.h"
#include "sim/metrics/metrics.h"
#include "sim/route/catalog.h"
#include "sim/run/columns.h"

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

/* What was found, in the order in which it is shown. */
struct list {
	size_t n, room;
	struct entry {
		const char *name, *summary;
	} * entry; /* [n] */
};

static void add(struct list *list, const char *name, const char *summary)
{
	if (list->n == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->entry = realloc(list->entry, list->room * sizeof *list->entry);
		if (!list->entry)
			error_no_memory("a list");
	}
	list->entry[list->n++] = (struct entry){ name, summary };
}

static const char *with_unit(const char *meaning, const char *unit)
{
	return *unit ? text_keep_f("%s [%s]", meaning, unit) : meaning;
}

static int list_strategies(struct list *list, struct error *err)
{
	(void)err;
	for (const struct moe_recipe *recipe = catalog_recipes(); recipe->name; recipe++)
		add(list, recipe->name,
			recipe->alias ? text_keep_f("%s (also: %s)", recipe->summary, recipe->alias) : recipe->summary);
	return 0;
}

static int list_parts(enum moe_kind kind, struct list *list)
{
	for (size_t i = 0; catalog_parts()[i]; i++)
		if (catalog_parts()[i]->kind == kind)
			add(list, catalog_parts()[i]->name, catalog_parts()[i]->summary);
	return 0;
}

static int list_projectors(struct list *list, struct error *err)
{
	(void)err;
	return list_parts(MOE_PROJECTOR, list);
}

static int list_scorers(struct list *list, struct error *err)
{
	(void)err;
	return list_parts(MOE_SCORER, list);
}

static int list_selectors(struct list *list, struct error *err)
{
	(void)err;
	return list_parts(MOE_SELECTOR, list);
}

static int list_gates(struct list *list, struct error *err)
{
	(void)err;
	return list_parts(MOE_GATE, list);
}

static int list_balancers(struct list *list, struct error *err)
{
	(void)err;
	return list_parts(MOE_BALANCER, list);
}

static int list_streams(struct list *list, struct error *err)
{
	(void)err;
	for (size_t i = 0; stream_types[i]; i++)
		add(list, stream_types[i]->name, stream_types[i]->summary);
	return 0;
}

static int list_metrics(struct list *list, struct error *err)
{
	(void)err;
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		const struct metric *metric = &metric_rows[i];
		const char *meaning = with_unit(metric->meaning, metric->unit);
		add(list, metric->name,
			*metric->balance ? text_keep_f("%s; at perfect balance %s", meaning, metric->balance) : meaning);
	}
	return 0;
}

/* A balancer whose loss steps.csv has no column for brings one of its own. */
static void add_term(struct list *list, const struct moe_part *part)
{
	const char *column = part->kind == MOE_BALANCER ? ((const struct moe_balancer *)part)->column : NULL;
	if (column && !csv_columns_find(run_columns, FILE_STEPS, column))
		add(list, text_keep_f("steps.%s", column),
			text_keep_f("loss of balancer %s before its weight, mean over the layers", part->name));
}

static int list_columns(struct list *list, struct error *err)
{
	(void)err;
	for (const struct csv_column *column = run_columns; column->name; column++) {
		const char *file = run_file_name((enum run_file)column->file);
		add(list, text_keep_f("%.*s.%s", (int)strlen(file) - (int)strlen(".csv"), file, column->name),
			with_unit(column->meaning, column->unit));
	}
	for (size_t i = 0; catalog_parts()[i]; i++)
		add_term(list, catalog_parts()[i]);
	return 0;
}

static int list_models(struct list *list, struct error *err)
{
	(void)err;
	for (const struct model *model = models; model->name; model++)
		add(list, model->name, model->label);
	return 0;
}

static int list_suites(struct list *list, struct error *err)
{
	for (const char *const *name = shipped_suites(); *name; name++) {
		struct suite suite;
		TRY(suite_read(shipped_suite(*name), run_settings(), &suite, err));
		add(list, *name, text_keep(suite.question));
		suite_free(&suite);
	}
	return 0;
}

static const char *cluster_summary(const struct preset *preset)
{
	bool has_curve = preset->curve[LEVEL_NVL].n > 0 || preset->curve[LEVEL_NIC].n > 0;
	return text_keep_f("%.4g GB/s within a node, %.4g GB/s between nodes%s, %.4g TFLOP/s, %.4g GB/s of memory",
					   preset->figure[FIGURE_nvl_gbps], preset->figure[FIGURE_nic_gbps],
					   has_curve ? " (less for small messages)" : "", preset->figure[FIGURE_tflops],
					   preset->figure[FIGURE_hbm_gbps]);
}

static int list_clusters(struct list *list, struct error *err)
{
	struct presets presets = { .n = 0 };
	TRY(presets_read(path_join(place_clusters(), "clusters.csv"), &presets, err));
	for (size_t i = 0; i < presets.n; i++)
		add(list, text_keep(presets.preset[i].name), cluster_summary(&presets.preset[i]));
	presets_free(&presets);
	return 0;
}

/* A line begins with the name, which is short, and ends with the other ones. */
static int list_concepts(struct list *list, struct error *err)
{
	(void)err;
	for (const struct term *term = glossary; term->name; term++)
		add(list, term->name, *term->also ? text_keep_f("%s (also: %s)", term->meaning, term->also) : term->meaning);
	return 0;
}

static int list_loads(struct list *list, struct error *err)
{
	(void)err;
	for (const struct load_law *law = load_laws; law->name; law++)
		add(list, law->name,
			law->takes_number
				? text_keep_f("%s (X from %g to %g; default %g)", law->summary, law->low, law->high, law->preset)
				: law->summary);
	return 0;
}

static int list_placements(struct list *list, struct error *err)
{
	(void)err;
	for (const struct placement_rule *rule = placement_rules; rule->name; rule++)
		add(list, rule->name, rule->summary);
	return 0;
}

static int list_charts(struct list *list, struct error *err)
{
	(void)err;
	for (size_t i = 0; i < CHARTS; i++)
		add(list, charts[i].name, charts[i].shows);
	return 0;
}

static const struct {
	const char *name, *one;
	int (*fill)(struct list *list, struct error *err);
} kinds[] = {
	{ "strategies", "strategy", list_strategies },
	{ "projectors", "projector", list_projectors },
	{ "scorers", "scorer", list_scorers },
	{ "selectors", "selector", list_selectors },
	{ "gates", "gate", list_gates },
	{ "balancers", "balancer", list_balancers },
	{ "streams", "stream", list_streams },
	{ "metrics", "metric", list_metrics },
	{ "columns", "column", list_columns },
	{ "models", "model", list_models },
	{ "suites", "suite", list_suites },
	{ "clusters", "cluster", list_clusters },
	{ "loads", "load", list_loads },
	{ "placements", "placement", list_placements },
	{ "charts", "chart", list_charts },
	{ "concepts", "concept", list_concepts },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const char *const *kind_names(void)
{
	static const char *names[KINDS + 1];
	for (size_t i = 0; i < KINDS; i++)
		names[i] = kinds[i].name;
	return names;
}

static const char *all_kinds(void)
{
	const char *all = kinds[0].name;
	for (size_t i = 1; i < KINDS; i++)
		all = text_keep_f("%s, %s", all, kinds[i].name);
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

static int print_kind(size_t kind, const struct list_options *opt, struct error *err)
{
	struct list list = { .n = 0 };
	int status = kinds[kind].fill(&list, err);
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
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(args[0], kinds[i].name) == 0 || strcmp(args[0], kinds[i].one) == 0)
			return print_kind(i, opt, err);
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
