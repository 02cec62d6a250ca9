/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer_options.c -- the table of the MoE layer's own options.
 */
#include <config.h>

#include "sim/route/layer_options.h"

static const char *const overflow_words[] = { "position",    "lowest-score", "lowest-weight",
											  "batch-order", "next-best",    "recycled",
											  NULL };

#define AT(field) .at = offsetof(struct layer_options, field)
const struct moe_opt layer_rows[] = {
	{ .name = "experts",
	  .type = MOE_OPT_INT,
	  AT(experts),
	  .low = 1,
	  .high = 65536,
	  .preset = 64,
	  .help = "routed experts of each MoE layer, those that are networks" },
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
	{ .name = "zero",
	  .type = MOE_OPT_INT,
	  AT(zero),
	  .low = 0,
	  .high = 65536,
	  .preset = 0,
	  .unit = "experts",
	  .help = "routed experts beside those of --experts that return nothing, so that a token may skip the layer "
			  "(MoE++)" },
	{ .name = "copy",
	  .type = MOE_OPT_INT,
	  AT(copy),
	  .low = 0,
	  .high = 65536,
	  .preset = 0,
	  .unit = "experts",
	  .help = "routed experts beside those of --experts that return their input (MoE++, LongCat-Flash)" },
	{ .name = "constant",
	  .type = MOE_OPT_INT,
	  AT(constant),
	  .low = 0,
	  .high = 65536,
	  .preset = 0,
	  .unit = "experts",
	  .help =
		  "routed experts beside those of --experts that return a learned mix of their input and a vector (MoE++)" },
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
	  .help = "capacity factor: an expert takes at most factor * k * tokens / experts; those without a "
			  "network take all that come" },
	{ .name = "eval-capacity",
	  .type = MOE_OPT_REAL,
	  AT(eval_capacity),
	  .low = 0,
	  .high = 1e6,
	  .preset = 0,
	  .zero = "same",
	  .help = "capacity factor in evaluation; from experts / k on nothing is dropped" },
	{ .name = "overflow",
	  .type = MOE_OPT_CHOICE,
	  AT(overflow),
	  .choices = overflow_words,
	  .high = 5,
	  .help =
		  "what a full expert does: drops the last in the batch, second choices before first ones (GShard); drops the "
		  "lowest score; the lowest combine weight; or the last in the batch, whichever choice (these two as in "
		  "Megatron-LM); or as in GShard, but the dropped go on to their next best expert that has room, or to free "
		  "places at random (Hunyuan-Large)" },
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

struct moe_call layer_options_call(const struct layer_options *layer)
{
	size_t bare = (size_t)(layer->zero + layer->copy + layer->constant);
	return (struct moe_call){ .experts = (size_t)layer->experts + bare,
							  .bare = bare,
							  .zero = (size_t)layer->zero,
							  .constant = (size_t)layer->constant,
							  .k = (size_t)layer->k };
}
