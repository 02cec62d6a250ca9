/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * attention.c -- counts of attention's maps and of the indexers before it:
 *
 *   GQA      d h c + d g c + d g v + h v d      h heads of c, g of them for keys and values (arXiv 2305.13245)
 *            d q + q h c for the first with compressed queries, a norm of q        (MFA, arXiv 2412.19255)
 *   MLA      d q + q h (n + r) + d (p + r) + p h (n + v) + h v d, norms q + p        (arXiv 2405.04434, section 2.1)
 *            d h (n + r) for the first two where queries are not compressed
 *   MoA      2 d g c + E 2 d g c, router d E                                        (arXiv 2404.07413, section 2.2)
 *   indexer  q i x + d x + d i, a norm of 2 x   i heads of x                        (arXiv 2512.02556, section 2.1)
 */
#include <config.h>

#include "sim/cost/block.h"

int64_t attention_values(const struct cost_mixer *m)
{
	return m->v_dim ? m->v_dim : m->head_dim;
}

bool attention_is_indexed(const struct cost_mixer *m)
{
	return m->index_heads > 0 && !m->index_borrowed;
}

static void add_gate(struct block *block, const struct cost_mixer *m, int64_t width)
{
	if (m->gate != COST_GATE_NONE)
		add_matrix(block, width, m->gate == COST_GATE_HEADS ? m->heads : times(m->heads, attention_values(m)));
}

static struct block attention_heads(const struct cost_mixer *m, int64_t width)
{
	struct block block = { 0 };
	int64_t q = times(m->heads, m->head_dim), out = times(m->heads, attention_values(m));
	int64_t k = m->borrows_kv ? 0 : times(m->kv_heads, m->head_dim);
	int64_t v = m->borrows_kv || m->k_is_v ? 0 : times(m->kv_heads, attention_values(m));
	if (m->q_rank > 0) {
		add_matrix(&block, width, m->q_rank);
		add_other(&block, m->q_rank);
	}
	add_matrix(&block, m->q_rank > 0 ? m->q_rank : width, q);
	add_matrix(&block, width, plus(k, v));
	add_matrix(&block, out, width);
	add_gate(&block, m, width);
	if (m->qkv_bias)
		add_other(&block, plus(q, plus(k, v)));
	if (m->out_bias)
		add_other(&block, width);
	if (m->qk_norm == COST_QK_HEAD)
		add_other(&block, times(m->borrows_kv ? 1 : 2, m->head_dim));
	if (m->qk_norm == COST_QK_FULL)
		add_other(&block, plus(q, k));
	if (m->sinks)
		add_other(&block, m->heads);
	return block;
}

static struct block attention_latent(const struct cost_mixer *m, int64_t width)
{
	struct block block = { 0 };
	int64_t q = times(m->heads, plus(m->nope_dim, m->rope_dim)), latent = plus(m->kv_rank, m->rope_dim);
	if (m->q_rank > 0) {
		add_matrix(&block, width, m->q_rank);
		add_other(&block, m->q_rank);
	}
	add_matrix(&block, m->q_rank > 0 ? m->q_rank : width, q);
	add_matrix(&block, width, latent);
	add_other(&block, m->kv_rank);
	add_matrix(&block, m->kv_rank, times(m->heads, plus(m->nope_dim, m->v_dim)));
	add_matrix(&block, times(m->heads, m->v_dim), width);
	add_gate(&block, m, width);
	if (m->qkv_bias)
		add_other(&block, plus(m->q_rank, latent));
	if (m->out_bias)
		add_other(&block, width);
	return block;
}

/* `experts` is all of them for what is stored, top_k for what a token passes. */
static struct block attention_mixture(const struct cost_shape *s, const struct cost_mixer *m, int64_t experts)
{
	struct block block = { 0 };
	int64_t kv = times(m->kv_heads, m->head_dim);
	add_matrix(&block, s->width, times(2, kv));
	add_matrix(&block, times(experts, 2), times(s->width, kv));
	add_matrix(&block, s->width, s->experts);
	if (s->mixture_bias)
		add_other(&block, s->width);
	return block;
}

/* Rows of `size` from each `ratio` tokens, weighed by a second map and a bias for each place among them.  An indexer
 * goes with overlapping windows, which have two of each. */
static void add_compressor(struct block *block, const struct cost_mixer *m, int64_t width, int64_t size)
{
	int64_t sides = m->index_heads > 0 ? 2 : 1;
	add_matrix(block, width, times3(2, sides, size));
	add_other(block, plus(times3(m->ratio, sides, size), size));
}

static struct block attention_compressed(const struct cost_mixer *m, int64_t width)
{
	struct block block = { 0 };
	int64_t q = times(m->heads, m->head_dim);
	add_matrix(&block, width, m->q_rank);
	add_matrix(&block, m->q_rank, q);
	add_matrix(&block, width, m->head_dim);
	add_matrix(&block, q, m->out_rank);
	add_matrix(&block, times(m->out_groups, m->out_rank), width);
	add_other(&block, plus(plus(m->q_rank, m->head_dim), m->sinks ? m->heads : 0));
	if (m->ratio > 0)
		add_compressor(&block, m, width, m->head_dim);
	return block;
}

struct block attention_block(const struct cost_shape *s, const struct cost_mixer *m, int64_t experts)
{
	switch (m->kind) {
	case COST_LATENT:
		return attention_latent(m, s->width);
	case COST_MIXTURE:
		return attention_mixture(s, m, experts);
	case COST_COMPRESSED:
		return attention_compressed(m, s->width);
	default:
		return attention_heads(m, s->width);
	}
}

/* The norm of the keys has a bias where their queries are compressed (DeepSeek), and queries have a norm, too, where
 * they are not (MiniMax-M3). */
struct block indexer_block(const struct cost_mixer *m, int64_t width)
{
	struct block block = { 0 };
	int64_t q = times(m->index_heads, m->index_dim);
	if (!attention_is_indexed(m))
		return block;
	add_matrix(&block, m->kind == COST_HEADS ? width : m->q_rank, q);
	if (m->kind != COST_HEADS)
		add_matrix(&block, width, m->index_heads);
	if (m->kind == COST_COMPRESSED) {
		add_compressor(&block, m, width, m->index_dim);
	} else {
		add_matrix(&block, width, m->index_dim);
		add_other(&block, times(2, m->index_dim));
	}
	return block;
}
