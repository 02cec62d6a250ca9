/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * manifest_read.c -- manifest.json as it is read.
 */
#include <config.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/files.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/data/stream.h"
#include "sim/route/catalog.h"
#include "sim/route/sentence.h"
#include "sim/run/manifest.h"
#include "sim/train/settings.h"

enum { LIMIT = 64 << 20 }; /* bytes */

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

/* ERROR_USER when it is there and no integer of at least 0. */
static int take_int(const json_t *json, const char *name, int64_t *to, struct error *err)
{
	const json_t *number = json_object_get(json, name);
	*to = -1;
	if (number == NULL)
		return 0;
	*to = json_integer_value(number);
	if (json_is_integer(number) && *to >= 0)
		return 0;
	return fail(err, ERROR_USER, "'%s' is not an integer of at least 0", name);
}

/* The first to name a setting is believed. */
static void add(struct run_record *record, struct arena *arena, const char *name, const char *value)
{
	for (size_t i = 0; i < record->effective; i++)
		if (strcmp(record->in_effect[i].name, name) == 0)
			return;
	if ((record->effective & (record->effective - 1)) == 0) { /* room doubles; the outgrown copy stays in the arena */
		size_t n = record->effective;
		struct run_setting *wider = ARENA_TAKE(arena, n ? 2 * n : 1, struct run_setting);
		if (n)
			memcpy(wider, record->in_effect, n * sizeof *wider);
		record->in_effect = wider;
	}
	record->in_effect[record->effective++] = (struct run_setting){ name, value };
}

/* What stands together under one key: the balancers of a sentence, or its only scorer. */
struct group {
	struct run_record *record;
	struct arena *arena;
	const char *key, *names;
};

static void add_part(struct group *group, const char *name)
{
	group->names = group->names ? text_keep_f("%s+%s", group->names, name) : name;
}

static void add_option(struct group *group, const char *part, const char *option, const char *value)
{
	add(group->record, group->arena, text_keep_f("%s.%s", part, option), value);
}

/* Manifests from before there were projectors name none: they had the plain one. */
static void end_group(struct group *group)
{
	const char *absent = strcmp(group->key, catalog_kind(MOE_PROJECTOR)) == 0 ? sentence_plain_projector : "none";
	add(group->record, group->arena, group->key, group->names ? group->names : absent);
	group->names = NULL;
}

static void take_part(struct group *group, const json_t *part)
{
	const char *name = text_at(part, NULL, "name"), *option;
	json_t *options = json_object_get(part, "options"), *value;
	json_object_foreach(options, option, value) if (json_is_string(value))
		add_option(group, name, text_keep(option), text_keep(json_string_value(value)));
	add_part(group, name);
}

/* The key of a sentence for that kind of part. */
static const char *key_of(const char *kind)
{
	return strcmp(kind, catalog_kind(MOE_BALANCER)) == 0 ? "balance" : kind;
}

/* As the manifest has them, part by part. */
static void take_routing(struct run_record *record, struct arena *arena, const json_t *routing)
{
	const json_t *parts = json_object_get(routing, "parts");
	json_t *layer = json_object_get(routing, "layer"), *value;
	const char *name;
	for (int kind = MOE_PROJECTOR; kind <= MOE_BALANCER; kind++) {
		struct group group = { record, arena, key_of(catalog_kind((enum moe_kind)kind)), NULL };
		for (size_t i = 0; i < json_array_size(parts); i++)
			if (strcmp(text_at(json_array_get(parts, i), NULL, "kind"), catalog_kind((enum moe_kind)kind)) == 0)
				take_part(&group, json_array_get(parts, i));
		end_group(&group);
	}
	json_object_foreach(layer, name, value) if (json_is_string(value))
		add(record, arena, text_keep(name), text_keep(json_string_value(value)));
}

static void add_options(struct group *group, const char *part, const struct moe_opt *rows, const void *options)
{
	for (; rows && rows->name; rows++)
		add_option(group, part, rows->name, options_value(rows, options));
	add_part(group, part);
}

/* Manifests of earlier versions have the sentence alone.  What this version cannot read stays a name that tells the
 * runs of other sentences apart. */
static void take_sentence(struct run_record *record, struct arena *arena)
{
	struct sentence sentence;
	struct error unknown;
	if (catalog_parts() == NULL || sentence_read(record->sentence, NULL, &sentence, &unknown) != 0)
		return;
	for (int kind = MOE_PROJECTOR; kind <= MOE_BALANCER; kind++) {
		struct group group = { record, arena, key_of(catalog_kind((enum moe_kind)kind)), NULL };
		for (size_t i = 0; i < sentence_parts(&sentence); i++) {
			const struct part_use *use = sentence_part(&sentence, i);
			if ((int)use->part->kind == kind)
				add_options(&group, use->part->name, use->part->opts, use->opt);
		}
		end_group(&group);
	}
	for (size_t i = 0; i < sentence.words; i++)
		add(record, arena, sentence.word[i].row->name, sentence.word[i].value);
}

static void take_stream_sentence(struct group *group, const char *sentence)
{
	const char *name = text_keep_n(sentence, strcspn(sentence, ","));
	const struct stream_type *type = stream_find(name);
	struct error unknown;
	void *options = type ? calloc(1, type->opts_size + 1) : NULL;
	if (options) {
		options_preset(type->opts, options);
		const char *list = sentence + strlen(name) + (sentence[strlen(name)] == ',');
		if (options_assign_list(type->opts, options, name, list, &unknown) == 0)
			add_options(group, name, type->opts, options);
	}
	free(options);
	if (group->names == NULL)
		add_part(group, name);
}

static void take_stream(struct run_record *record, struct arena *arena, const json_t *stream)
{
	struct group group = { record, arena, "stream", NULL };
	const json_t *part = json_object_get(stream, "part");
	if (part)
		take_part(&group, part);
	else if (*record->stream)
		take_stream_sentence(&group, record->stream);
	else
		return;
	end_group(&group);
}

/* [{"name": "experts", "value": "64", "origin": "default"}, ...] */
static int take_settings(struct run_record *record, struct arena *arena, const json_t *settings, struct error *err)
{
	record->setting = ARENA_TAKE(arena, json_array_size(settings) + 1, struct record_setting);
	if (settings && !json_is_array(settings))
		return fail(err, ERROR_USER, "settings must be a list");
	for (size_t i = 0; i < json_array_size(settings); i++) {
		const json_t *row = json_array_get(settings, i);
		struct record_setting *to = &record->setting[record->settings++];
		if (!json_is_string(json_object_get(row, "name")) || !json_is_string(json_object_get(row, "value")))
			return fail(err, ERROR_USER, "settings must be a list of objects with name and value");
		*to = (struct record_setting){ text_at(row, NULL, "name"), text_at(row, NULL, "value"),
									   text_at(row, NULL, "origin") };
	}
	return 0;
}

static void take_effective(struct run_record *record, struct arena *arena, const json_t *json)
{
	const json_t *routing = json_object_get(json, "routing");
	if (routing)
		take_routing(record, arena, routing);
	else if (*record->sentence)
		take_sentence(record, arena);
	take_stream(record, arena, json_object_get(json, "stream"));
	for (size_t i = 0; i < record->settings; i++)
		add(record, arena, record->setting[i].name, record->setting[i].value);
}

/* A name that leads out of the folder is none of the run's files. */
static void take_files(struct run_record *record, struct arena *arena, const json_t *json)
{
	json_t *files = json_object_get(json, "files"), *file;
	const char *name;
	record->file = ARENA_TAKE(arena, json_object_size(files) + 1, struct record_file);
	json_object_foreach(files, name, file)
	{
		const json_t *bytes = json_object_get(file, "bytes");
		if (text_is_name(name))
			record->file[record->files++] =
				(struct record_file){ text_keep(name), text_at(file, NULL, "sha256"),
									  json_is_integer(bytes) ? json_integer_value(bytes) : -1 };
	}
}

static void take_hash(struct run_record *record, const json_t *json)
{
	const char *hash = json_string_value(json_object_get(json, "settings_hash"));
	char *end = NULL;
	if (hash)
		record->hash = strtoull(hash, &end, 16);
	record->has_hash = end && end == hash + 16 && *end == 0;
}

static void take_texts(struct run_record *record, const json_t *json)
{
	record->strategy = text_at(json, NULL, "strategy");
	record->sentence = text_at(json, NULL, "sentence");
	record->status = text_at(json, NULL, "status");
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
}

static int check_format(const json_t *json, struct error *err)
{
	const json_t *format = json_object_get(json, "format");
	if (!json_is_object(json))
		return fail(err, ERROR_USER, "is not the manifest of a run");
	if (format && !(json_is_integer(format) && json_integer_value(format) == MANIFEST_FORMAT))
		return fail(err, ERROR_USER, "has another format than %d: another version of moesim wrote it", MANIFEST_FORMAT);
	return 0;
}

static int check_status(const struct run_record *record, struct error *err)
{
	static const char *const known[] = { "", "running", "replacing", "done", "diverged", "interrupted" };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (manifest_is(record, known[i]))
			return 0;
	return fail(err, ERROR_USER, "the status '%s' is unknown", record->status);
}

/* As settings_hash() has it: the sentence stands for the strategy and its balancers. */
static int check_settings(const struct run_record *record, struct error *err)
{
	uint64_t hash = TEXT_HASH_START;
	for (size_t i = 0; i < record->settings; i++) {
		const struct record_setting *setting = &record->setting[i];
		const char *value = strcmp(setting->name, "strategy") == 0  ? record->sentence
							: strcmp(setting->name, "balance") == 0 ? ""
																	: setting->value;
		hash = settings_hash_row(setting->name, value, hash);
	}
	if (!record->has_hash || hash == record->hash)
		return 0;
	return fail(err, ERROR_USER, "the settings are not what the run had, by their hash");
}

int manifest_take(const json_t *json, struct arena *arena, struct run_record *record, struct error *err)
{
	*record = (struct run_record){ .status = "" };
	TRY(check_format(json, err));
	take_texts(record, json);
	TRY(check_status(record, err));
	TRY(take_int(json, "seed", &record->seed, err));
	TRY(take_int(json, "steps_done", &record->steps_done, err));
	TRY(take_settings(record, arena, json_object_get(json, "settings"), err));
	take_effective(record, arena, json);
	take_files(record, arena, json);
	take_hash(record, json);
	return check_settings(record, err);
}

int manifest_read(const char *folder, struct arena *arena, struct run_record *record, struct error *err)
{
	return manifest_read_file(path_join(folder, "manifest.json"), arena, record, err);
}

int manifest_read_file(const char *path, struct arena *arena, struct run_record *record, struct error *err)
{
	json_error_t wrong = { .line = 0 };
	char *bytes;
	size_t size;
	bool exists;
	*record = (struct run_record){ .status = "" };
	TRY(file_look(path, &exists, err));
	TRY(file_read(path, LIMIT, &bytes, &size, err));
	errno = 0;
	json_t *json = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &wrong);
	if (json == NULL && errno == ENOMEM)
		error_no_memory(path);
	free(bytes);
	int status = json ? manifest_take(json, arena, record, err) : fail(err, ERROR_USER, "invalid JSON: %s", wrong.text);
	json_decref(json);
	return status == 0 ? 0
					   : fail_at(err, path, wrong.line > 0 ? (unsigned)wrong.line : 0,
								 wrong.column > 0 ? (unsigned)wrong.column : 0);
}

bool manifest_is(const struct run_record *record, const char *status)
{
	return strcmp(record->status, status) == 0;
}

const struct record_file *run_record_file(const struct run_record *record, const char *name)
{
	for (size_t i = 0; i < record->files; i++)
		if (strcmp(record->file[i].name, name) == 0)
			return &record->file[i];
	return NULL;
}
