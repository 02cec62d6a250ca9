/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * frozen.c -- a random linear router that is never trained (Fan, Messmer & Jaggi 2024, arXiv 2402.13089).
 *
 * The selection follows a random projection of what the router reads; the weights stay those of the scorer, so that
 * only the selection differs from learned routing.  With `redraw` the projection is another one in every step, so that
 * no expert sees the same kind of token twice: the re-randomised router of the same paper.
 */
#include <moesim/kit.h>

struct frozen {
	bool redraw;
};

static const struct moe_opt options[] = {
	{ .name = "redraw",
	  .type = MOE_OPT_FLAG,
	  .at = offsetof(struct frozen, redraw),
	  .high = 1,
	  .preset = 0,
	  .help = "redraw the projection at every step" },
	{ .name = NULL },
};

/* map[width][experts], uniform in [-1, 1) */
static void draw_map(const struct moe_self *self, const struct moe_call *call, real *map)
{
	const struct frozen *opt = self->opt;
	struct moe_rng rng = opt->redraw ? *self->rng : *self->table;
	for (size_t i = 0; i < call->width * call->experts; i++)
		map[i] = (real)(2 * moe_uniform(&rng) - 1);
}

MOE_INLINE void project(const real *x, const real *map, size_t width, size_t experts, real *row)
{
	for (size_t e = 0; e < experts; e++)
		row[e] = 0;
	for (size_t i = 0; i < width; i++)
		for (size_t e = 0; e < experts; e++)
			row[e] += x[i] * map[i * experts + e];
}

MOE_CLONED static void choose(const struct moe_self *self, const struct moe_route *route, struct moe_picks *picks)
{
	const struct moe_call *call = &route->call;
	real *map = self->scratch, *row = map + call->width * call->experts;
	uint32_t *best = (uint32_t *)(row + call->experts);
	draw_map(self, call, map);
	for (size_t t = 0; t < call->tokens; t++) {
		project(route->x + t * call->width, map, call->width, call->experts, row);
		moe_top_k(row, call->experts, call->k, best);
		for (size_t rank = 0; rank < call->k; rank++)
			moe_pick(picks, t, best[rank], rank);
	}
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return (call->width + 1) * call->experts * sizeof(real) + call->k * sizeof(uint32_t);
}

const struct moe_selector selector_frozen = {
	.part = { .kind = MOE_SELECTOR,
			  .name = "frozen",
			  .summary = "routes by a random projection that is never trained, or redrawn at every step",
			  .formula = "S_t = the k experts with the largest (x_t R)_e,   R_ie uniform in [-1, 1)",
			  .cite = "Fan, Messmer & Jaggi 2024, arXiv 2402.13089",
			  .opts = options,
			  .opts_size = sizeof(struct frozen),
			  .wants = MOE_INPUT,
			  .scratch_size = scratch_size },
	.select = choose,
};
