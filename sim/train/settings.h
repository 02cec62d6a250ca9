/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * settings.h -- settings that are resolved.
 *
 * A setting comes from the defaults, from a model that is to be imitated, from the words of the strategy, or from the
 * user (a flag, a suite file), the later ones winning.
 */
#ifndef SIM_TRAIN_SETTINGS_H
#define SIM_TRAIN_SETTINGS_H

#include "sim/train/config.h"

/* Something that the user said. */
struct assignment {
	const char *name, *value;
};

enum origin { ORIGIN_DEFAULT, ORIGIN_MODEL, ORIGIN_STRATEGY, ORIGIN_USER };

struct settings {
	struct config config;
	enum origin origin[CONFIG_ROWS]; /* in the order of config_rows() */
	struct sentence sentence;
	const char *text; /* the resolved sentence */
};

/* From what the user said to settings that fit one another.  Errors carry the flag and, in a sentence, the column. */
int settings_resolve(const struct assignment *given, size_t n, struct settings *settings, struct error *err);
/* The same above what a model prescribes, which both the strategy and the user overrule. */
int settings_resolve_above(const struct assignment *model, size_t n_model, const struct assignment *given, size_t n,
						   struct settings *settings, struct error *err);
enum origin settings_origin_of(const struct settings *settings, const char *name);

/* What is in effect of a row, as text: the resolved sentence stands for the strategy and its balancers, whichever way
 * they were said.  Lives as long as the program. */
const char *settings_value(const struct settings *settings, const struct moe_opt *row);
/* A hash of what is in effect of all rows: equal where the results are. */
uint64_t settings_hash(const struct settings *settings);
/* One more row of that hash, which begins with TEXT_HASH_START. */
uint64_t settings_hash_row(const char *name, const char *value, uint64_t hash);

/* "default", "model", "strategy", "user" */
const char *settings_origin(enum origin origin);

#endif
