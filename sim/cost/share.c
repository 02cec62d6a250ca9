/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * share.c -- what one device of many holds of a network.
 *
 * What a device has of a network is a network, too: with fewer heads, narrower FFNs and some of the layers.  So it is
 * counted by the same code.
 */
#include <config.h>

#include "sim/cost/block.h"

#include <stddef.h>

/* Divides *size, whose name is for the error. */
static int divide(int64_t *size, int64_t by, const char *what, const char *flag, struct error *err)
{
	if (*size % by != 0)
		return fail(err, ERROR_USER, "%s %lld: must divide the %s, %lld", flag, (long long)by, what, (long long)*size);
	*size /= by;
	return 0;
}

/* Fewer of them than devices are repeated. */
static int divide_or_repeat(int64_t *size, int64_t by, const char *what, struct error *err)
{
	if (*size > 0 && *size < by && by % *size == 0)
		*size = 1;
	else
		TRY(divide(size, by, what, "--tp", err));
	return 0;
}

static int split_mixer(struct cost_mixer *m, int64_t tp, struct error *err)
{
	TRY(divide(&m->heads, tp, "heads", "--tp", err));
	TRY(divide(&m->inner, tp, "inner width of the recurrent layers", "--tp", err));
	TRY(divide_or_repeat(&m->kv_heads, tp, "key-value heads", err));
	TRY(divide_or_repeat(&m->groups, tp, "groups of the recurrent layers", err));
	return divide_or_repeat(&m->out_groups, tp, "groups of the output map", err);
}

static int split_widths(struct cost_shape *s, int64_t tp, struct error *err)
{
	TRY(divide(&s->expert_width, tp, "width of an expert", "--tp", err));
	TRY(divide(&s->passive_width, tp, "width of an expert", "--tp", err));
	TRY(divide(&s->shared_width, tp, "width of the shared experts", "--tp", err));
	TRY(divide(&s->dense_width, tp, "width of a dense FFN", "--tp", err));
	TRY(divide(&s->beside_width, tp, "width of a dense FFN", "--tp", err));
	s->vocabulary = s->vocabulary / tp + (s->vocabulary % tp > 0);
	s->layer_vocabulary = s->layer_vocabulary / tp + (s->layer_vocabulary % tp > 0);
	for (int kind = 0; kind < COST_MIXERS; kind++)
		if (cost_mixer_layers(s, kind) > 0)
			TRY(split_mixer(&s->mixer[kind], tp, err));
	return 0;
}

/* Where no order is told, the dense layers are the first and all have the first mixer. */
static struct cost_layer layer_at(const struct cost_shape *s, int64_t i)
{
	int64_t dense = s->layers - s->moe_layers - s->bare_layers;
	if (s->order)
		return s->order[i];
	return (struct cost_layer){ .ffn = i < dense ? COST_DENSE_FFN : COST_MOE };
}

/* The layers from `first` to before `end`. */
static void take_layers(const struct cost_shape *s, int64_t first, int64_t end, struct cost_shape *stage)
{
	stage->layers = end - first;
	stage->moe_layers = stage->bare_layers = stage->unmixed_layers = 0;
	stage->hashed_layers = 0;
	stage->order = NULL;
	for (int kind = 0; kind < COST_MIXERS; kind++)
		stage->mixer[kind].layers = 0;
	for (int64_t i = first; i < end; i++) {
		struct cost_layer layer = layer_at(s, i);
		stage->moe_layers += layer.ffn == COST_MOE;
		stage->hashed_layers += layer.ffn == COST_MOE && i < s->hashed_layers;
		stage->bare_layers += layer.ffn == COST_NO_FFN;
		stage->unmixed_layers += layer.mixer < 0;
		if (layer.mixer >= 0)
			stage->mixer[layer.mixer].layers++;
	}
}

/* One stage of several has not both ends; what stands behind the last layer is the last one's. */
static void drop_ends(const struct cost_shape *whole, const struct cost_shape *stage, bool first, bool last,
					  struct cost_count *count)
{
	int64_t table = times(stage->vocabulary, stage->width);
	int64_t of_layers = times3(whole->layer_vocabulary, whole->layer_embedding, whole->layers - stage->layers);
	if (!first)
		count->params[COST_RESIDUAL] -= block_params(gram_maps(stage));
	count->params[COST_EMBEDDING] = first ? plus(count->params[COST_EMBEDDING], of_layers) : 0;
	if (!last) {
		count->params[COST_HEAD] = 0;
		count->params[COST_NORM] -= times(stage->norm_bias ? 2 : 1, stage->width);
		count->params[COST_RESIDUAL] -= block_params(residual_end(stage));
	}
	if (last && !first && stage->tied)
		count->params[COST_HEAD] = plus(count->params[COST_HEAD], table);
}

static int count_stage(const struct cost_shape *s, const struct cost_split *split, int64_t number, int64_t context,
					   struct cost_share *share, struct error *err)
{
	struct cost_shape stage = *s;
	struct cost_count count;
	take_layers(s, number * s->layers / split->pp, (number + 1) * s->layers / split->pp, &stage);
	TRY(cost_count(&stage, context, &count, err));
	drop_ends(s, &stage, number == 0, number == split->pp - 1, &count);
	*share = (struct cost_share){ .stage = number,
								  .experts = (count.params[COST_EXPERTS] - count.params_constant) / split->ep,
								  .other = count.params_constant,
								  .cache_context = count.cache_context,
								  .state_values = count.state_values };
	for (int part = 0; part < COST_PARTS; part++)
		share->other = plus(share->other, part == COST_EXPERTS ? 0 : count.params[part]);
	return 0;
}

static int check_split(const struct cost_shape *s, const struct cost_split *split, struct error *err)
{
	int64_t experts = s->experts, passive = s->passive_experts;
	if (split->pp > s->layers)
		return fail(err, ERROR_USER, "--pp %lld: there are only %lld layers", (long long)split->pp,
					(long long)s->layers);
	if (split->pp > 1 && s->encoder_layers > 0)
		return fail(err, ERROR_USER, "--pp: a network with an encoder is not split into stages");
	TRY(divide(&experts, split->ep, "experts", "--ep", err));
	return divide(&passive, split->ep, "experts", "--ep", err);
}

static int share_of_whole(const struct cost_shape *s, const struct cost_split *split, int64_t context,
						  struct cost_share *share, struct error *err)
{
	struct cost_count count;
	TRY(cost_count(s, context, &count, err));
	int64_t experts = count.params[COST_EXPERTS] - count.params_constant; /* the others stand on every device */
	*share = (struct cost_share){ .experts = experts / split->ep,
								  .other = count.params_total - experts,
								  .cache_context = count.cache_context,
								  .state_values = count.state_values };
	return 0;
}

int cost_share(const struct cost_shape *shape, const struct cost_split *split, int64_t context,
			   struct cost_share *share, struct error *err)
{
	struct cost_shape part = *shape;
	part.ahead = 0;
	TRY(check_split(shape, split, err));
	TRY(split_widths(&part, split->tp, err));
	if (split->pp == 1)
		return share_of_whole(&part, split, context, share, err);
	*share = (struct cost_share){ .stage = -1 };
	for (int64_t i = 0; i < split->pp; i++) {
		struct cost_share stage;
		TRY(count_stage(&part, split, i, context, &stage, err));
		if (share->stage < 0 || stage.experts + stage.other > share->experts + share->other)
			*share = stage;
	}
	return 0;
}
