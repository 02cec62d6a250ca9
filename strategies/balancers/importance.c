/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * importance.c -- the importance loss: experts should have equal weight in the batch (Shazeer et al. 2017,
 * arXiv 1701.06538, eq. 6-7).
 *
 *   I_e = sum over the batch of e's weight in a token      L = CV(I)^2 = variance / mean^2 = E sum I^2 / (sum I)^2 - 1
 *
 * The paper's weights are those of the sparse gate, a softmax over the chosen logits: with softmax scores, the scores
 * of a token's chosen experts, before any is dropped, over their sum.  of=all takes the scores of all experts as they
 * are (Tutel), which is another loss: it is blind to who was chosen.  The paper has a second loss beside this one, on a
 * smooth estimate of the load, which is made of the noise of its noisy router; that one is no part of this balancer.
 */
#include <moesim/kit.h>
#include <string.h>

enum of { CHOSEN, ALL };
static const char *const ofs[] = { "chosen", "all", NULL };

struct importance {
	double weight;
	int of, per;
};

static const struct moe_opt options[] = {
	{ .name = "weight",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct importance, weight),
	  .low = 0,
	  .high = 1e3,
	  .preset = 0.1,
	  .help = "weight of the loss, which is 0 at perfect balance" },
	{ .name = "of",
	  .type = MOE_OPT_CHOICE,
	  .at = offsetof(struct importance, of),
	  .high = ALL,
	  .choices = ofs,
	  .help = "sum the weights of the chosen experts (Shazeer et al.), or the scores of all (Tutel)" },
	MOE_PER_ROW(offsetof(struct importance, per)),
	{ .name = NULL },
};

/* Scratch: the importance of each expert and its derivative, then for each token the sum of its chosen scores, and of
 * its weights times those derivatives. */
struct desk {
	double *importance, *slope, *sum, *dot;
};

static struct desk desk_of(const struct moe_self *self, const struct moe_call *call)
{
	struct desk desk = { .importance = self->scratch };
	desk.slope = desk.importance + call->experts;
	desk.sum = desk.slope + call->experts;
	desk.dot = desk.sum + call->tokens;
	return desk;
}

static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return 2 * (call->experts + call->tokens) * sizeof(double);
}

static size_t place_of(const struct moe_route *route, size_t pick)
{
	return route->picks->token[pick] * route->call.experts + route->picks->expert[pick];
}

/* The weight of a pick: its share in the scores of its token's picks. */
static double weight_of(const struct moe_route *route, const struct desk *desk, size_t pick)
{
	return (double)route->scores[place_of(route, pick)] / desk->sum[route->picks->token[pick]];
}

static void add_chosen(const struct moe_route *route, struct desk *desk)
{
	const struct moe_picks *picks = route->picks;
	for (size_t t = 0; t < route->call.tokens; t++)
		desk->sum[t] = 1e-20;
	for (size_t i = 0; i < picks->n; i++)
		desk->sum[picks->token[i]] += (double)route->scores[place_of(route, i)];
	for (size_t i = 0; i < picks->n; i++)
		desk->importance[picks->expert[i]] += weight_of(route, desk, i);
}

MOE_CLONED static void add_all(const struct moe_route *route, struct desk *desk)
{
	size_t experts = route->call.experts;
	for (size_t t = 0; t < route->call.tokens; t++)
		for (size_t e = 0; e < experts; e++)
			desk->importance[e] += (double)route->scores[t * experts + e];
}

/* L, and its derivative by each I_e times `weight`; without any importance all are equal, and L is 0. */
static double spread(struct desk *desk, size_t experts, double weight)
{
	double sum = 0, squares = 0, n = (double)experts;
	for (size_t e = 0; e < experts; e++) {
		sum += desk->importance[e];
		squares += desk->importance[e] * desk->importance[e];
	}
	for (size_t e = 0; e < experts; e++)
		desk->slope[e] = sum > 0 ? weight * 2 * n * (desk->importance[e] - squares / sum) / (sum * sum) : 0;
	return sum > 0 ? n * squares / (sum * sum) - 1 : 0;
}

/* A pick's weight is s / sum(s), so d weight_j / d s_e = (delta - weight_j) / sum. */
static void back_to_chosen(const struct moe_route *route, struct desk *desk, struct moe_grad *grad)
{
	const struct moe_picks *picks = route->picks;
	memset(desk->dot, 0, route->call.tokens * sizeof *desk->dot);
	for (size_t i = 0; i < picks->n; i++)
		desk->dot[picks->token[i]] += weight_of(route, desk, i) * desk->slope[picks->expert[i]];
	for (size_t i = 0; i < picks->n; i++) {
		size_t t = picks->token[i];
		grad->scores[place_of(route, i)] += (real)((desk->slope[picks->expert[i]] - desk->dot[t]) / desk->sum[t]);
	}
}

MOE_CLONED static void back_to_all(const struct moe_route *route, const struct desk *desk, struct moe_grad *grad)
{
	size_t experts = route->call.experts;
	for (size_t t = 0; t < route->call.tokens; t++)
		for (size_t e = 0; e < experts; e++)
			grad->scores[t * experts + e] += (real)desk->slope[e];
}

static void loss(const struct moe_self *self, const struct moe_route *route, struct moe_term *term,
				 struct moe_grad *grad)
{
	const struct importance *opt = self->opt;
	struct desk desk = desk_of(self, &route->call);
	size_t experts = route->call.experts;
	double weight = moe_weight_of_layer(&route->call, opt->weight, opt->per);
	memset(desk.importance, 0, experts * sizeof *desk.importance);
	if (opt->of == CHOSEN)
		add_chosen(route, &desk);
	else
		add_all(route, &desk);
	*term = (struct moe_term){ spread(&desk, experts, weight), weight };
	if (grad && opt->of == CHOSEN)
		back_to_chosen(route, &desk, grad);
	else if (grad)
		back_to_all(route, &desk, grad);
}

const struct moe_balancer balancer_importance = {
	.part = { .kind = MOE_BALANCER,
			  .name = "importance",
			  .summary = "importance loss: experts should have equal weight in a batch",
			  .formula = "L = weight * CV(I)^2, the squared coefficient of variation      at balance: 0\n"
						 "I_e = sum over tokens of s_e / sum of s over the token's chosen experts; of=all: sum of s_e",
			  .cite = "Shazeer et al. 2017, arXiv 1701.06538",
			  .opts = options,
			  .opts_size = sizeof(struct importance),
			  .wants = MOE_SCORES,
			  .scratch_size = scratch_size },
	.column = "importance_loss",
	.loss = loss,
};
