/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * l2.c -- how near a row is to an expert's center: z = -scale |x - c|^2 (Snell et al. 2017, arXiv 1703.05175).
 */
#include <moesim/kit.h>

struct l2 {
	double scale;
};

static const struct moe_opt options[] = {
	{ .name = "scale",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct l2, scale),
	  .low = 1e-6,
	  .high = 1e6,
	  .preset = 1,
	  .help = "factor of the squared distance" },
	{ .name = NULL },
};

static size_t params(const struct moe_call *call, const void *opt, struct moe_param list[MOE_PARAMS])
{
	(void)opt;
	list[0] = (struct moe_param){
		.name = "centers", .rows = call->width, .columns = call->experts, .std = 1, .scaled = true
	};
	return 1;
}

/* square[e] = |c_e|^2 of centers[width][experts] */
static void squares(const struct moe_learned *centers, real *square)
{
	size_t experts = centers->columns;
	for (size_t e = 0; e < experts; e++)
		square[e] = 0;
	for (size_t i = 0; i < centers->rows * experts; i++)
		square[i % experts] += centers->w[i] * centers->w[i];
}

/* -|x - c|^2 = 2 <x, c> - |x|^2 - |c|^2, of which the first is a matrix product. */
static void forward(const struct moe_self *self, const struct moe_tools *tools, const struct moe_route *route,
					real *logits)
{
	const struct moe_call *call = &route->call;
	real scale = (real)((const struct l2 *)self->opt)->scale, *square = self->scratch;
	tools->linear(call->tokens, call->width, call->experts, route->x, tools->param[0].w, logits);
	squares(&tools->param[0], square);
	for (size_t t = 0; t < call->tokens; t++) {
		const real *x = route->x + t * call->width;
		real own = (real)moe_dot(x, x, call->width), *z = logits + t * call->experts;
		for (size_t e = 0; e < call->experts; e++)
			z[e] = scale * (2 * z[e] - own - square[e]);
	}
}

/* total[e] = the sum of d_e over tokens, and d_x -= sum_e d_e x, where d = 2 scale d_z */
static void distance_backward(const struct moe_route *route, const real *d, real *total, real *d_x)
{
	size_t experts = route->call.experts, width = route->call.width;
	for (size_t e = 0; e < experts; e++)
		total[e] = 0;
	for (size_t t = 0; t < route->call.tokens; t++) {
		real sum = (real)moe_sum(d + t * experts, experts);
		for (size_t e = 0; e < experts; e++)
			total[e] += d[t * experts + e];
		for (size_t i = t * width; i < (t + 1) * width; i++)
			d_x[i] -= sum * route->x[i];
	}
}

static void backward(const struct moe_self *self, const struct moe_tools *tools, const struct moe_route *route,
					 const real *d_logits, real *d_x)
{
	const struct moe_call *call = &route->call;
	const struct moe_learned *centers = &tools->param[0];
	real scale = (real)((const struct l2 *)self->opt)->scale, *total = self->scratch, *d = total + call->experts;
	for (size_t i = 0; i < call->tokens * call->experts; i++)
		d[i] = 2 * scale * d_logits[i];
	tools->linear_backward(call->tokens, call->width, call->experts, route->x, centers->w, d, centers->d_w, d_x);
	distance_backward(route, d, total, d_x);
	for (size_t i = 0; i < centers->rows * centers->columns; i++)
		centers->d_w[i] -= total[i % call->experts] * centers->w[i];
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return (call->tokens + 1) * call->experts * sizeof(real);
}

const struct moe_projector projector_l2 = {
	.part = { .kind = MOE_PROJECTOR,
			  .name = "l2",
			  .summary = "how near the row is to the center of each expert, by the squared distance",
			  .formula = "z_e = -scale |x_t - c_e|^2",
			  .cite = "Snell et al. 2017, arXiv 1703.05175",
			  .opts = options,
			  .opts_size = sizeof(struct l2),
			  .gives = MOE_LOGITS,
			  .wants = MOE_INPUT,
			  .scratch_size = scratch_size },
	.params = params,
	.forward = forward,
	.backward = backward,
};
