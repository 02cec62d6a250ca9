/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_list.c -- the runs of some folders: each is used, or named with the reason why it is not.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/files.h"
#include "sim/base/lookup.h"
#include "sim/base/text.h"
#include "sim/run/run_folder.h"

/* A list being collected. */
struct search {
	struct run_list *list;
	bool lenient;
	struct run_reading how;
	const char *given;    /* the folder that the user named */
	bool found;           /* a run in it, whether it can be used or not */
	struct lookup listed; /* the paths of the list's runs */
};

/* What to do about damage, and about that of a run which is left out already. */
static const char remedy[] = "restore the file or run it again, or leave such runs out with --lenient";
static const char remedy_of_lenient[] = "restore the file or run it again";

/* Room doubles; the outgrown copy stays in the arena. */
static void *grown(struct arena *arena, void *old, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return old;
	char *wider = arena_take(arena, n ? 2 * n : 1, size);
	if (n)
		memcpy(wider, old, n * size);
	return wider;
}

static void omit(struct run_list *list, const char *path, const char *reason)
{
	list->omission = grown(&list->arena, list->omission, list->omissions, sizeof *list->omission);
	list->omission[list->omissions++] = (struct run_omission){ path, reason };
}

/* Damage is an error, or a run the less. */
static int omit_damaged(struct search *search, const char *path, struct error *err)
{
	if (!search->lenient)
		return -1;
	const char *file = *err->file ? path_last(err->file) : path;
	omit(search->list, path, text_keep_f("left out, as it is damaged: %s: %s", file, err->text));
	*err = (struct error){ .code = ERROR_NONE };
	return 0;
}

static const char *state_of(const struct run_folder *run)
{
	if (strcmp(run->status, "interrupted") == 0 && run->record.steps_done >= 0)
		return text_keep_f("interrupted after step %lld", (long long)run->record.steps_done);
	return *run->status ? run->status : "no status";
}

static int add_open_run(struct search *search, struct run_folder *run, const char *path, const char *label,
						struct error *err)
{
	struct run_list *list = search->list;
	int status = search->lenient ? run_folder_verify(run, err) : 0;
	if (status != 0) {
		run_folder_close(run);
		return omit_damaged(search, path, err);
	}
	run->label = label;
	if (!run->summed_up)
		omit(list, path, text_keep_f("not finished (%s): it counts in no mean and no verdict", state_of(run)));
	list->run = grown(&list->arena, list->run, list->n, sizeof *list->run);
	list->run[list->n++] = *run;
	lookup_add(&search->listed, run->path);
	return 0;
}

static int add_run(struct search *search, const char *path, const char *label, struct error *err)
{
	struct run_folder run;
	char *real = realpath(path, NULL);
	const char *kept = real ? text_keep(real) : path;
	free(real);
	if (lookup_find(&search->listed, kept) != SIZE_MAX)
		return 0;
	if (run_folder_open(kept, &search->how, &run, err) != 0)
		return omit_damaged(search, path, err);
	return add_open_run(search, &run, path, label, err);
}

/* A run folder has a manifest; what has rows but no manifest was one. */
static int look(const struct search *search, const char *path, bool *is_run, struct error *err)
{
	bool has_rows;
	*is_run = false;
	if (!folder_exists(path) && !path_is_link(path))
		return 0;
	TRY(file_look(path_join(path, "manifest.json"), is_run, err));
	if (*is_run)
		return 0;
	TRY(file_look(path_join(path, "steps.csv"), &has_rows, err));
	if (!has_rows)
		return 0;
	fail(err, ERROR_USER, "holds rows of a run but no manifest.json (%s)", search->how.remedy);
	return fail_at(err, path, 0, 0);
}

/* Adds the folder if it is a run. */
static int try_run(struct search *search, const char *path, const char *label, bool *is_run, struct error *err)
{
	int status = look(search, path, is_run, err);
	search->found |= *is_run || status != 0;
	if (status != 0)
		return omit_damaged(search, path, err);
	return *is_run ? add_run(search, path, label, err) : 0;
}

static int bad_row(const struct csv_table *table, size_t row, const char *name, struct error *err)
{
	fail(err, ERROR_USER, "'%s' is not the name of a run", name);
	return fail_at(err, table->path, table->line[row], 0);
}

/* The runs that the suite's list names. */
static int add_rows(struct search *search, const struct csv_table *table, struct error *err)
{
	int column, label = csv_column(table, "label");
	TRY(run_folder_column(table, "run", &column, err));
	for (size_t row = 0; row < table->rows; row++) {
		const char *name = csv_cell(table, row, column), *path = path_join(search->given, name);
		size_t before = search->list->omissions;
		bool is_run;
		if (!text_is_name(name))
			return bad_row(table, row, name, err);
		TRY(try_run(search, path, label < 0 ? "" : text_keep(csv_cell(table, row, label)), &is_run, err));
		if (!is_run && search->list->omissions == before)
			omit(search->list, path, "does not exist yet, though runs.csv lists it");
	}
	return 0;
}

/* The names in the folder, sorted; -1 and *err where it cannot be read. */
static int list_names(const char *folder, struct dirent ***entry, struct error *err)
{
	int n = scandir(folder, entry, NULL, alphasort);
	if (n < 0)
		fail(err, errno == ENOENT || errno == ENOTDIR ? ERROR_USER : ERROR_WORLD, "cannot read the folder '%s': %s",
			 folder, strerror(errno));
	return n;
}

static int omit_unlisted(struct search *search, const char *name, const struct lookup *listed, struct error *err)
{
	const char *path = path_join(search->given, name);
	bool is_run = false;
	if (*name != '.' && lookup_find(listed, name) == SIZE_MAX)
		TRY(file_look(path_join(path, "manifest.json"), &is_run, err));
	if (is_run)
		omit(search->list, path, "left out, as runs.csv does not list it");
	return 0;
}

/* Runs of the suite as it once was, which no page should miss without a word. */
static int tell_unlisted(struct search *search, const struct csv_table *table, struct error *err)
{
	struct lookup listed = { .arena = &search->list->arena };
	struct dirent **entry;
	int n = list_names(search->given, &entry, err), status = n < 0 ? -1 : 0;
	for (size_t row = 0; row < table->rows; row++)
		lookup_add(&listed, csv_cell(table, row, csv_column(table, "run")));
	for (int i = 0; i < n; i++) {
		if (status == 0)
			status = omit_unlisted(search, entry[i]->d_name, &listed, err);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	return status;
}

static int add_listed(struct search *search, const char *path, struct error *err)
{
	struct csv_table table;
	TRY(csv_read(path, &table, err));
	int status = add_rows(search, &table, err);
	if (status == 0)
		status = tell_unlisted(search, &table, err);
	csv_table_free(&table);
	return status;
}

static int add_all(struct search *search, struct error *err)
{
	struct dirent **entry;
	int n = list_names(search->given, &entry, err), status = 0;
	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		bool is_run;
		if (status == 0 && entry[i]->d_name[0] != '.')
			status = try_run(search, path_join(search->given, entry[i]->d_name), "", &is_run, err);
		free(entry[i]);
	}
	free(entry);
	return status;
}

static int add_folder(struct search *search, const char *folder, struct error *err)
{
	bool is_run, is_suite;
	search->given = folder;
	search->found = false;
	TRY(try_run(search, folder, "", &is_run, err));
	if (search->found)
		return 0;
	const char *listed = path_join(folder, "runs.csv");
	TRY(file_look(listed, &is_suite, err));
	TRY(is_suite ? add_listed(search, listed, err) : add_all(search, err));
	return search->found ? 0 : fail(err, ERROR_USER, "no run in '%s' (a run's folder holds a manifest.json)", folder);
}

static int find(size_t folders, char *const *folder, struct search *search, struct error *err)
{
	for (size_t i = 0; i < folders; i++)
		TRY(add_folder(search, folder[i], err));
	if (search->list->n > 0)
		return 0;
	run_list_tell(search->list);
	return fail(err, ERROR_USER, "no run can be used");
}

int run_list_find(size_t folders, char *const *folder, bool lenient, struct run_list *list, struct error *err)
{
	*list = (struct run_list){ .n = 0 };
	struct search search = { .list = list,
							 .lenient = lenient,
							 .how = { lenient ? remedy_of_lenient : remedy, &list->arena,
									  ARENA_TAKE(&list->arena, 1, size_t) },
							 .listed = { .arena = &list->arena } };
	if (find(folders, folder, &search, err) == 0)
		return 0;
	run_list_free(list);
	return -1;
}

void run_list_free(struct run_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		run_folder_close(&list->run[i]);
	arena_free(&list->arena);
	*list = (struct run_list){ .n = 0 };
}

void run_list_tell(const struct run_list *list)
{
	for (size_t i = 0; i < list->omissions; i++) {
		struct error line = { .code = ERROR_NONE };
		fail(&line, ERROR_USER, "%s", list->omission[i].reason);
		fail_at(&line, list->omission[i].path, 0, 0);
		error_print(&line);
	}
}
