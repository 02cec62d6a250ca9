/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * results.c -- what the folder of a suite holds.
 */
#include <config.h>

#include "experiments/suite/results.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "experiments/suite/part_options.h"
#include "sim/base/csv_union.h"
#include "sim/base/files.h"
#include "sim/base/text.h"
#include "sim/base/whole_csv.h"
#include "sim/run/run_folder.h"

const char *run_state_word(enum run_state state)
{
	static const char *const word[] = { [RUN_MISSING] = "to do",
										[RUN_UNFINISHED] = "unfinished",
										[RUN_DONE] = "done",
										[RUN_DIVERGED] = "diverged",
										[RUN_UNREADABLE] = "unreadable" };
	return word[state];
}

size_t results_finished(const struct results *results)
{
	size_t n = 0;
	for (size_t i = 0; i < results->grid->n; i++)
		n += run_is_finished(results->state[i]);
	return n;
}

/* "-s<seed>-<hash8>", the part of a folder's name that says what was run. */
static const char *identity(const char *name)
{
	const char *dash = strrchr(name, '-');
	if (!dash || strlen(dash) != 9 || strspn(dash + 1, "0123456789abcdef") != 8)
		return NULL;
	while (dash > name && dash[-1] != '-')
		dash--;
	return dash > name && dash[0] == 's' ? dash - 1 : NULL;
}

static int compare_identities(const void *a, const void *b)
{
	return strcmp(identity(*(const char *const *)a), identity(*(const char *const *)b));
}

struct names {
	size_t n;
	const char **name; /* [n] sorted by identity */
};

/* All run folders inside. */
static struct names list_runs(const char *folder)
{
	struct names names = { 0, NULL };
	size_t room = 0;
	DIR *dir = opendir(folder);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (!text_is_name(entry->d_name) || !identity(entry->d_name))
			continue;
		if (names.n == room) {
			room = room ? 2 * room : 64;
			names.name = realloc(names.name, room * sizeof *names.name);
			if (!names.name)
				error_no_memory("folder names");
		}
		names.name[names.n++] = text_keep(entry->d_name);
	}
	if (dir)
		closedir(dir);
	if (names.n > 0)
		qsort(names.name, names.n, sizeof *names.name, compare_identities);
	return names;
}

/* A run of other settings is none of ours, whatever its folder is called. */
static enum run_state state_of(const struct run_record *record, bool summed_up, const struct grid_run *run)
{
	bool ours = !record->has_hash || record->hash == run->hash;
	if (!summed_up || !ours)
		return RUN_UNFINISHED;
	if (manifest_is(record, "done"))
		return RUN_DONE;
	return manifest_is(record, "diverged") ? RUN_DIVERGED : RUN_UNFINISHED;
}

/* A manifest that is missing or damaged is that of a run to be made. */
static bool can_read(const char *folder, struct run_record *record, bool *summed_up)
{
	struct arena arena = { .bytes = 0 };
	struct error err;
	bool readable = manifest_read(folder, &arena, record, &err) == 0 || err.code == ERROR_USER;
	arena_free(&arena);
	return readable && file_look(path_join(folder, "summary.csv"), summed_up, &err) == 0;
}

enum run_state results_look(struct results *results, size_t run)
{
	enum run_state state = RUN_MISSING;
	const char *folder = results_path(results, run);
	struct run_record record;
	bool summed_up;
	if (folder_exists(folder))
		state = can_read(folder, &record, &summed_up) ? state_of(&record, summed_up, &results->grid->run[run])
													  : RUN_UNREADABLE;
	return results->state[run] = state;
}

static void find_folders(struct results *results)
{
	struct names names = list_runs(results->folder);
	size_t found = 0;
	for (size_t i = 0; i < results->grid->n; i++) {
		const char *name = results->grid->run[i].name;
		const char **old = names.n ? bsearch(&name, names.name, names.n, sizeof name, compare_identities) : NULL;
		results->run[i] = old && !folder_exists(path_join(results->folder, name)) ? *old : name;
		found += old != NULL;
		results->state[i] = RUN_MISSING;
		if (old)
			results_look(results, i);
	}
	results->strange = names.n - (found < names.n ? found : names.n);
	free(names.name);
}

void results_open(const char *folder, const struct grid *grid, struct results *results)
{
	*results = (struct results){ .folder = folder, .grid = grid, .lock = -1 };
	results->run = calloc(grid->n + 1, sizeof *results->run);
	results->state = calloc(grid->n + 1, sizeof *results->state);
	if (!results->run || !results->state)
		error_no_memory("a list of runs");
	find_folders(results);
}

void results_close(struct results *results)
{
	if (results->lock >= 0)
		close(results->lock);
	free(results->run);
	free(results->state);
}

const char *results_path(const struct results *results, size_t run)
{
	return path_join(results->folder, results->run[run]);
}

const char *results_log(const struct results *results, size_t run)
{
	return text_keep_f("%s.stderr", results_path(results, run));
}

/* The lock is inherited by the runs, so that those of a killed suite keep a new one out until they have ended, too;
 * that takes a moment, hence the patience. */
int results_lock(struct results *results, bool shared, struct error *err)
{
	TRY(folder_make(results->folder, err));
	const char *path = path_join(results->folder, ".lock");
	results->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0666);
	if (results->lock < 0) {
		fail(err, ERROR_WORLD, "cannot write: %s", strerror(errno));
		return fail_at(err, path, 0, 0);
	}
	for (int tries = 0; tries < 30; tries++) {
		if (flock(results->lock, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) {
			find_folders(results); /* another suite may have worked here since */
			return shared ? 0 : folder_sweep(results->folder, err);
		}
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		nanosleep(&(struct timespec){ 0, 100 * 1000 * 1000 }, NULL);
	}
	if (errno == EWOULDBLOCK)
		fail(err, ERROR_WORLD, "another suite works in this folder (wait for it, or give another --out)");
	else
		fail(err, ERROR_WORLD, "cannot lock: %s", strerror(errno));
	return fail_at(err, results->folder, 0, 0);
}

/* Columns are written with '_' where flags have '-'. */
static const char *column_of(const char *key)
{
	char name[64];
	size_t n = 0;
	for (; key[n] && n + 1 < sizeof name; n++)
		name[n] = key[n] == '-' ? '_' : key[n];
	return text_keep_n(name, n);
}

int results_list(const struct results *results, struct error *err)
{
	const struct grid *grid = results->grid;
	const char *header = "run,label,seed";
	struct whole_csv csv;
	for (size_t k = 0; k < grid->n_rows; k++)
		if (grid->swept[k] && k != grid->seed_row)
			header = text_keep_f("%s,%s", header, column_of(grid->rows[k].name));
	whole_csv_begin(&csv, header);
	for (size_t i = 0; i < grid->n; i++) {
		csv_text(csv.rows, results->run[i]);
		csv_text(csv.rows, grid->point[grid->run[i].point].label);
		csv_text(csv.rows, grid->run[i].seed);
		for (size_t k = 0; k < grid->n_rows; k++)
			if (grid->swept[k] && k != grid->seed_row)
				csv_text(csv.rows, grid_value(grid, &grid->run[i], k));
		csv_row(csv.rows);
	}
	return whole_csv_end(&csv, path_join(results->folder, "runs.csv"), err);
}

struct gathered {
	struct csv_table *table; /* [grid->n]; columns 0 where there is no row */
	struct csv_union columns;
	const double *gap;           /* [grid->n] the column gap_closed; NULL: none */
	const char **extra;          /* [grid->n_rows] the column of a swept key that the tables lack; else NULL */
	struct part_options options; /* each a column, named "aux.weight" */
};

static int read_summary(const char *folder, size_t place, struct gathered *all, struct error *err)
{
	struct arena arena = { .bytes = 0 };
	const struct run_reading how = { .remedy = "remove the run's folder", .arena = &arena };
	struct run_folder run;
	int status = run_folder_open(folder, &how, &run, err);
	if (status == 0) {
		all->table[place] = run.summary;
		part_options_add(&all->options, place, &run);
		run.summary = (struct csv_table){ .columns = 0 };
		run_folder_close(&run);
	}
	arena_free(&arena);
	return status;
}

static int read_summaries(const struct results *results, struct gathered *all, struct error *err)
{
	for (size_t i = 0; i < results->grid->n; i++) {
		if (results->state[i] != RUN_DONE && results->state[i] != RUN_DIVERGED)
			continue;
		TRY(read_summary(results_path(results, i), i, all, err));
		csv_union_add(&all->columns, &all->table[i]);
	}
	return 0;
}

static void write_row(const struct results *results, const struct gathered *all, size_t run, size_t row,
					  struct csv_writer *to)
{
	const struct grid *grid = results->grid;
	csv_union_put(&all->columns, &all->table[run], row, to);
	if (all->gap && isnan(all->gap[run]))
		csv_empty(to);
	else if (all->gap)
		csv_double(to, all->gap[run]);
	csv_text(to, grid->point[grid->run[run].point].label);
	for (size_t k = 0; k < grid->n_rows; k++)
		if (all->extra[k])
			csv_text(to, grid_value(grid, &grid->run[run], k));
	for (size_t i = 0; i < all->options.n; i++)
		csv_text(to, all->options.option[i].value[run] ? all->options.option[i].value[run] : "");
	csv_row(to);
}

static void write_rows(const struct results *results, const struct gathered *all, struct csv_writer *to)
{
	for (size_t i = 0; i < results->grid->n; i++)
		for (size_t row = 0; row < all->table[i].rows; row++)
			write_row(results, all, i, row, to);
}

static void find_extra(const struct grid *grid, struct gathered *all)
{
	for (size_t k = 0; k < grid->n_rows; k++)
		if (grid->swept[k] && !csv_union_has(&all->columns, column_of(grid->rows[k].name)))
			all->extra[k] = column_of(grid->rows[k].name);
}

static const char *header_line(const struct gathered *all, const struct results *results)
{
	const char *line = text_keep_f("%s,%slabel", csv_union_header(&all->columns), all->gap ? "gap_closed," : "");
	for (size_t k = 0; k < results->grid->n_rows; k++)
		if (all->extra[k])
			line = text_keep_f("%s,%s", line, all->extra[k]);
	for (size_t i = 0; i < all->options.n; i++)
		line = text_keep_f("%s,%s", line, column_of(all->options.option[i].name));
	return line;
}

static int write_summary(const struct results *results, const struct gathered *all, struct error *err)
{
	struct whole_csv csv;
	whole_csv_begin(&csv, header_line(all, results));
	write_rows(results, all, csv.rows);
	return whole_csv_end(&csv, path_join(results->folder, "summary.csv"), err);
}

int results_gather(const struct results *results, const double *gap, struct error *err)
{
	struct gathered all = { .gap = gap,
							.table = calloc(results->grid->n + 1, sizeof *all.table),
							.extra = calloc(results->grid->n_rows + 1, sizeof *all.extra),
							.options = { .runs = results->grid->n } };
	if (!all.table || !all.extra)
		error_no_memory("summaries");
	int status = read_summaries(results, &all, err);
	find_extra(results->grid, &all);
	part_options_choose(&all.options);
	if (status == 0 && all.columns.n > 0)
		status = write_summary(results, &all, err);
	else if (status == 0)
		unlink(path_join(results->folder, "summary.csv")); /* of the suite as it once was */
	for (size_t i = 0; i < results->grid->n; i++)
		if (all.table[i].columns > 0)
			csv_table_free(&all.table[i]);
	free(all.table);
	csv_union_free(&all.columns);
	free(all.extra);
	part_options_free(&all.options);
	return status;
}
