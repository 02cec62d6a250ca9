/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recurrent.c -- counts of linear attention, state spaces and short convolutions.
 *
 * Each weight of a convolution along the tokens is one multiply-add per token, as a weight of a matrix is.  d is the
 * network's width, k the kernel, h heads, c the size of a key, v of a value, N the state, i the inner width:
 *
 *   delta        d (2 g c + h v) + d h v + 2 d h + k (2 g c + h v) + h v d; 2 h + v     g heads of keys
 *   Kimi delta   3 d h c + 3 k h c + decay + d h + gate + h c d; h + h c + c; decay and gate are d c + c h c or d h c
 *   lightning    4 d h c + h c d; h c
 *   Mamba        2 d i + k i + i (r + 2 N) + r i + i d; i N + 2 i + r + 2 N             r the rank of dt
 *   Mamba-2      d (i + (i + 2 g N) + h) + k (i + 2 g N) + i d; 3 h + i                 g groups of B and C
 *   convolution  3 d i + k i + i d
 *
 * The state is updated and read once per token: 2 products of its size, 3 where the delta rule first reads what it is
 * to replace.
 */
#include <config.h>

#include "sim/cost/block.h"

static int64_t size_of_values(const struct cost_mixer *m)
{
	return times(m->heads, m->v_dim ? m->v_dim : m->head_dim);
}

/* Channels that the convolution runs along. */
static int64_t channels(const struct cost_mixer *m)
{
	switch (m->kind) {
	case COST_DELTA:
		return plus(times3(2, m->kv_heads, m->head_dim), size_of_values(m));
	case COST_KIMI_DELTA:
		return times3(3, m->heads, m->head_dim);
	case COST_MAMBA2:
		return plus(times(m->heads, m->head_dim), times3(2, m->groups, m->state));
	case COST_MAMBA:
	case COST_CONVOLUTION:
		return m->inner;
	default:
		return 0;
	}
}

static struct block delta(const struct cost_mixer *m, int64_t width)
{
	struct block block = { 0 };
	int64_t values = size_of_values(m);
	add_matrix(&block, width, channels(m));
	add_matrix(&block, width, values);
	add_matrix(&block, width, times(2, m->heads));
	add_matrix(&block, values, width);
	add_other(&block, times(2, m->heads));
	add_other(&block, m->v_dim);
	return block;
}

static struct block kimi_delta(const struct cost_mixer *m, int64_t width)
{
	struct block block = { 0 };
	int64_t all = times(m->heads, m->head_dim);
	add_matrix(&block, width, channels(m));
	add_matrix(&block, width, m->heads);
	for (int i = 0; i < 2; i++) /* the decay, and the gate */
		if (i == 0 ? m->decay_full : m->gate == COST_GATE_FULL)
			add_matrix(&block, width, all);
		else
			add_matrix(&block, plus(width, all), m->head_dim);
	add_matrix(&block, all, width);
	add_other(&block, plus(plus(m->heads, all), m->head_dim));
	return block;
}

static struct block lightning(const struct cost_mixer *m, int64_t width)
{
	struct block block = { 0 };
	int64_t all = times(m->heads, m->head_dim);
	add_matrix(&block, width, times(4, all));
	add_matrix(&block, all, width);
	add_other(&block, all);
	if (m->qkv_bias)
		add_other(&block, times(3, all));
	if (m->out_bias)
		add_other(&block, width);
	if (m->qk_norm == COST_QK_HEAD)
		add_other(&block, times(2, m->head_dim));
	return block;
}

static struct block mamba(const struct cost_mixer *m, int64_t width)
{
	struct block block = { 0 };
	int64_t selected = plus(m->step_rank, times(2, m->state));
	add_matrix(&block, width, times(2, m->inner));
	add_matrix(&block, m->inner, selected);
	add_matrix(&block, m->step_rank, m->inner);
	add_matrix(&block, m->inner, width);
	add_other(&block, times(m->inner, plus(m->state, 2)));
	add_other(&block, selected);
	if (m->qkv_bias)
		add_other(&block, plus(times(2, m->inner), width));
	return block;
}

static struct block mamba2(const struct cost_mixer *m, int64_t width)
{
	struct block block = { 0 };
	int64_t inner = times(m->heads, m->head_dim), in = plus(plus(inner, channels(m)), m->heads);
	add_matrix(&block, width, in);
	add_matrix(&block, inner, width);
	add_other(&block, plus(times(3, m->heads), inner));
	if (m->qkv_bias)
		add_other(&block, plus(in, width));
	return block;
}

static struct block convolution(const struct cost_mixer *m, int64_t width)
{
	struct block block = { 0 };
	add_matrix(&block, width, times(3, m->inner));
	add_matrix(&block, m->inner, width);
	if (m->qkv_bias)
		add_other(&block, plus(times(3, m->inner), width));
	return block;
}

bool recurrent_is(const struct cost_mixer *m)
{
	return m->kind >= COST_DELTA;
}

static struct block maps(const struct cost_mixer *m, int64_t width)
{
	switch (m->kind) {
	case COST_DELTA:
		return delta(m, width);
	case COST_KIMI_DELTA:
		return kimi_delta(m, width);
	case COST_LIGHTNING:
		return lightning(m, width);
	case COST_MAMBA:
		return mamba(m, width);
	case COST_MAMBA2:
		return mamba2(m, width);
	case COST_CONVOLUTION:
		return convolution(m, width);
	default:
		BUG("not a recurrent mixer");
	}
}

struct block recurrent_block(const struct cost_mixer *m, int64_t width)
{
	struct block block = maps(m, width);
	add_matrix(&block, channels(m), m->kernel);
	if (m->kernel_bias)
		add_other(&block, channels(m));
	return block;
}

static int64_t state(const struct cost_mixer *m)
{
	switch (m->kind) {
	case COST_DELTA:
	case COST_KIMI_DELTA:
	case COST_LIGHTNING:
		return times(m->head_dim, size_of_values(m));
	case COST_MAMBA:
		return times(m->inner, m->state);
	case COST_MAMBA2:
		return times3(m->heads, m->head_dim, m->state);
	default:
		return 0;
	}
}

int64_t recurrent_flops(const struct cost_mixer *m)
{
	bool replaces = m->kind == COST_DELTA || m->kind == COST_KIMI_DELTA;
	return times3(2, replaces ? 3 : 2, state(m));
}

int64_t recurrent_state(const struct cost_mixer *m)
{
	return plus(state(m), times(channels(m), m->kernel > 0 ? m->kernel - 1 : 0));
}
