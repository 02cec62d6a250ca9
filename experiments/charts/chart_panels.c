/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chart_panels.c -- charts of matrices: one panel per series and layer, of one run each.
 *
 * Experts are exchangeable, so a mean over seeds would blur what each of them became; the first seed stands for all.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/charts/chart.h"
#include "sim/base/text.h"

enum {
	PANELS = 48,    /* more would be too small to read */
	SERIES = 24,    /* series that are shown */
	LOAD_BINS = 64, /* columns of a heat map */
	IDS_LIMIT = 1 << 16
};

/* ---- ids of a column ------------------------------------------------------------------------------------- */

/* The different words of a column, numbered in the order of appearance. */
struct ids {
	size_t n, room;
	const char **name;
	size_t slots, *slot; /* open addressing: index + 1, 0 is empty */
};

static void ids_start(struct ids *ids, struct arena *arena, const struct csv_table *table)
{
	size_t most = table->rows < IDS_LIMIT ? table->rows : IDS_LIMIT;
	*ids = (struct ids){ .room = most, .slots = 4 * most + 1 };
	ids->name = ARENA_TAKE(arena, most + 1, const char *);
	ids->slot = ARENA_TAKE(arena, ids->slots, size_t);
}

/* SIZE_MAX when there are too many. */
static size_t ids_of(struct ids *ids, const char *name)
{
	size_t at = text_hash(name) % ids->slots;
	for (; ids->slot[at]; at = (at + 1) % ids->slots)
		if (strcmp(ids->name[ids->slot[at] - 1], name) == 0)
			return ids->slot[at] - 1;
	if (ids->n == ids->room)
		return SIZE_MAX;
	ids->name[ids->n++] = text_keep(name);
	ids->slot[at] = ids->n;
	return ids->n - 1;
}

/* ---- panels ---------------------------------------------------------------------------------------------- */

/* What the scripts must know of each panel. */
struct panels {
	size_t n, series;
	const char *label[PANELS], *layer[PANELS];
	double first[PANELS], last[PANELS]; /* rows of the CSV, from 0 */
	double width[PANELS], height[PANELS];
	double scale[PANELS]; /* tokens of a bin, or the strength of what is shown */
	size_t layers;        /* most layers of a run */
	double rows;
	double most; /* the greatest value */
};

static struct panels *panels_new(struct chart_sheet *sheet)
{
	return ARENA_TAKE(&sheet->arena, 1, struct panels);
}

static bool open_panel(struct panels *panels, const char *label, const char *layer, size_t width, size_t height)
{
	if (panels->n == PANELS)
		return false;
	size_t p = panels->n++;
	panels->label[p] = label;
	panels->layer[p] = layer;
	panels->width[p] = (double)width;
	panels->height[p] = (double)height;
	panels->first[p] = panels->rows;
	panels->rows += (double)width * (double)height;
	panels->last[p] = panels->rows - 1;
	return true;
}

static void put_panels(struct chart_sheet *sheet, const struct panels *panels)
{
	chart_set_number(sheet, "panels", (double)panels->n);
	chart_set_number(sheet, "layers", (double)panels->layers);
	chart_set_labels(sheet, panels->n, panels->label);
	chart_set_texts(sheet, "layer", panels->n, panels->layer);
	chart_set_numbers(sheet, "first", panels->n, panels->first);
	chart_set_numbers(sheet, "last", panels->n, panels->last);
	chart_set_numbers(sheet, "columns", panels->n, panels->width);
	chart_set_numbers(sheet, "rows", panels->n, panels->height);
	chart_set_numbers(sheet, "scale", panels->n, panels->scale);
	chart_set_number(sheet, "most", panels->most);
}

/* The place-th of n series is one of the `few` that lie evenly among them, both ends of a sweep included. */
static bool is_spread(size_t place, size_t n, size_t few)
{
	for (size_t i = 0; i < few && few < n; i++)
		if ((few > 1 ? i * (n - 1) / (few - 1) : 0) == place)
			return true;
	return few >= n;
}

/* Layers without a choice have nothing to show, and must not take the place of those that have. */
static bool chooses_experts(const struct study_series *series)
{
	return strcmp(run_folder_setting(series->run[0], "selector"), "none") != 0;
}

static size_t first_of_strategy(const struct study *study, size_t series)
{
	size_t first = 0;
	while (strcmp(study->series[first].strategy, study->series[series].strategy) != 0)
		first++;
	return first;
}

/* Fills shown[study->n] and returns their number.  Of more than SERIES series, every strategy shows the same number, so
 * that each is there with the extremes of what was swept. */
static size_t choose_series(struct chart_sheet *sheet, size_t *shown)
{
	const struct study *study = sheet->study;
	size_t *size = ARENA_TAKE(&sheet->arena, study->n, size_t), *met = ARENA_TAKE(&sheet->arena, study->n, size_t);
	size_t n = 0, strategies = 0;
	for (size_t i = 0; i < study->n; i++)
		if (chooses_experts(&study->series[i]))
			strategies += size[first_of_strategy(study, i)]++ == 0;
	size_t few = study->n <= SERIES ? study->n : strategies == 0 || strategies > SERIES ? 1 : SERIES / strategies;
	for (size_t i = 0; i < study->n && n < SERIES; i++) {
		size_t first = first_of_strategy(study, i);
		if (few == study->n || (chooses_experts(&study->series[i]) && is_spread(met[first]++, size[first], few)))
			shown[n++] = i;
	}
	if (n < study->n)
		chart_note(sheet, "of %zu series, %zu are shown, spread evenly over each strategy's", study->n, n);
	return n;
}

/* Many series times many layers: then the last layer, where routing is most specialised, stands for the run. */
static bool only_last_layer(const struct chart_sheet *sheet, size_t layers)
{
	return layers * sheet->study->n > 24;
}

static void note_seed(struct chart_sheet *sheet, const struct panels *panels)
{
	const struct run_folder *first = sheet->study->series[0].run[0];
	bool same = true;
	for (size_t i = 0; i < sheet->study->n; i++)
		same &= sheet->study->series[i].run[0]->seed == first->seed;
	chart_set_text(sheet, "of_run",
				   same && first->seed >= 0 ? text_keep_f("seed %lld", (long long)first->seed)
											: "the first seed of each");
	if (panels->n == PANELS)
		chart_note(sheet, "only the first %d panels are shown", PANELS);
}

/* ---- load ------------------------------------------------------------------------------------------------ */

/* experts.csv by number: assigned[layer][step][expert]. */
struct loads {
	struct ids layers, steps, experts;
	double *assigned;
	double *step; /* [steps] */
};

static double *load_at(const struct loads *l, size_t layer, size_t step, size_t expert)
{
	return &l->assigned[(layer * l->steps.n + step) * l->experts.n + expert];
}

/* The number of each row's layer, step and expert; the file's own mistakes are the user's error. */
static int number_rows(const struct csv_table *table, struct loads *l, const int *column, size_t (*id)[3],
					   struct error *err)
{
	for (size_t i = 0; i < table->rows; i++) {
		id[i][0] = ids_of(&l->layers, csv_cell(table, i, column[0]));
		id[i][1] = ids_of(&l->steps, csv_cell(table, i, column[1]));
		id[i][2] = ids_of(&l->experts, csv_cell(table, i, column[2]));
		if (id[i][0] == SIZE_MAX || id[i][1] == SIZE_MAX || id[i][2] == SIZE_MAX) {
			fail(err, ERROR_USER, "more than %d different layers, steps or experts", IDS_LIMIT);
			return fail_at(err, table->path, table->line[i], 0);
		}
	}
	return 0;
}

static int take_loads(struct arena *arena, const struct csv_table *table, struct loads *l, struct error *err)
{
	int column[3], assigned;
	static const char *const name[] = { "layer", "step", "expert" };
	for (int i = 0; i < 3; i++)
		TRY(run_folder_column(table, name[i], &column[i], err));
	TRY(run_folder_column(table, "assigned", &assigned, err));
	size_t(*id)[3] = arena_take(arena, table->rows, sizeof *id);
	TRY(number_rows(table, l, column, id, err));
	l->assigned = arena_take(arena, l->layers.n * l->steps.n, l->experts.n * sizeof(double));
	l->step = ARENA_TAKE(arena, l->steps.n, double);
	for (size_t i = 0; i < table->rows; i++) {
		double tokens = csv_number(table, i, assigned, NULL);
		if (isfinite(tokens))
			*load_at(l, id[i][0], id[i][1], id[i][2]) = tokens;
		l->step[id[i][1]] = csv_number(table, i, column[1], NULL);
	}
	return 0;
}

static int read_loads(struct arena *arena, const struct run_folder *run, struct loads *l, struct error *err)
{
	struct csv_table table;
	TRY(run_folder_table(run, "experts.csv", &table, err));
	ids_start(&l->layers, arena, &table);
	ids_start(&l->steps, arena, &table);
	ids_start(&l->experts, arena, &table);
	int failed = table.rows ? take_loads(arena, &table, l, err) : 0;
	csv_table_free(&table);
	return failed;
}

/* The layer's load in each bin, in units of the fair share: load[bin][expert]. */
static void bin_loads(const struct loads *l, size_t layer, size_t bins, double *load)
{
	for (size_t b = 0; b < bins; b++) {
		double *row = &load[b * l->experts.n], sum = 0;
		size_t from = b * l->steps.n / bins, to = (b + 1) * l->steps.n / bins;
		for (size_t s = from < to ? from : 0; s < (from < to ? to : 1); s++)
			for (size_t e = 0; e < l->experts.n; e++)
				row[e] += *load_at(l, layer, s, e);
		for (size_t e = 0; e < l->experts.n; e++)
			sum += row[e];
		for (size_t e = 0; e < l->experts.n; e++)
			row[e] = sum > 0 ? row[e] * (double)l->experts.n / sum : 0;
	}
}

struct ranked {
	double value;
	size_t id;
};

static int by_value(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

/* Experts by their load in the last eighth of training, the fullest first. */
static void rank_experts(const double *load, size_t bins, size_t experts, struct ranked *order)
{
	for (size_t e = 0; e < experts; e++) {
		order[e] = (struct ranked){ .value = 0, .id = e };
		for (size_t b = bins - (bins + 7) / 8; b < bins; b++)
			order[e].value += load[b * experts + e];
	}
	qsort(order, experts, sizeof *order, by_value);
}

static void put_load_row(struct chart_sheet *sheet, const struct panels *panels, const char *expert, size_t rank,
						 size_t bin, double tokens, double load)
{
	csv_int(sheet->data, (int64_t)panels->n);
	chart_put_text(sheet, panels->label[panels->n - 1]);
	chart_put_text(sheet, panels->layer[panels->n - 1]);
	csv_int(sheet->data, (int64_t)rank);
	chart_put_text(sheet, expert);
	csv_int(sheet->data, (int64_t)bin);
	chart_put(sheet, tokens);
	chart_put(sheet, load);
	csv_row(sheet->data);
}

static void put_load_panel(struct chart_sheet *sheet, struct panels *panels, const struct study_series *series,
						   const struct loads *l, size_t layer)
{
	/* gnuplot draws no image of one column */
	size_t experts = l->experts.n, bins = l->steps.n < 2 ? 2 : l->steps.n < LOAD_BINS ? l->steps.n : LOAD_BINS;
	double *load = arena_take(&sheet->arena, bins, experts * sizeof *load);
	struct ranked *order = ARENA_TAKE(&sheet->arena, experts, struct ranked);
	if (!open_panel(panels, series->label, l->layers.name[layer], bins, experts))
		return;
	bin_loads(l, layer, bins, load);
	rank_experts(load, bins, experts, order);
	double end =
		l->step[l->steps.n - 1] * (isfinite(series->run[0]->tokens_per_step) ? series->run[0]->tokens_per_step : 1);
	panels->scale[panels->n - 1] = end / (double)bins;
	for (size_t r = 0; r < experts; r++)
		for (size_t b = 0; b < bins; b++) {
			double value = load[b * experts + order[r].id];
			panels->most = fmax(panels->most, value);
			put_load_row(sheet, panels, l->experts.name[order[r].id], r, b, end * ((double)b + 0.5) / (double)bins,
						 value);
		}
}

static int put_load_series(struct chart_sheet *sheet, struct panels *panels, const struct study_series *series,
						   struct error *err)
{
	struct loads l = { .assigned = NULL };
	TRY(read_loads(&sheet->arena, series->run[0], &l, err));
	if (l.experts.n < 2) {
		chart_note(sheet, "%s: no experts to choose from", series->label);
		return 0;
	}
	panels->series++;
	panels->layers = panels->layers > l.layers.n ? panels->layers : l.layers.n;
	for (size_t i = only_last_layer(sheet, l.layers.n) ? l.layers.n - 1 : 0; i < l.layers.n; i++)
		put_load_panel(sheet, panels, series, &l, i);
	return 0;
}

int chart_fill_load(struct chart_sheet *sheet, struct error *err)
{
	struct panels *panels = panels_new(sheet);
	size_t *shown = ARENA_TAKE(&sheet->arena, sheet->study->n, size_t), n = choose_series(sheet, shown);
	double most = 0;
	bool known = true;
	for (size_t i = 0; i < n; i++)
		TRY(put_load_series(sheet, panels, &sheet->study->series[shown[i]], err));
	if (panels->n == 0) {
		sheet->missing = "no run has experts to choose from";
		return 0;
	}
	for (size_t p = 0; p < panels->n; p++)
		most = fmax(most, panels->scale[p] * panels->width[p]);
	for (size_t i = 0; i < sheet->study->n; i++)
		known &= isfinite(sheet->study->series[i].run[0]->tokens_per_step) != 0;
	if (only_last_layer(sheet, panels->layers) && panels->layers > 1) {
		chart_note(sheet, "of %zu layers, only the last is shown", panels->layers);
		panels->layers = 1;
	}
	put_panels(sheet, panels);
	chart_set_tokens(sheet, most, known);
	note_seed(sheet, panels);
	return 0;
}

/* ---- domains --------------------------------------------------------------------------------------------- */

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
static void normalise(const struct domains *d, size_t layer)
{
	for (size_t n = 0; n < d->names.n; n++) {
		double sum = 0;
		for (size_t e = 0; e < d->experts.n; e++)
			sum += *tokens_at(d, layer, n, e);
		for (size_t e = 0; e < d->experts.n; e++)
			*tokens_at(d, layer, n, e) *= sum > 0 ? (double)d->experts.n / sum : 0;
	}
}

/* Experts by the domain that uses them most, and within it by how much: blocks appear on the diagonal. */
static void order_by_domain(const struct domains *d, size_t layer, struct ranked *order)
{
	for (size_t e = 0; e < d->experts.n; e++) {
		size_t best = 0;
		double sum = 0;
		for (size_t n = 0; n < d->names.n; n++) {
			sum += *tokens_at(d, layer, n, e);
			if (*tokens_at(d, layer, n, e) > *tokens_at(d, layer, best, e))
				best = n;
		}
		double share = sum > 0 ? *tokens_at(d, layer, best, e) / sum : 0;
		/* unused experts last */
		order[e] = (struct ranked){ .value = sum > 0 ? 2 * (double)(d->names.n - best) + share : 0, .id = e };
	}
	qsort(order, d->experts.n, sizeof *order, by_value);
}

static void put_domain_panel(struct chart_sheet *sheet, struct panels *panels, const struct study_series *series,
							 const struct domains *d, size_t layer)
{
	struct ranked *order = ARENA_TAKE(&sheet->arena, d->experts.n, struct ranked);
	if (!open_panel(panels, series->label, d->layers.name[layer], d->experts.n, d->names.n))
		return;
	normalise(d, layer);
	order_by_domain(d, layer, order);
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
	for (size_t i = only_last_layer(sheet, d.layers.n) ? d.layers.n - 1 : 0; i < d.layers.n; i++) {
		size_t before = panels->n;
		put_domain_panel(sheet, panels, series, &d, i);
		if (panels->n > before)
			TRY(last_metric(series->run[0], d.layers.name[i], "domain_nmi", &panels->scale[before], err));
	}
	return 0;
}

int chart_fill_domains(struct chart_sheet *sheet, struct error *err)
{
	struct panels *panels = panels_new(sheet);
	size_t *shown = ARENA_TAKE(&sheet->arena, sheet->study->n, size_t), n = choose_series(sheet, shown), known = 0;
	for (size_t i = 0; i < n; i++)
		TRY(put_domain_series(sheet, panels, &sheet->study->series[shown[i]], &known, err));
	if (panels->n == 0) {
		sheet->missing = "no run has experts and tokens with domain labels (domains.csv)";
		return 0;
	}
	if (only_last_layer(sheet, panels->layers) && panels->layers > 1) {
		chart_note(sheet, "of %zu layers, only the last is shown", panels->layers);
		panels->layers = 1;
	}
	put_panels(sheet, panels);
	note_seed(sheet, panels);
	return 0;
}
