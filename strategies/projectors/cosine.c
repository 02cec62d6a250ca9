/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cosine.c -- how alike the directions of a row and of an expert are (Chi et al. 2022, XMoE, arXiv 2204.09179).
 *
 * Both are compared in a few dimensions and at unit length, so that experts do not draw the rows towards a few
 * directions; a learned temperature, never below 1/100, scales the cosine (Tutel: tutel/gates/cosine_top.py).
 */
#include <moesim/kit.h>

struct cosine {
	int64_t dim;
	double temperature;
};

static const struct moe_opt options[] = {
	{ .name = "dim",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct cosine, dim),
	  .low = 1,
	  .high = 65536,
	  .preset = 16,
	  .help = "dimensions in which rows and experts are compared (XMoE: half as many as experts; Tutel: 256)" },
	{ .name = "temperature",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct cosine, temperature),
	  .low = 0.01,
	  .high = 100,
	  .preset = 0.5,
	  .help = "initial temperature, by which the cosine is divided; it is learned" },
	{ .name = NULL },
};

enum { DOWN, KEYS, LOG_SCALE };

static size_t params(const struct moe_call *call, const void *opt, struct moe_param list[MOE_PARAMS])
{
	const struct cosine *cosine = opt;
	size_t dim = (size_t)cosine->dim;
	list[DOWN] = (struct moe_param){ .name = "down", .rows = call->width, .columns = dim, .std = 1, .scaled = true };
	list[KEYS] = (struct moe_param){ .name = "keys", .rows = dim, .columns = call->experts, .std = 1, .scaled = true };
	list[LOG_SCALE] = (struct moe_param){
		.name = "log-scale", .rows = 1, .columns = 1, .mean = -log(cosine->temperature), .elementwise = true
	};
	return 3;
}

/* Rows and keys of unit length, what was divided by, and room for the gradients of each. */
struct unit {
	size_t dim;
	real *row, *row_length; /* [tokens][dim], [tokens] */
	real *key, *key_length; /* [dim][experts], [experts] */
	real *d_row, *d_key;
	real *d_cosine; /* [tokens][experts] */
};

static size_t lay_out(const struct moe_call *call, const struct cosine *opt, real *at, struct unit *unit)
{
	size_t dim = (size_t)opt->dim, t = call->tokens, e = call->experts;
	size_t sizes[] = { t * dim, t, dim * e, e, t * dim, dim * e, t * e }, sum = 0;
	real **places[] = { &unit->row,   &unit->row_length, &unit->key,     &unit->key_length,
						&unit->d_row, &unit->d_key,      &unit->d_cosine };
	unit->dim = dim;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		*places[i] = at ? at + sum : NULL;
		sum += sizes[i];
	}
	return sum;
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	struct unit unit;
	return lay_out(call, opt, NULL, &unit) * sizeof(real);
}

static real length_of(double square)
{
	double length = sqrt(square);
	return (real)(length > 1e-12 ? length : 1e-12);
}

MOE_CLONED static void shorten_rows(const struct unit *unit, size_t tokens)
{
	for (size_t t = 0; t < tokens; t++) {
		real *row = unit->row + t * unit->dim;
		unit->row_length[t] = length_of(moe_dot(row, row, unit->dim));
		for (size_t i = 0; i < unit->dim; i++)
			row[i] /= unit->row_length[t];
	}
}

static void shorten_keys(const struct unit *unit, const real *keys, size_t experts)
{
	for (size_t e = 0; e < experts; e++) {
		double square = 0;
		for (size_t i = 0; i < unit->dim; i++)
			square += (double)keys[i * experts + e] * (double)keys[i * experts + e];
		unit->key_length[e] = length_of(square);
		for (size_t i = 0; i < unit->dim; i++)
			unit->key[i * experts + e] = keys[i * experts + e] / unit->key_length[e];
	}
}

/* 1 / temperature, and whether it can still move. */
static real scale_of(const struct moe_tools *tools, bool *free)
{
	const double highest = log(100);
	double log_scale = (double)tools->param[LOG_SCALE].w[0];
	*free = log_scale <= highest;
	return (real)exp(*free ? log_scale : highest);
}

MOE_CLONED static void forward(const struct moe_self *self, const struct moe_tools *tools,
							   const struct moe_route *route, real *logits)
{
	const struct moe_call *call = &route->call;
	struct unit unit;
	bool free;
	lay_out(call, self->opt, self->scratch, &unit);
	tools->linear(call->tokens, call->width, unit.dim, route->x, tools->param[DOWN].w, unit.row);
	shorten_rows(&unit, call->tokens);
	shorten_keys(&unit, tools->param[KEYS].w, call->experts);
	tools->linear(call->tokens, unit.dim, call->experts, unit.row, unit.key, logits);
	real scale = scale_of(tools, &free);
	for (size_t i = 0; i < call->tokens * call->experts; i++)
		logits[i] *= scale;
}

/* From the gradient of a unit vector to that of the vector: what points along it changes nothing. */
MOE_CLONED static void lengthen_rows(const struct unit *unit, size_t tokens)
{
	for (size_t t = 0; t < tokens; t++) {
		const real *row = unit->row + t * unit->dim;
		real *d = unit->d_row + t * unit->dim, along = (real)moe_dot(d, row, unit->dim);
		for (size_t i = 0; i < unit->dim; i++)
			d[i] = (d[i] - along * row[i]) / unit->row_length[t];
	}
}

static void lengthen_keys(const struct unit *unit, size_t experts, real *d_keys)
{
	for (size_t e = 0; e < experts; e++) {
		double along = 0;
		for (size_t i = 0; i < unit->dim; i++)
			along += (double)unit->d_key[i * experts + e] * (double)unit->key[i * experts + e];
		for (size_t i = 0; i < unit->dim; i++) {
			size_t at = i * experts + e;
			d_keys[at] += (unit->d_key[at] - (real)along * unit->key[at]) / unit->key_length[e];
		}
	}
}

/* The cosines again, for the gradient of the scale: nothing keeps the logits. */
MOE_CLONED static void scale_backward(const struct moe_tools *tools, const struct moe_call *call,
									  const struct unit *unit, const real *d_logits)
{
	size_t n = call->tokens * call->experts;
	bool free;
	real scale = scale_of(tools, &free);
	if (free) {
		tools->linear(call->tokens, unit->dim, call->experts, unit->row, unit->key, unit->d_cosine);
		tools->param[LOG_SCALE].d_w[0] += scale * (real)moe_dot(d_logits, unit->d_cosine, n);
	}
	for (size_t i = 0; i < n; i++)
		unit->d_cosine[i] = scale * d_logits[i];
}

static void backward(const struct moe_self *self, const struct moe_tools *tools, const struct moe_route *route,
					 const real *d_logits, real *d_x)
{
	const struct moe_call *call = &route->call;
	const struct moe_learned *down = &tools->param[DOWN];
	struct unit unit;
	lay_out(call, self->opt, self->scratch, &unit);
	scale_backward(tools, call, &unit, d_logits);
	for (size_t i = 0; i < call->tokens * unit.dim; i++)
		unit.d_row[i] = 0;
	for (size_t i = 0; i < unit.dim * call->experts; i++)
		unit.d_key[i] = 0;
	tools->linear_backward(call->tokens, unit.dim, call->experts, unit.row, unit.key, unit.d_cosine, unit.d_key,
						   unit.d_row);
	lengthen_rows(&unit, call->tokens);
	lengthen_keys(&unit, call->experts, tools->param[KEYS].d_w);
	tools->linear_backward(call->tokens, call->width, unit.dim, route->x, down->w, unit.d_row, down->d_w, d_x);
}

const struct moe_projector projector_cosine = {
	.part = { .kind = MOE_PROJECTOR,
			  .name = "cosine",
			  .summary =
				  "how alike the directions of row and expert are, in a few dimensions, over a learned temperature",
			  .formula = "z_e = <u, w_e> / (|u| |w_e| tau),   u = x_t P,   tau learned, at least 0.01",
			  .cite = "Chi et al. 2022, arXiv 2204.09179",
			  .opts = options,
			  .opts_size = sizeof(struct cosine),
			  .gives = MOE_LOGITS,
			  .wants = MOE_INPUT,
			  .scratch_size = scratch_size },
	.params = params,
	.forward = forward,
	.backward = backward,
};
