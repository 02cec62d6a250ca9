/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gather.c -- the tables of a suite's runs put together.
 */
#include <config.h>

#include "experiments/suite/gather.h"

#include <stdlib.h>
#include <unistd.h>

#include "sim/base/csv_union.h"
#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/base/whole_csv.h"
#include "sim/run/columns.h"
#include "sim/run/run_folder.h"

/* The times differ from machine to machine, the summaries are gathered always, and single tokens are examples, of which
 * one run has enough. */
static bool is_gathered(enum run_file file)
{
	return file != FILE_TIMING && file != FILE_SUMMARY && file != FILE_TOKENS;
}

/* One file of all runs. */
struct gathering {
	struct csv_table *table; /* [grid->n]; columns 0 where there are none */
	struct csv_union columns;
};

static int read_run(const struct results *results, size_t run, struct gathering *all, const char **strategy,
					struct error *err)
{
	struct arena arena = { .bytes = 0 };
	const struct run_reading how = { .remedy = "remove the run's folder", .arena = &arena };
	struct run_folder folder;
	int status = run_folder_open(results_path(results, run), &how, &folder, err);
	if (status != 0) {
		arena_free(&arena);
		return status;
	}
	for (enum run_file file = 0; file < RUN_FILES && status == 0; file++)
		if (is_gathered(file)) {
			status = run_folder_table(&folder, run_file_name(file), &all[file].table[run], err);
			if (status == 0)
				csv_union_add(&all[file].columns, &all[file].table[run]);
		}
	*strategy = folder.strategy;
	run_folder_close(&folder);
	arena_free(&arena);
	return status;
}

static int read_runs(const struct results *results, struct gathering *all, const char **strategy, struct error *err)
{
	for (size_t i = 0; i < results->grid->n; i++)
		if (run_is_finished(results->state[i]))
			TRY(read_run(results, i, all, &strategy[i], err));
	return 0;
}

static void put_rows(const struct results *results, const struct gathering *all, size_t run, const char *strategy,
					 struct csv_writer *to)
{
	const struct csv_table *table = &all->table[run];
	const struct grid_run *of = &results->grid->run[run];
	for (size_t row = 0; row < table->rows; row++) {
		csv_text(to, results->run[run]);
		csv_text(to, results->grid->point[of->point].label);
		csv_text(to, strategy);
		csv_text(to, of->seed);
		csv_union_put(&all->columns, table, row, to);
		csv_row(to);
	}
}

static int write_table(const struct results *results, const struct gathering *all, const char *const *strategy,
					   const char *path, struct error *err)
{
	struct whole_csv csv;
	whole_csv_begin(&csv, text_keep_f("run,label,strategy,seed,%s", csv_union_header(&all->columns)));
	for (size_t i = 0; i < results->grid->n; i++)
		put_rows(results, all, i, strategy[i], csv.rows);
	return whole_csv_end(&csv, path, err);
}

static int write_tables(const struct results *results, const struct gathering *all, const char *const *strategy,
						struct error *err)
{
	for (enum run_file file = 0; file < RUN_FILES; file++) {
		/* steps.csv itself would make the suite's folder look like a run's */
		const char *path = path_join(results->folder, text_keep_f("all_%s", run_file_name(file)));
		if (is_gathered(file) && all[file].columns.n > 0)
			TRY(write_table(results, &all[file], strategy, path, err));
		else if (is_gathered(file))
			unlink(path); /* of the suite as it once was */
	}
	return 0;
}

static void gathering_free(struct gathering *all, size_t runs)
{
	for (size_t i = 0; i < runs; i++)
		if (all->table[i].columns > 0)
			csv_table_free(&all->table[i]);
	free(all->table);
	csv_union_free(&all->columns);
}

int gather_tables(const struct results *results, struct error *err)
{
	size_t runs = results->grid->n;
	struct gathering all[RUN_FILES] = { { .table = NULL } };
	const char **strategy = calloc(runs + 1, sizeof *strategy);
	for (enum run_file file = 0; file < RUN_FILES; file++) {
		all[file].table = calloc(runs + 1, sizeof *all[file].table);
		if (!strategy || !all[file].table)
			error_no_memory("the tables of all runs");
	}
	int status = read_runs(results, all, strategy, err);
	if (status == 0)
		status = write_tables(results, all, strategy, err);
	for (enum run_file file = 0; file < RUN_FILES; file++)
		gathering_free(&all[file], runs);
	free(strategy);
	return status;
}
