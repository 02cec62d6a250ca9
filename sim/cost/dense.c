/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dense.c -- the network without experts that has as many parameters.
 */
#include <config.h>

#include <stddef.h>

#include "sim/cost/block.h"

static struct cost_shape without_experts(const struct cost_shape *shape)
{
	struct cost_shape dense = *shape;
	dense.moe_layers = dense.experts = dense.top_k = dense.expert_width = dense.shared = dense.shared_width = 0;
	dense.hashed_layers = dense.zero_experts = dense.constant_experts = dense.passive_experts = dense.passive_width =
		dense.latent = dense.ahead = 0;
	dense.router = dense.router_bias = dense.selection_bias = dense.router_scale = false;
	dense.shared_gate = dense.mixture_bias = dense.latent_norm = false;
	dense.order = NULL;
	for (int kind = 0; kind < COST_MIXERS; kind++) {
		struct cost_mixer *m = &dense.mixer[kind];
		if (m->kind != COST_MIXTURE)
			continue;
		m->kind = COST_HEADS;
		m->heads = times(m->kv_heads, shape->top_k);
	}
	return dense;
}

/* The total grows by the same step with each unit of width, so two counts tell where the target lies. */
int cost_dense(const struct cost_shape *shape, int64_t params, struct cost_shape *dense, struct error *err)
{
	struct cost_count narrow, wide;
	*dense = without_experts(shape);
	dense->dense_width = 1;
	TRY(cost_count(dense, 1, &narrow, err));
	dense->dense_width = 2;
	TRY(cost_count(dense, 1, &wide, err));
	int64_t step = wide.params_total - narrow.params_total, missing = params - narrow.params_total;
	if (step == 0) /* no layer has an FFN */
		missing = 0, step = 1;
	dense->dense_width = 1 + (missing > 0 ? missing / step + (missing % step >= step - missing % step) : 0);
	return 0;
}
