/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * layer.c -- the MoE layer: route, send, compute, return, combine; and back.
 */
#include <config.h>

#include "sim/net/layer.h"

#include <moesim/kit.h>
#include <string.h>

#include "sim/base/parallel.h"

static bool routes(const struct sentence *sentence)
{
	return ((const struct moe_selector *)sentence->selector.part)->select != NULL;
}

struct moe_call layer_call(const struct sentence *sentence, const struct layer_options *layer)
{
	struct moe_call call = layer_options_call(layer);
	return routes(sentence) ? call : (struct moe_call){ .k = call.k };
}

size_t layer_shared_width(const struct sentence *sentence, const struct layer_options *layer)
{
	return (size_t)layer->expert_width * (size_t)(layer->shared + (routes(sentence) ? 0 : layer->k));
}

static void create_experts(struct layer *layer, size_t layers, const struct moe_call *call, struct params *params,
						   struct arena *arena)
{
	size_t max = layer->router.max_pairs;
	uint64_t index = (uint64_t)call->layer << 32;
	layer->expert = ARENA_KEEP(arena, layer->working, struct ffn);
	for (size_t e = 0; e < layer->working; e++)
		ffn_create(&layer->expert[e], layer->width, layer->inner, layers, "expert", index | e, params);
	layer->bare = ARENA_KEEP(arena, call->bare, struct bare);
	for (size_t i = 0; i < call->bare; i++)
		bare_create(&layer->bare[i], bare_kind_of(call, i), layer->width, index | i, params);
	layer->slopes = ARENA_TAKE(arena, max * layer->inner, real);
	layer->hidden = ARENA_TAKE(arena, max * layer->inner, real);
	layer->results = ARENA_TAKE(arena, max * layer->width, real);
	layer->d_rows = ARENA_TAKE(arena, max * layer->width, real);
}

void layer_create(struct layer *layer, const struct sentence *sentence, const struct layer_options *options,
				  const struct moe_call *call, size_t width, size_t layers, uint64_t seed, struct params *params,
				  struct arena *arena)
{
	size_t shared = layer_shared_width(sentence, options);
	layer->width = width;
	layer->inner = (size_t)options->expert_width;
	layer->experts = call->experts;
	layer->working = call->experts - call->bare;
	exchange_create(&layer->exchange, layer->working, width);
	router_create(&layer->router, sentence, options, call, arena);
	router_seed(&layer->router, seed);
	router_add_projection(&layer->router, options, width, params, arena);
	create_experts(layer, layers, call, params, arena);
	layer->shared.inner = 0;
	if (shared == 0)
		return;
	ffn_create(&layer->shared, width, shared, layers, "shared", call->layer, params);
	layer->shared_slopes = ARENA_TAKE(arena, call->tokens * shared, real);
	layer->shared_hidden = ARENA_TAKE(arena, call->tokens * shared, real);
}

/* An expert's pairs are computed so many at a time, so that what one stage leaves behind is in the cache for the next.
 */
enum { CHUNK = 256 };

static size_t chunk_end(size_t at, size_t end)
{
	return end - at < CHUNK ? end : at + CHUNK;
}

/* rows[p] = x[token of pair p] */
static void unpack(const struct shipment *x, size_t first, size_t end, real *rows)
{
	for (size_t p = first; p < end; p++)
		memcpy(rows + p * x->width, shipment_row(x, p), x->width * sizeof(real));
}

/* The chunk's rows lie where its results will. */
static void expert_forward(struct layer *layer, size_t e, const struct shipment *x)
{
	const struct moe_plan *plan = &layer->router.plan;
	for (size_t at = plan->first[e], end; at < plan->first[e + 1]; at = end) {
		real *rows = layer->results + at * layer->width;
		end = chunk_end(at, plan->first[e + 1]);
		unpack(x, at, end, layer->results);
		ffn_forward(&layer->expert[e], end - at, rows, layer->slopes + at * layer->inner,
					layer->hidden + at * layer->inner, rows);
	}
}

void layer_compute(struct layer *layer, const struct shipment *x)
{
	PARALLEL_FOR
	for (size_t e = layer->exchange.first; e < layer->exchange.end; e++)
		expert_forward(layer, e, x);
}

void layer_compute_bare(struct layer *layer, const real *x)
{
	const struct moe_plan *plan = &layer->router.plan;
	struct shipment rows = shipment_at_home(plan, x, layer->width);
	PARALLEL_FOR
	for (size_t e = layer->working; e < layer->experts; e++)
		bare_forward(&layer->bare[e - layer->working], &rows, plan->first[e], plan->first[e + 1], layer->results);
}

/* y[t] = sum over the token's pairs of weight * row; every weight is 1 where `weight` is NULL. */
MOE_CLONED static void gather_rows(const struct moe_plan *plan, const real *weight, size_t first, size_t end,
								   size_t width, const real *rows, real *y)
{
	for (size_t t = first; t < end; t++) {
		real *restrict sum = y + t * width;
		size_t begin = plan->token_first[t], behind = plan->token_first[t + 1];
		if (begin == behind)
			memset(sum, 0, width * sizeof(real));
		for (size_t j = begin; j < behind; j++) {
			size_t pair = plan->by_token[j];
			const real *restrict row = rows + pair * width;
			real factor = weight ? weight[pair] : 1;
			if (j == begin)
				for (size_t i = 0; i < width; i++)
					sum[i] = factor * row[i];
			else
				for (size_t i = 0; i < width; i++)
					sum[i] += factor * row[i];
		}
	}
}

static void gather(const struct layer *layer, const real *weight, size_t tokens, const real *rows, real *y)
{
	size_t width = layer->width, size = parallel_block(tokens), blocks = parallel_blocks(tokens);
	if (layer->experts == 0) {
		memset(y, 0, tokens * width * sizeof(real));
		return;
	}
	PARALLEL_FOR
	for (size_t b = 0; b < blocks; b++)
		gather_rows(&layer->router.plan, weight, b * size, b + 1 < blocks ? (b + 1) * size : tokens, width, rows, y);
}

void layer_combine(const struct layer *layer, size_t tokens, real *y)
{
	gather(layer, layer->router.plan.weight, tokens, layer->results, y);
}

void layer_forward(struct layer *layer, const struct moe_call *call, const struct moe_tokens *of, const real *x,
				   real *y)
{
	const struct moe_plan *plan = &layer->router.plan;
	router_forward(&layer->router, call, of, x);
	struct shipment rows = exchange_send(&layer->exchange, plan, x);
	layer_compute(layer, &rows);
	exchange_return(&layer->exchange, plan, layer->results);
	layer_compute_bare(layer, x);
	layer_combine(layer, call->tokens, y);
	if (layer->shared.inner)
		ffn_forward_rows(&layer->shared, call->tokens, x, layer->shared_slopes, layer->shared_hidden, true, y);
}

/* d_weight[p] = <d_y[token], result[p]>;  the results' buffer then takes weight * d_y[token]. */
MOE_CLONED static void uncombine(struct moe_plan *plan, size_t first, size_t end, size_t width,
								 const struct shipment *d_y, real *results)
{
	for (size_t p = first; p < end; p++) {
		const real *restrict d = shipment_row(d_y, p);
		real *restrict result = results + p * width, weight = plan->weight[p];
		plan->d_weight[p] = (real)moe_dot(d, result, width);
		for (size_t i = 0; i < width; i++)
			result[i] = weight * d[i];
	}
}

/* The chunk's rows lie where their gradients will, and so do the hidden neurons.  An expert without pairs has one empty
 * chunk, which makes its gradient 0. */
static void expert_backward(struct layer *layer, size_t e, const struct shipment *x, const struct shipment *d_y)
{
	struct moe_plan *plan = &layer->router.plan;
	size_t first = plan->first[e], at = first, end;
	do {
		real *rows = layer->d_rows + at * layer->width, *hidden = layer->hidden + at * layer->inner;
		end = chunk_end(at, plan->first[e + 1]);
		unpack(x, at, end, layer->d_rows);
		uncombine(plan, at, end, layer->width, d_y, layer->results);
		ffn_backward(&layer->expert[e], end - at, rows, layer->slopes + at * layer->inner, hidden,
					 layer->results + at * layer->width, at > first, hidden, rows);
		at = end;
	} while (at < plan->first[e + 1]);
}

void layer_compute_backward(struct layer *layer, const struct shipment *x, const struct shipment *d_y)
{
	PARALLEL_FOR
	for (size_t e = layer->exchange.first; e < layer->exchange.end; e++)
		expert_backward(layer, e, x, d_y);
}

void layer_compute_bare_backward(struct layer *layer, const real *x, const real *d_y)
{
	struct moe_plan *plan = &layer->router.plan;
	struct shipment rows = shipment_at_home(plan, x, layer->width),
					d_results = shipment_at_home(plan, d_y, layer->width);
	PARALLEL_FOR
	for (size_t e = layer->working; e < layer->experts; e++) {
		uncombine(plan, plan->first[e], plan->first[e + 1], layer->width, &d_results, layer->results);
		bare_backward(&layer->bare[e - layer->working], &rows, plan->first[e], plan->first[e + 1], layer->results,
					  layer->d_rows);
	}
}

void layer_combine_backward(const struct layer *layer, size_t tokens, real *d_x)
{
	gather(layer, NULL, tokens, layer->d_rows, d_x);
}

void layer_backward(struct layer *layer, const real *x, const real *d_y, real *d_x)
{
	size_t tokens = layer->router.route.call.tokens;
	const struct moe_plan *plan = &layer->router.plan;
	struct shipment rows = exchange_send(&layer->exchange, plan, x);
	struct shipment d_results = exchange_send(&layer->exchange, plan, d_y);
	layer_compute_backward(layer, &rows, &d_results);
	exchange_return(&layer->exchange, plan, layer->d_rows);
	layer_compute_bare_backward(layer, x, d_y);
	layer_combine_backward(layer, tokens, d_x);
	router_backward(&layer->router, x, d_x);
	if (layer->shared.inner)
		ffn_backward_rows(&layer->shared, tokens, x, layer->shared_slopes, layer->shared_hidden, d_y,
						  layer->shared_hidden, d_x);
}
