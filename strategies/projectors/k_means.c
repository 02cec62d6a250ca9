/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * k_means.c -- a router without parameters: the logit is the cosine of a row and the mean of the rows that its expert
 * got so far (Ahrac, Hochwald & Geva 2026, arXiv 2605.12476).
 *
 * An expert whose choices are alike becomes the center of a cluster of rows, as in online k-means.  The mean is a
 * moving one, of each training step's rows, and a plain one at first.  Before its first row an expert has a random
 * direction. Decay and temperature are not the paper's, whose abstract has none.
 */
#include <moesim/kit.h>

struct k_means {
	double temperature, decay;
};

static const struct moe_opt options[] = {
	{ .name = "temperature",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct k_means, temperature),
	  .low = 1e-3,
	  .high = 1e3,
	  .preset = 0.1,
	  .help = "what the cosine is divided by" },
	{ .name = "decay",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct k_means, decay),
	  .low = 0,
	  .high = 0.999999,
	  .preset = 0.99,
	  .help = "decay of the moving mean, at every training step that gives the expert a row" },
	{ .name = NULL },
};

/* State: of each expert the steps that gave it rows, then its mean row. */
static real *means_of(const struct moe_self *self, const struct moe_call *call)
{
	return (real *)self->state + call->experts;
}

static size_t state_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return (1 + call->width) * call->experts * sizeof(real);
}

struct desk {
	double *sum;          /* [experts][width] of an expert's rows, when settling */
	real *unit, *columns; /* the means at unit length, [experts][width] and [width][experts] */
	real *pull;           /* [tokens][width] what the rows' gradient is made of */
	uint32_t *rows;       /* [experts] */
};

static struct desk desk_of(const struct moe_self *self, const struct moe_call *call)
{
	size_t n = call->experts * call->width;
	struct desk desk = { .sum = self->scratch };
	desk.unit = (real *)(desk.sum + n);
	desk.columns = desk.unit + n;
	desk.pull = desk.columns + n;
	desk.rows = (uint32_t *)(desk.pull + call->tokens * call->width);
	return desk;
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->experts * call->width * (sizeof(double) + 2 * sizeof(real)) +
		   call->tokens * call->width * sizeof(real) + call->experts * sizeof(uint32_t);
}

static real inverse_length(const real *x, size_t n)
{
	return (real)(1 / sqrt(moe_dot(x, x, n) + 1e-20));
}

static void set_unit(const struct moe_self *self, const struct moe_call *call, struct desk *desk)
{
	const real *steps = self->state, *means = means_of(self, call);
	for (size_t e = 0; e < call->experts; e++) {
		real *unit = desk->unit + e * call->width;
		struct moe_rng rng = *self->table;
		rng.counter[2] = (uint32_t)e;
		if (steps[e] <= 0)
			moe_normals(&rng, unit, call->width);
		for (size_t i = 0; steps[e] > 0 && i < call->width; i++)
			unit[i] = means[e * call->width + i];
		real scale = inverse_length(unit, call->width);
		for (size_t i = 0; i < call->width; i++)
			desk->columns[i * call->experts + e] = unit[i] *= scale;
	}
}

static size_t params(const struct moe_call *call, const void *opt, struct moe_param list[MOE_PARAMS])
{
	(void)call, (void)opt, (void)list;
	return 0;
}

static void forward(const struct moe_self *self, const struct moe_tools *tools, const struct moe_route *route,
					real *logits)
{
	const struct moe_call *call = &route->call;
	struct desk desk = desk_of(self, call);
	real sharp = (real)(1 / ((const struct k_means *)self->opt)->temperature);
	set_unit(self, call, &desk);
	tools->linear(call->tokens, call->width, call->experts, route->x, desk.columns, logits);
	for (size_t t = 0; t < call->tokens; t++) {
		real scale = sharp * inverse_length(route->x + t * call->width, call->width);
		for (size_t e = 0; e < call->experts; e++)
			logits[t * call->experts + e] *= scale;
	}
}

/* With n = x / |x| and g = sum_e d_z_e u_e:  d_x = (g - n <n, g>) / (|x| temperature) */
static void backward(const struct moe_self *self, const struct moe_tools *tools, const struct moe_route *route,
					 const real *d_logits, real *d_x)
{
	const struct moe_call *call = &route->call;
	struct desk desk = desk_of(self, call);
	size_t width = call->width;
	real sharp = (real)(1 / ((const struct k_means *)self->opt)->temperature);
	tools->linear(call->tokens, call->experts, width, d_logits, desk.unit, desk.pull);
	for (size_t t = 0; t < call->tokens; t++) {
		const real *x = route->x + t * width, *g = desk.pull + t * width;
		real inverse = inverse_length(x, width), along = inverse * inverse * (real)moe_dot(x, g, width);
		for (size_t i = 0; i < width; i++)
			d_x[t * width + i] += sharp * inverse * (g[i] - x[i] * along);
	}
}

static void add_rows(const struct moe_route *route, struct desk *desk)
{
	const struct moe_picks *picks = route->picks;
	size_t width = route->call.width;
	for (size_t e = 0; e < route->call.experts; e++)
		desk->rows[e] = 0;
	for (size_t i = 0; i < route->call.experts * width; i++)
		desk->sum[i] = 0;
	for (size_t i = 0; i < picks->n; i++) {
		desk->rows[picks->expert[i]]++;
		for (size_t j = 0; j < width; j++)
			desk->sum[picks->expert[i] * width + j] += (double)route->x[picks->token[i] * width + j];
	}
}

static void settle(const struct moe_self *self, const struct moe_route *route)
{
	const struct moe_call *call = &route->call;
	struct desk desk = desk_of(self, call);
	real *steps = self->state, *means = means_of(self, call);
	add_rows(route, &desk);
	for (size_t e = 0; e < call->experts; e++) {
		if (desk.rows[e] == 0)
			continue;
		double rate = fmax(1 - ((const struct k_means *)self->opt)->decay, 1 / (double)++steps[e]);
		for (size_t i = e * call->width; i < (e + 1) * call->width; i++)
			means[i] += (real)(rate * (desk.sum[i] / desk.rows[e] - (double)means[i]));
	}
}

const struct moe_projector projector_k_means = {
	.part = { .kind = MOE_PROJECTOR,
			  .name = "k-means",
			  .summary = "the cosine of a row and the mean of the rows that an expert got so far: no parameters",
			  .formula = "z_e = <x_t, m_e> / (|x_t| |m_e| temperature);   after a step in which e was chosen\n"
						 "m_e += max(1 - decay, 1 / such steps) (mean of the x_t that chose e - m_e)",
			  .cite = "Ahrac, Hochwald & Geva 2026, arXiv 2605.12476",
			  .opts = options,
			  .opts_size = sizeof(struct k_means),
			  .gives = MOE_LOGITS,
			  .wants = MOE_INPUT,
			  .state_size = state_size,
			  .scratch_size = scratch_size,
			  .settle = settle },
	.params = params,
	.forward = forward,
	.backward = backward,
};
