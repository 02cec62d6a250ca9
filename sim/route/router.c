/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * router.c -- the router of one MoE layer: from rows to a plan, and back.
 */
#include <config.h>

#include "sim/route/router.h"

#include <moesim/kit.h>
#include <stdio.h>
#include <string.h>

#include "sim/base/seed.h"
#include "sim/base/text.h"
#include "sim/multiply/product.h"

enum { SCORER, SELECTOR, GATE, BALANCER };

static const struct moe_scorer *scorer(const struct router *r)
{
	return (const struct moe_scorer *)r->sentence->scorer.part;
}

static const struct moe_selector *selector(const struct router *r)
{
	return (const struct moe_selector *)r->sentence->selector.part;
}

static const struct moe_gate *gate(const struct router *r)
{
	return (const struct moe_gate *)r->sentence->gate.part;
}

static const struct moe_balancer *balancer(const struct router *r, size_t i)
{
	return (const struct moe_balancer *)r->sentence->balancer[i].part;
}

bool router_has_weights(const struct sentence *sentence)
{
	return sentence->scorer.part->wants & MOE_LOGITS;
}

static bool adjusts(const struct sentence *sentence)
{
	for (size_t i = 0; i < sentence->balancers; i++)
		if (((const struct moe_balancer *)sentence->balancer[i].part)->adjust)
			return true;
	return false;
}

static void create_scores(struct router *r, const struct layer_options *layer, size_t n, struct params *params,
						  struct arena *arena)
{
	if (router_has_weights(r->sentence)) {
		params_add(params, &r->map, r->width * r->route.call.experts, "router", r->route.call.layer, 0,
				   layer->router_scale, false);
		params_scale_rate(params, layer->router_lr);
		r->logits = ARENA_TAKE(arena, n, real);
		r->grad.logits = ARENA_TAKE(arena, n, real);
	}
	if (scorer(r)->forward) {
		r->scores = ARENA_TAKE(arena, n, real);
		r->grad.scores = ARENA_TAKE(arena, n, real);
	}
	if (adjusts(r->sentence))
		r->choice = ARENA_TAKE(arena, n, real);
}

static void create_memory(struct router *r, struct arena *arena)
{
	for (size_t i = 0; i < sentence_parts(r->sentence); i++) {
		const struct part_use *use = sentence_part(r->sentence, i);
		const struct moe_part *part = use->part;
		struct part_memory *memory = &r->memory[i];
		memory->state_size = part->state_size ? part->state_size(&r->route.call, part_opt(use)) : 0;
		memory->state = arena_take(arena, memory->state_size, 1);
		if (part->scratch_size)
			memory->scratch = arena_take(arena, part->scratch_size(&r->route.call, part_opt(use)), 1);
		memory->table = seed_stream(r->seed, text_keep_f("%s/table", part->name), (uint64_t)r->route.call.layer << 32);
		memory->self = (struct moe_self){ part_opt(use), memory->state, memory->scratch, &memory->rng, &memory->table };
	}
}

void router_create(struct router *r, const struct sentence *sentence, const struct layer_options *layer,
				   const struct moe_call *call, size_t width, uint64_t seed, struct params *params, struct arena *arena)
{
	*r = (struct router){ .sentence = sentence,
						  .width = width,
						  .capacity = layer->capacity,
						  .overflow = (enum overflow_rule)layer->overflow,
						  .jitter = layer->jitter,
						  .seed = seed,
						  .wants = sentence_wants(sentence),
						  .route.call = *call };
	if (selector(r)->select == NULL)
		return;
	r->max_pairs =
		selector(r)->max_picks ? selector(r)->max_picks(call, part_opt(&sentence->selector)) : call->tokens * call->k;
	create_scores(r, layer, call->tokens * call->experts, params, arena);
	if (r->jitter > 0 && router_has_weights(sentence)) {
		r->input = ARENA_TAKE(arena, call->tokens * width, real);
		r->noise = ARENA_TAKE(arena, call->tokens * width, real);
	}
	planner_create(&r->planner, call->tokens, call->experts, r->max_pairs, arena);
	plan_create(&r->plan, call->tokens, call->experts, r->max_pairs, arena);
	create_memory(r, arena);
}

/* Puts every part's random stream at the start that belongs to this layer, phase and step. */
static void open_streams(struct router *r)
{
	const struct moe_call *call = &r->route.call;
	for (size_t i = 0; i < sentence_parts(r->sentence); i++) {
		const struct moe_part *part = sentence_part(r->sentence, i)->part;
		char name[128];
		snprintf(name, sizeof name, "%s/%s", part->name, call->training ? "train" : "eval");
		r->memory[i].rng = seed_stream(r->seed, name, ((uint64_t)call->layer << 40) | call->step);
	}
}

/* Switch's input jitter: each entry times 1 +- jitter, in training only. */
static const real *perturb(struct router *r, const real *x)
{
	size_t n = r->route.call.tokens * r->width;
	if (r->input == NULL || !r->route.call.training)
		return x;
	struct moe_rng rng = seed_stream(r->seed, "jitter", ((uint64_t)r->route.call.layer << 40) | r->route.call.step);
	for (size_t i = 0; i < n; i++) {
		r->noise[i] = (real)(1 + r->jitter * (2 * moe_uniform(&rng) - 1));
		r->input[i] = x[i] * r->noise[i];
	}
	return r->input;
}

static void project(struct router *r, const real *x)
{
	if (r->logits)
		linear_forward(r->route.call.tokens, r->width, r->route.call.experts, perturb(r, x), r->map.w, r->logits);
}

static void score(struct router *r)
{
	if (r->scores)
		scorer(r)->forward(&r->memory[SCORER].self, &r->route, r->scores);
	r->route.choice = r->route.scores = r->scores;
}

static void adjust(struct router *r)
{
	if (r->choice == NULL)
		return;
	memcpy(r->choice, r->scores, r->route.call.tokens * r->route.call.experts * sizeof(real));
	for (size_t i = 0; i < r->sentence->balancers; i++)
		if (balancer(r, i)->adjust)
			balancer(r, i)->adjust(&r->memory[BALANCER + i].self, &r->route, r->choice);
	r->route.choice = r->choice;
}

static void choose(struct router *r)
{
	const struct moe_call *call = &r->route.call;
	size_t capacity = plan_capacity(r->capacity, call->tokens, call->experts, call->k);
	r->planner.picks.n = 0;
	selector(r)->select(&r->memory[SELECTOR].self, &r->route, &r->planner.picks);
	plan_build(&r->plan, &r->planner, call->tokens, capacity, r->overflow, r->route.choice, selector(r)->part.name);
	r->route.picks = &r->planner.picks;
	r->route.plan = &r->plan;
}

static void weigh(struct router *r)
{
	gate(r)->forward(&r->memory[GATE].self, &r->route, r->plan.weight);
}

/* The balancers' terms; in training with their gradients, into buffers that the backward pass then adds to. */
static void balance(struct router *r)
{
	size_t bytes = r->route.call.tokens * r->route.call.experts * sizeof(real);
	if (!r->route.call.training)
		return;
	if (r->grad.logits)
		memset(r->grad.logits, 0, bytes);
	if (r->grad.scores)
		memset(r->grad.scores, 0, bytes);
	for (size_t i = 0; i < r->sentence->balancers; i++)
		if (balancer(r, i)->loss)
			balancer(r, i)->loss(&r->memory[BALANCER + i].self, &r->route, &r->term[i], &r->grad);
}

/* Labels are told to those who say that they want them. */
static struct moe_tokens told(const struct moe_tokens *of, unsigned wants)
{
	return (struct moe_tokens){ .id = of->id,
								.domain = wants & MOE_DOMAINS ? of->domain : NULL,
								.guess = wants & MOE_GUESSES ? of->guess : NULL,
								.class_of = wants & MOE_CLASSES ? of->class_of : NULL };
}

void router_forward(struct router *r, const struct moe_call *call, const struct moe_tokens *of, const real *x)
{
	r->route.call = *call;
	if (selector(r)->select != NULL)
		project(r, x);
	router_decide(r, call, of, x);
}

void router_decide(struct router *r, const struct moe_call *call, const struct moe_tokens *of, const real *x)
{
	r->route = (struct moe_route){ .call = *call, .of = told(of, r->wants), .x = x, .logits = r->logits };
	if (selector(r)->select == NULL)
		return;
	open_streams(r);
	score(r);
	adjust(r);
	choose(r);
	weigh(r);
	balance(r);
}

void router_backward(struct router *r, const real *x, real *d_x)
{
	const struct moe_call *call = &r->route.call;
	if (r->logits == NULL)
		return;
	if (gate(r)->backward)
		gate(r)->backward(&r->memory[GATE].self, &r->route, &r->grad);
	if (scorer(r)->backward)
		scorer(r)->backward(&r->memory[SCORER].self, &r->route, &r->grad);
	if (r->input == NULL) {
		linear_backward(call->tokens, r->width, call->experts, x, r->map.w, r->grad.logits, r->map.d_w, true, d_x);
		return;
	}
	/* The jittered input has served its turn, so its buffer takes its own gradient. */
	linear_backward(call->tokens, r->width, call->experts, r->input, r->map.w, r->grad.logits, r->map.d_w, false,
					r->input);
	for (size_t i = 0; i < call->tokens * r->width; i++)
		d_x[i] += r->input[i] * r->noise[i];
}

void router_settle(struct router *r)
{
	if (selector(r)->select == NULL)
		return;
	for (size_t i = 0; i < sentence_parts(r->sentence); i++) {
		const struct moe_part *part = sentence_part(r->sentence, i)->part;
		if (part->settle)
			part->settle(&r->memory[i].self, &r->route);
	}
}

const real *router_offsets(const struct router *r)
{
	for (size_t i = 0; i < r->sentence->balancers; i++)
		if (balancer(r, i)->offsets)
			return balancer(r, i)->offsets(&r->memory[BALANCER + i].self);
	return NULL;
}
