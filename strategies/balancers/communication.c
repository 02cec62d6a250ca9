/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * communication.c -- balance of what devices receive: the loss on the tokens sent to each (DeepSeek-AI 2024,
 * DeepSeek-V2, arXiv 2405.04434, eq. 29-31).
 *
 *   L = sum_i f''_i P''_i    f''_i = D / (M T) tokens that were sent to device i, of D devices
 *                            P''_i = sum over its experts j of P_j,  P_j = mean share of j in the scores
 *
 * A token that chose two experts of a device is sent there once, which is what differs from the balance of work (the
 * balancer device).  M is the number of devices that a token may reach, the group-top-k of the selector group-top:
 * where each token reaches so many, L is 1 in balance, and less where it reaches fewer.
 */
#include <moesim/kit.h>
#include <stdio.h>
#include <string.h>

struct communication {
	double weight;
	int64_t groups, reach;
	int per;
};

static const struct moe_opt options[] = {
	{ .name = "weight",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct communication, weight),
	  .low = 0,
	  .high = 1e3,
	  .preset = 0.02,
	  .help = "weight of the loss" },
	{ .name = "groups",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct communication, groups),
	  .low = 1,
	  .high = 65536,
	  .preset = 8,
	  .help = "number of devices that the experts are divided over, the same number each" },
	{ .name = "group-top-k",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct communication, reach),
	  .low = 1,
	  .high = 65536,
	  .preset = 3,
	  .unit = "groups",
	  .help = "number of devices that a token may reach, as the selector has it" },
	MOE_PER_ROW(offsetof(struct communication, per)),
	{ .name = NULL },
};

static bool check(const struct moe_call *call, const void *options_, char *complaint, size_t size)
{
	const struct communication *opt = options_;
	return moe_groups_fit(call, opt->groups, opt->reach, complaint, size);
}

/* Scratch: f'' of each expert's device, then a mark for each token and device. */
static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	return call->experts * sizeof(double) + call->tokens * (size_t)((const struct communication *)opt)->groups;
}

static void set_sent(const struct moe_route *route, const struct communication *opt, double *sent)
{
	size_t experts = route->call.experts, tokens = route->call.tokens, groups = (size_t)opt->groups;
	size_t each = experts / groups;
	const struct moe_picks *picks = route->picks;
	unsigned char *mark = (unsigned char *)(sent + experts);
	memset(sent, 0, experts * sizeof *sent);
	memset(mark, 0, tokens * groups);
	for (size_t i = 0; i < picks->n; i++) {
		size_t device = picks->expert[i] / each, at = picks->token[i] * groups + device;
		sent[device * each] += !mark[at];
		mark[at] = 1;
	}
	for (size_t e = 0; e < experts; e++)
		sent[e] = e % each ? sent[e - 1] : sent[e] * (double)groups / ((double)opt->reach * (double)tokens);
}

MOE_CLONED static void loss(const struct moe_self *self, const struct moe_route *route, struct moe_term *term,
							struct moe_grad *grad)
{
	const struct communication *opt = self->opt;
	double weight = moe_weight_of_layer(&route->call, opt->weight, opt->per);
	set_sent(route, opt, self->scratch);
	*term = (struct moe_term){ moe_mean_worth(route, self->scratch, weight, grad), weight };
}

const struct moe_balancer balancer_communication = {
	.part = { .kind = MOE_BALANCER,
			  .name = "communication",
			  .summary = "communication balance: devices should receive equally many tokens",
			  .formula = "L = weight * sum over devices of f'' P''      at balance: weight * (devices that a token\n"
						 "reaches / group-top-k)\n"
						 "f'' = tokens sent to the device times devices / (group-top-k * tokens),\n"
						 "P'' = mean share of its experts in the scores",
			  .cite = "DeepSeek-AI 2024, arXiv 2405.04434",
			  .opts = options,
			  .opts_size = sizeof(struct communication),
			  .wants = MOE_SCORES,
			  .check = check,
			  .scratch_size = scratch_size },
	.column = "communication_loss",
	.loss = loss,
};
