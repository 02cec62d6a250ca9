/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * low_rank.c -- a linear map through a few dimensions: z = x A B (Chi et al. 2022, arXiv 2204.09179, section 3.1).
 *
 * XMoE's reduction of dimensions alone, without its unit lengths (see cosine.c).
 */
#include <moesim/moesim.h>

struct low_rank {
	int64_t rank;
};

static const struct moe_opt options[] = {
	{ .name = "rank",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct low_rank, rank),
	  .low = 1,
	  .high = 65536,
	  .preset = 8,
	  .help = "dimensions between the two matrices" },
	{ .name = NULL },
};

static size_t params(const struct moe_call *call, const void *opt, struct moe_param list[MOE_PARAMS])
{
	size_t rank = (size_t)((const struct low_rank *)opt)->rank;
	list[0] = (struct moe_param){ .name = "down", .rows = call->width, .columns = rank, .std = 1, .scaled = true };
	list[1] = (struct moe_param){ .rows = rank, .columns = call->experts, .std = 1, .scaled = true };
	return 2;
}

static void forward(const struct moe_self *self, const struct moe_tools *tools, const struct moe_route *route,
					real *logits)
{
	const struct moe_call *call = &route->call;
	size_t rank = tools->param[0].columns;
	real *low = self->scratch;
	tools->linear(call->tokens, call->width, rank, route->x, tools->param[0].w, low);
	tools->linear(call->tokens, rank, call->experts, low, tools->param[1].w, logits);
}

static void backward(const struct moe_self *self, const struct moe_tools *tools, const struct moe_route *route,
					 const real *d_logits, real *d_x)
{
	const struct moe_call *call = &route->call;
	const struct moe_learned *down = &tools->param[0], *up = &tools->param[1];
	size_t rank = down->columns, n = call->tokens * rank;
	real *low = self->scratch, *d_low = low + n;
	for (size_t i = 0; i < n; i++)
		d_low[i] = 0;
	tools->linear_backward(call->tokens, rank, call->experts, low, up->w, d_logits, up->d_w, d_low);
	tools->linear_backward(call->tokens, call->width, rank, route->x, down->w, d_low, down->d_w, d_x);
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	return 2 * call->tokens * (size_t)((const struct low_rank *)opt)->rank * sizeof(real);
}

const struct moe_projector projector_low_rank = {
	.part = { .kind = MOE_PROJECTOR,
			  .name = "low-rank",
			  .summary = "a linear map through a few dimensions",
			  .formula = "z_e = <x_t A, B_e>,   A of `rank` columns",
			  .cite = "Chi et al. 2022, arXiv 2204.09179",
			  .opts = options,
			  .opts_size = sizeof(struct low_rank),
			  .gives = MOE_LOGITS | MOE_MAP,
			  .wants = MOE_INPUT,
			  .scratch_size = scratch_size },
	.params = params,
	.forward = forward,
	.backward = backward,
};
