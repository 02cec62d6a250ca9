/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer_options.c -- the table of the MoE layer's own options.
 */
#include <config.h>

#include "sim/route/layer_options.h"

static const char *const overflow_words[] = { "position", "lowest-score", "next-best", "recycled", NULL };

#define AT(field) .at = offsetof(struct layer_options, field)
const struct moe_opt layer_rows[] = {
	{ .name = "experts",
	  .type = MOE_OPT_INT,
	  AT(experts),
	  .low = 1,
	  .high = 65536,
	  .preset = 64,
	  .help = "routed experts of each MoE layer" },
	{ .name = "top-k",
	  .type = MOE_OPT_INT,
	  AT(k),
	  .low = 1,
	  .high = 65536,
	  .preset = 2,
	  .unit = "experts",
	  .help = "experts per token (the average, where experts choose)" },
	{ .name = "shared",
	  .type = MOE_OPT_INT,
	  AT(shared),
	  .low = 0,
	  .high = 1024,
	  .preset = 0,
	  .unit = "experts",
	  .help = "shared experts, which every token visits" },
	{ .name = "expert-width",
	  .type = MOE_OPT_INT,
	  AT(expert_width),
	  .low = 1,
	  .high = 1048576,
	  .preset = 16,
	  .unit = "neurons",
	  .help = "inner width of one expert" },
	{ .name = "capacity",
	  .type = MOE_OPT_REAL,
	  AT(capacity),
	  .low = 0,
	  .high = 1e6,
	  .preset = 0,
	  .zero = "none",
	  .help = "capacity factor: an expert takes at most factor * k * tokens / experts" },
	{ .name = "overflow",
	  .type = MOE_OPT_CHOICE,
	  AT(overflow),
	  .choices = overflow_words,
	  .high = 3,
	  .help =
		  "what a full expert does: drops the last in the batch, or the lowest score; or the last in the batch go on "
		  "to their next best expert that has room, or to free places at random (Hunyuan-Large)" },
	{ .name = "jitter",
	  .type = MOE_OPT_REAL,
	  AT(jitter),
	  .low = 0,
	  .high = 0.99,
	  .preset = 0,
	  .zero = "none",
	  .help = "multiplies the router's input by 1 +- jitter in training (Switch)" },
	{ .name = "router-scale",
	  .type = MOE_OPT_REAL,
	  AT(router_scale),
	  .low = 0,
	  .high = 1e3,
	  .preset = 0.1,
	  .help = "standard deviation of the router's initial weights" },
	{ .name = "router-lr",
	  .type = MOE_OPT_REAL,
	  AT(router_lr),
	  .low = 0,
	  .high = 1e3,
	  .preset = 1,
	  .help = "factor of the learning rate for the router's weights; 0: they stay as drawn" },
	{ .name = NULL },
};
#undef AT
