/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_devices.c -- the rows of each device of a cluster, from the one with most to the one with least.
 */
#include <config.h>

#include <math.h>
#include <stdlib.h>

#include "experiments/charts/chart_series.h"
#include "experiments/charts/chart_totals.h"

enum { KINDS = 3, DEVICES_MOST = 1024 }; /* what is counted: rows that are computed, and that travel at each level */

struct device_columns {
	int layer, computed, sent[KINDS], received[KINDS];
};

/* The rows of one run, of each kind sorted within each layer, and summed over the layers. */
struct profile {
	size_t devices, layers;
	double *rows[KINDS]; /* [devices] */
};

static int find_columns(const struct csv_table *table, struct device_columns *at, struct error *err)
{
	TRY(run_folder_column(table, "layer", &at->layer, err));
	TRY(run_folder_column(table, "computed", &at->computed, err));
	TRY(run_folder_column(table, "sent_nvl", &at->sent[1], err));
	TRY(run_folder_column(table, "received_nvl", &at->received[1], err));
	TRY(run_folder_column(table, "sent_nic", &at->sent[2], err));
	return run_folder_column(table, "received_nic", &at->received[2], err);
}

/* What a link is busy with: what its device sends, or receives where that is more. */
static double rows_at(const struct csv_table *table, const struct device_columns *at, size_t row, int kind)
{
	if (kind == 0)
		return csv_number(table, row, at->computed, NULL);
	return fmax(csv_number(table, row, at->sent[kind], NULL), csv_number(table, row, at->received[kind], NULL));
}

static int falling(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x < y) - (x > y);
}

/* Rows [begin, end) of the table are those of one layer. */
static void add_layer(struct chart_sheet *sheet, const struct csv_table *table, const struct device_columns *at,
					  size_t begin, size_t end, struct profile *into)
{
	double *sorted = ARENA_TAKE(&sheet->arena, end - begin, double);
	if (into->layers == 0) {
		into->devices = end - begin;
		for (int kind = 0; kind < KINDS; kind++)
			into->rows[kind] = ARENA_TAKE(&sheet->arena, into->devices, double);
	}
	if (end - begin != into->devices)
		return;
	for (int kind = 0; kind < KINDS; kind++) {
		for (size_t i = begin; i < end; i++)
			sorted[i - begin] = rows_at(table, at, i, kind);
		qsort(sorted, into->devices, sizeof *sorted, falling);
		for (size_t d = 0; d < into->devices; d++)
			into->rows[kind][d] += sorted[d];
	}
	into->layers++;
}

static int read_run(struct chart_sheet *sheet, const struct run_folder *run, struct profile *into, struct error *err)
{
	struct csv_table table;
	struct device_columns at;
	*into = (struct profile){ .layers = 0 };
	TRY(run_folder_table(run, "devices.csv", &table, err));
	int status = table.columns ? find_columns(&table, &at, err) : 0;
	for (size_t begin = 0, end; status == 0 && begin < table.rows; begin = end) {
		double layer = csv_number(&table, begin, at.layer, NULL);
		for (end = begin + 1; end < table.rows && csv_number(&table, end, at.layer, NULL) == layer;)
			end++;
		if (end - begin <= DEVICES_MOST)
			add_layer(sheet, &table, &at, begin, end, into);
	}
	csv_table_free(&table);
	return status;
}

/* The runs of a series that have as many devices as the first of them. */
struct profiles {
	size_t n;
	struct profile *of;
};

static int read_series(struct chart_sheet *sheet, const struct study_series *series, struct profiles *into,
					   struct error *err)
{
	*into = (struct profiles){ .of = ARENA_TAKE(&sheet->arena, series->n, struct profile) };
	for (size_t i = 0; i < series->n; i++) {
		struct profile *next = &into->of[into->n];
		TRY(read_run(sheet, series->run[i], next, err));
		into->n += next->layers > 0 && next->devices == into->of[0].devices;
	}
	return 0;
}

static void put_series(struct chart_sheet *sheet, size_t place, size_t series, const struct profiles *profiles,
					   double *most)
{
	double *value = ARENA_TAKE(&sheet->arena, profiles->n, double);
	for (size_t d = 0; d < profiles->of[0].devices; d++) {
		chart_put_name(sheet, place, series);
		csv_int(sheet->data, (int64_t)d + 1);
		csv_int(sheet->data, (int64_t)profiles->n);
		for (int kind = 0; kind < KINDS; kind++) {
			for (size_t i = 0; i < profiles->n; i++)
				value[i] = profiles->of[i].rows[kind][d] / (double)profiles->of[i].layers;
			struct estimate rows = estimate_of(value, profiles->n);
			chart_put(sheet, rows.mean);
			most[kind] = fmax(most[kind], rows.mean);
		}
		csv_row(sheet->data);
	}
}

int fill_devices(struct chart_sheet *sheet, struct error *err)
{
	const struct study *study = sheet->study;
	size_t *shown = ARENA_TAKE(&sheet->arena, study->n, size_t), n = 0, low = 0, high = 0, devices = 0;
	double most[KINDS] = { 0 };
	for (size_t s = 0; s < study->n; s++) {
		struct profiles profiles;
		TRY(read_series(sheet, &study->series[s], &profiles, err));
		if (profiles.n == 0)
			continue;
		shown[n++] = s;
		put_series(sheet, n, s, &profiles, most);
		devices = profiles.of[0].devices > devices ? profiles.of[0].devices : devices;
		chart_count_seeds(&(struct estimate){ .n = profiles.n }, &low, &high);
	}
	if (n == 0) {
		sheet->missing = "no finished run has a cluster (run --cluster)";
		return 0;
	}
	chart_set_series(sheet, n, shown);
	chart_set_seeds(sheet, low, high);
	chart_set_number(sheet, "devices", (double)devices);
	chart_set_numbers(sheet, "most", KINDS, most);
	return 0;
}
