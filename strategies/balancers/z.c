/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * z.c -- the router z-loss keeps logits small (Zoph et al. 2022, ST-MoE, arXiv 2202.08906, eq. 5).
 */
#include <moesim/kit.h>

struct z {
	double weight;
	int per;
};

static const struct moe_opt options[] = {
	{ .name = "weight",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct z, weight),
	  .low = 0,
	  .high = 1e3,
	  .preset = 1e-3,
	  .help = "weight of the loss" },
	MOE_PER_ROW(offsetof(struct z, per)),
	{ .name = NULL },
};

/* L = mean_t l_t^2 with l_t = ln sum_e exp(z_e(t));  dL / dz_e = 2 l_t softmax(z)_e / T */
MOE_CLONED static void loss(const struct moe_self *self, const struct moe_route *route, struct moe_term *term,
							struct moe_grad *grad)
{
	const struct z *opt = self->opt;
	size_t tokens = route->call.tokens, experts = route->call.experts;
	double sum = 0, weight = moe_weight_of_layer(&route->call, opt->weight, opt->per);
	for (size_t t = 0; t < tokens; t++) {
		const real *z = route->logits + t * experts;
		double l = moe_log_sum_exp(z, experts);
		sum += l * l;
		real scale = (real)(weight * 2 * l / (double)tokens);
		for (size_t e = 0; grad && e < experts; e++)
			grad->logits[t * experts + e] += scale * moe_exp(z[e] - (real)l);
	}
	*term = (struct moe_term){ sum / (double)tokens, weight };
}

const struct moe_balancer balancer_z = {
	.part = { .kind = MOE_BALANCER,
			  .name = "z",
			  .summary = "router z-loss: keeps the logits small",
			  .formula = "L = weight * mean over tokens of (ln sum_e exp(z_e))^2      at equal logits 0: (ln E)^2",
			  .cite = "Zoph et al. 2022, arXiv 2202.08906",
			  .opts = options,
			  .opts_size = sizeof(struct z),
			  .wants = MOE_LOGITS },
	.column = "z_loss",
	.loss = loss,
};
