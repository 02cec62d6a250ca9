/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * simulated.c -- the network of a run, read from its manifest.json, as a model that can be counted beside public ones.
 */
#include <config.h>

#include "experiments/models/simulated.h"

#include <string.h>

#include "sim/run/manifest.h"
#include "sim/train/trainer.h"

bool simulated_is(const struct document *doc)
{
	return document_at(doc, "sentence") && document_at(doc, "settings");
}

/* The strategy, which the sentence tells in full, and the stream, of which the vocabulary is told, are not needed. */
static bool is_needed(const char *name)
{
	static const char *const others[] = { "strategy", "balance", "stream" };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strcmp(others[i], name) == 0)
			return false;
	return true;
}

static int take_settings(const struct document *doc, const struct run_record *record, struct assignment *to, size_t *n,
						 struct error *err)
{
	to[(*n)++] = (struct assignment){ "strategy", record->sentence };
	for (size_t i = 0; i < record->settings; i++) {
		const char *name = record->setting[i].name;
		if (!config_find(name))
			return document_fail(doc, "settings", err, "unknown setting '%s' (written by a different version of moesim?)", name);
		if (!is_needed(name))
			continue;
		if (*n == CONFIG_ROWS)
			return document_fail(doc, "settings", err, "there are more than %d settings", CONFIG_ROWS);
		to[(*n)++] = (struct assignment){ name, record->setting[i].value };
	}
	return 0;
}

/* Settings that do not fit one another are the manifest's mistake, not a flag's. */
static int resolve(const struct document *doc, const struct assignment *given, size_t n, struct settings *settings,
				   struct error *err)
{
	struct error inner = { .code = ERROR_NONE };
	if (settings_resolve(given, n, settings, &inner) == 0)
		return 0;
	return document_fail(doc, "settings", err, "%s", inner.text);
}

static int read_record(const struct document *doc, struct arena *arena, struct model *model, struct error *err)
{
	struct assignment given[CONFIG_ROWS];
	struct settings settings;
	struct run_record record;
	struct error inner;
	size_t n = 0;
	int64_t vocabulary = 0;
	if (manifest_take(doc->root, arena, &record, &inner) != 0)
		return document_fail(doc, "settings", err, "%s", inner.text);
	TRY(document_int(doc, "stream.vocabulary", 1, UINT32_MAX, &vocabulary, err));
	if (vocabulary == 0)
		return document_fail(doc, "stream.vocabulary", err, "stream.vocabulary is missing");
	TRY(take_settings(doc, &record, given, &n, err));
	TRY(resolve(doc, given, n, &settings, err));
	model->shape = trainer_shape(&settings.config, &settings.sentence, (size_t)vocabulary);
	model->context = settings.config.length;
	return 0;
}

int simulated_read(const struct document *doc, struct model *model, struct error *err)
{
	struct arena arena = { .bytes = 0 };
	int status = read_record(doc, &arena, model, err);
	arena_free(&arena);
	return status;
}
