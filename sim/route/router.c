/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * router.c -- the router of one MoE layer: from rows to a plan, and back.
 */
#include <config.h>

#include "sim/route/router.h"

#include <moesim/kit.h>
#include <string.h>

#include "sim/base/seed.h"
#include "sim/base/text.h"
#include "sim/multiply/product.h"

enum { PROJECTOR, SCORER, SELECTOR, GATE, BALANCER };

static const struct moe_projector *projector(const struct sentence *sentence)
{
	return (const struct moe_projector *)sentence->projector.part;
}

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

size_t router_params(const struct sentence *sentence, const struct moe_call *call, struct moe_param list[MOE_PARAMS])
{
	if (call->experts == 0 || !sentence_projects(sentence))
		return 0;
	return projector(sentence)->params(call, sentence->projector.opt, list);
}

bool router_varies(const struct sentence *sentence)
{
	return ((const struct moe_selector *)sentence->selector.part)->varies;
}

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
	for (size_t i = 0; selector(r)->select && i < sentence_parts(r->sentence); i++)
		name_streams(&r->memory[i], sentence_part(r->sentence, i)->part->name, seed, r->route.call.layer);
}

static void create_memory(struct router *r, struct arena *arena)
{
	for (size_t i = 0; i < sentence_parts(r->sentence); i++) {
		const struct part_use *use = sentence_part(r->sentence, i);
		const struct moe_part *part = use->part;
		struct part_memory *memory = &r->memory[i];
		memory->state_size = part->state_size ? part->state_size(&r->route.call, use->opt) : 0;
		memory->state = arena_take(arena, memory->state_size, 1);
		if (part->scratch_size)
			memory->scratch = arena_take(arena, part->scratch_size(&r->route.call, use->opt), 1);
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
	if (selector(r)->select == NULL)
		return;
	r->max_pairs =
		selector(r)->max_picks ? selector(r)->max_picks(call, sentence->selector.opt) : call->tokens * call->k;
	if (scorer(r)->forward)
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
	}
}

void router_add_projection(struct router *r, const struct layer_options *layer, size_t width, struct params *params,
						   struct arena *arena)
{
	struct projection *projection = &r->projection;
	const struct moe_call *call = &r->route.call;
	size_t n = call->tokens * call->experts;
	projection->width = width;
	projection->jitter = layer->jitter;
	if (selector(r)->select == NULL)
		return;
	if (scorer(r)->forward)
		projection->grad.scores = ARENA_TAKE(arena, n, real);
	if (!sentence_projects(r->sentence))
		return;
	add_params(r, layer, params);
	projection->logits = ARENA_TAKE(arena, n, real);
	projection->grad.logits = ARENA_TAKE(arena, n, real);
	if (layer->jitter > 0) {
		projection->input = ARENA_TAKE(arena, call->tokens * width, real);
		projection->d_input = ARENA_TAKE(arena, call->tokens * width, real);
		projection->noise = ARENA_TAKE(arena, call->tokens * width, real);
	}
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
	projector(r->sentence)->forward(&r->memory[PROJECTOR].self, lend_tools(projection), &seen, projection->logits);
}

static void score(struct router *r)
{
	if (r->scores)
		scorer(r)->forward(&r->memory[SCORER].self, &r->route, r->scores);
	r->route.choice = r->route.scores = r->scores;
}

static void add_offset(struct router *r)
{
	size_t experts = r->route.call.experts;
	for (size_t i = 0; r->offset && i < r->route.call.tokens * experts; i++)
		r->choice[i] += r->offset[i % experts];
}

static void adjust(struct router *r)
{
	if (r->choice == NULL)
		return;
	memcpy(r->choice, r->scores, r->route.call.tokens * r->route.call.experts * sizeof(real));
	add_offset(r);
	for (size_t i = 0; i < r->sentence->balancers; i++)
		if (balancer(r, i)->adjust)
			balancer(r, i)->adjust(&r->memory[BALANCER + i].self, &r->route, r->choice);
	r->route.choice = r->choice;
}

static void weigh(struct router *r)
{
	gate(r)->forward(&r->memory[GATE].self, &r->route, r->plan.weight);
}

/* The weights that all picks would have if there was room for them. */
static void weigh_all(struct router *r)
{
	size_t experts = r->route.call.experts;
	plan_build(&r->plan, &r->planner, r->route.call.tokens, SIZE_MAX, r->overflow, r->keep, selector(r)->part.name);
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
		selector(r)->select(&r->memory[SELECTOR].self, &r->route, &r->planner.picks);
	r->planner.rng = seed_at(&r->overflow_rng[call->training], stream_index(call));
	r->route.picks = &r->planner.picks;
	r->route.plan = &r->plan;
	if (r->keep && capacity != SIZE_MAX)
		weigh_all(r);
	plan_build(&r->plan, &r->planner, call->tokens, capacity, r->overflow, r->keep ? r->keep : r->route.choice,
			   selector(r)->part.name);
}

/* The balancers' terms; `grad` may be NULL. */
static void balance(struct router *r, struct moe_grad *grad)
{
	for (size_t i = 0; i < r->sentence->balancers; i++)
		if (balancer(r, i)->loss)
			balancer(r, i)->loss(&r->memory[BALANCER + i].self, &r->route, &r->term[i], grad);
}

/* The gradients' buffers, to which the balancers and then the backward pass add. */
static struct moe_grad *clear_grad(struct router *r)
{
	struct moe_grad *grad = &r->projection.grad;
	size_t bytes = r->route.call.tokens * r->route.call.experts * sizeof(real);
	if (grad->logits)
		memset(grad->logits, 0, bytes);
	if (grad->scores)
		memset(grad->scores, 0, bytes);
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

static void begin(struct router *r, const struct moe_call *call, const struct moe_tokens *of, const real *x)
{
	r->route = (struct moe_route){ .call = *call, .of = told(of, r->wants), .x = x };
	if (selector(r)->select)
		open_streams(r);
}

/* All that leads from the logits to the plan and its weights. */
static void decide(struct router *r, const real *logits)
{
	if (selector(r)->select == NULL)
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
	if (selector(r)->select && call->training)
		balance(r, NULL);
}

void router_forward(struct router *r, const struct moe_call *call, const struct moe_tokens *of, const real *x)
{
	begin(r, call, of, x);
	project(r);
	decide(r, r->projection.logits);
	if (selector(r)->select && call->training)
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
	if (projection->input)
		memset(projection->d_input, 0, n * sizeof(real));
	projector(r->sentence)
		->backward(&r->memory[PROJECTOR].self, lend_tools(projection), &seen, projection->grad.logits,
				   projection->input ? projection->d_input : d_x);
	for (size_t i = 0; projection->input && i < n; i++)
		d_x[i] += projection->d_input[i] * projection->noise[i];
}

void router_backward(struct router *r, const real *x, real *d_x)
{
	if (r->projection.logits == NULL)
		return;
	if (gate(r)->backward)
		gate(r)->backward(&r->memory[GATE].self, &r->route, &r->projection.grad);
	if (scorer(r)->backward)
		scorer(r)->backward(&r->memory[SCORER].self, &r->route, &r->projection.grad);
	project_backward(r, x, d_x);
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

size_t router_pairs(const struct router *r, size_t first, size_t end)
{
	return first < end ? r->plan.first[end] - r->plan.first[first] : 0;
}

const real *router_offsets(const struct router *r)
{
	for (size_t i = 0; i < r->sentence->balancers; i++)
		if (balancer(r, i)->offsets)
			return balancer(r, i)->offsets(&r->memory[BALANCER + i].self);
	return NULL;
}
