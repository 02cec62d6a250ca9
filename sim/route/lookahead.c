/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * lookahead.c -- does a router look ahead: can later tokens of a sequence decide where earlier ones go?
 */
#include <config.h>

#include "sim/route/lookahead.h"

#include <moesim/kit.h>
#include <string.h>

#include "sim/base/seed.h"

/* Tries of each kind of future: many of one sequence, which are cheap and in which tokens compete with one another
 * only; few of a batch, which find what one sequence is too short for. */
enum { TRIES_ALONE = 12, TRIES_TOGETHER = 2 };

/* Times as many where a pick that finds no room moves on to other experts: only those few show what later tokens do,
 * and only when these take or leave the very place. */
enum { TRIES_OF_MOVERS = 20 };

/* Random logits lie within +-2; a token that wants an expert, or shuns it, leaves no doubt. */
#define SPREAD 2
#define WANTED 8

struct probe {
	struct lookahead *memory;
	struct router *router;
	struct moe_call call; /* of the batch that is made up here */
	struct moe_rng rng;
	bool chance; /* logits by chance; else of the rows */
	size_t rows;
	const real *x; /* [rows][width] of the model, and what is known of them */
	const struct moe_tokens *of;
};

void lookahead_create(struct lookahead *memory, const struct router *router, const struct moe_call *call,
					  struct arena *arena)
{
	memory->id = ARENA_TAKE(arena, call->tokens, uint32_t);
	memory->domain = ARENA_TAKE(arena, call->tokens, uint32_t);
	memory->guess = ARENA_TAKE(arena, call->tokens, uint32_t);
	memory->row = ARENA_TAKE(arena, call->tokens * router->projection.width, real);
	memory->pairs = ARENA_TAKE(arena, call->length, size_t);
	memory->expert = ARENA_TAKE(arena, router->max_pairs, uint32_t);
	memory->weight = ARENA_TAKE(arena, router->max_pairs, real);
}

/* ---- a batch of the probe's own -------------------------------------------------------------------------------- */

static real *logits_of(const struct probe *probe, size_t token)
{
	return probe->router->projection.logits + token * probe->call.experts;
}

/* A row of the model with what is known of its token. */
static void draw_row(struct probe *probe, size_t token)
{
	struct lookahead *memory = probe->memory;
	size_t from = moe_below(&probe->rng, probe->rows), width = probe->router->projection.width;
	memory->id[token] = probe->of->id[from];
	memory->domain[token] = probe->of->domain[from];
	memory->guess[token] = probe->of->guess ? probe->of->guess[from] : 0;
	memcpy(memory->row + token * width, probe->x + from * width, width * sizeof(real));
}

static void draw_chance(struct probe *probe, size_t token)
{
	const struct moe_call *call = &probe->call;
	probe->memory->id[token] = (uint32_t)moe_below(&probe->rng, call->vocabulary);
	probe->memory->domain[token] = (uint32_t)moe_below(&probe->rng, call->domains);
	probe->memory->guess[token] = (uint32_t)moe_below(&probe->rng, call->domains);
	for (size_t e = 0; probe->router->projection.logits && e < call->experts; e++)
		logits_of(probe, token)[e] = (real)(SPREAD * (2 * moe_uniform(&probe->rng) - 1));
}

static void draw(struct probe *probe, size_t first, size_t end)
{
	for (size_t t = first; t < end; t++) {
		draw_row(probe, t);
		if (probe->chance)
			draw_chance(probe, t);
	}
}

static void route(struct probe *probe)
{
	const struct lookahead *memory = probe->memory;
	struct moe_tokens of = { memory->id, memory->domain, probe->of->guess ? memory->guess : NULL, probe->of->class_of };
	if (probe->chance)
		router_route(probe->router, &probe->call, &of, memory->row, probe->router->projection.logits);
	else
		router_forward(probe->router, &probe->call, &of, memory->row);
}

/* ---- what must not move ---------------------------------------------------------------------------------------- */

/* Keeps the experts and weights of n tokens. */
static void keep(struct probe *probe, size_t first, size_t n)
{
	const struct moe_plan *plan = &probe->router->plan;
	struct lookahead *kept = probe->memory;
	size_t at = 0;
	for (size_t t = 0; t < n; t++) {
		size_t begin = plan->token_first[first + t], end = plan->token_first[first + t + 1];
		kept->pairs[t] = end - begin;
		for (size_t i = begin; i < end; i++, at++) {
			kept->expert[at] = plan->expert[plan->by_token[i]];
			kept->weight[at] = plan->weight[plan->by_token[i]];
		}
	}
}

/* Are they others now, in any bit? */
static bool moved(const struct probe *probe, size_t first, size_t n)
{
	const struct moe_plan *plan = &probe->router->plan;
	const struct lookahead *kept = probe->memory;
	size_t at = 0;
	for (size_t t = 0; t < n; t++) {
		size_t begin = plan->token_first[first + t], end = plan->token_first[first + t + 1];
		if (kept->pairs[t] != end - begin)
			return true;
		for (size_t i = begin; i < end; i++, at++)
			if (kept->expert[at] != plan->expert[plan->by_token[i]] ||
				memcmp(&kept->weight[at], &plan->weight[plan->by_token[i]], sizeof(real)) != 0)
				return true;
	}
	return false;
}

/* ---- futures --------------------------------------------------------------------------------------------------- */

/* Does a random future of a random length in a random sequence move its past? */
static bool random_future(struct probe *probe, bool chance)
{
	size_t length = probe->call.length, first = moe_below(&probe->rng, probe->call.sequences) * length;
	size_t past = 1 + moe_below(&probe->rng, length - 1);
	probe->chance = chance;
	draw(probe, 0, probe->call.tokens);
	route(probe);
	keep(probe, first, past);
	draw(probe, first + past, first + length);
	route(probe);
	return moved(probe, first, past);
}

/* A token of the first sequence with an expert that it has chosen, and that others may want. */
struct place {
	size_t token;
	uint32_t expert, rank;
};

/* The last choice of the first token that has one: a full expert may take first choices first.  Read before any is
 * dropped, because the crowd will make room.  false: no token but the sequence's last has chosen or was chosen. */
static bool find_place(const struct probe *probe, struct place *place)
{
	const struct moe_picks *picks = probe->router->route.picks;
	bool found = false;
	for (size_t i = 0; i < picks->n; i++) {
		struct place here = { picks->token[i], picks->expert[i], picks->rank[i] };
		if (here.token + 1 >= probe->call.length)
			continue;
		if (!found || here.rank > place->rank || (here.rank == place->rank && here.token < place->token))
			*place = here;
		found = true;
	}
	return found;
}

/* The place is wanted by all later tokens of its sequence, or by none, and by the first so many of other sequences. */
static void crowd(struct probe *probe, const struct place *place, bool later, size_t others)
{
	size_t length = probe->call.length;
	for (size_t t = place->token + 1; t < probe->call.tokens; t++)
		logits_of(probe, t)[place->expert] = (t < length ? later : t - length < others) ? WANTED : -WANTED;
	route(probe);
}

static bool has_place(const struct probe *probe, const struct place *place)
{
	const struct moe_plan *plan = &probe->router->plan;
	for (size_t i = plan->token_first[place->token]; i < plan->token_first[place->token + 1]; i++)
		if (plan->expert[plan->by_token[i]] == place->expert)
			return true;
	return false;
}

/* As many others as just leave the place to its token when no later token wants it; later ones then decide. */
static size_t fill(struct probe *probe, const struct place *place)
{
	size_t low = 0, high = probe->call.tokens - probe->call.length;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		crowd(probe, place, true, middle);
		if (has_place(probe, place))
			low = middle + 1;
		else
			high = middle;
	}
	return high;
}

/* Two experts that every token of the first sequence likes equally and best: where a second choice is left to chance by
 * its share (GShard), it is then taken for sure. */
static void like_two(struct probe *probe)
{
	for (size_t t = 0; t < probe->call.length; t++)
		for (size_t i = 0; i < 2; i++)
			logits_of(probe, t)[moe_below(&probe->rng, probe->call.experts)] = SPREAD;
}

/* Do later tokens that want an earlier one's expert move their past? */
static bool crowded_future(struct probe *probe)
{
	struct place place;
	if (probe->router->projection.logits == NULL)
		return false;
	probe->chance = true;
	draw(probe, 0, probe->call.tokens);
	if (moe_below(&probe->rng, 2) == 0)
		like_two(probe);
	route(probe);
	if (!find_place(probe, &place))
		return false;
	crowd(probe, &place, true, probe->call.tokens - probe->call.length);
	if (has_place(probe, &place))
		return false;
	size_t others = fill(probe, &place);
	crowd(probe, &place, false, others);
	keep(probe, 0, place.token + 1);
	crowd(probe, &place, true, others);
	return moved(probe, 0, place.token + 1);
}

static bool found_among(struct probe *probe, size_t sequences, size_t tries)
{
	enum overflow_rule overflow = probe->router->overflow;
	bool found = false;
	if (overflow == OVERFLOW_NEXT_BEST || overflow == OVERFLOW_RECYCLED)
		tries *= TRIES_OF_MOVERS;
	probe->call.sequences = sequences;
	probe->call.tokens = sequences * probe->call.length;
	for (size_t i = 0; i < tries && !found; i++)
		found = random_future(probe, false) || random_future(probe, true) || crowded_future(probe);
	return found;
}

bool lookahead_found(struct lookahead *memory, struct router *router, const struct moe_call *call,
					 const struct moe_tokens *of, const real *x, uint64_t seed)
{
	struct probe probe = { .memory = memory,
						   .router = router,
						   .call = *call,
						   .rng = seed_stream(seed, "lookahead", call->layer),
						   .rows = call->tokens,
						   .x = x,
						   .of = of };
	if (call->experts == 0 || call->length < 2)
		return false;
	return found_among(&probe, 1, TRIES_ALONE) ||
		   (call->sequences > 1 && found_among(&probe, call->sequences, TRIES_TOGETHER));
}
