/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * router_create.c -- a router and its memory, its random streams, and the parameters of its projector.
 */
#include <config.h>

#include <string.h>

#include "sim/base/seed.h"
#include "sim/base/text.h"
#include "sim/route/reach.h"
#include "sim/route/router_parts.h"

static bool adjusts(const struct sentence *sentence)
{
	for (size_t i = 0; i < sentence->balancers; i++)
		if (((const struct moe_balancer *)sentence->balancer[i].part)->adjust)
			return true;
	return false;
}

/* A part's random streams are named by the part, the phase and, through the index, the layer and step. */
static void name_streams(struct part_memory *memory, const char *part, uint64_t seed, size_t layer)
{
	memory->train = seed_stream(seed, text_keep_f("%s/train", part), 0);
	memory->eval = seed_stream(seed, text_keep_f("%s/eval", part), 0);
	memory->table = seed_stream(seed, text_keep_f("%s/table", part), (uint64_t)layer << 32);
}

void router_seed(struct router *r, uint64_t seed)
{
	r->projection.jitter_rng = seed_stream(seed, "jitter", 0);
	r->overflow_rng[false] = seed_stream(seed, "overflow/eval", 0);
	r->overflow_rng[true] = seed_stream(seed, "overflow/train", 0);
	for (size_t i = 0; router_selector(r)->select && i < sentence_parts(r->sentence); i++)
		name_streams(&r->memory[i], sentence_part(r->sentence, i)->part->name, seed, r->route.call.layer);
}

/* The reach of the calls in which a part's reach is not the batch, if there are any. */
static enum moe_reach narrow_reach(const struct part_use *use, const struct moe_call *call)
{
	struct moe_call at[] = { *call, *call, *call };
	at[0].training = at[1].training = true;
	at[0].step = 1;
	at[1].step = SIZE_MAX;
	at[2].training = false;
	for (size_t i = 0; i < 3; i++)
		if (reach_of(use->part, use->opt, &at[i]) != MOE_REACH_BATCH)
			return reach_of(use->part, use->opt, &at[i]);
	return MOE_REACH_BATCH;
}

/* What is left in scratch has no meaning, so that the blocks of a batch share out that of the batch. */
static void take_scratch(struct part_memory *memory, const struct part_use *use, const struct moe_call *call,
						 struct arena *arena)
{
	struct cut cut = reach_cut(narrow_reach(use, call), call);
	struct moe_call block = reach_call(&cut, call, 0);
	size_t size = router_scratch(use, call);
	if (cut.blocks > 1) {
		memory->blocks = reach_most_blocks(call);
		memory->block_size = (router_scratch(use, &block) + 63) / 64 * 64; /* no two in one line of the cache */
		size = size > memory->blocks * memory->block_size ? size : memory->blocks * memory->block_size;
	}
	memory->scratch = arena_take(arena, size, 1);
}

static void create_memory(struct router *r, struct arena *arena)
{
	for (size_t i = 0; i < sentence_parts(r->sentence); i++) {
		const struct part_use *use = sentence_part(r->sentence, i);
		const struct moe_part *part = use->part;
		struct part_memory *memory = &r->memory[i];
		memory->state_size = part->state_size ? part->state_size(&r->route.call, use->opt) : 0;
		memory->state = arena_take(arena, memory->state_size, 1);
		take_scratch(memory, use, &r->route.call, arena);
		memory->self = (struct moe_self){ .opt = use->opt,
										  .state = memory->state,
										  .scratch = memory->scratch,
										  .rng = &memory->rng,
										  .table = &memory->table };
	}
}

void router_create(struct router *r, const struct sentence *sentence, const struct layer_options *layer,
				   const struct moe_call *call, struct arena *arena)
{
	size_t n = call->tokens * call->experts;
	*r = (struct router){ .sentence = sentence,
						  .capacity = layer->capacity,
						  .eval_capacity = layer->eval_capacity,
						  .overflow = (enum overflow_rule)layer->overflow,
						  .wants = sentence_wants(sentence),
						  .route.call = *call };
	r->memory = ARENA_KEEP(arena, sentence_parts(sentence), struct part_memory);
	r->term = ARENA_KEEP(arena, sentence->balancers, struct moe_term);
	if (router_selector(r)->select == NULL)
		return;
	r->max_pairs = router_most_picks(r, call);
	r->share = ARENA_KEEP(arena, reach_most_blocks(call), struct moe_picks);
	if (router_scorer(r)->forward)
		r->scores = ARENA_TAKE(arena, n, real);
	if (adjusts(sentence))
		r->choice = ARENA_TAKE(arena, n, real);
	if (layer->overflow == OVERFLOW_LOWEST_WEIGHT && (layer->capacity > 0 || layer->eval_capacity > 0))
		r->keep = ARENA_TAKE(arena, n, real);
	planner_create(&r->planner, call->tokens, call->experts, r->max_pairs, arena);
	r->planner.limited = call->experts - call->bare;
	plan_create(&r->plan, call->tokens, call->experts, r->max_pairs, arena);
	create_memory(r, arena);
	router_seed(r, 0);
}

void router_add_offset(struct router *r, const real *offset, struct arena *arena)
{
	if (r->scores == NULL && !arena->counting)
		BUG("an offset without scores");
	r->offset = offset;
	if (r->choice == NULL)
		r->choice = ARENA_TAKE(arena, r->route.call.tokens * r->route.call.experts, real);
}

void router_replay(struct router *r, const struct recording *recording)
{
	r->recording = recording;
}

/* Where they will lie is known when all parameters are. */
static void add_params(struct router *r, const struct layer_options *layer, struct params *params)
{
	struct projection *projection = &r->projection;
	struct moe_call call = r->route.call;
	struct moe_param list[MOE_PARAMS];
	call.width = projection->width;
	projection->params = router_params(r->sentence, &call, list);
	for (size_t i = 0; i < projection->params; i++) {
		const struct moe_param *param = &list[i];
		double std = param->scaled ? param->std * layer->router_scale : param->std;
		const char *name = param->name ? text_keep_f("router-%s", param->name) : "router";
		params_add(params, &projection->param[i], param->rows * param->columns, name, call.layer, param->mean, std,
				   false);
		params_scale_rate(params, layer->router_lr);
		projection->tools.param[i] = (struct moe_learned){ .rows = param->rows, .columns = param->columns };
		if (param->name == NULL)
			projection->map_at = i;
	}
}

/* Losses by the router's matrix have a gradient of their own, as the backward pass overwrites the parameters'. */
static void add_map(struct router *r, struct arena *arena)
{
	struct projection *projection = &r->projection;
	const struct moe_learned *map = &projection->tools.param[projection->map_at];
	if (!(r->wants & MOE_MAP))
		return;
	projection->map = *map;
	projection->map.d_w = ARENA_TAKE(arena, map->rows * map->columns, real);
}

void router_add_projection(struct router *r, const struct layer_options *layer, size_t width, struct params *params,
						   struct arena *arena)
{
	struct projection *projection = &r->projection;
	const struct moe_call *call = &r->route.call;
	size_t n = call->tokens * call->experts;
	projection->width = width;
	projection->jitter = layer->jitter;
	if (router_selector(r)->select == NULL)
		return;
	if (router_scorer(r)->forward)
		projection->grad.scores = ARENA_TAKE(arena, n, real);
	if (!sentence_projects(r->sentence))
		return;
	add_params(r, layer, params);
	add_map(r, arena);
	projection->logits = ARENA_TAKE(arena, n, real);
	projection->grad.logits = ARENA_TAKE(arena, n, real);
	if (layer->jitter > 0) {
		projection->input = ARENA_TAKE(arena, call->tokens * width, real);
		projection->d_input = ARENA_TAKE(arena, call->tokens * width, real);
		projection->noise = ARENA_TAKE(arena, call->tokens * width, real);
	}
}
