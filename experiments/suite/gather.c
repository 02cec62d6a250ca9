/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gather.c -- the tables of a suite's runs put together.
 */
#include <config.h>

#include "experiments/suite/gather.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/base/whole_csv.h"
#include "sim/run/columns.h"
#include "sim/run/run_folder.h"

/* The times differ from machine to machine, and the summaries are gathered always. */
static bool is_gathered(enum run_file file)
{
	return file != FILE_TIMING && file != FILE_SUMMARY;
}

/* One file of all runs. */
struct union_table {
	struct csv_table *table; /* [grid->n]; columns 0 where there are none */
	const char **strategy;   /* [grid->n] its name */
	size_t columns, room;
	const char **column; /* [columns] in the order in which they turn up */
};

static void add_column(struct union_table *all, const char *name)
{
	for (size_t i = 0; i < all->columns; i++)
		if (strcmp(all->column[i], name) == 0)
			return;
	if (all->columns == all->room) {
		all->room = all->room ? 2 * all->room : 32;
		all->column = realloc(all->column, all->room * sizeof *all->column);
		if (!all->column)
			error_no_memory("column names");
	}
	all->column[all->columns++] = text_keep(name);
}

static int read_table(const char *folder, const char *file, struct csv_table *table, const char **strategy,
					  struct error *err)
{
	struct arena arena = { .bytes = 0 };
	const struct run_reading how = { .remedy = "remove the run's folder", .arena = &arena };
	struct run_folder run;
	int status = run_folder_open(folder, &how, &run, err);
	if (status == 0) {
		status = run_folder_table(&run, file, table, err);
		*strategy = run.strategy;
		run_folder_close(&run);
	}
	arena_free(&arena);
	return status;
}

static int read_tables(const struct results *results, const char *file, struct union_table *all, struct error *err)
{
	for (size_t i = 0; i < results->grid->n; i++) {
		if (!run_is_finished(results->state[i]))
			continue;
		TRY(read_table(results_path(results, i), file, &all->table[i], &all->strategy[i], err));
		for (size_t c = 0; c < all->table[i].columns; c++)
			add_column(all, all->table[i].header[c]);
	}
	return 0;
}

static void put_rows(const struct results *results, const struct union_table *all, size_t run, struct csv_writer *to)
{
	const struct csv_table *table = &all->table[run];
	const struct grid_run *of = &results->grid->run[run];
	for (size_t row = 0; row < table->rows; row++) {
		csv_text(to, results->run[run]);
		csv_text(to, results->grid->point[of->point].label);
		csv_text(to, all->strategy[run]);
		csv_text(to, of->seed);
		for (size_t c = 0; c < all->columns; c++) {
			int from = csv_column(table, all->column[c]);
			const char *cell = from < 0 ? "" : csv_cell(table, row, from);
			if (*cell)
				csv_text(to, cell);
			else
				csv_empty(to);
		}
		csv_row(to);
	}
}

static int write_table(const struct results *results, const struct union_table *all, const char *path,
					   struct error *err)
{
	struct whole_csv csv;
	const char *header = "run,label,strategy,seed";
	for (size_t c = 0; c < all->columns; c++)
		header = text_keep_f("%s,%s", header, all->column[c]);
	whole_csv_begin(&csv, header);
	for (size_t i = 0; i < results->grid->n; i++)
		put_rows(results, all, i, csv.rows);
	return whole_csv_end(&csv, path, err);
}

static int gather_file(const struct results *results, const char *file, struct error *err)
{
	struct union_table all = { .table = calloc(results->grid->n + 1, sizeof *all.table),
							   .strategy = calloc(results->grid->n + 1, sizeof *all.strategy) };
	/* steps.csv itself would make the suite's folder look like a run's */
	const char *path = path_join(results->folder, text_keep_f("all_%s", file));
	if (!all.table || !all.strategy)
		error_no_memory("the tables of all runs");
	int status = read_tables(results, file, &all, err);
	if (status == 0 && all.columns > 0)
		status = write_table(results, &all, path, err);
	else if (status == 0)
		unlink(path); /* of the suite as it once was */
	for (size_t i = 0; i < results->grid->n; i++)
		if (all.table[i].columns > 0)
			csv_table_free(&all.table[i]);
	free(all.table);
	free(all.strategy);
	free(all.column);
	return status;
}

int gather_tables(const struct results *results, struct error *err)
{
	for (enum run_file file = 0; file < RUN_FILES; file++)
		if (is_gathered(file))
			TRY(gather_file(results, run_file_name(file), err));
	return 0;
}
