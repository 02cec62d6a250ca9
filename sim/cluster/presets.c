/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * presets.c -- named clusters, read from CSV files.
 */
#include <config.h>

#include "sim/cluster/presets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/csv.h"
#include "sim/base/text.h"

const char *const level_names[LEVELS] = { "nvl", "nic" };

#define FIGURE_ROW(name, unit, meaning) { #name, unit, meaning },
const struct preset_figure_row preset_figures[PRESET_FIGURE_COUNT] = { PRESET_FIGURES(FIGURE_ROW) };

enum { CLUSTER, FIGURE, VALUE, SOURCE, CELLS };
enum { ROWS_MOST = 4096 };
static const char *const columns[CELLS] = { "cluster", "figure", "value", "source" };

/* What a row gives: a figure, or behind those a point of the curve of a level. */
static const char *const curve_names[LEVELS] = { "nvl_share", "nic_share" };
struct given {
	size_t figure;
	double bytes; /* of a point */
};

static bool is_point(const struct given *given)
{
	return given->figure >= PRESET_FIGURE_COUNT;
}

static struct preset *find_or_add(struct presets *presets, const char *name)
{
	for (size_t i = 0; i < presets->n; i++)
		if (strcmp(presets->preset[i].name, name) == 0)
			return &presets->preset[i];
	presets->preset = reallocarray(presets->preset, presets->n + 1, sizeof *presets->preset);
	if (presets->preset == NULL)
		error_no_memory("the clusters");
	struct preset *added = &presets->preset[presets->n++];
	*added = (struct preset){ .name = text_keep(name) };
	for (size_t i = 0; i < PRESET_FIGURE_COUNT; i++)
		added->figure[i] = (double)NAN;
	return added;
}

static int find_figure(const char *name, size_t *figure, struct error *err)
{
	const char *names[PRESET_FIGURE_COUNT + LEVELS + 1] = { NULL };
	for (size_t i = 0; i < PRESET_FIGURE_COUNT + LEVELS; i++) {
		names[i] = i < PRESET_FIGURE_COUNT ? preset_figures[i].name : curve_names[i - PRESET_FIGURE_COUNT];
		if (strcmp(names[i], name) == 0) {
			*figure = i;
			return 0;
		}
	}
	const char *near = text_nearest(name, names);
	return fail(err, ERROR_USER, "unknown figure '%s' (%s)", name,
				near ? text_keep_f("did you mean '%s'?", near) : "see: moesim list clusters");
}

/* A figure, or a curve with the size that a point is of. */
static int read_figure(const char *text, struct given *given, struct error *err)
{
	size_t length = strcspn(text, "@");
	const char *name = text_keep_f("%.*s", (int)length, text), *size = text[length] ? text + length + 1 : NULL;
	TRY(find_figure(name, &given->figure, err));
	if (!is_point(given))
		return size == NULL ? 0 : fail(err, ERROR_USER, "%s has no size (leave out @%s)", name, size);
	if (size == NULL)
		return fail(err, ERROR_USER, "%s needs the size that reaches it (such as %s@1048576, in bytes)", name, name);
	if (!text_to_real(size, &given->bytes) || !(given->bytes >= 1 && given->bytes <= 1e15))
		return fail(err, ERROR_USER, "'%s' of %s must be a number of bytes from 1 to 1e15", size, text);
	return 0;
}

static int read_value(const struct given *given, const char *name, const char *text, double *value, struct error *err)
{
	bool is_latency = !is_point(given) && strcmp(preset_figures[given->figure].unit, "us") == 0;
	double most = is_point(given) || given->figure == FIGURE_efficiency ? 1 : 1e9;
	if (!text_to_real(text, value) || *value < 0 || *value > most || (*value < 1e-6 && !is_latency))
		return fail(err, ERROR_USER, "%s = '%s': must be a number from %s to %g", name, text, is_latency ? "0" : "1e-6",
					most);
	return 0;
}

static int check_once(const struct csv_table *table, const int *column, size_t row, struct error *err)
{
	const char *name = csv_cell(table, row, column[CLUSTER]), *figure = csv_cell(table, row, column[FIGURE]);
	for (size_t r = 0; r < row; r++)
		if (strcmp(csv_cell(table, r, column[CLUSTER]), name) == 0 &&
			strcmp(csv_cell(table, r, column[FIGURE]), figure) == 0)
			return fail(err, ERROR_USER, "%s of cluster '%s' is given twice (line %u)", figure, name, table->line[r]);
	return 0;
}

static int add_point(struct preset *preset, const struct given *given, double share, unsigned line, size_t file,
					 struct error *err)
{
	size_t level = given->figure - PRESET_FIGURE_COUNT;
	struct curve *curve = &preset->curve[level];
	if (preset->curve_file[level] != file)
		*curve = (struct curve){ .n = 0 };
	preset->curve_file[level] = file;
	if (curve_add(curve, &(struct curve_point){ given->bytes, share, line }))
		return 0;
	if (curve->n == CURVE_POINTS)
		return fail(err, ERROR_USER, "%s of cluster '%s' has more than %d points (leave some out)", curve_names[level],
					preset->name, CURVE_POINTS);
	return fail(err, ERROR_USER, "%s@%.17g of cluster '%s' is given twice", curve_names[level], given->bytes,
				preset->name);
}

static int read_row(const struct csv_table *table, const int *column, size_t row, struct presets *presets,
					struct error *err)
{
	struct given given = { 0, 0 };
	double value = 0;
	const char *name = csv_cell(table, row, column[CLUSTER]), *figure = csv_cell(table, row, column[FIGURE]),
			   *source = csv_cell(table, row, column[SOURCE]);
	if (!text_is_name(name))
		return fail(err, ERROR_USER, "'%s' is not a name for a cluster (letters, digits and . _ - + = ,)", name);
	TRY(read_figure(figure, &given, err));
	TRY(read_value(&given, figure, csv_cell(table, row, column[VALUE]), &value, err));
	if (*source == 0)
		return fail(err, ERROR_USER, "%s of cluster '%s' has no source (say where the figure is from)", figure, name);
	TRY(check_once(table, column, row, err));
	struct preset *preset = find_or_add(presets, name);
	if (is_point(&given))
		return add_point(preset, &given, value, table->line[row], presets->files, err);
	preset->figure[given.figure] = value;
	preset->source[given.figure] = text_keep(source);
	return 0;
}

/* Does every curve of this file have larger messages take longer? */
static int check_curves(const struct presets *presets, const char *path, struct error *err)
{
	for (size_t i = 0; i < presets->n; i++)
		for (size_t level = 0; level < LEVELS; level++) {
			const struct curve *curve = &presets->preset[i].curve[level];
			size_t at = curve_shortcut(curve);
			if (presets->preset[i].curve_file[level] != presets->files || at == curve->n)
				continue;
			const struct curve_point *point = &curve->point[at];
			fail(err, ERROR_USER,
				 "by %s of cluster '%s' %.17g bytes take less time than %.17g (a share grows no faster than the size)",
				 curve_names[level], presets->preset[i].name, point->bytes, point[-1].bytes);
			return fail_at(err, path, point->line, 0);
		}
	return 0;
}

static int take_table(struct csv_table *table, const char *path, struct presets *presets, struct error *err)
{
	int column[CELLS];
	for (size_t i = 0; i < CELLS; i++)
		if ((column[i] = csv_column(table, columns[i])) < 0) {
			fail(err, ERROR_USER, "the header lacks the column '%s' (clusters have cluster,figure,value,source)",
				 columns[i]);
			return fail_at(err, path, 1, 0);
		}
	if (table->rows > ROWS_MOST) {
		fail(err, ERROR_USER, "has %zu rows (at most %d: is this a file of clusters?)", table->rows, ROWS_MOST);
		return fail_at(err, path, 0, 0);
	}
	presets->files++;
	for (size_t row = 0; row < table->rows; row++)
		if (read_row(table, column, row, presets, err) != 0)
			return fail_at(err, path, table->line[row], 0);
	return check_curves(presets, path, err);
}

int presets_read_bytes(const char *path, const void *bytes, size_t size, struct presets *presets, struct error *err)
{
	struct csv_table table;
	TRY(csv_read_bytes(path, bytes, size, &table, err));
	int status = take_table(&table, path, presets, err);
	csv_table_free(&table);
	return status;
}

int presets_read(const char *path, struct presets *presets, struct error *err)
{
	struct csv_table table;
	TRY(csv_read(path, &table, err));
	int status = take_table(&table, path, presets, err);
	csv_table_free(&table);
	return status;
}

void presets_free(struct presets *presets)
{
	free(presets->preset);
	*presets = (struct presets){ 0 };
}

const struct preset *presets_find(const struct presets *presets, const char *name, struct error *err)
{
	const char **names = calloc(presets->n + 1, sizeof *names);
	if (names == NULL)
		error_no_memory("the clusters");
	const struct preset *found = NULL;
	for (size_t i = 0; i < presets->n; i++) {
		names[i] = presets->preset[i].name;
		if (strcmp(names[i], name) == 0)
			found = &presets->preset[i];
	}
	const char *near = found ? NULL : text_nearest(name, names);
	if (found == NULL)
		fail(err, ERROR_USER, "unknown cluster '%s' (%s)", name,
			 near ? text_keep_f("did you mean '%s'?", near) : "see: moesim list clusters");
	free(names);
	return found;
}

/* The figure times its unit. */
static int take(const struct preset *preset, enum preset_figure figure, double unit, double *value, struct error *err)
{
	if (isnan(preset->figure[figure]))
		return fail(err, ERROR_USER, "cluster '%s' lacks %s (add a row to a file of --clusters)", preset->name,
					preset_figures[figure].name);
	*value = preset->figure[figure] * unit;
	return 0;
}

static int take_latency(const struct preset *preset, enum preset_figure dispatch, enum preset_figure combine,
						struct link *link, struct error *err)
{
	TRY(take(preset, dispatch, 1e-6, &link->latency[TRAVEL_DISPATCH], err));
	return take(preset, combine, 1e-6, &link->latency[TRAVEL_COMBINE], err);
}

int preset_topology(const struct preset *preset, size_t nodes, size_t per_node, bool decode, struct topology *topology,
					struct error *err)
{
	double efficiency = 0;
	struct link *nvl = &topology->link[LEVEL_NVL], *nic = &topology->link[LEVEL_NIC];
	*topology = (struct topology){ .nodes = nodes, .per_node = per_node };
	TRY(take(preset, FIGURE_nvl_gbps, 1e9, &nvl->bandwidth, err));
	TRY(take(preset, decode ? FIGURE_decode_nic_gbps : FIGURE_nic_gbps, 1e9, &nic->bandwidth, err));
	TRY(take_latency(preset, decode ? FIGURE_decode_dispatch_us : FIGURE_nvl_us,
					 decode ? FIGURE_decode_combine_us : FIGURE_nvl_us, nvl, err));
	TRY(take_latency(preset, decode ? FIGURE_decode_dispatch_us : FIGURE_nic_us,
					 decode ? FIGURE_decode_combine_us : FIGURE_nic_us, nic, err));
	for (int level = 0; level < LEVELS && !decode; level++)
		topology->link[level].curve = preset->curve[level];
	TRY(take(preset, FIGURE_tflops, 1e12, &topology->compute, err));
	TRY(take(preset, FIGURE_efficiency, 1, &efficiency, err));
	topology->compute *= efficiency;
	return take(preset, FIGURE_hbm_gbps, 1e9, &topology->memory, err);
}
