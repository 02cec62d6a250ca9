/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rms.c -- a norm of the router's own before its matrix (Gemma 4: gemma4_text.py of mlx-lm, Router).
 *
 * The row is divided by its root mean square, scaled entry by entry by what is learned, and by 1 / sqrt(width).
 */
#include <moesim/kit.h>

enum { MAP, SCALE };

static size_t params(const struct moe_call *call, const void *opt, struct moe_param list[MOE_PARAMS])
{
	(void)opt;
	list[MAP] = (struct moe_param){ .rows = call->width, .columns = call->experts, .std = 1, .scaled = true };
	list[SCALE] =
		(struct moe_param){ .name = "scale", .rows = 1, .columns = call->width, .mean = 1, .elementwise = true };
	return 2;
}

static inline real inverse_root(const real *x, size_t width)
{
	return (real)(1 / sqrt(moe_dot(x, x, width) / (double)width + 1e-6));
}

MOE_CLONED static void forward(const struct moe_self *self, const struct moe_tools *tools,
							   const struct moe_route *route, real *logits)
{
	const struct moe_call *call = &route->call;
	const real *scale = tools->param[SCALE].w, root = (real)(1 / sqrt((double)call->width));
	real *y = self->scratch;
	for (size_t t = 0; t < call->tokens; t++) {
		const real *x = route->x + t * call->width, inverse = root * inverse_root(x, call->width);
		for (size_t i = 0; i < call->width; i++)
			y[t * call->width + i] = x[i] * inverse * scale[i];
	}
	tools->linear(call->tokens, call->width, call->experts, y, tools->param[MAP].w, logits);
}

/* With n = x r and y = n scale / sqrt(width):  d_x = r (d_n - n <d_n, n> / width) */
MOE_CLONED static void norm_backward(size_t width, const struct moe_learned *scale, const real *x, real *d_y, real *d_x)
{
	real r = inverse_root(x, width), root = (real)(1 / sqrt((double)width)), dot = 0;
	for (size_t i = 0; i < width; i++) {
		scale->d_w[i] += d_y[i] * x[i] * r * root;
		d_y[i] *= scale->w[i] * root;
		dot += d_y[i] * x[i] * r;
	}
	for (size_t i = 0; i < width; i++)
		d_x[i] += r * (d_y[i] - x[i] * r * dot / (real)width);
}

static void backward(const struct moe_self *self, const struct moe_tools *tools, const struct moe_route *route,
					 const real *d_logits, real *d_x)
{
	const struct moe_call *call = &route->call;
	const struct moe_learned *map = &tools->param[MAP];
	size_t n = call->tokens * call->width;
	real *y = self->scratch, *d_y = y + n;
	for (size_t i = 0; i < n; i++)
		d_y[i] = 0;
	tools->linear_backward(call->tokens, call->width, call->experts, y, map->w, d_logits, map->d_w, d_y);
	for (size_t at = 0; at < n; at += call->width)
		norm_backward(call->width, &tools->param[SCALE], route->x + at, d_y + at, d_x + at);
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return 2 * call->tokens * call->width * sizeof(real);
}

const struct moe_projector projector_rms = {
	.part = { .kind = MOE_PROJECTOR,
			  .name = "rms",
			  .summary = "a norm of the router's own, with a learned scale, before its matrix",
			  .formula = "z_e = <n, W_e>,   n_i = a_i x_i / (sqrt(d) rms(x_t)),   a learned, d the width",
			  .cite = "Google DeepMind 2026, Gemma 4, gemma4_text.py of mlx-lm",
			  .gives = MOE_LOGITS,
			  .wants = MOE_INPUT,
			  .scratch_size = scratch_size },
	.params = params,
	.forward = forward,
	.backward = backward,
};
