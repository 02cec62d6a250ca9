/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * net.c -- the language model, forward and backward.
 */
#include <config.h>

#include "sim/net/net.h"

#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/parallel.h"

static void block_create(struct net *net, struct block *block, size_t index, const struct sentence *sentence,
						 const struct layer_options *layer, uint64_t seed, struct arena *arena)
{
	const struct net_shape *shape = &net->shape;
	struct moe_call call = net->call;
	size_t tokens = call.tokens, width = shape->width;
	call.layer = index;
	block->in = ARENA_TAKE(arena, tokens * width, real);
	block->normed_in = ARENA_TAKE(arena, tokens * width, real);
	block->middle = ARENA_TAKE(arena, tokens * width, real);
	block->normed_middle = ARENA_TAKE(arena, tokens * width, real);
	norm_create(&block->norm_attention, tokens, width, "norm-attention", index, &net->params, arena);
	attention_create(&block->attention, shape->sequences, shape->length, width, shape->heads, shape->layers, index,
					 &net->params, arena);
	norm_create(&block->norm_layer, tokens, width, "norm-layer", index, &net->params, arena);
	layer_create(&block->layer, sentence, layer, &call, width, shape->layers, seed, &net->params, arena);
}

void net_create(struct net *net, const struct net_shape *shape, const struct sentence *sentence,
				const struct layer_options *layer, uint64_t seed, struct arena *arena)
{
	size_t tokens = shape->sequences * shape->length, width = shape->width;
	*net = (struct net){ .shape = *shape };
	net->call = layer_call(sentence, layer);
	net->call.width = width;
	net->call.layers = shape->layers;
	net->call.tokens = tokens;
	net->call.sequences = shape->sequences;
	net->call.length = shape->length;
	net->call.vocabulary = shape->vocabulary;
	net->call.domains = shape->domains;
	net->call.classes = shape->classes;
	embed_create(&net->embed, shape->vocabulary, width, shape->embedding_scale, &net->params);
	net->block = ARENA_KEEP(arena, shape->layers, struct block);
	for (size_t i = 0; i < shape->layers; i++)
		block_create(net, &net->block[i], i, sentence, layer, seed, arena);
	net->x = ARENA_TAKE(arena, tokens * width, real);
	net->branch = ARENA_TAKE(arena, tokens * width, real);
	net->normed = ARENA_TAKE(arena, tokens * width, real);
	net->d = ARENA_TAKE(arena, tokens * width, real);
	net->d_branch = ARENA_TAKE(arena, tokens * width, real);
	norm_create(&net->norm, tokens, width, "norm-final", 0, &net->params, arena);
	head_create(&net->head, tokens, shape->vocabulary, width, &net->params, arena);
	params_allocate(&net->params, arena);
}

void net_init(struct net *net, uint64_t seed)
{
	params_init(&net->params, seed);
	for (size_t i = 0; i < net->shape.layers; i++)
		attention_init(&net->block[i].attention);
}

void net_free(struct net *net)
{
	params_free(&net->params);
}

MOE_CLONED static void add(size_t n, const real *a, const real *b, real *sum)
{
	for (size_t i = 0; i < n; i++)
		sum[i] = a[i] + b[i];
}

static void add_rows(size_t rows, size_t width, const real *a, const real *b, real *sum)
{
	size_t size = parallel_block(rows), blocks = parallel_blocks(rows);
	PARALLEL_FOR
	for (size_t i = 0; i < blocks; i++) {
		size_t at = i * size, n = rows - at < size ? rows - at : size;
		add(n * width, a + at * width, b + at * width, sum + at * width);
	}
}

/* out = block(block->in); the places that the backward pass needs are kept in the block. */
static void block_forward(struct net *net, struct block *block, const struct batch *batch, real *out)
{
	size_t tokens = net->call.tokens, width = net->shape.width;
	struct moe_tokens of = { batch->id, batch->domain, batch->guess, batch->class_of };
	norm_forward(&block->norm_attention, tokens, block->in, block->normed_in);
	attention_forward(&block->attention, batch->sequences, block->normed_in, net->branch);
	add_rows(tokens, width, block->in, net->branch, block->middle);
	norm_forward(&block->norm_layer, tokens, block->middle, block->normed_middle);
	layer_forward(&block->layer, &net->call, &of, block->normed_middle, net->branch);
	add_rows(tokens, width, block->middle, net->branch, out);
}

size_t net_routers(const struct net *net)
{
	return net->shape.layers;
}

struct router *net_router(const struct net *net, size_t i)
{
	return &net->block[i].layer.router;
}

const real *net_router_input(const struct net *net, size_t i)
{
	return net->block[i].normed_middle;
}

size_t net_pairs(const struct net *net)
{
	size_t pairs = 0;
	for (size_t i = 0; i < net_routers(net); i++)
		pairs += router_pairs(net_router(net, i), 0, net->call.experts - net->call.bare);
	return pairs;
}

size_t net_constant_pairs(const struct net *net)
{
	size_t pairs = 0;
	for (size_t i = 0; i < net_routers(net); i++)
		pairs += router_pairs(net_router(net, i), net->call.experts - net->call.constant, net->call.experts);
	return pairs;
}

/* The balancers' terms of all layers. */
static double balance_terms(const struct net *net)
{
	double sum = 0;
	for (size_t i = 0; i < net_routers(net); i++) {
		const struct router *router = net_router(net, i);
		for (size_t j = 0; j < router->sentence->balancers; j++)
			sum += router->term[j].weight * router->term[j].value;
	}
	return sum;
}

struct objective net_forward(struct net *net, const struct batch *batch, size_t step, bool training)
{
	struct objective objective;
	net->call.sequences = batch->sequences;
	net->call.tokens = batch->sequences * batch->length;
	net->call.step = step;
	net->call.training = training;
	embed_forward(&net->embed, net->call.tokens, batch->id, net->block[0].in);
	for (size_t i = 0; i < net->shape.layers; i++) {
		net->call.layer = i;
		block_forward(net, &net->block[i], batch, i + 1 < net->shape.layers ? net->block[i + 1].in : net->x);
	}
	norm_forward(&net->norm, net->call.tokens, net->x, net->normed);
	objective.lm_loss = head_forward(&net->head, net->call.tokens, net->normed, batch->target, batch->counts);
	objective.total = objective.lm_loss + (training ? balance_terms(net) : 0);
	return objective;
}

/* d, the gradient of the block's output, becomes that of its input. */
static void block_backward(struct net *net, struct block *block)
{
	size_t tokens = net->call.tokens;
	layer_backward(&block->layer, block->normed_middle, net->d, net->d_branch);
	norm_backward(&block->norm_layer, tokens, block->middle, net->d_branch, net->d);
	attention_backward(&block->attention, net->call.sequences, block->normed_in, net->d, net->d_branch);
	norm_backward(&block->norm_attention, tokens, block->in, net->d_branch, net->d);
}

void net_backward(struct net *net, const struct batch *batch)
{
	size_t tokens = net->call.tokens;
	head_backward(&net->head, tokens, net->normed, batch->target, batch->counts, net->d_branch);
	memset(net->d, 0, tokens * net->shape.width * sizeof(real));
	norm_backward(&net->norm, tokens, net->x, net->d_branch, net->d);
	for (size_t i = net->shape.layers; i-- > 0;)
		block_backward(net, &net->block[i]);
	embed_backward(&net->embed, tokens, batch->id, net->d);
}

void net_settle(struct net *net)
{
	for (size_t i = 0; i < net_routers(net); i++)
		router_settle(net_router(net, i));
}
