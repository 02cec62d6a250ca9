/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * config.c -- the settings that affect the results of a run.
 */
#include <config.h>

#include "sim/train/config.h"

#include <string.h>

#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/multiply/product.h"
#include "sim/train/borrowed.h"

static const char *const decays[] = { "cosine", "linear", "constant", NULL };

#define AT(field) .at = offsetof(struct config, field)
/* A row and the group it belongs to.  Their order is that of manifests and of settings_hash(). */
static const struct {
	enum setting_group group;
	struct moe_opt row;
} own_rows[] = {
	{ SETTINGS_ROUTING,
	  { .name = "strategy",
		.type = MOE_OPT_TEXT,
		AT(strategy),
		.text = "top-k",
		.help = "routing strategy: a name from 'moesim list strategies', or a sentence of parts" } },
	{ SETTINGS_ROUTING,
	  { .name = "balance",
		.type = MOE_OPT_TEXT,
		AT(balance),
		.help = "balancers that replace those of the strategy, stacked with +, or none" } },
	{ SETTINGS_STREAM,
	  { .name = "stream",
		.type = MOE_OPT_TEXT,
		AT(stream),
		.text = "topicmix",
		.help = "where the tokens come from: a name from 'moesim list streams', with its options" } },
	{ SETTINGS_MODEL,
	  { .name = "layers",
		.type = MOE_OPT_INT,
		AT(layers),
		.low = 1,
		.high = 256,
		.preset = 1,
		.help = "Transformer blocks, each with an MoE layer as its FFN" } },
	{ SETTINGS_MODEL,
	  { .name = "width",
		.type = MOE_OPT_INT,
		AT(width),
		.low = 2,
		.high = 65536,
		.preset = 64,
		.unit = "neurons",
		.help = "width of the residual stream" } },
	{ SETTINGS_MODEL,
	  { .name = "heads",
		.type = MOE_OPT_INT,
		AT(heads),
		.low = 1,
		.high = 1024,
		.preset = 2,
		.help = "attention heads; width / heads must be even" } },
	{ SETTINGS_MODEL,
	  { .name = "embedding-scale",
		.type = MOE_OPT_REAL,
		AT(embedding_scale),
		.low = 0,
		.high = 1e3,
		.preset = 0.6,
		.help = "standard deviation of the initial embedding; the smaller, the more the context counts" } },
	{ SETTINGS_BATCH,
	  { .name = "seq-length",
		.type = MOE_OPT_INT,
		AT(length),
		.low = 1,
		.high = 65536,
		.preset = 64,
		.unit = "tokens",
		.help = "length of a sequence" } },
	{ SETTINGS_BATCH,
	  { .name = "batch",
		.type = MOE_OPT_INT,
		AT(batch),
		.low = 1,
		.high = 65536,
		.preset = 32,
		.unit = "sequences",
		.help = "sequences per training step" } },
	{ SETTINGS_TRAINING,
	  { .name = "steps",
		.type = MOE_OPT_INT,
		AT(steps),
		.low = 0,
		.high = 1e9,
		.preset = 300,
		.help = "training steps; 0 evaluates the untrained model" } },
	{ SETTINGS_TRAINING,
	  { .name = "lr",
		.type = MOE_OPT_REAL,
		AT(rate),
		.low = 0,
		.high = 1e9,
		.preset = 0.03,
		.help = "peak learning rate of AdamW" } },
	{ SETTINGS_SEED,
	  { .name = "seed",
		.type = MOE_OPT_INT,
		AT(seed),
		.low = 0,
		.high = 9007199254740991.0, /* all below 2^53 are exact everywhere */
		.preset = 1,
		.help = "seed of all random numbers" } },
	{ SETTINGS_TRAINING,
	  { .name = "warmup",
		.type = MOE_OPT_INT,
		AT(warmup),
		.low = 0,
		.high = 1e9,
		.preset = 20,
		.unit = "steps",
		.help = "steps over which the learning rate rises to its peak" } },
	{ SETTINGS_TRAINING,
	  { .name = "decay",
		.type = MOE_OPT_CHOICE,
		AT(decay),
		.high = 2,
		.choices = decays,
		.help = "how the learning rate falls after its peak" } },
	{ SETTINGS_TRAINING,
	  { .name = "lr-floor",
		.type = MOE_OPT_REAL,
		AT(floor),
		.low = 0,
		.high = 1,
		.preset = 0.1,
		.help = "final learning rate / peak learning rate" } },
	{ SETTINGS_TRAINING,
	  { .name = "weight-decay",
		.type = MOE_OPT_REAL,
		AT(weight_decay),
		.low = 0,
		.high = 100,
		.preset = 0,
		.help = "weight decay of AdamW, for matrices (not norms, embedding, or router)" } },
	{ SETTINGS_TRAINING,
	  { .name = "clip",
		.type = MOE_OPT_REAL,
		AT(clip),
		.low = 0,
		.high = 1e9,
		.preset = 1,
		.zero = "none",
		.help = "gradients are clipped to this norm" } },
	{ SETTINGS_TRAINING,
	  { .name = "beta1",
		.type = MOE_OPT_REAL,
		AT(beta1),
		.low = 0,
		.high = 0.999999,
		.preset = 0.9,
		.help = "beta1 of AdamW, for the mean of the gradient" } },
	{ SETTINGS_TRAINING,
	  { .name = "beta2",
		.type = MOE_OPT_REAL,
		AT(beta2),
		.low = 0,
		.high = 0.999999,
		.preset = 0.99,
		.help = "beta2 of AdamW, for the mean of its square" } },
	{ SETTINGS_TRAINING,
	  { .name = "replay",
		.type = MOE_OPT_TEXT,
		AT(replay),
		.help = "file with a routing to use instead of the strategy's choices: the training steps, as --trace-form "
				"training writes them, or the held-out tokens, as --trace-form tokens does" } },
	{ SETTINGS_TRAINING,
	  { .name = "kernel",
		.type = MOE_OPT_CHOICE,
		AT(kernel),
		.high = 2,
		.choices = product_kernel_words,
		.help = "matrix products with fused multiply-add, or portable ones, which give the same bytes on every x86-64 "
				"processor at less speed; auto: fused where the processor has it" } },
	{ SETTINGS_MEASUREMENT,
	  { .name = "eval-tokens",
		.type = MOE_OPT_INT,
		AT(eval_tokens),
		.low = 1,
		.high = 1e9,
		.preset = 32768,
		.unit = "tokens",
		.help = "held-out tokens per evaluation, rounded up to whole batches" } },
	{ SETTINGS_MEASUREMENT,
	  { .name = "eval-every",
		.type = MOE_OPT_INT,
		AT(eval_every),
		.low = 1,
		.high = 1e9,
		.preset = 50,
		.unit = "steps",
		.help = "steps between evaluations; there is always one after the last step" } },
	{ SETTINGS_MEASUREMENT,
	  { .name = "log-every",
		.type = MOE_OPT_INT,
		AT(log_every),
		.low = 1,
		.high = 1e9,
		.preset = 10,
		.unit = "steps",
		.help = "steps between rows of steps.csv" } },
	{ SETTINGS_MEASUREMENT,
	  { .name = "cluster",
		.type = MOE_OPT_TEXT,
		AT(cluster),
		.unit = "NAME|FILE[,OPTION=VALUE...]",
		.help = "also record in steps.csv and summary.csv what the routing would cost on this cluster: a name from "
				"'moesim list clusters', with flags of moesim cluster as in h800,nodes=4,nic-gbps=10" } },
};
#undef AT

const char *const config_aliases[][2] = {
	{ "k", "top-k" },
	{ "num-experts", "experts" },
	{ "num-local-experts", "experts" },
	{ "n-routed-experts", "experts" },
	{ "moe-router-topk", "top-k" },
	{ "num-experts-per-tok", "top-k" },
	{ "n-shared-experts", "shared" },
	{ "hidden-size", "width" },
	{ "num-layers", "layers" },
	{ "num-hidden-layers", "layers" },
	{ "num-attention-heads", "heads" },
	{ "moe-ffn-hidden-size", "expert-width" },
	{ "moe-intermediate-size", "expert-width" },
	{ "capacity-factor", "capacity" },
	{ "moe-input-jitter-eps", "jitter" },
	{ "router-jitter-noise", "jitter" },
	{ "global-batch-size", "batch" },
	{ "train-iters", "steps" },
	{ "max-steps", "steps" },
	{ "learning-rate", "lr" },
	{ "lr-warmup-iters", "warmup" },
	{ "warmup-steps", "warmup" },
	{ "clip-grad", "clip" },
	{ "max-grad-norm", "clip" },
	{ "adam-beta1", "beta1" },
	{ "adam-beta2", "beta2" },
	{ "eval-interval", "eval-every" },
	{ "log-interval", "log-every" },
	{ NULL, NULL },
};

enum { OWN_ROWS = sizeof own_rows / sizeof *own_rows };

static void append(struct moe_opt *rows, size_t at, const struct moe_opt *row, size_t offset)
{
	if (at + 1 >= CONFIG_ROWS)
		BUG("CONFIG_ROWS is too small");
	rows[at] = *row;
	rows[at].at += offset;
}

const struct moe_opt *config_rows(void)
{
	static struct moe_opt rows[CONFIG_ROWS];
	if (rows[0].name == NULL) {
		for (size_t i = 0; i < OWN_ROWS; i++)
			append(rows, i, &own_rows[i].row, 0);
		for (size_t i = 0; layer_rows[i].name; i++)
			append(rows, OWN_ROWS + i, &layer_rows[i], offsetof(struct config, layer));
	}
	return rows;
}

/* The options of the layer that do more than route a batch whose logits are known; the others are about routing. */
static enum setting_group layer_group(const char *name)
{
	static const char *const of_model[] = { "shared", "expert-width", "router-scale", NULL };
	static const char *const of_training[] = { "jitter", "router-lr", NULL };
	if (strcmp(name, "eval-capacity") == 0)
		return SETTINGS_MEASUREMENT;
	for (size_t i = 0; of_model[i]; i++)
		if (strcmp(of_model[i], name) == 0)
			return SETTINGS_MODEL;
	for (size_t i = 0; of_training[i]; i++)
		if (strcmp(of_training[i], name) == 0)
			return SETTINGS_TRAINING;
	return SETTINGS_ROUTING;
}

enum setting_group config_group(const struct moe_opt *row)
{
	size_t i = (size_t)(row - config_rows());
	return i < OWN_ROWS ? own_rows[i].group : layer_group(row->name);
}

const char *config_group_title(enum setting_group group)
{
	switch (group) {
	case SETTINGS_ROUTING:
		return "Routing";
	case SETTINGS_MODEL:
		return "Model";
	case SETTINGS_STREAM:
		return "Data";
	case SETTINGS_BATCH:
		return "Batch";
	case SETTINGS_TRAINING:
		return "Training";
	case SETTINGS_SEED:
		return "Randomness";
	case SETTINGS_MEASUREMENT:
		return "Evaluation and logging";
	}
	BUG("a setting without a group");
}

const struct moe_opt *config_find(const char *name)
{
	const struct moe_opt *row = options_find(config_rows(), name);
	for (size_t i = 0; row == NULL && config_aliases[i][0]; i++) {
		struct moe_opt other[] = { { .name = config_aliases[i][0] }, { .name = NULL } };
		if (options_find(other, name))
			row = options_find(config_rows(), config_aliases[i][1]);
	}
	return row;
}

const char *const *config_names(void)
{
	static const char *names[3 * CONFIG_ROWS];
	size_t n = 0;
	for (const struct moe_opt *row = config_rows(); row->name; row++)
		names[n++] = row->name;
	for (size_t i = 0; config_aliases[i][0] && n + 1 < 3 * CONFIG_ROWS; i++)
		names[n++] = config_aliases[i][0];
	for (size_t i = 0; borrowed_name(i) && n + 1 < 3 * CONFIG_ROWS; i++)
		names[n++] = borrowed_name(i);
	names[n] = NULL;
	return names;
}
