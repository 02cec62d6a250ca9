/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * conclusion.c -- what came of a suite.
 */
#include <config.h>

#include "experiments/suite/conclusion.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/host/table.h"
#include "experiments/study/findings.h"
#include "sim/base/files.h"
#include "sim/base/text.h"

static int compare_runs(struct conclusion *conclusion, const char *against, struct error *err)
{
	const struct compare_request request = { .against = against, .asides = true };
	char *path = (char *)conclusion->results->folder;
	TRY(study_read(1, &path, &conclusion->study, err));
	if (compare_page(&conclusion->study, &request, &conclusion->page, err) != 0) {
		study_free(&conclusion->study);
		return -1;
	}
	gap_list_fill(&conclusion->page, &conclusion->gaps);
	conclusion->known = true;
	return 0;
}

/* summary.csv, with the share of the gap that each run closes. */
static int gather(const struct conclusion *conclusion, struct error *err)
{
	const struct results *results = conclusion->results;
	double *closed = calloc(results->grid->n + 1, sizeof *closed);
	if (!closed)
		error_no_memory("shares of a gap");
	for (size_t i = 0; i < results->grid->n; i++) {
		const struct gap_of_run *gap = gap_list_find(&conclusion->gaps, results->run[i]);
		closed[i] = gap ? gap->closed : NAN;
	}
	int status = results_gather(results, closed, err);
	free(closed);
	return status;
}

int conclusion_draw(const struct results *results, const char *against, struct conclusion *conclusion,
					struct error *err)
{
	struct error later;
	*conclusion = (struct conclusion){ .results = results };
	int status = results_finished(results) > 0 ? compare_runs(conclusion, against, err) : 0;
	if (gather(conclusion, status == 0 ? err : &later) == 0 && status == 0)
		return 0;
	conclusion_free(conclusion);
	return -1;
}

void conclusion_free(struct conclusion *conclusion)
{
	if (!conclusion->known)
		return;
	gap_list_free(&conclusion->gaps);
	compare_page_free(&conclusion->page);
	study_free(&conclusion->study);
	conclusion->known = false;
}

/* One metric of one grid point over its seeds; runs that diverged are left out. */
static struct estimate point_estimate(const struct csv_table *rows, const char *label, const char *metric)
{
	int by = csv_column(rows, "label"), status = csv_column(rows, "status"), column = csv_column(rows, metric);
	double *value = calloc(rows->rows + 1, sizeof *value);
	size_t n = 0;
	if (!value)
		error_no_memory("a column");
	for (size_t i = 0; column >= 0 && by >= 0 && i < rows->rows; i++)
		if (strcmp(csv_cell(rows, i, by), label) == 0 &&
			(status < 0 || strcmp(csv_cell(rows, i, status), "diverged") != 0))
			value[n++] = csv_number(rows, i, column, NULL);
	struct estimate e = estimate_of(value, n);
	free(value);
	return e;
}

static const char *const table_header[] = { "<strategy",    "n",         "excess loss +- 95%", "gap closed",  "MaxVio",
											"dead experts", "domain MI", "dropped %",          "FLOPs/token", NULL };

/* Does any run of this label look at later tokens?  label NULL: any run at all. */
static bool sees_future(const struct csv_table *rows, const char *label)
{
	int by = csv_column(rows, "label"), causal = csv_column(rows, "causal");
	for (size_t i = 0; causal >= 0 && by >= 0 && i < rows->rows; i++)
		if (strcmp(csv_cell(rows, i, causal), "no") == 0 && (!label || strcmp(csv_cell(rows, i, by), label) == 0))
			return true;
	return false;
}

/* "76% (70 to 81%)"; of the series to which the label's first run belongs. */
static void put_gap(struct table *table, const struct csv_table *rows, const char *label, const struct gap_list *gaps)
{
	int by = csv_column(rows, "label"), run = csv_column(rows, "run");
	const struct gap_of_run *gap = NULL;
	for (size_t i = 0; by >= 0 && run >= 0 && !gap && i < rows->rows; i++)
		if (strcmp(csv_cell(rows, i, by), label) == 0)
			gap = gap_list_find(gaps, csv_cell(rows, i, run));
	if (!gap || isnan(gap->share.value))
		table_cell(table, "-");
	else if (isnan(gap->share.low))
		table_cell(table, "%.0f%%", 100 * gap->share.value);
	else
		table_cell(table, "%.0f%% (%.0f to %.0f%%)", 100 * gap->share.value, 100 * gap->share.low,
				   100 * gap->share.high);
}

/* Columns that stand behind the others where some run has them: name, heading, factor, digits. */
static const struct {
	const char *column, *heading;
	double factor;
	int digits;
} more_columns[] = { { "layer_ms", "layer ms", 1, 2 }, { "exposed_share", "exposed %", 100, 1 } };
enum { MORE_COLUMNS = sizeof more_columns / sizeof *more_columns };

static bool has_column(const struct csv_table *rows, const char *name)
{
	int column = csv_column(rows, name);
	for (size_t i = 0; column >= 0 && i < rows->rows; i++)
		if (!isnan(csv_number(rows, i, column, NULL)))
			return true;
	return false;
}

static void add_more(struct table *table, const struct csv_table *rows, const char *label)
{
	for (size_t i = 0; i < MORE_COLUMNS; i++)
		if (has_column(rows, more_columns[i].column))
			table_number(table, more_columns[i].factor * point_estimate(rows, label, more_columns[i].column).mean,
						 more_columns[i].digits);
}

static void add_point(struct table *table, const struct csv_table *rows, const char *label, size_t asked,
					  const char *loss, const struct gap_list *gaps)
{
	char flops[TEXT_NUMBER];
	struct estimate e = point_estimate(rows, label, loss);
	size_t n = point_estimate(rows, label, "steps").n;
	table_cell(table, "%s%s", label, sees_future(rows, label) ? " (f)" : "");
	table_cell(table, "%s", n == asked ? text_keep_f("%zu", n) : text_keep_f("%zu of %zu", n, asked));
	table_interval(table, e.mean, (e.high - e.low) / 2, 4);
	put_gap(table, rows, label, gaps);
	table_number(table, point_estimate(rows, label, "maxvio").mean, 3);
	table_number(table, point_estimate(rows, label, "dead_experts").mean, 1);
	table_number(table, point_estimate(rows, label, "domain_mi").mean, 3);
	table_number(table, 100 * point_estimate(rows, label, "drop_rate").mean, 2);
	e = point_estimate(rows, label, "flops_per_token");
	table_cell(table, "%s", isnan(e.mean) ? "-" : text_of_count(e.mean, flops));
	add_more(table, rows, label);
}

static void print_table(const struct conclusion *conclusion, const struct csv_table *rows)
{
	const struct grid *grid = conclusion->results->grid;
	struct table table;
	const char *header[16];
	size_t n = sizeof table_header / sizeof *table_header - 1;
	/* excess loss, or the loss itself where the stream's Bayes loss is not known */
	bool excess = has_column(rows, "excess_loss");
	memcpy(header, table_header, sizeof table_header);
	header[2] = excess ? header[2] : "eval loss +- 95%";
	for (size_t i = 0; i < MORE_COLUMNS; i++)
		if (has_column(rows, more_columns[i].column))
			header[n++] = more_columns[i].heading;
	header[n] = NULL;
	table_begin(&table, header);
	for (size_t i = 0; i < grid->points; i++)
		if (grid->point[i].runs > 0)
			add_point(&table, rows, grid->point[i].label, grid->point[i].runs, excess ? "excess_loss" : "eval_loss",
					  &conclusion->gaps);
	table_end(&table, stdout);
	if (sees_future(rows, NULL))
		puts("(f) looks at later tokens of the sequence, so its loss is not that of an autoregressive model");
}

int conclusion_print(const struct conclusion *conclusion, const struct suite *suite, struct error *err)
{
	struct csv_table rows;
	struct findings findings;
	if (!conclusion->known)
		return 0;
	suite_print_question(suite);
	findings_of(&conclusion->page, &findings);
	findings_print(&findings, stdout);
	TRY(csv_read(path_join(conclusion->results->folder, "summary.csv"), &rows, err));
	print_table(conclusion, &rows);
	csv_table_free(&rows);
	return 0;
}
