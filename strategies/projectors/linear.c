/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * linear.c -- one column of weights for each expert: z = x W (Shazeer et al. 2017, arXiv 1701.06538).
 *
 * Logits from a file stand in its place, so that it does not say that it wants the router's input.
 */
#include <moesim/moesim.h>

static size_t params(const struct moe_call *call, const void *opt, struct moe_param list[MOE_PARAMS])
{
	(void)opt;
	list[0] = (struct moe_param){ .rows = call->width, .columns = call->experts, .std = 1, .scaled = true };
	return 1;
}

static void forward(const struct moe_self *self, const struct moe_tools *tools, const struct moe_route *route,
					real *logits)
{
	const struct moe_call *call = &route->call;
	(void)self;
	tools->linear(call->tokens, call->width, call->experts, route->x, tools->param[0].w, logits);
}

static void backward(const struct moe_self *self, const struct moe_tools *tools, const struct moe_route *route,
					 const real *d_logits, real *d_x)
{
	const struct moe_call *call = &route->call;
	const struct moe_learned *map = &tools->param[0];
	(void)self;
	tools->linear_backward(call->tokens, call->width, call->experts, route->x, map->w, d_logits, map->d_w, d_x);
}

const struct moe_projector projector_linear = {
	.part = { .kind = MOE_PROJECTOR,
			  .name = "linear",
			  .summary = "one column of weights for each expert; what a strategy has unless it says otherwise",
			  .formula = "z_e = <x_t, W_e>",
			  .cite = "Shazeer et al. 2017, arXiv 1701.06538",
			  .gives = MOE_LOGITS | MOE_MAP },
	.params = params,
	.forward = forward,
	.backward = backward,
};
