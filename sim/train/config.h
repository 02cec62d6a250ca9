/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config.h -- the settings that affect the results of a run, as option rows.
 *
 * A setting comes from the defaults, from a model that is to be imitated, from the words of the strategy, or from the
 * user (a flag, a suite file), the later ones winning.  How a run is carried out (folder, threads, display) is not a
 * setting: it changes no result.
 */
#ifndef SIM_TRAIN_CONFIG_H
#define SIM_TRAIN_CONFIG_H

#include "sim/base/error.h"
#include "sim/model/optim.h"
#include "sim/route/sentence.h"

struct config {
	const char *strategy, *balance, *stream, *replay, *cluster;
	struct layer_options layer;
	int64_t layers, width, heads;
	int64_t length, batch, steps, seed, warmup;
	double embedding_scale;
	double rate, floor, weight_decay, clip, beta1, beta2;
	int decay;  /* enum optim_decay */
	int kernel; /* enum product_kernel */
	int64_t eval_tokens, eval_every, log_every;
};

/* What a setting is about.  A command takes the groups that it uses, and its parser refuses the others. */
enum setting_group {
	SETTINGS_ROUTING = 1 << 0,  /* who goes where, given logits: strategy, balancers, experts, top-k, capacity */
	SETTINGS_MODEL = 1 << 1,    /* the shape and initial weights of the network */
	SETTINGS_STREAM = 1 << 2,   /* the tokens */
	SETTINGS_BATCH = 1 << 3,    /* how many of them at a time */
	SETTINGS_TRAINING = 1 << 4, /* steps and optimizer */
	SETTINGS_SEED = 1 << 5,
	SETTINGS_MEASUREMENT = 1 << 6 /* what is evaluated and logged, and when */
};
enum { SETTINGS_ALL = 2 * SETTINGS_MEASUREMENT - 1 };
/* The group of a row of config_rows(), and what help calls it ("Routing"). */
enum setting_group config_group(const struct moe_opt *row);
const char *config_group_title(enum setting_group group);

/* All rows, the layer's included; offsets are into struct config. */
const struct moe_opt *config_rows(void);

/* The row that a flag or suite key means: its own name, or a name that Megatron-LM or Hugging Face users know
 * ("num-experts", "moe_router_topk").  NULL when unknown. */
const struct moe_opt *config_find(const char *name);
/* Names for suggestions: all rows and all other known names; NULL-ended. */
const char *const *config_names(void);
/* Pairs { other name, row }, ended by NULL, for help. */
extern const char *const config_aliases[][2];
/* Pairs { other name, word of a sentence up to its value }, ended by NULL: names of settings that are words here
 * ("moe-aux-loss-coeff" is balance=+aux,weight=). */
extern const char *const config_words[][2];

/* Something that the user said. */
struct assignment {
	const char *name, *value;
};

enum origin { ORIGIN_DEFAULT, ORIGIN_MODEL, ORIGIN_STRATEGY, ORIGIN_USER };
enum { CONFIG_ROWS = 64 };

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
