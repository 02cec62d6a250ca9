/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mlp.c -- two layers with a GELU between them (Anthony et al. 2025, ZAYA1, arXiv 2511.17127).
 *
 * ZAYA1's router has a third layer and passes on what the router of the layer before has seen; this is its nonlinear
 * heart.  The GELU is the one by tanh (Hendrycks & Gimpel 2016, arXiv 1606.08415): u / (1 + exp(-2 q(u))), where
 * q(u) = sqrt(2 / pi) (u + 0.044715 u^3).
 */
#include <moesim/kit.h>

struct mlp {
	int64_t hidden;
};

static const struct moe_opt options[] = {
	{ .name = "hidden",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct mlp, hidden),
	  .low = 1,
	  .high = 65536,
	  .preset = 32,
	  .unit = "neurons",
	  .help = "width between the two layers" },
	{ .name = NULL },
};

static size_t params(const struct moe_call *call, const void *opt, struct moe_param list[MOE_PARAMS])
{
	size_t hidden = (size_t)((const struct mlp *)opt)->hidden;
	list[0] = (struct moe_param){ .name = "hidden", .rows = call->width, .columns = hidden, .std = 1, .scaled = true };
	list[1] = (struct moe_param){ .rows = hidden, .columns = call->experts, .std = 1, .scaled = true };
	return 2;
}

/* 2 sqrt(2 / pi), and its product with 0.044715 */
static const real slope = (real)1.5957691216057308, cubic = (real)0.07135481627159954;

MOE_CLONED static void gelu(size_t n, const real *u, real *h)
{
	for (size_t i = 0; i < n; i++)
		h[i] = u[i] / (1 + moe_exp(-u[i] * (slope + cubic * u[i] * u[i])));
}

/* d *= gelu'(u) */
MOE_CLONED static void gelu_backward(size_t n, const real *u, real *d)
{
	for (size_t i = 0; i < n; i++) {
		real share = 1 / (1 + moe_exp(-u[i] * (slope + cubic * u[i] * u[i])));
		d[i] *= share + u[i] * share * (1 - share) * (slope + 3 * cubic * u[i] * u[i]);
	}
}

static void forward(const struct moe_self *self, const struct moe_tools *tools, const struct moe_route *route,
					real *logits)
{
	const struct moe_call *call = &route->call;
	size_t hidden = tools->param[0].columns, n = call->tokens * hidden;
	real *u = self->scratch, *h = u + n;
	tools->linear(call->tokens, call->width, hidden, route->x, tools->param[0].w, u);
	gelu(n, u, h);
	tools->linear(call->tokens, hidden, call->experts, h, tools->param[1].w, logits);
}

static void backward(const struct moe_self *self, const struct moe_tools *tools, const struct moe_route *route,
					 const real *d_logits, real *d_x)
{
	const struct moe_call *call = &route->call;
	const struct moe_learned *first = &tools->param[0], *second = &tools->param[1];
	size_t hidden = first->columns, n = call->tokens * hidden;
	real *u = self->scratch, *h = u + n, *d = h + n;
	for (size_t i = 0; i < n; i++)
		d[i] = 0;
	tools->linear_backward(call->tokens, hidden, call->experts, h, second->w, d_logits, second->d_w, d);
	gelu_backward(n, u, d);
	tools->linear_backward(call->tokens, call->width, hidden, route->x, first->w, d, first->d_w, d_x);
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	return 3 * call->tokens * (size_t)((const struct mlp *)opt)->hidden * sizeof(real);
}

const struct moe_projector projector_mlp = {
	.part = { .kind = MOE_PROJECTOR,
			  .name = "mlp",
			  .summary = "two layers with a GELU between them",
			  .formula = "z_e = <gelu(x_t A), B_e>,   A of `hidden` columns",
			  .cite = "Anthony et al. 2025, arXiv 2511.17127",
			  .opts = options,
			  .opts_size = sizeof(struct mlp),
			  .gives = MOE_LOGITS | MOE_MAP,
			  .wants = MOE_INPUT,
			  .scratch_size = scratch_size },
	.params = params,
	.forward = forward,
	.backward = backward,
};
