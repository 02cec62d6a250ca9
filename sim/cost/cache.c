/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cache.c -- values that a sequence keeps between its tokens: keys and values, or a state.
 */
#include <config.h>

#include "sim/cost/block.h"

/* Of one token, in one layer. */
static int64_t cache_row(const struct cost_mixer *m)
{
	int64_t index = attention_is_indexed(m) ? m->index_dim : 0;
	if (recurrent_is(m) || m->borrows_kv)
		return 0;
	if (m->kind == COST_LATENT)
		return plus(plus(m->kv_rank, m->rope_dim), index);
	return plus(times(m->kv_heads, plus(m->head_dim, attention_values(m))), index);
}

/* Rows of compressed tokens. */
static int64_t compressed_rows(const struct cost_mixer *m, int64_t tokens)
{
	return m->ratio > 0 ? times(plus(m->head_dim, m->index_dim), tokens / m->ratio) : 0;
}

/* What a further token adds to a layer, the mean over some thousands of them where they share rows. */
static int64_t cache_growth(const struct cost_mixer *m)
{
	enum { TOKENS = 1 << 14 };
	return m->kind == COST_COMPRESSED ? compressed_rows(m, TOKENS) / TOKENS : cache_row(m);
}

/* A window's layer keeps what the window holds. */
static int64_t cache_of_sequence(const struct cost_mixer *m, int64_t context)
{
	int64_t kept = m->window > 0 && m->window < context ? m->window : context;
	if (m->kind == COST_COMPRESSED)
		return plus(times(m->head_dim, kept), compressed_rows(m, context));
	return times(cache_row(m), kept);
}

int64_t cache_values(const struct cost_shape *s)
{
	int64_t values = 0;
	for (int kind = 0; kind < COST_MIXERS; kind++)
		values = plus(values, times(cost_mixer_layers(s, kind), cache_growth(&s->mixer[kind])));
	if (s->encoder_layers > 0)
		values = times3(2, s->layers - s->encoder_layers, cache_row(&s->mixer[0]));
	return values;
}

int64_t cache_context(const struct cost_shape *s, int64_t context)
{
	int64_t values = 0;
	if (s->encoder_layers > 0)
		return times(cache_values(s), context);
	for (int kind = 0; kind < COST_MIXERS; kind++)
		values = plus(values, times(cost_mixer_layers(s, kind), cache_of_sequence(&s->mixer[kind], context)));
	return values;
}

int64_t cache_states(const struct cost_shape *s)
{
	int64_t values = 0;
	for (int kind = 0; kind < COST_MIXERS; kind++)
		if (recurrent_is(&s->mixer[kind]))
			values = plus(values, times(cost_mixer_layers(s, kind), recurrent_state(&s->mixer[kind])));
	return values;
}
