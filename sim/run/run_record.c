/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_record.c -- where a run comes from.
 */
#include <config.h>

#include "sim/run/run_record.h"

#include <jansson.h>
#include <math.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/files.h"
#include "sim/base/text.h"

enum { MANIFEST_LIMIT = 16 << 20 }; /* bytes */

static const char *text_at(const json_t *json, const char *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object ? json_object_get(json, object) : json, name));
	return text ? text_keep(text) : "";
}

static double number_at(const json_t *json, const char *object, const char *name)
{
	const json_t *number = json_object_get(json_object_get(json, object), name);
	return json_is_number(number) ? json_number_value(number) : NAN;
}

static void take_settings(const json_t *json, struct arena *arena, struct run_record *record)
{
	const json_t *settings = json_object_get(json, "settings");
	record->setting = ARENA_TAKE(arena, json_array_size(settings) + 1, struct record_setting);
	for (size_t i = 0; i < json_array_size(settings); i++) {
		const json_t *row = json_array_get(settings, i);
		record->setting[record->settings++] =
			(struct record_setting){ text_at(row, NULL, "name"), text_at(row, NULL, "value"),
									 text_at(row, NULL, "origin") };
	}
}

static enum file_state look_at(const char *path, const char *sha256)
{
	char now[SHA256_DIGEST_STRING_LENGTH];
	if (!file_exists(path))
		return FILE_MISSING;
	return SHA256File(path, now) && strcmp(now, sha256) == 0 ? FILE_INTACT : FILE_CHANGED;
}

/* A name that leads out of the folder is none of the run's files. */
static void take_files(const struct run_folder *run, json_t *json, struct arena *arena, struct run_record *record)
{
	json_t *files = json_object_get(json, "files"), *file;
	const char *name;
	record->file = ARENA_TAKE(arena, json_object_size(files) + 1, struct record_file);
	json_object_foreach(files, name, file)
	{
		if (!text_is_name(name))
			continue;
		const char *sha256 = text_at(file, NULL, "sha256");
		record->file[record->files++] =
			(struct record_file){ text_keep(name), sha256, look_at(path_join(run->path, name), sha256) };
	}
}

static void take(const struct run_folder *run, json_t *json, struct arena *arena, struct run_record *record)
{
	record->version = text_at(json, "build", "version");
	record->git = text_at(json, "build", "git");
	record->compiler = text_at(json, "build", "compiler");
	record->precision = text_at(json, "build", "precision");
	record->cblas = text_at(json, "build", "cblas");
	record->system = text_keep_f("%s %s", text_at(json, "host", "system"), text_at(json, "host", "machine"));
	record->written = text_at(json, "host", "written");
	record->stream = text_at(json, "stream", "sentence");
	record->params_total = number_at(json, "model", "params_total");
	record->params_active = number_at(json, "model", "params_active");
	record->flops_per_token = number_at(json, "model", "flops_forward_per_token");
	record->bayes_loss = number_at(json, "stream", "bayes_loss");
	take_settings(json, arena, record);
	take_files(run, json, arena, record);
}

int run_record_read(const struct run_folder *run, struct arena *arena, struct run_record *record, struct error *err)
{
	const char *path = path_join(run->path, "manifest.json");
	json_error_t wrong;
	char *bytes;
	size_t size;
	*record = (struct run_record){ .settings = 0 };
	TRY(file_read(path, MANIFEST_LIMIT, &bytes, &size, err));
	json_t *json = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &wrong);
	free(bytes);
	if (!json) {
		fail(err, ERROR_USER, "this is no JSON: %s", wrong.text);
		return fail_at(err, path, wrong.line > 0 ? (unsigned)wrong.line : 0, 0);
	}
	take(run, json, arena, record);
	json_decref(json);
	return 0;
}

const struct record_file *run_record_damage(const struct run_record *record)
{
	for (size_t i = 0; i < record->files; i++)
		if (record->file[i].state != FILE_INTACT)
			return &record->file[i];
	return NULL;
}

const struct record_file *run_record_file(const struct run_record *record, const char *name)
{
	for (size_t i = 0; i < record->files; i++)
		if (strcmp(record->file[i].name, name) == 0)
			return &record->file[i];
	return NULL;
}
