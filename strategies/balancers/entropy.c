/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * entropy.c -- entropies of a router as a loss; as published, minus the mutual information of token and expert (Shen et
 * al. 2023, ModuleFormer, arXiv 2306.04640, eq. 6).
 *
 *   L = token * mean_t H(p_t) - load * H(P)      p_e(t) = share of e in the scores,  P = their mean over the batch
 *
 * With both factors 1 each token should be sure of its experts, and all experts together be used alike: L is -ln E
 * then, and 0 where no token is told from another.  load=0 leaves the entropy of each token, which the dynamic routing
 * of Huang et al. (2024, arXiv 2403.07652) keeps low; a negative factor turns a wish into its opposite.
 */
#include <moesim/kit.h>
#include <string.h>

struct entropy {
	double weight, token, load;
	int per;
};

static const struct moe_opt options[] = {
	{ .name = "weight",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct entropy, weight),
	  .low = 0,
	  .high = 1e3,
	  .preset = 0.01,
	  .help = "weight of the loss" },
	{ .name = "token",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct entropy, token),
	  .low = -1e3,
	  .high = 1e3,
	  .preset = 1,
	  .help = "factor of the mean entropy of a token's scores: 1 makes tokens sure, -1 unsure" },
	{ .name = "load",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct entropy, load),
	  .low = -1e3,
	  .high = 1e3,
	  .preset = 1,
	  .help = "factor of the entropy of the batch's mean scores, which is subtracted: 1 spreads them" },
	MOE_PER_ROW(offsetof(struct entropy, per)),
	{ .name = NULL },
};

/* Scratch: P of each expert in double, then its logarithm, then the logarithms of one token. */
static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->experts * (sizeof(double) + 2 * sizeof(real));
}

/* H(p_t), with ln p in `log_share`. */
static inline double entropy_of(const real *s, double sum, size_t experts, real *log_share)
{
	double h;
	real scale = (real)(1 / sum);
	for (size_t e = 0; e < experts; e++)
		log_share[e] = moe_log(s[e] * scale);
	MOE_SUM(h, experts, e, (double)s[e] * (double)log_share[e]);
	return -h / sum;
}

/* Sets P and returns the mean of H(p_t). */
MOE_CLONED static double mean_entropy(const struct moe_route *route, double *mean, real *log_share)
{
	size_t experts = route->call.experts, tokens = route->call.tokens;
	double h = 0;
	memset(mean, 0, experts * sizeof *mean);
	for (size_t t = 0; t < tokens; t++) {
		const real *s = route->scores + t * experts;
		double sum = moe_sum(s, experts) + 1e-20, share = 1 / (sum * (double)tokens);
		for (size_t e = 0; e < experts; e++)
			mean[e] += (double)s[e] * share;
		h += entropy_of(s, sum, experts, log_share);
	}
	return h / (double)tokens;
}

static double entropy_of_mean(const double *mean, size_t experts, real *log_mean)
{
	double h = 0;
	for (size_t e = 0; e < experts; e++) {
		log_mean[e] = moe_log((real)mean[e]);
		h -= mean[e] * (double)log_mean[e];
	}
	return h;
}

/* The derivative by p_e(t) is (load ln P_e - token ln p_e) / T but for a constant, which no share feels; and
 * d p_j / d s_e = (delta - p_j) / sum(s). */
MOE_CLONED static void pass_back(const struct moe_route *route, const struct entropy *opt, double weight,
								 const real *log_mean, real *log_share, struct moe_grad *grad)
{
	size_t experts = route->call.experts, tokens = route->call.tokens;
	real token = (real)opt->token, load = (real)opt->load;
	for (size_t t = 0; t < tokens; t++) {
		const real *s = route->scores + t * experts;
		double sum = moe_sum(s, experts) + 1e-20, dot;
		entropy_of(s, sum, experts, log_share);
		for (size_t e = 0; e < experts; e++)
			log_share[e] = load * log_mean[e] - token * log_share[e];
		MOE_SUM(dot, experts, e, (double)s[e] * (double)log_share[e]);
		double scale = weight / (sum * (double)tokens);
		for (size_t e = 0; e < experts; e++)
			grad->scores[t * experts + e] += (real)(scale * ((double)log_share[e] - dot / sum));
	}
}

static void loss(const struct moe_self *self, const struct moe_route *route, struct moe_term *term,
				 struct moe_grad *grad)
{
	const struct entropy *opt = self->opt;
	size_t experts = route->call.experts;
	double *mean = self->scratch, weight = moe_weight_of_layer(&route->call, opt->weight, opt->per);
	real *log_mean = (real *)(mean + experts), *log_share = log_mean + experts;
	double h = mean_entropy(route, mean, log_share);
	*term = (struct moe_term){ opt->token * h - opt->load * entropy_of_mean(mean, experts, log_mean), weight };
	if (grad)
		pass_back(route, opt, weight, log_mean, log_share, grad);
}

const struct moe_balancer balancer_entropy = {
	.part = { .kind = MOE_BALANCER,
			  .name = "entropy",
			  .summary = "entropies as a loss: each token sure of its experts, all experts used alike",
			  .formula = "L = weight * (token * mean over tokens of H(p) - load * H(mean of p)),   p_e = s_e / sum(s)\n"
						 "as preset minus the mutual information of token and expert      at balance: between 0 and\n"
						 "-ln E, where every token is sure of one expert",
			  .cite = "Shen et al. 2023, arXiv 2306.04640",
			  .opts = options,
			  .opts_size = sizeof(struct entropy),
			  .wants = MOE_SCORES,
			  .scratch_size = scratch_size },
	.column = "entropy_loss",
	.loss = loss,
};
