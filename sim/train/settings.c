/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * settings.c -- from what the user said to settings that fit one another.
 */
#include <config.h>

#include "sim/train/settings.h"

#include <string.h>

#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/train/borrowed.h"

const char *settings_origin(enum origin origin)
{
	static const char *const words[] = { "default", "model", "strategy", "user" };
	return words[origin];
}

static int assign(struct settings *settings, const struct moe_opt *row, const char *value, enum origin origin,
				  struct error *err)
{
	TRY(options_set(row, &settings->config, value, err));
	settings->origin[row - config_rows()] = origin;
	return 0;
}

static int assign_given(struct settings *settings, const struct assignment *given, size_t n, enum origin origin,
						struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct moe_opt *row = config_find(given[i].name);
		if (row == NULL && borrowed_known(given[i].name))
			continue;
		if (row == NULL)
			return fail(err, ERROR_USER, "unknown setting '%s'", given[i].name);
		if (assign(settings, row, given[i].value, origin, err) != 0)
			return fail_at(err, text_keep_f("--%s", given[i].name), 0, 0);
	}
	return 0;
}

static int check_shape(const struct config *config, struct error *err)
{
	if (config->width % config->heads != 0 || config->width / config->heads % 2 != 0)
		return fail(err, ERROR_USER,
					"width %lld cannot be divided among %lld heads: width / heads must be an even integer",
					(long long)config->width, (long long)config->heads);
	return 0;
}

int settings_resolve_above(const struct assignment *model, size_t n_model, const struct assignment *given, size_t n,
						   struct settings *settings, struct error *err)
{
	struct config *config = &settings->config;
	*settings = (struct settings){ .text = "" };
	options_preset(config_rows(), config);
	TRY(assign_given(settings, model, n_model, ORIGIN_MODEL, err));
	TRY(assign_given(settings, given, n, ORIGIN_USER, err)); /* for the strategy, and so that every mistake is told */
	TRY(sentence_read(config->strategy, NULL, &settings->sentence, err));
	TRY(borrowed_apply(config, given, n, &settings->sentence, err));
	if (*config->balance)
		TRY(sentence_balance(&settings->sentence, config->balance, err));
	for (size_t i = 0; i < settings->sentence.words; i++) {
		const struct layer_word *word = &settings->sentence.word[i];
		TRY(assign(settings, config_find(word->row->name), word->value, ORIGIN_STRATEGY, err));
	}
	TRY(assign_given(settings, given, n, ORIGIN_USER, err));
	TRY(check_shape(config, err));
	TRY(sentence_check(&settings->sentence, &config->layer, err));
	settings->text = sentence_text(&settings->sentence, &config->layer);
	return 0;
}

int settings_resolve(const struct assignment *given, size_t n, struct settings *settings, struct error *err)
{
	return settings_resolve_above(NULL, 0, given, n, settings, err);
}

enum origin settings_origin_of(const struct settings *settings, const char *name)
{
	return settings->origin[config_find(name) - config_rows()];
}

const char *settings_value(const struct settings *settings, const struct moe_opt *row)
{
	if (row->at == offsetof(struct config, strategy))
		return settings->text;
	if (row->at == offsetof(struct config, balance))
		return "";
	return options_value(row, &settings->config);
}

uint64_t settings_hash_row(const char *name, const char *value, uint64_t hash)
{
	hash = text_hash_bytes(name, strlen(name) + 1, hash);
	return text_hash_bytes(value, strlen(value) + 1, hash);
}

uint64_t settings_hash(const struct settings *settings)
{
	uint64_t hash = TEXT_HASH_START;
	for (const struct moe_opt *row = config_rows(); row->name; row++)
		hash = settings_hash_row(row->name, settings_value(settings, row), hash);
	return hash;
}
