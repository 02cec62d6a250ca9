/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * router.c -- the router of one MoE layer: from rows to a plan, and back.
 */
#include <config.h>

#include <moesim/kit.h>
#include <string.h>

#include "sim/base/parallel.h"
#include "sim/base/seed.h"
#include "sim/base/text.h"
#include "sim/multiply/product.h"
#include "sim/route/blocks.h"

size_t router_params(const struct sentence *sentence, const struct moe_call *call, struct moe_param list[MOE_PARAMS])
{
	if (call->experts == 0 || !sentence_projects(sentence))
		return 0;
	return router_projector(sentence)->params(call, sentence->projector.opt, list);
}

bool router_varies(const struct sentence *sentence)
{
	return ((const struct moe_selector *)sentence->selector.part)->varies;
}

static uint64_t stream_index(const struct moe_call *call)
{
	return ((uint64_t)call->layer << 40) | call->step;
}

/* Puts every part's random stream at the start that belongs to this layer, phase and step. */
static void open_streams(struct router *r)
{
	const struct moe_call *call = &r->route.call;
	for (size_t i = 0; i < sentence_parts(r->sentence); i++) {
		struct part_memory *memory = &r->memory[i];
		memory->rng = seed_at(call->training ? &memory->train : &memory->eval, stream_index(call));
	}
}

/* Switch's input jitter: each entry times 1 +- jitter, in training only. */
static const real *perturb(struct projection *projection, const struct moe_call *call, const real *x)
{
	size_t n = call->tokens * projection->width;
	if (projection->input == NULL || !call->training)
		return x;
	struct moe_rng rng = seed_at(&projection->jitter_rng, stream_index(call));
	for (size_t i = 0; i < n; i++) {
		projection->noise[i] = (real)(1 + projection->jitter * (2 * moe_uniform(&rng) - 1));
		projection->input[i] = x[i] * projection->noise[i];
	}
	return projection->input;
}

static const struct moe_tools *lend_tools(struct projection *projection)
{
	struct moe_tools *tools = &projection->tools;
	tools->linear = linear_forward;
	tools->linear_backward = linear_backward_add;
	for (size_t i = 0; i < projection->params; i++) {
		tools->param[i].w = projection->param[i].w;
		tools->param[i].d_w = projection->param[i].d_w;
	}
	return tools;
}

/* The route as the projector sees it: of the rows that it reads. */
static struct moe_route seen_with(const struct router *r, const real *x)
{
	return (struct moe_route){ .call = r->route.call, .of = r->route.of, .x = x };
}

static void project(struct router *r)
{
	struct projection *projection = &r->projection;
	if (projection->logits == NULL)
		return;
	struct moe_route seen = seen_with(r, perturb(projection, &r->route.call, r->route.x));
	router_projector(r->sentence)
		->forward(&r->memory[PROJECTOR].self, lend_tools(projection), &seen, projection->logits);
}

static void score_block(struct router *r, size_t i, const struct block *block)
{
	(void)i;
	router_scorer(r)->forward(&block->self, &block->route, r->scores + block->at);
}

static void score(struct router *r)
{
	struct cut cut = blocks_cut(r, SCORER);
	if (r->scores)
		blocks_each(r, SCORER, &cut, score_block);
	r->route.choice = r->route.scores = r->scores;
}

/* The scores and what is added to them, from which balancers go on. */
static void begin_choice(struct router *r)
{
	size_t experts = r->route.call.experts;
	struct cut cut = reach_cut(MOE_REACH_TOKEN, &r->route.call);
	PARALLEL_FOR
	for (size_t b = 0; b < cut.blocks; b++) {
		size_t at = b * cut.size * experts, n = reach_call(&cut, &r->route.call, b).tokens * experts;
		memcpy(r->choice + at, r->scores + at, n * sizeof(real));
		for (size_t i = at; r->offset && i < at + n; i++)
			r->choice[i] += r->offset[i % experts];
	}
}

static void adjust_block(struct router *r, size_t i, const struct block *block)
{
	router_balancer(r, i - BALANCER)->adjust(&block->self, &block->route, r->choice + block->at);
}

static void adjust(struct router *r)
{
	if (r->choice == NULL)
		return;
	begin_choice(r);
	for (size_t i = 0; i < r->sentence->balancers; i++) {
		struct cut cut = blocks_cut(r, BALANCER + i);
		if (router_balancer(r, i)->adjust)
			blocks_each(r, BALANCER + i, &cut, adjust_block);
	}
	r->route.choice = r->choice;
}

/* ---- selection and plan ---------------------------------------------------------------------------------------- */

/* The memory of the picks, one block's behind the other's; false where it is too small for that. */
static bool share_out(struct router *r, const struct cut *cut)
{
	const struct moe_picks *all = &r->planner.picks;
	size_t at = 0;
	for (size_t b = 0; b < cut->blocks; b++) {
		struct moe_call block = reach_call(cut, &r->route.call, b);
		size_t most = cut->blocks == 1 ? all->max : router_most_picks(r, &block);
		r->share[b] = (struct moe_picks){
			.max = most, .token = all->token + at, .expert = all->expert + at, .rank = all->rank + at
		};
		at += most;
	}
	return at <= all->max;
}

/* A block counts its tokens from 0. */
static void select_block(struct router *r, size_t i, const struct block *block)
{
	struct moe_picks *own = &r->share[block->number];
	size_t first = block->at / r->route.call.experts;
	(void)i;
	router_selector(r)->select(&block->self, &block->route, own);
	for (size_t p = 0; first > 0 && p < own->n && p < own->max; p++)
		own->token[p] += (uint32_t)first;
}

/* Closes the gaps between the blocks' picks. */
static void join(struct router *r, const struct cut *cut)
{
	struct moe_picks *all = &r->planner.picks;
	all->n = 0;
	for (size_t b = 0; b < cut->blocks; b++) {
		const struct moe_picks *own = &r->share[b];
		if (own->n > own->max) {
			all->n = all->max + 1; /* plan_build() reports the selector */
			return;
		}
		memmove(all->token + all->n, own->token, own->n * sizeof *own->token);
		memmove(all->expert + all->n, own->expert, own->n * sizeof *own->expert);
		memmove(all->rank + all->n, own->rank, own->n * sizeof *own->rank);
		all->n += own->n;
	}
}

static void pick(struct router *r)
{
	struct cut cut = blocks_cut(r, SELECTOR);
	if (!share_out(r, &cut)) {
		cut = reach_cut(MOE_REACH_BATCH, &r->route.call);
		share_out(r, &cut);
	}
	blocks_each(r, SELECTOR, &cut, select_block);
	join(r, &cut);
}

static void weigh(struct router *r)
{
	router_gate(r)->forward(&r->memory[GATE].self, &r->route, r->plan.weight);
}

/* The weights that all picks would have if there was room for them. */
static void weigh_all(struct router *r)
{
	size_t experts = r->route.call.experts;
	plan_build(&r->plan, &r->planner, r->route.call.tokens, SIZE_MAX, r->overflow, r->keep,
			   router_selector(r)->part.name);
	weigh(r);
	for (size_t p = 0; p < r->plan.pairs; p++)
		r->keep[r->plan.token[p] * experts + r->plan.expert[p]] = r->plan.weight[p];
}

double router_capacity(const struct router *r, bool training)
{
	return !training && r->eval_capacity > 0 ? r->eval_capacity : r->capacity;
}

static void choose(struct router *r)
{
	const struct moe_call *call = &r->route.call;
	double factor = router_capacity(r, call->training);
	size_t capacity = plan_capacity(factor, call->tokens, call->experts, call->k);
	r->planner.picks.n = 0;
	if (r->recording && r->recording->training == call->training)
		recording_pick(r->recording, call->step - 1, call->layer, &r->planner.picks);
	else
		pick(r);
	r->planner.rng = seed_at(&r->overflow_rng[call->training], stream_index(call));
	r->route.picks = &r->planner.picks;
	r->route.plan = &r->plan;
	if (r->keep && capacity != SIZE_MAX)
		weigh_all(r);
	plan_build(&r->plan, &r->planner, call->tokens, capacity, r->overflow, r->keep ? r->keep : r->route.choice,
			   router_selector(r)->part.name);
}

/* The balancers' terms; `grad` may be NULL. */
static void balance(struct router *r, struct moe_grad *grad)
{
	for (size_t i = 0; i < r->sentence->balancers; i++)
		if (router_balancer(r, i)->loss)
			router_balancer(r, i)->loss(&r->memory[BALANCER + i].self, &r->route, &r->term[i], grad);
}

/* The gradients' buffers, to which the balancers and then the backward pass add. */
static struct moe_grad *clear_grad(struct router *r)
{
	struct moe_grad *grad = &r->projection.grad;
	struct cut cut = reach_cut(MOE_REACH_TOKEN, &r->route.call);
	PARALLEL_FOR
	for (size_t b = 0; b < cut.blocks; b++) {
		size_t at = b * cut.size * r->route.call.experts;
		size_t bytes = reach_call(&cut, &r->route.call, b).tokens * r->route.call.experts * sizeof(real);
		if (grad->logits)
			memset(grad->logits + at, 0, bytes);
		if (grad->scores)
			memset(grad->scores + at, 0, bytes);
	}
	if (r->projection.map.d_w)
		memset(r->projection.map.d_w, 0, r->projection.map.rows * r->projection.map.columns * sizeof(real));
	return grad;
}

/* Labels are told to those who say that they want them. */
static struct moe_tokens told(const struct moe_tokens *of, unsigned wants)
{
	if (of == NULL)
		return (struct moe_tokens){ .id = NULL };
	return (struct moe_tokens){ .id = of->id,
								.domain = wants & MOE_DOMAINS ? of->domain : NULL,
								.guess = wants & MOE_GUESSES ? of->guess : NULL,
								.class_of = wants & MOE_CLASSES ? of->class_of : NULL };
}

/* Losses may read the matrix that the projector multiplies by. */
static void show_map(struct router *r)
{
	struct projection *projection = &r->projection;
	if (projection->map.d_w == NULL)
		return;
	projection->map.w = projection->param[projection->map_at].w;
	r->route.map = &projection->map;
}

static void begin(struct router *r, const struct moe_call *call, const struct moe_tokens *of, const real *x)
{
	r->route = (struct moe_route){ .call = *call, .of = told(of, r->wants), .x = x };
	show_map(r);
	if (router_selector(r)->select)
		open_streams(r);
}

/* All that leads from the logits to the plan and its weights. */
static void decide(struct router *r, const real *logits)
{
	if (router_selector(r)->select == NULL)
		return;
	r->route.logits = sentence_projects(r->sentence) ? logits : NULL;
	score(r);
	adjust(r);
	choose(r);
	weigh(r);
}

void router_route(struct router *r, const struct moe_call *call, const struct moe_tokens *of, const real *x,
				  const real *logits)
{
	begin(r, call, of, x);
	decide(r, logits);
	if (router_selector(r)->select && call->training)
		balance(r, NULL);
}

void router_forward(struct router *r, const struct moe_call *call, const struct moe_tokens *of, const real *x)
{
	begin(r, call, of, x);
	project(r);
	decide(r, r->projection.logits);
	if (router_selector(r)->select && call->training)
		balance(r, clear_grad(r));
}

/* From the logits' gradient to the parameters' and the rows', through the jitter that came between. */
static void project_backward(struct router *r, const real *x, real *d_x)
{
	struct projection *projection = &r->projection;
	size_t n = r->route.call.tokens * projection->width;
	struct moe_route seen = seen_with(r, projection->input ? projection->input : x);
	for (size_t i = 0; i < projection->params; i++)
		memset(projection->param[i].d_w, 0, projection->param[i].n * sizeof(real));
	if (projection->map.d_w)
		memcpy(projection->param[projection->map_at].d_w, projection->map.d_w,
			   projection->param[projection->map_at].n * sizeof(real));
	if (projection->input)
		memset(projection->d_input, 0, n * sizeof(real));
	router_projector(r->sentence)
		->backward(&r->memory[PROJECTOR].self, lend_tools(projection), &seen, projection->grad.logits,
				   projection->input ? projection->d_input : d_x);
	for (size_t i = 0; projection->input && i < n; i++)
		d_x[i] += projection->d_input[i] * projection->noise[i];
}

static void score_block_backward(struct router *r, size_t i, const struct block *block)
{
	const struct moe_grad *all = &r->projection.grad;
	struct moe_grad grad = { all->logits + block->at, all->scores ? all->scores + block->at : NULL };
	(void)i;
	router_scorer(r)->backward(&block->self, &block->route, &grad);
}

void router_backward(struct router *r, const real *x, real *d_x)
{
	if (r->projection.logits == NULL)
		return;
	if (router_gate(r)->backward)
		router_gate(r)->backward(&r->memory[GATE].self, &r->route, &r->projection.grad);
	struct cut cut = blocks_cut(r, SCORER);
	if (router_scorer(r)->backward)
		blocks_each(r, SCORER, &cut, score_block_backward);
	project_backward(r, x, d_x);
}

void router_settle(struct router *r)
{
	if (router_selector(r)->select == NULL)
		return;
	for (size_t i = 0; i < sentence_parts(r->sentence); i++) {
		const struct moe_part *part = sentence_part(r->sentence, i)->part;
		if (part->settle)
			part->settle(&r->memory[i].self, &r->route);
	}
}

size_t router_pairs(const struct router *r, size_t first, size_t end)
{
	return first < end ? r->plan.first[end] - r->plan.first[first] : 0;
}

const real *router_offsets(const struct router *r)
{
	for (size_t i = 0; i < r->sentence->balancers; i++)
		if (router_balancer(r, i)->offsets)
			return router_balancer(r, i)->offsets(&r->memory[BALANCER + i].self);
	return NULL;
}
