/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fill_timeline.c -- what the time of a layer on a cluster is made of, one thing after the other.
 */
#include <config.h>

#include <math.h>
#include <string.h>

#include "experiments/charts/chart_series.h"
#include "experiments/charts/chart_totals.h"

/* What a bar is made of; plots/timeline.gp has a color for each, from 1. */
enum part { ATTENTION, DISPATCH, EXPERTS, WAITING, COMBINE, SHARED, REDUCE, PARTS };

/* In the order in which they come; backward the gradient of a combine goes out to the experts.  Of computing `WAITING` is the part in which most devices wait for the busiest. */
static const struct {
	enum part part;
	const char *phase, *level;
	bool backward, travels;
} segments[] = {
	{ ATTENTION, "attention", "device", false, false },
	{ DISPATCH, "dispatch", "all", false, true },
	{ EXPERTS, "compute", "device", false, false },
	{ WAITING, "compute", "device", false, false },
	{ COMBINE, "combine", "all", false, true },
	{ SHARED, "shared", "device", false, false },
	{ DISPATCH, "backward_combine", "all", true, true },
	{ EXPERTS, "backward_compute", "device", true, false },
	{ WAITING, "backward_compute", "device", true, false },
	{ COMBINE, "backward_dispatch", "all", true, true },
	{ SHARED, "backward_shared", "device", true, false },
	{ ATTENTION, "backward_attention", "device", true, false },
	{ REDUCE, "reduce", "", true, false },
};
enum { SEGMENTS = sizeof segments / sizeof *segments };

/* The table of one run: its layers stand one after the other. */
struct phases {
	struct csv_table table;
	int phase, level, rows_max, rows_mean, time;
};

static int find_columns(struct phases *of, struct error *err)
{
	TRY(run_folder_column(&of->table, "phase", &of->phase, err));
	TRY(run_folder_column(&of->table, "level", &of->level, err));
	TRY(run_folder_column(&of->table, "rows_max", &of->rows_max, err));
	TRY(run_folder_column(&of->table, "rows_mean", &of->rows_mean, err));
	return run_folder_column(&of->table, "time_ms", &of->time, err);
}

static bool is_of(const struct phases *of, size_t row, const char *phase, const char *level)
{
	return strcmp(csv_cell(&of->table, row, of->phase), phase) == 0 &&
		   (*level == 0 || strcmp(csv_cell(&of->table, row, of->level), level) == 0);
}

/* The time of a row that is spent on as many rows as devices have on average. */
static double even_share(const struct phases *of, size_t row)
{
	double most = csv_number(&of->table, row, of->rows_max, NULL),
		   mean = csv_number(&of->table, row, of->rows_mean, NULL);
	return most > mean ? mean / most : 1;
}

/* The milliseconds of a phase, summed over the layers, and in *even the part that even loads would leave. */
static double sum_of(const struct phases *of, const char *phase, const char *level, double *even)
{
	double sum = 0;
	*even = 0;
	for (size_t row = 0; row < of->table.rows; row++)
		if (is_of(of, row, phase, level)) {
			double time = csv_number(&of->table, row, of->time, NULL);
			sum += isfinite(time) ? time : 0;
			*even += isfinite(time) ? time * even_share(of, row) : 0;
		}
	return sum;
}

/* Communication is shown as far as it is exposed, so that the bar is as long as the pass. */
static double exposed_part(const struct phases *of, bool backward, const double *length)
{
	double even, travel = 0, computing = 0;
	for (size_t i = 0; i < SEGMENTS; i++)
		if (segments[i].backward == backward && segments[i].part != REDUCE)
			*(segments[i].travels ? &travel : &computing) += length[i];
	double pass = sum_of(of, backward ? "backward" : "forward", "all", &even);
	return travel > 0 ? fmax(0, pass - computing) / travel : 0;
}

static void measure(const struct phases *of, double *length)
{
	double even, shown[2], layers = 0;
	for (size_t row = 0; row < of->table.rows; row++)
		layers += is_of(of, row, "layer", "all");
	for (size_t i = 0; i < SEGMENTS; i++) {
		double all = sum_of(of, segments[i].phase, segments[i].level, &even);
		length[i] = segments[i].part == WAITING ? all - even : segments[i].part == EXPERTS ? even : all;
	}
	shown[0] = exposed_part(of, false, length);
	shown[1] = exposed_part(of, true, length);
	for (size_t i = 0; i < SEGMENTS; i++)
		length[i] *= (segments[i].travels ? shown[segments[i].backward] : 1) / layers;
}

/* Adds the lengths of one run; *n counts the runs that have any. */
static int add_run(const struct run_folder *run, double *length, size_t *n, struct error *err)
{
	struct phases of;
	double own[SEGMENTS];
	TRY(run_folder_table(run, "phases.csv", &of.table, err));
	int status = of.table.columns ? find_columns(&of, err) : 0;
	if (status == 0 && of.table.rows > 0) {
		measure(&of, own);
		for (size_t i = 0; i < SEGMENTS; i++)
			length[i] += own[i];
		++*n;
	}
	csv_table_free(&of.table);
	return status;
}

/* Returns where the bar ends; met[p] is set of the parts that it has. */
static double put_bar(struct chart_sheet *sheet, size_t place, size_t series, const double *length, size_t n,
					  double *met)
{
	double at = 0;
	for (size_t i = 0; i < SEGMENTS; i++) {
		double end = at + length[i] / (double)n;
		if (end <= at)
			continue;
		chart_put_name(sheet, place, series);
		csv_int(sheet->data, (int64_t)n);
		csv_int(sheet->data, segments[i].backward);
		csv_int(sheet->data, (int64_t)segments[i].part + 1);
		chart_put(sheet, at);
		chart_put(sheet, end);
		csv_row(sheet->data);
		met[segments[i].part] = 1;
		at = end;
	}
	return at;
}

/* What the script is told besides the series: `met[]` of each part, `bar_end[]` of each bar, `x_most`. */
static void set_bars(struct chart_sheet *sheet, const double *met, size_t n, const double *end)
{
	double most = 0;
	for (size_t i = 0; i < n; i++)
		most = fmax(most, end[i]);
	chart_set_numbers(sheet, "met", PARTS, met);
	chart_set_numbers(sheet, "bar_end", n, end);
	chart_set_number(sheet, "x_most", most > 0 ? most : 1);
}

int fill_timeline(struct chart_sheet *sheet, struct error *err)
{
	const struct study *study = sheet->study;
	size_t *shown = ARENA_TAKE(&sheet->arena, study->n, size_t), drawn = 0, low = 0, high = 0;
	double *end = ARENA_TAKE(&sheet->arena, study->n, double), met[PARTS] = { 0 };
	for (size_t s = 0; s < study->n; s++) {
		double length[SEGMENTS] = { 0 };
		size_t n = 0;
		for (size_t i = 0; i < study->series[s].n; i++)
			TRY(add_run(study->series[s].run[i], length, &n, err));
		if (n == 0)
			continue;
		shown[drawn] = s;
		end[drawn] = put_bar(sheet, drawn + 1, s, length, n, met);
		drawn++;
		chart_count_seeds(&(struct estimate){ .n = n }, &low, &high);
	}
	if (drawn == 0) {
		sheet->missing = "no finished run has a cluster (run --cluster)";
		return 0;
	}
	chart_set_series(sheet, drawn, shown);
	chart_set_seeds(sheet, low, high);
	set_bars(sheet, met, drawn, end);
	return 0;
}
