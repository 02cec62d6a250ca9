/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * repeat.c -- a run made again: the settings of its manifest.
 */
#include <config.h>

#include "sim/run/repeat.h"

#include <string.h>

#include "sim/base/files.h"
#include "sim/run/manifest.h"

/* Settings by where they came from, as the run had them. */
struct sources {
	struct assignment model[CONFIG_ROWS], user[2 * CONFIG_ROWS + 128];
	size_t models, users;
};

static void add(struct assignment *to, size_t *n, const char *name, const char *value)
{
	to[(*n)++] = (struct assignment){ name, value };
}

static bool is_routing(const char *name)
{
	return strcmp(name, "strategy") == 0 || strcmp(name, "balance") == 0;
}

/* What the user or a model had said; defaults and the words of a strategy come by themselves.  With `spelled` the
 * resolved sentence stands for strategy and balancers. */
static void take(const struct run_record *record, bool spelled, struct sources *from)
{
	*from = (struct sources){ .models = 0 };
	for (size_t i = 0; i < record->settings && i < CONFIG_ROWS; i++) {
		const struct record_setting *row = &record->setting[i];
		if (spelled && is_routing(row->name))
			continue;
		if (strcmp(row->origin, settings_origin(ORIGIN_MODEL)) == 0)
			add(from->model, &from->models, row->name, row->value);
		else if (strcmp(row->origin, settings_origin(ORIGIN_USER)) == 0)
			add(from->user, &from->users, row->name, row->value);
	}
	if (spelled)
		add(from->user, &from->users, "strategy", record->sentence);
}

static int resolve(const struct sources *from, struct settings *settings, struct error *err)
{
	return settings_resolve_above(from->model, from->models, from->user, from->users, settings, err);
}

/* The words of other programs for parts of a sentence leave no trace but in the sentence itself, so that there are two
 * ways to say the same; one of them must give what the run had. */
static int find_way(const struct run_record *record, struct sources *from, struct error *err)
{
	struct settings settings;
	if (!record->has_hash || record->settings == 0)
		return fail(err, ERROR_USER, "does not tell the settings of its run");
	for (int spelled = 0; spelled < 2; spelled++) {
		take(record, spelled == 1, from);
		if (resolve(from, &settings, err) == 0 && settings_hash(&settings) == record->hash)
			return 0;
	}
	return fail(err, ERROR_USER, "its settings mean something else to this build (it was made by version %s, %s)",
				*record->version ? record->version : "unknown", *record->git ? record->git : "unknown source");
}

static int resolve_record(const struct run_record *record, const char *path, const struct assignment *given, size_t n,
						  struct settings *settings, struct error *err)
{
	struct sources from;
	bool renamed = false;
	if (find_way(record, &from, err) != 0)
		return fail_at(err, path, 0, 0);
	for (size_t i = 0; i < n; i++) {
		if (from.users == sizeof from.user / sizeof *from.user)
			BUG("more flags than a command line has");
		renamed = renamed || config_find(given[i].name) == NULL || is_routing(config_find(given[i].name)->name);
		from.user[from.users++] = given[i];
	}
	TRY(resolve(&from, settings, err));
	if (!renamed)
		settings->sentence.name = record->strategy;
	return 0;
}

int repeat_resolve(const char *path, const struct assignment *given, size_t n, struct settings *settings,
				   struct error *err)
{
	struct arena arena = { .bytes = 0 };
	struct run_record record;
	const char *file = folder_exists(path) ? path_join(path, "manifest.json") : path;
	int status = manifest_read_file(file, &arena, &record, err);
	if (status == 0)
		status = resolve_record(&record, file, given, n, settings, err);
	arena_free(&arena);
	return status;
}
