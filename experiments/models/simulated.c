/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * simulated.c -- the network of a run, read from its manifest.json, as a model that can be counted beside public ones.
 */
#include <config.h>

#include "experiments/models/simulated.h"

#include <string.h>

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

/* One entry of "settings": {"name": "width", "value": "64", ...}. */
static int take_setting(const struct document *doc, const json_t *entry, struct assignment *to, size_t *n,
						struct error *err)
{
	const char *name = json_string_value(json_object_get(entry, "name"));
	const char *value = json_string_value(json_object_get(entry, "value"));
	if (!name || !value)
		return document_fail(doc, "settings", err, "settings must be a list of objects with name and value");
	if (!config_find(name))
		return document_fail(doc, "settings", err, "unknown setting '%s' (written by a different version of moesim?)",
							 name);
	if (!is_needed(name))
		return 0;
	if (*n == CONFIG_ROWS)
		return document_fail(doc, "settings", err, "there are more than %d settings", CONFIG_ROWS);
	to[(*n)++] = (struct assignment){ name, value };
	return 0;
}

static int take_settings(const struct document *doc, struct assignment *to, size_t *n, struct error *err)
{
	const json_t *list = NULL;
	const char *sentence = NULL;
	TRY(document_word(doc, "sentence", &sentence, err));
	TRY(document_list(doc, "settings", &list, err));
	to[(*n)++] = (struct assignment){ "strategy", sentence };
	for (size_t i = 0; i < json_array_size(list); i++)
		TRY(take_setting(doc, json_array_get(list, i), to, n, err));
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

int simulated_read(const struct document *doc, struct model *model, struct error *err)
{
	struct assignment given[CONFIG_ROWS];
	struct settings settings;
	size_t n = 0;
	int64_t vocabulary = 0;
	TRY(take_settings(doc, given, &n, err));
	TRY(document_int(doc, "stream.vocabulary", 1, UINT32_MAX, &vocabulary, err));
	if (vocabulary == 0)
		return document_fail(doc, "stream.vocabulary", err, "stream.vocabulary is missing");
	TRY(resolve(doc, given, n, &settings, err));
	model->shape = trainer_shape(&settings.config, &settings.sentence, (size_t)vocabulary);
	model->context = settings.config.length;
	return 0;
}
