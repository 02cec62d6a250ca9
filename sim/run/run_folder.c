/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_folder.c -- finding finished and unfinished runs on disk, and reading what they say of themselves.
 */
#include <config.h>

#include "sim/run/run_folder.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/files.h"
#include "sim/base/text.h"

enum { MANIFEST_LIMIT = 16 << 20 }; /* bytes */

/* ---- the list -------------------------------------------------------------------------------------------- */

static bool is_run(const char *path)
{
	return file_exists(path_join(path, "manifest.json"));
}

static bool is_listed(const struct run_list *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->run[i].path, path) == 0)
			return true;
	return false;
}

static void append(struct run_list *list, const char *path)
{
	if ((list->n & (list->n - 1)) == 0) { /* room doubles; the outgrown copy stays in the arena */
		struct run_folder *wider = ARENA_TAKE(&list->arena, list->n ? 2 * list->n : 1, struct run_folder);
		if (list->n)
			memcpy(wider, list->run, list->n * sizeof *wider);
		list->run = wider;
	}
	list->run[list->n++] = (struct run_folder){ .path = path,
												.name = strrchr(path, '/') + 1,
												.label = "",
												.strategy = "",
												.sentence = "",
												.status = "",
												.seed = -1 };
}

/* Adds the folder if it is a run that is not in the list yet. */
static bool add_run(struct run_list *list, const char *path)
{
	if (!is_run(path))
		return false;
	char *real_path = realpath(path, NULL);
	if (real_path && !is_listed(list, real_path))
		append(list, text_keep(real_path));
	free(real_path);
	return true;
}

/* The runs that the suite's list names.  Others beside them belong to the suite as it once was. */
static int add_listed(struct run_list *list, const char *folder, const char *path, bool *found, struct error *err)
{
	struct csv_table table;
	TRY(csv_read(path, &table, err));
	int column = csv_column(&table, "run"), label = csv_column(&table, "label");
	for (size_t row = 0; column >= 0 && row < table.rows; row++) {
		size_t before = list->n;
		if (text_is_name(csv_cell(&table, row, column)))
			*found |= add_run(list, path_join(folder, csv_cell(&table, row, column)));
		if (list->n > before && label >= 0)
			list->run[before].label = text_keep(csv_cell(&table, row, label));
	}
	csv_table_free(&table);
	return 0;
}

static int add_all(struct run_list *list, const char *folder, bool *found, struct error *err)
{
	struct dirent **entry;
	int n = scandir(folder, &entry, NULL, alphasort);
	if (n < 0)
		return fail(err, errno == ENOENT || errno == ENOTDIR ? ERROR_USER : ERROR_WORLD,
					"cannot read the folder '%s': %s", folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (entry[i]->d_name[0] != '.')
			*found |= add_run(list, path_join(folder, entry[i]->d_name));
		free(entry[i]);
	}
	free(entry);
	return 0;
}

static int add_folder(struct run_list *list, const char *folder, struct error *err)
{
	if (add_run(list, folder))
		return 0;
	bool found = false;
	const char *listed = path_join(folder, "runs.csv");
	if (file_exists(listed))
		TRY(add_listed(list, folder, listed, &found, err));
	else
		TRY(add_all(list, folder, &found, err));
	return found ? 0 : fail(err, ERROR_USER, "no run in '%s' (a run's folder holds a manifest.json)", folder);
}

/* ---- the manifest ---------------------------------------------------------------------------------------- */

/* A setting's value as text; a structure of its own (no setting has one) is passed over. */
static const char *value_text(const json_t *value)
{
	char buffer[TEXT_NUMBER];
	switch (json_typeof(value)) {
	case JSON_STRING:
		return text_keep(json_string_value(value));
	case JSON_INTEGER:
		return text_keep_f("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_REAL:
		return text_keep(text_of_double(json_real_value(value), buffer));
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	default:
		return NULL;
	}
}

static const char *member_text(const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);
	return json_is_string(member) ? text_keep(json_string_value(member)) : "";
}

static const struct run_setting *find_setting(const struct run_folder *run, const char *name)
{
	for (size_t i = 0; i < run->settings; i++)
		if (strcmp(run->setting[i].name, name) == 0)
			return &run->setting[i];
	return NULL;
}

const char *run_folder_setting(const struct run_folder *run, const char *name)
{
	const struct run_setting *setting = find_setting(run, name);
	return setting ? setting->value : "";
}

/* The first to name a setting is believed. */
static void add_setting(struct run_folder *run, const char *name, const char *value)
{
	if (!find_setting(run, name))
		run->setting[run->settings++] = (struct run_setting){ name, value };
}

/* [{"name": "experts", "value": "64", "origin": "default"}, ...] */
static void take_settings(struct run_folder *run, const json_t *settings)
{
	for (size_t i = 0; i < json_array_size(settings); i++) {
		const char *name = member_text(json_array_get(settings, i), "name");
		const json_t *value = json_object_get(json_array_get(settings, i), "value");
		const char *text = value ? value_text(value) : NULL;
		if (*name && text)
			add_setting(run, name, text);
	}
}

/* "aux,weight=0.01+z,weight=0.001" under the key "balance" is three settings: balance, aux.weight and z.weight. */
static void take_parts(struct run_folder *run, const char *key, const char *value)
{
	const char *names = "";
	for (const char *part = value; *part; part += strspn(part, "+")) {
		size_t length = strcspn(part, ",+");
		const char *name = text_keep_n(part, length);
		names = *names ? text_keep_f("%s+%s", names, name) : name;
		for (part += length; *part == ',';) {
			part++;
			length = strcspn(part, ",+");
			size_t to_value = strcspn(part, "=,+");
			if (to_value < length)
				add_setting(run, text_keep_f("%s.%.*s", name, (int)to_value, part),
							text_keep_n(part + to_value + 1, length - to_value - 1));
			part += length;
		}
	}
	add_setting(run, key, names);
}

/* The resolved sentence tells what the settings as they were typed leave open. */
static void take_sentence(struct run_folder *run, const char *sentence)
{
	static const char *const kinds[] = { "scorer", "selector", "gate", "balance" };
	for (const char *word = sentence; *word; word += strspn(word, " ")) {
		size_t length = strcspn(word, " "), to_value = strcspn(word, "= ");
		if (to_value < length) {
			const char *key = text_keep_n(word, to_value);
			const char *value = text_keep_n(word + to_value + 1, length - to_value - 1);
			bool is_part = false;
			for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
				is_part |= strcmp(key, kinds[i]) == 0;
			if (is_part)
				take_parts(run, key, value);
			else
				add_setting(run, key, value);
		}
		word += length;
	}
}

static size_t pieces_of(const char *text)
{
	size_t n = 1;
	for (; *text; text++)
		n += *text == ' ' || *text == ',' || *text == '+';
	return n;
}

static void take_all_settings(struct run_list *list, struct run_folder *run, const json_t *manifest)
{
	const json_t *settings = json_object_get(manifest, "settings");
	const char *stream = member_text(json_object_get(manifest, "stream"), "sentence");
	size_t most = json_array_size(settings) + 2 * pieces_of(run->sentence) + 2 * pieces_of(stream);
	run->setting = ARENA_TAKE(&list->arena, most, struct run_setting);
	take_sentence(run, run->sentence);
	take_parts(run, "stream", stream);
	take_settings(run, settings);
}

static int read_manifest(struct run_list *list, struct run_folder *run, struct error *err)
{
	const char *path = path_join(run->path, "manifest.json");
	char *bytes;
	size_t size;
	TRY(file_read(path, MANIFEST_LIMIT, &bytes, &size, err));
	json_error_t wrong;
	json_t *manifest = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &wrong);
	free(bytes);
	if (!manifest) {
		fail(err, ERROR_USER, "this is no JSON: %s", wrong.text);
		return fail_at(err, path, wrong.line > 0 ? (unsigned)wrong.line : 0,
					   wrong.column > 0 ? (unsigned)wrong.column : 0);
	}
	run->strategy = member_text(manifest, "strategy");
	run->sentence = member_text(manifest, "sentence");
	run->status = member_text(manifest, "status");
	const json_t *seed = json_object_get(manifest, "seed");
	if (json_is_integer(seed))
		run->seed = json_integer_value(seed);
	take_all_settings(list, run, manifest);
	json_decref(manifest);
	return 0;
}

/* ---- the tables ------------------------------------------------------------------------------------------ */

int run_folder_table(const struct run_folder *run, const char *file, struct csv_table *table, struct error *err)
{
	const char *path = path_join(run->path, file);
	*table = (struct csv_table){ .columns = 0 };
	return file_exists(path) ? csv_read(path, table, err) : 0;
}

int run_folder_column(const struct csv_table *table, const char *name, int *column, struct error *err)
{
	*column = csv_column(table, name);
	if (*column >= 0)
		return 0;
	fail(err, ERROR_USER, "there is no column '%s'", name);
	return fail_at(err, table->path, 1, 0);
}

int run_folder_summary(const struct run_folder *run, const char *column, double *value, struct error *err)
{
	bool is_number = true;
	int at = run->summary.rows ? csv_column(&run->summary, column) : -1;
	*value = at < 0 ? NAN : csv_number(&run->summary, 0, at, &is_number);
	if (is_number)
		return 0;
	fail(err, ERROR_USER, "'%s' is not a number (column '%s'; run it again)", csv_cell(&run->summary, 0, at), column);
	return fail_at(err, path_join(run->path, "summary.csv"), run->summary.line[0], 0);
}

static void replace_text(const struct csv_table *table, const char *column, const char **text)
{
	int at = csv_column(table, column);
	if (at >= 0 && *csv_cell(table, 0, at))
		*text = text_keep(csv_cell(table, 0, at));
}

/* What a finished run says of itself wins over its manifest. */
static int read_summary(struct run_folder *run, struct error *err)
{
	struct csv_table *table = &run->summary;
	TRY(run_folder_table(run, "summary.csv", table, err));
	run->summed_up = table->rows > 0;
	if (!run->summed_up)
		return 0;
	replace_text(table, "strategy", &run->strategy);
	replace_text(table, "sentence", &run->sentence);
	replace_text(table, "status", &run->status);
	int at = csv_column(table, "seed");
	if (at >= 0)
		text_to_int(csv_cell(table, 0, at), &run->seed);
	at = csv_column(table, "causal");
	run->sees_future = at >= 0 && strcmp(csv_cell(table, 0, at), "no") == 0;
	return 0;
}

/* Tokens a step, from any row of a table with both columns: a step sees the same number of them throughout. */
static double pace_of(const struct csv_table *table, const char *steps)
{
	int step = csv_column(table, steps), tokens = csv_column(table, "tokens");
	if (table->rows == 0 || step < 0 || tokens < 0)
		return NAN;
	size_t last = table->rows - 1;
	double pace = csv_number(table, last, tokens, NULL) / csv_number(table, last, step, NULL);
	return isfinite(pace) && pace > 0 ? pace : NAN;
}

/* The summary tells; of a run that has none yet, the steps so far. */
static int read_pace(struct run_folder *run, struct error *err)
{
	struct csv_table table;
	run->tokens_per_step = pace_of(&run->summary, "steps");
	if (!isnan(run->tokens_per_step))
		return 0;
	TRY(run_folder_table(run, "steps.csv", &table, err));
	run->tokens_per_step = pace_of(&table, "step");
	csv_table_free(&table);
	return 0;
}

/* ---- all together ---------------------------------------------------------------------------------------- */

static int read_run(struct run_list *list, struct run_folder *run, struct error *err)
{
	TRY(read_manifest(list, run, err));
	TRY(read_summary(run, err));
	TRY(read_pace(run, err));
	if (!*run->strategy)
		run->strategy = run->name;
	return 0;
}

static int find(size_t folders, char *const *folder, struct run_list *list, struct error *err)
{
	for (size_t i = 0; i < folders; i++)
		TRY(add_folder(list, folder[i], err));
	for (size_t i = 0; i < list->n; i++)
		TRY(read_run(list, &list->run[i], err));
	return 0;
}

int run_list_find(size_t folders, char *const *folder, struct run_list *list, struct error *err)
{
	*list = (struct run_list){ .n = 0 };
	if (find(folders, folder, list, err) == 0)
		return 0;
	run_list_free(list);
	return -1;
}

void run_list_free(struct run_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		csv_table_free(&list->run[i].summary);
	arena_free(&list->arena);
	*list = (struct run_list){ .n = 0 };
}
