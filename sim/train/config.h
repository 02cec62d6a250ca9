/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config.h -- the settings that affect the results of a run, as option rows.
 *
 * How a run is carried out (folder, threads, display) is not a setting: it changes no result.
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

enum { CONFIG_ROWS = 64 };

#endif
