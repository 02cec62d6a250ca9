/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_domains.c -- which experts the domains of a stream use, as matrices.
 */
#include <config.h>

#include <math.h>
#include <string.h>

#include "experiments/charts/ids.h"
#include "experiments/charts/panels.h"
#include "experiments/charts/ranks.h"

/* The last step of domains.csv: tokens[layer][domain][expert]. */
struct domains {
	struct ids layers, names, experts;
	double *tokens;
};

static double *tokens_at(const struct domains *d, size_t layer, size_t domain, size_t expert)
{
	return &d->tokens[(layer * d->names.n + domain) * d->experts.n + expert];
}

static int add_tokens(const struct csv_table *table, const int *column, struct domains *d, bool counting,
					  struct error *err)
{
	const char *last = csv_cell(table, table->rows - 1, column[0]);
	for (size_t i = 0; i < table->rows; i++) {
		if (strcmp(csv_cell(table, i, column[0]), last) != 0)
			continue;
		size_t layer = ids_of(&d->layers, csv_cell(table, i, column[1]));
		size_t name = ids_of(&d->names, csv_cell(table, i, column[2]));
		size_t expert = ids_of(&d->experts, csv_cell(table, i, column[3]));
		if (layer == SIZE_MAX || name == SIZE_MAX || expert == SIZE_MAX) {
			fail(err, ERROR_USER, "more than %d different layers, domains or experts", IDS_LIMIT);
			return fail_at(err, table->path, table->line[i], 0);
		}
		double tokens = csv_number(table, i, column[4], NULL);
		if (!counting && isfinite(tokens))
			*tokens_at(d, layer, name, expert) += tokens;
	}
	return 0;
}

static int take_domains(struct arena *arena, const struct csv_table *table, struct domains *d, struct error *err)
{
	static const char *const name[] = { "step", "layer", "domain", "expert", "tokens" };
	int column[5];
	for (int i = 0; i < 5; i++)
		TRY(run_folder_column(table, name[i], &column[i], err));
	TRY(add_tokens(table, column, d, true, err));
	d->tokens = arena_take(arena, d->layers.n * d->names.n, d->experts.n * sizeof(double));
	return add_tokens(table, column, d, false, err);
}

static int read_domains(struct arena *arena, const struct run_folder *run, struct domains *d, struct error *err)
{
	struct csv_table table;
	TRY(run_folder_table(run, "domains.csv", &table, err));
	ids_start(&d->layers, arena, &table);
	ids_start(&d->names, arena, &table);
	ids_start(&d->experts, arena, &table);
	int failed = table.rows ? take_domains(arena, &table, d, err) : 0;
	csv_table_free(&table);
	return failed;
}

/* Each domain's tokens as shares in units of an even spread over the experts, in place. */
static void normalize(const struct domains *d, size_t layer)
{
	for (size_t n = 0; n < d->names.n; n++) {
		double sum = 0;
		for (size_t e = 0; e < d->experts.n; e++)
			sum += *tokens_at(d, layer, n, e);
		for (size_t e = 0; e < d->experts.n; e++)
			*tokens_at(d, layer, n, e) *= sum > 0 ? (double)d->experts.n / sum : 0;
	}
}

static void put_domain_panel(struct chart_sheet *sheet, struct panels *panels, const struct study_series *series,
							 const struct domains *d, size_t layer)
{
	struct ranked *order = ARENA_TAKE(&sheet->arena, d->experts.n, struct ranked);
	if (!panels_open(panels, series->label, d->layers.name[layer], d->experts.n, d->names.n))
		return;
	normalize(d, layer);
	ranks_by_domain(tokens_at(d, layer, 0, 0), d->names.n, d->experts.n, order);
	for (size_t n = 0; n < d->names.n; n++)
		for (size_t c = 0; c < d->experts.n; c++) {
			double share = *tokens_at(d, layer, n, order[c].id);
			panels->most = fmax(panels->most, share);
			csv_int(sheet->data, (int64_t)panels->n);
			chart_put_text(sheet, series->label);
			chart_put_text(sheet, d->layers.name[layer]);
			chart_put_text(sheet, d->names.name[n]);
			csv_int(sheet->data, (int64_t)n);
			chart_put_text(sheet, d->experts.name[order[c].id]);
			csv_int(sheet->data, (int64_t)c);
			chart_put(sheet, share);
			csv_row(sheet->data);
		}
}

/* The value of a metric at the end of the run, in one layer; NAN when it was not measured. */
static int last_metric(const struct run_folder *run, const char *layer, const char *metric, double *value,
					   struct error *err)
{
	struct csv_table table;
	*value = NAN;
	TRY(run_folder_table(run, "layers.csv", &table, err));
	int at = csv_column(&table, metric), of_layer = csv_column(&table, "layer");
	for (size_t i = table.rows; at >= 0 && of_layer >= 0 && !isfinite(*value) && i-- > 0;)
		if (strcmp(csv_cell(&table, i, of_layer), layer) == 0)
			*value = csv_number(&table, i, at, NULL);
	csv_table_free(&table);
	return 0;
}

/* The names of the domains, where all panels have the same. */
static void keep_names(struct chart_sheet *sheet, const struct domains *d, size_t *known)
{
	if (*known)
		return;
	*known = d->names.n;
	chart_set_number(sheet, "domains", (double)d->names.n);
	chart_set_texts(sheet, "domain", d->names.n, d->names.name);
}

static int put_domain_series(struct chart_sheet *sheet, struct panels *panels, const struct study_series *series,
							 size_t *known, struct error *err)
{
	struct domains d = { .tokens = NULL };
	TRY(read_domains(&sheet->arena, series->run[0], &d, err));
	if (d.names.n < 2 || d.experts.n < 2) {
		chart_note(sheet, "%s: no tokens of several domains went to several experts", series->label);
		return 0;
	}
	keep_names(sheet, &d, known);
	panels->layers = panels->layers > d.layers.n ? panels->layers : d.layers.n;
	for (size_t i = panels_first_layer(sheet, d.layers.n); i < d.layers.n; i++) {
		size_t before = panels->n;
		put_domain_panel(sheet, panels, series, &d, i);
		if (panels->n > before)
			TRY(last_metric(series->run[0], d.layers.name[i], "domain_nmi", &panels->scale[before], err));
	}
	return 0;
}

int fill_domains(struct chart_sheet *sheet, struct error *err)
{
	struct panels *panels = panels_new(sheet);
	size_t *shown = ARENA_TAKE(&sheet->arena, sheet->study->n, size_t), n = panels_choose_series(sheet, shown),
		   known = 0;
	for (size_t i = 0; i < n; i++)
		TRY(put_domain_series(sheet, panels, &sheet->study->series[shown[i]], &known, err));
	if (panels->n == 0) {
		sheet->missing = "no run has experts and tokens with domain labels (domains.csv)";
		return 0;
	}
	panels_put(sheet, panels);
	return 0;
}
