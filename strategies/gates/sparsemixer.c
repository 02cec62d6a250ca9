/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sparsemixer.c -- the weight of a choice is its share among the experts that are nearly as good, with a gradient that
 * estimates what another draw would have changed (Liu et al. 2024, GRIN, arXiv 2409.12136, section 2.1:
 * SparseMixer-v2).
 *
 * A choice is compared with the experts that the token had not chosen before it (those of no lower rank) and whose
 * logits are near the best of these; it always belongs to them itself.  In training a choice that is not the best one
 * has a third of its weight with probability 3/4, the other point of Heun's third-order method.  The gradient is that
 * of the whole share either way, so that it is no derivative of what the layer computed.
 */
#include <moesim/kit.h>
#include <string.h>

struct sparsemixer {
	double noise;
};

static const struct moe_opt options[] = {
	{ .name = "noise",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct sparsemixer, noise),
	  .low = 0,
	  .high = 1e6,
	  .preset = 0.01,
	  .help = "an expert is near the best where its logit is within twice this share of it; as in selector=near-best" },
	{ .name = NULL },
};

/* Scratch: the shares of one choice, then of each token and expert, 0 where it was not chosen, else 1 + its rank; and
 * whether a choice has its whole weight by chance. */
struct desk {
	real *share;     /* [experts] */
	uint32_t *place; /* [tokens][experts] */
	uint8_t *whole;  /* [tokens][experts] */
};

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->experts * sizeof(real) + call->tokens * call->experts * (sizeof(uint32_t) + 1);
}

static struct desk desk_of(const struct moe_self *self, const struct moe_route *route)
{
	size_t n = route->call.tokens * route->call.experts;
	struct desk desk = { .share = self->scratch };
	desk.place = (uint32_t *)(desk.share + route->call.experts);
	desk.whole = (uint8_t *)(desk.place + n);
	memset(desk.place, 0, n * sizeof *desk.place);
	for (size_t i = 0; i < route->picks->n; i++)
		desk.place[route->picks->token[i] * route->call.experts + route->picks->expert[i]] = route->picks->rank[i] + 1;
	return desk;
}

/* Draws for all choices, those that find no room included, so that what a capacity drops changes no weight. */
static void draw(const struct moe_self *self, const struct moe_route *route, struct desk *desk)
{
	struct moe_rng rng = *self->rng;
	for (size_t i = 0; i < route->picks->n; i++)
		desk->whole[route->picks->token[i] * route->call.experts + route->picks->expert[i]] = moe_uniform(&rng) >= 0.75;
}

static bool open_to(const uint32_t *place, size_t other, size_t expert)
{
	return place[other] == 0 || place[other] >= place[expert];
}

/* Sets desk->share of the choice `expert` of token t, 0 for experts that are not near; returns whether it is the best.
 */
static bool compare(const struct moe_self *self, const struct moe_route *route, struct desk *desk, size_t t,
					size_t expert)
{
	size_t experts = route->call.experts, best = expert;
	const real *z = route->logits + t * experts;
	const uint32_t *place = desk->place + t * experts;
	double noise = ((const struct sparsemixer *)self->opt)->noise, sum = 0;
	for (size_t e = 0; e < experts; e++)
		if (open_to(place, e, expert) && (z[e] > z[best] || (z[e] == z[best] && e < best)))
			best = e;
	for (size_t e = 0; e < experts; e++) {
		bool near = e == expert || (open_to(place, e, expert) && moe_nearly(z[e], z[best], noise));
		desk->share[e] = near ? moe_exp(z[e] - z[best]) : 0;
		sum += (double)desk->share[e];
	}
	for (size_t e = 0; e < experts; e++)
		desk->share[e] = (real)((double)desk->share[e] / sum);
	return best == expert;
}

static void forward(const struct moe_self *self, const struct moe_route *route, real *weight)
{
	const struct moe_plan *plan = route->plan;
	struct desk desk = desk_of(self, route);
	if (route->call.training)
		draw(self, route, &desk);
	for (size_t p = 0; p < plan->pairs; p++) {
		size_t t = plan->token[p], expert = plan->expert[p];
		bool best = compare(self, route, &desk, t, expert);
		bool whole = best || !route->call.training || desk.whole[t * route->call.experts + expert];
		weight[p] = desk.share[expert] * (whole ? 1 : (real)(1.0 / 3));
	}
}

/* d_z_j = d_g m (delta - m_j), with the share m of the choice and m_j of the others */
static void backward(const struct moe_self *self, const struct moe_route *route, struct moe_grad *grad)
{
	const struct moe_plan *plan = route->plan;
	size_t experts = route->call.experts;
	struct desk desk = desk_of(self, route);
	for (size_t p = 0; p < plan->pairs; p++) {
		size_t t = plan->token[p], expert = plan->expert[p];
		compare(self, route, &desk, t, expert);
		real slope = plan->d_weight[p] * desk.share[expert];
		for (size_t e = 0; e < experts; e++)
			grad->logits[t * experts + e] += slope * ((real)(e == expert) - desk.share[e]);
	}
}

const struct moe_gate gate_sparsemixer = {
	.part = { .kind = MOE_GATE,
			  .name = "sparsemixer",
			  .summary =
				  "a choice's share among the experts nearly as good, with a gradient for the draw: an estimator",
			  .formula = "g_e = m_e, in training m_e / 3 with probability 3/4 if e is not the best;   d g_e := d m_e\n"
						 "m_e = exp(z_e) / sum of exp(z_j) over the j not chosen before e that are near the best of "
						 "these, m:\n"
						 "      (m - z_j) / max(|z_j|, m) <= 2 noise",
			  .cite = "Liu et al. 2024, arXiv 2409.12136",
			  .opts = options,
			  .opts_size = sizeof(struct sparsemixer),
			  .gives = MOE_ESTIMATE,
			  .wants = MOE_LOGITS,
			  .scratch_size = scratch_size },
	.forward = forward,
	.backward = backward,
};
