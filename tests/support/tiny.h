/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tiny.h -- a tiny network on random tokens, small enough for finite differences.
 */
#ifndef TESTS_SUPPORT_TINY_H
#define TESTS_SUPPORT_TINY_H

#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/seed.h"
#include "sim/net/net.h"
#include "sim/route/catalog.h"
#include "strategies/catalog.h"

static const struct net_shape tiny_shape = { .layers = 1,
											 .width = 4,
											 .heads = 2,
											 .vocabulary = 7,
											 .sequences = 2,
											 .length = 6,
											 .domains = 2,
											 .classes = 3,
											 .embedding_scale = 1 };

struct tiny {
	struct sentence sentence;
	struct layer_options layer;
	struct arena arena;
	struct net net;
	struct batch batch;
};

static inline void tiny_tokens(struct batch *batch, size_t vocabulary)
{
	struct moe_rng rng = seed_stream(1, "tokens", 0);
	for (size_t t = 0; t < batch->sequences * batch->length; t++) {
		batch->id[t] = (uint32_t)moe_below(&rng, vocabulary);
		batch->target[t] = (uint32_t)moe_below(&rng, vocabulary);
	}
	for (size_t t = 0; t < batch->sequences * batch->length; t++) {
		batch->domain[t] = (uint32_t)moe_below(&rng, tiny_shape.domains);
		batch->guess[t] = (uint32_t)moe_below(&rng, tiny_shape.domains);
	}
}

/* Token x is of class x mod 3. */
static inline void tiny_classes(struct tiny *tiny, size_t vocabulary)
{
	uint32_t *class_of = ARENA_TAKE(&tiny->arena, vocabulary, uint32_t);
	for (size_t x = 0; x < vocabulary; x++)
		class_of[x] = (uint32_t)(x % tiny_shape.classes);
	tiny->batch.class_of = class_of;
}

/* An untrained router's logits lie so near one another that no strategy differs from another, nor does its gradient
 * from nothing; this one's do not. */
static inline void tiny_spread_logits(struct net *net, real factor)
{
	for (size_t i = 0; i < net->params.spans; i++)
		if (strncmp(net->params.span[i].name, "router", 6) == 0 && net->params.span[i].std > 0)
			for (size_t j = 0; j < net->params.span[i].weight->n; j++)
				net->params.span[i].weight->w[j] *= factor;
}

/* Reads and checks the sentence, whose layer options default to 4 experts of width 3; -1 when it is refused. */
static inline int tiny_read(struct tiny *tiny, const char *text, struct error *err)
{
	catalog_use(strategy_parts, strategy_recipes);
	*tiny = (struct tiny){ .batch = { 0 } };
	options_preset(layer_rows, &tiny->layer);
	tiny->layer.experts = 4;
	tiny->layer.expert_width = 3;
	tiny->layer.router_scale = 0.02; /* which tiny_spread_logits() makes larger */
	TRY(sentence_read(text, NULL, &tiny->sentence, err));
	TRY(sentence_apply(&tiny->sentence, &tiny->layer, err));
	return sentence_check(&tiny->sentence, &tiny->layer, err);
}

/* The network of a sentence, with random parameters and tokens.  -1 when the sentence is refused; there is nothing to
 * close then. */
static inline int tiny_open(struct tiny *tiny, const struct net_shape *shape, const char *text, struct error *err)
{
	TRY(tiny_read(tiny, text, err));
	net_create(&tiny->net, shape, &tiny->sentence, &tiny->layer, 1, &tiny->arena);
	net_init(&tiny->net, 1);
	tiny_spread_logits(&tiny->net, 50);
	batch_take(&tiny->batch, &tiny->arena, shape->sequences, shape->length);
	batch_take_guess(&tiny->batch, &tiny->arena);
	tiny_tokens(&tiny->batch, shape->vocabulary);
	tiny_classes(tiny, shape->vocabulary);
	return 0;
}

static inline void tiny_close(struct tiny *tiny)
{
	net_free(&tiny->net);
	arena_free(&tiny->arena);
}

#endif
