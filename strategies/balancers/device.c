/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * device.c -- balance of devices instead of experts: the loss on what each device computes (DeepSeek-AI 2024,
 * DeepSeek-V2, arXiv 2405.04434, eq. 26-28).
 *
 *   L = sum_i f'_i P'_i      f'_i = mean over the experts j of device i of f_j,  f_j = E / (k T) tokens that chose j
 *                            P'_i = sum over them of P_j,  P_j = mean share of j in the scores
 *
 * Only P carries a gradient, and all experts of a device feel the same.  The experts of a device stand side by side, as
 * the groups of the selector group-top do; what is counted is what was asked for, before the capacity.
 */
#include <moesim/kit.h>
#include <stdio.h>
#include <string.h>

struct device {
	double weight;
	int64_t groups;
	int per;
};

static const struct moe_opt options[] = {
	{ .name = "weight",
	  .type = MOE_OPT_REAL,
	  .at = offsetof(struct device, weight),
	  .low = 0,
	  .high = 1e3,
	  .preset = 0.05,
	  .help = "weight of the loss, which is 1 at perfect balance" },
	{ .name = "groups",
	  .type = MOE_OPT_INT,
	  .at = offsetof(struct device, groups),
	  .low = 1,
	  .high = 65536,
	  .preset = 8,
	  .help = "number of devices that the experts are divided over, the same number each" },
	MOE_PER_ROW(offsetof(struct device, per)),
	{ .name = NULL },
};

static bool check(const struct moe_call *call, const void *opt, char *complaint, size_t size)
{
	return moe_groups_fit(call, ((const struct device *)opt)->groups, 1, complaint, size);
}

/* Scratch: f' of each expert's device. */
static size_t scratch_size(const struct moe_call *call, const void *opt)
{
	(void)opt;
	return call->experts * sizeof(double);
}

static void set_loads(const struct moe_route *route, size_t groups, double *load)
{
	size_t experts = route->call.experts, each = experts / groups;
	const struct moe_picks *picks = route->picks;
	memset(load, 0, experts * sizeof *load);
	for (size_t i = 0; i < picks->n; i++)
		load[picks->expert[i] / each * each]++;
	for (size_t e = 0; e < experts; e++)
		load[e] = e % each ? load[e - 1] : load[e] * (double)groups / (double)(picks->n > 0 ? picks->n : 1);
}

MOE_CLONED static void loss(const struct moe_self *self, const struct moe_route *route, struct moe_term *term,
							struct moe_grad *grad)
{
	const struct device *opt = self->opt;
	double weight = moe_weight_of_layer(&route->call, opt->weight, opt->per);
	set_loads(route, (size_t)opt->groups, self->scratch);
	*term = (struct moe_term){ moe_mean_worth(route, self->scratch, weight, grad), weight };
}

const struct moe_balancer balancer_device = {
	.part = { .kind = MOE_BALANCER,
			  .name = "device",
			  .summary = "device-level balance: devices, not experts, should have equal work",
			  .formula = "L = weight * sum over devices of f' P'      at balance: weight * 1\n"
						 "f' = the device's share of the assignments times the number of devices,\n"
						 "P' = mean share of its experts in the scores",
			  .cite = "DeepSeek-AI 2024, arXiv 2405.04434",
			  .opts = options,
			  .opts_size = sizeof(struct device),
			  .wants = MOE_SCORES,
			  .check = check,
			  .scratch_size = scratch_size },
	.column = "device_loss",
	.loss = loss,
};
