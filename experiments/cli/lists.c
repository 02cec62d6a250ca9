/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lists.c -- everything that can be listed, a row each.
 */
#include <config.h>

#include "experiments/cli/lists.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/charts/chart.h"
#include "experiments/glossary/glossary.h"
#include "experiments/host/places.h"
#include "experiments/models/models.h"
#include "experiments/suite/run_settings.h"
#include "experiments/suite/shipped.h"
#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/cluster/load.h"
#include "sim/cluster/placement.h"
#include "sim/cluster/presets.h"
#include "sim/data/stream.h"
#include "sim/metrics/metrics.h"
#include "sim/route/catalog.h"
#include "sim/run/columns.h"

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
		const char *file = run_file_name(run_column_file(column));
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

const struct list_kind list_kinds[] = {
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
	{ NULL, NULL, NULL },
};
