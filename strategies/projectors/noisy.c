/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * noisy.c -- normal noise on the logits, whose size is learned (Shazeer et al. 2017, arXiv 1701.06538, section 2.1).
 *
 * In training only.  As in the paper the noise's matrix starts at 0, so that its size is softplus(0) = ln 2 at first;
 * the paper starts the other one at 0, too, which is --router-scale 0 here.
 */
#include <moesim/kit.h>

struct noisy {
	double least;
};

static const struct moe_opt options[] = {
	{ .name = "least",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct noisy, least),
	  .low = 0,
	  .high = 100,
	  .preset = 0.01,
	  .help = "what is added to the size of the noise, so that it never ends (0.01 in the authors' code)" },
	{ .name = NULL },
};

enum { MAP, SIZE };

static size_t params(const struct moe_call *call, const void *opt, struct moe_param list[MOE_PARAMS])
{
	(void)opt;
	list[MAP] = (struct moe_param){ .rows = call->width, .columns = call->experts, .std = 1, .scaled = true };
	list[SIZE] = (struct moe_param){ .name = "noise", .rows = call->width, .columns = call->experts };
	return 2;
}

MOE_CLONED static void add_noise(size_t n, real least, const real *size, const real *normal, real *logits)
{
	for (size_t i = 0; i < n; i++)
		logits[i] += normal[i] * (moe_softplus(size[i]) + least);
}

static void forward(const struct moe_self *self, const struct moe_tools *tools, const struct moe_route *route,
					real *logits)
{
	const struct moe_call *call = &route->call;
	size_t n = call->tokens * call->experts;
	real *size = self->scratch, *normal = size + n;
	tools->linear(call->tokens, call->width, call->experts, route->x, tools->param[MAP].w, logits);
	if (!call->training)
		return;
	tools->linear(call->tokens, call->width, call->experts, route->x, tools->param[SIZE].w, size);
	moe_normals(self->rng, normal, n);
	add_noise(n, (real)((const struct noisy *)self->opt)->least, size, normal, logits);
}

/* softplus' is the sigmoid; the sizes' buffer takes their gradient. */
MOE_CLONED static void noise_backward(size_t n, const real *d_logits, const real *normal, real *size)
{
	for (size_t i = 0; i < n; i++)
		size[i] = d_logits[i] * normal[i] / (1 + moe_exp(-size[i]));
}

static void backward(const struct moe_self *self, const struct moe_tools *tools, const struct moe_route *route,
					 const real *d_logits, real *d_x)
{
	const struct moe_call *call = &route->call;
	const struct moe_learned *map = &tools->param[MAP], *noise = &tools->param[SIZE];
	size_t n = call->tokens * call->experts;
	real *size = self->scratch, *normal = size + n;
	tools->linear_backward(call->tokens, call->width, call->experts, route->x, map->w, d_logits, map->d_w, d_x);
	if (!call->training)
		return;
	noise_backward(n, d_logits, normal, size);
	tools->linear_backward(call->tokens, call->width, call->experts, route->x, noise->w, size, noise->d_w, d_x);
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return 2 * call->tokens * call->experts * sizeof(real);
}

const struct moe_projector projector_noisy = {
	.part = { .kind = MOE_PROJECTOR,
			  .name = "noisy",
			  .summary = "normal noise on the logits in training, whose size is learned",
			  .formula =
				  "z_e = <x_t, W_e> + n_e (softplus(<x_t, V_e>) + least),   n_e standard normal; 0 outside training",
			  .cite = "Shazeer et al. 2017, arXiv 1701.06538",
			  .opts = options,
			  .opts_size = sizeof(struct noisy),
			  .gives = MOE_LOGITS | MOE_MAP,
			  .wants = MOE_INPUT,
			  .scratch_size = scratch_size },
	.params = params,
	.forward = forward,
	.backward = backward,
};
