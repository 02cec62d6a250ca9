/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_cost.c -- the counting formulas, against counts worked out by hand and against brute force.
 */
#include <config.h>

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cost/cost.h"

static struct cost_count counted(struct cost_shape shape, int64_t context)
{
	struct cost_count count;
	struct error err;
	if (cost_count(&shape, context, &count, &err))
		ck_abort_msg("%s", err.text);
	return count;
}

/* One layer of width 8 with two heads of 4, vocabulary 10, FFN of width 6 with three matrices. */
static struct cost_shape small(void)
{
	return (struct cost_shape){ .layers = 1,
								.width = 8,
								.vocabulary = 10,
								.norms = 2,
								.mixer[0].heads = 2,
								.mixer[0].kv_heads = 2,
								.mixer[0].head_dim = 4,
								.dense_width = 6,
								.matrices = 3 };
}

/* The same with 5 experts of width 7, 2 for each token. */
static struct cost_shape small_mixture(void)
{
	struct cost_shape shape = small();
	shape.moe_layers = 1;
	shape.router = true;
	shape.experts = 5;
	shape.top_k = 2;
	shape.expert_width = 7;
	return shape;
}

/* ---- attention ----------------------------------------------------------------------------------------------- */

START_TEST(heads_have_four_square_maps)
{
	struct cost_count count = counted(small(), 1);
	ck_assert_int_eq(count.params[COST_ATTENTION], 4 * 64);
	ck_assert_int_eq(count.flops[COST_ATTENTION], 2 * 4 * 64);
	ck_assert_int_eq(count.cache_values, 16); /* a key and a value of 8 */
}
END_TEST

START_TEST(groups_share_keys_and_values)
{
	struct cost_shape shape = small();
	shape.mixer[0].kv_heads = 1;
	struct cost_count count = counted(shape, 1);
	ck_assert_int_eq(count.params[COST_ATTENTION], 64 + 32 + 32 + 64);
	ck_assert_int_eq(count.cache_values, 8);
}
END_TEST

START_TEST(biases_norms_and_sinks_of_attention_are_no_products)
{
	struct cost_shape shape = small();
	shape.mixer[0].kv_heads = 1;
	shape.mixer[0].qkv_bias = true; /* 8 + 4 + 4 */
	ck_assert_int_eq(counted(shape, 1).params[COST_ATTENTION], 192 + 16);
	shape.mixer[0].out_bias = true; /* 8 */
	ck_assert_int_eq(counted(shape, 1).params[COST_ATTENTION], 192 + 16 + 8);
	shape.mixer[0].qk_norm = COST_QK_HEAD; /* 4 + 4 */
	ck_assert_int_eq(counted(shape, 1).params[COST_ATTENTION], 192 + 16 + 8 + 8);
	shape.mixer[0].qk_norm = COST_QK_FULL; /* 8 + 4 */
	ck_assert_int_eq(counted(shape, 1).params[COST_ATTENTION], 192 + 16 + 8 + 12);
	shape.mixer[0].sinks = true; /* one a head */
	ck_assert_int_eq(counted(shape, 1).params[COST_ATTENTION], 192 + 16 + 8 + 12 + 2);
	ck_assert_int_eq(counted(shape, 1).flops[COST_ATTENTION], 2 * 192);
}
END_TEST

static struct cost_shape latent(void)
{
	struct cost_shape shape = small();
	shape.mixer[0].kind = COST_LATENT;
	shape.mixer[0].kv_heads = shape.mixer[0].head_dim = 0;
	shape.mixer[0].q_rank = 3;
	shape.mixer[0].kv_rank = 5;
	shape.mixer[0].nope_dim = 4;
	shape.mixer[0].rope_dim = 2;
	shape.mixer[0].v_dim = 6;
	return shape;
}

START_TEST(latent_attention_compresses)
{
	/* queries 8x3, 3x12; keys and values 8x7, 5x20; out 12x8; norms of 3 and 5 */
	struct cost_count count = counted(latent(), 1);
	ck_assert_int_eq(count.params[COST_ATTENTION], 24 + 36 + 56 + 100 + 96 + 3 + 5);
	ck_assert_int_eq(count.flops[COST_ATTENTION], 2 * (24 + 36 + 56 + 100 + 96));
	ck_assert_int_eq(count.cache_values, 7); /* what is compressed and the rotary part, for all heads */
	ck_assert_int_eq(count.flops[COST_SCORES], 2 * 2 * (6 + 6));
}
END_TEST

START_TEST(latent_attention_need_not_compress_queries)
{
	struct cost_shape shape = latent();
	shape.mixer[0].q_rank = 0; /* 8x12 */
	ck_assert_int_eq(counted(shape, 1).params[COST_ATTENTION], 96 + 56 + 100 + 96 + 5);
	shape.mixer[0].qkv_bias = shape.mixer[0].out_bias = true; /* of the compressing maps, 7, and of the output, 8 */
	ck_assert_int_eq(counted(shape, 1).params[COST_ATTENTION], 96 + 56 + 100 + 96 + 5 + 7 + 8);
}
END_TEST

START_TEST(a_mixture_of_attention_passes_the_chosen_maps)
{
	struct cost_shape shape = small_mixture();
	shape.mixer[0].kind = COST_MIXTURE;
	shape.mixer[0].heads = 0;
	shape.mixer[0].kv_heads = 2;
	shape.mixer[0].head_dim = 3;
	shape.mixture_bias = true;
	struct cost_count count = counted(shape, 1);
	/* keys and values 8x12; experts 5 of 8x6 and 6x8; router 8x5; bias 8 */
	ck_assert_int_eq(count.params[COST_ATTENTION], 96 + 5 * 96 + 40 + 8);
	ck_assert_int_eq(count.active[COST_ATTENTION], 96 + 2 * 96 + 40 + 8);
	ck_assert_int_eq(count.flops[COST_ATTENTION], 2 * (96 + 2 * 96 + 40));
	ck_assert_int_eq(count.cache_values, 12);
	/* two experts' heads against the same two keys */
	ck_assert_int_eq(count.flops[COST_SCORES], 2 * 4 * (3 + 3));
	ck_assert_int_eq(count.params[COST_ROUTER], 40 + 8);
}
END_TEST

static struct cost_shape indexed(void)
{
	struct cost_shape shape = latent();
	shape.mixer[0].index_heads = 2;
	shape.mixer[0].index_dim = 3;
	shape.mixer[0].index_keep = 2;
	return shape;
}

START_TEST(an_indexer_chooses_the_keys)
{
	/* queries 3x6 from the compressed ones, a key 8x3, weights 8x2; a norm with a bias of 3 */
	struct cost_count count = counted(indexed(), 5);
	ck_assert_int_eq(count.params[COST_INDEXER], 18 + 24 + 16 + 2 * 3);
	/* it looks at 3 keys in the mean; of 1, 2, 2, 2, 2 are seen */
	ck_assert_int_eq(count.flops[COST_INDEXER], 2 * (18 + 24 + 16) + 2 * 2 * 3 * 3);
	ck_assert_int_eq(count.flops[COST_SCORES], (2 * 2 * 12 * 9 + 2) / 5);
	ck_assert_int_eq(count.cache_values, 7 + 3);
	struct cost_shape shape = indexed();
	shape.mixer[0].index_borrowed = true;
	ck_assert_int_eq(counted(shape, 5).params[COST_INDEXER], 0);
	ck_assert_int_eq(counted(shape, 5).flops[COST_SCORES], count.flops[COST_SCORES]);
	ck_assert_int_eq(counted(shape, 5).cache_values, 7);
}
END_TEST

/* One layer of the small network with another mixer. */
static struct cost_count mixed(struct cost_mixer mixer)
{
	struct cost_shape shape = small();
	shape.mixer[0] = mixer;
	return counted(shape, 7);
}

START_TEST(recurrent_mixers_by_hand)
{
	/* 4 heads of values of 3, 2 of keys of 5: 20 + 12 channels */
	struct cost_count count = mixed(
		(struct cost_mixer){ .kind = COST_DELTA, .heads = 4, .kv_heads = 2, .head_dim = 5, .v_dim = 3, .kernel = 4 });
	ck_assert_int_eq(count.params[COST_RECURRENT], 8 * (32 + 12 + 8) + 4 * 32 + 12 * 8 + 2 * 4 + 3);
	ck_assert_int_eq(count.flops[COST_SCORES], 3 * 2 * 4 * 5 * 3);
	ck_assert_int_eq(count.state_values, 4 * 5 * 3 + 3 * 32);
	ck_assert_int_eq(count.cache_values + count.params[COST_ATTENTION], 0);
	/* 2 heads of 3 */
	count = mixed((struct cost_mixer){ .kind = COST_KIMI_DELTA, .heads = 2, .head_dim = 3, .kernel = 4 });
	ck_assert_int_eq(count.params[COST_RECURRENT], 3 * 48 + 4 * 18 + 2 * (8 * 3 + 3 * 6) + 8 * 2 + 48 + 2 + 6 + 3);
	count = mixed((struct cost_mixer){ .kind = COST_LIGHTNING, .heads = 2, .head_dim = 3 });
	ck_assert_int_eq(count.params[COST_RECURRENT], 5 * 48 + 6);
	ck_assert_int_eq(count.state_values, 2 * 3 * 3);
	/* inner width 6, state 2, rank 3 */
	count = mixed((struct cost_mixer){
		.kind = COST_MAMBA, .inner = 6, .state = 2, .step_rank = 3, .kernel = 4, .kernel_bias = true });
	ck_assert_int_eq(count.params[COST_RECURRENT], 8 * 12 + 4 * 6 + 6 + 6 * 7 + 3 * 6 + 6 + 6 * 2 + 6 + 7 + 6 * 8);
	/* 2 heads of 3, a group, state 5: 6 + 10 channels */
	count = mixed((struct cost_mixer){
		.kind = COST_MAMBA2, .heads = 2, .head_dim = 3, .groups = 1, .state = 5, .kernel = 4, .kernel_bias = true });
	ck_assert_int_eq(count.params[COST_RECURRENT], 8 * (6 + 16 + 2) + 4 * 16 + 16 + 3 * 2 + 6 + 6 * 8);
	ck_assert_int_eq(count.flops[COST_SCORES], 2 * 2 * 2 * 3 * 5);
	ck_assert_int_eq(count.state_values, 2 * 3 * 5 + 3 * 16);
	count = mixed((struct cost_mixer){ .kind = COST_CONVOLUTION, .inner = 8, .kernel = 3 });
	ck_assert_int_eq(count.params[COST_RECURRENT], 8 * 24 + 3 * 8 + 8 * 8);
	ck_assert_int_eq(count.state_values, 2 * 8);
}
END_TEST

/* Every pair of a query and a row that is whole by then. */
static int64_t brute_compressed(int64_t context, int64_t window, int64_t ratio, int64_t keep)
{
	int64_t keys = 0;
	for (int64_t query = 1; query <= context; query++) {
		int64_t rows = query / ratio;
		keys += (query < window ? query : window) + (keep > 0 && rows > keep ? keep : rows);
	}
	return (2 * (keys * 2 * 2 * 8) + context) / (2 * context);
}

START_TEST(compressed_keys_are_counted_as_brute_force_does)
{
	struct cost_shape shape = small();
	shape.mixer[0] = (struct cost_mixer){
		.kind = COST_COMPRESSED, .heads = 2, .kv_heads = 1, .head_dim = 4, .q_rank = 3, .out_groups = 2, .out_rank = 5
	};
	for (int64_t window = 1; window < 6; window++)
		for (int64_t ratio = 1; ratio < 5; ratio++)
			for (int64_t context = 1; context < 25; context++) {
				shape.mixer[0].window = window;
				shape.mixer[0].ratio = ratio;
				ck_assert_int_eq(counted(shape, context).flops[COST_SCORES],
								 brute_compressed(context, window, ratio, 0));
				shape.mixer[0].index_keep = 2;
				ck_assert_int_eq(counted(shape, context).flops[COST_SCORES],
								 brute_compressed(context, window, ratio, 2));
				shape.mixer[0].index_keep = 0;
			}
	/* queries 8x3, 3x8; the row 8x4; out 8x5 for both groups, 10x8; rows 2 of 8x4, biases 4x4; norms 3, 4, 4 */
	ck_assert_int_eq(counted(shape, 1).params[COST_ATTENTION], 24 + 24 + 32 + 40 + 80 + 64 + 16 + 11);
}
END_TEST

START_TEST(experts_in_a_latent_space_and_beside_a_dense_ffn)
{
	struct cost_shape shape = small_mixture();
	shape.latent = 3;
	shape.latent_norm = true;
	shape.beside_width = 6;
	shape.zero_experts = 5;
	shape.passive_experts = 2;
	shape.passive_width = 1;
	shape.selection_bias = true;
	struct cost_count count = counted(shape, 1);
	ck_assert_int_eq(count.expert_params, 3 * 3 * 7);
	ck_assert_int_eq(count.params[COST_EXPERTS], 5 * 63 + 2 * 24);
	ck_assert_int_eq(count.active[COST_EXPERTS], 63); /* of two choices one returns its input */
	ck_assert_int_eq(count.params[COST_LATENT_MAPS], 2 * 24 + 3);
	ck_assert_int_eq(count.params[COST_DENSE], 3 * 48);
	ck_assert_int_eq(count.params[COST_ROUTER], 12 * 8 + 12);
	ck_assert_int_eq(count.params_selection, 12);
}
END_TEST

/* A mixture of 5 experts with 3 x 8 x 7 weights, one of which takes 2 of 10 choices; a mix is 2 x 8 weights and 8
 * values. */
START_TEST(experts_that_return_a_mix)
{
	struct cost_shape shape = small_mixture();
	struct cost_count before = counted(shape, 1);
	shape.zero_experts = 2;
	shape.constant_experts = 3;
	struct cost_count count = counted(shape, 1);
	ck_assert_int_eq(count.params[COST_EXPERTS], before.params[COST_EXPERTS] + 3 * 24);
	ck_assert_int_eq(count.params_constant, 3 * 24);
	ck_assert_int_eq(count.params[COST_ROUTER], 10 * before.params[COST_ROUTER] / 5);
	ck_assert_int_eq(count.active[COST_EXPERTS], count.expert_params); /* of two choices one, and of a mix 0.6 */
	ck_assert_int_eq(count.constant_flops, 2 * 16);
	ck_assert_double_eq(cost_flops_with(&count, 0.5, 1.5),
						(double)(count.flops_forward - count.expert_flops) + 0.5 * (double)count.expert_flops + 48);
	ck_assert_int_eq(cost_active_with(&count, 1, 0.5), count.params_active + 12);
}
END_TEST

START_TEST(streams_and_attention_to_earlier_blocks)
{
	struct cost_shape shape = small();
	shape.streams = 2;
	/* twice 8 mixes of 2 streams of 8, with 8 + 3 values; behind the layer 2 of them, with 2 + 1 */
	ck_assert_int_eq(counted(shape, 1).params[COST_RESIDUAL], 2 * (8 * 16 + 11) + 2 * 16 + 3);
	shape.streams = 0;
	shape.residual_attention = true;
	ck_assert_int_eq(counted(shape, 1).params[COST_RESIDUAL], 4 * 8 + 2 * 8);
}
END_TEST

/* ---- scores -------------------------------------------------------------------------------------------------- */

START_TEST(a_causal_query_sees_half_the_context)
{
	ck_assert_int_eq(counted(small(), 1).flops[COST_SCORES], 2 * 16);
	/* (1 + 2 + ... + 9) / 9 = 5 keys */
	ck_assert_int_eq(counted(small(), 9).flops[COST_SCORES], 2 * 16 * 5);
	/* 2.5 keys */
	ck_assert_int_eq(counted(small(), 4).flops[COST_SCORES], 80);
}
END_TEST

/* Three layers, two of them with a window; every pair of query and key is looked at. */
static int64_t brute_scores(int64_t context, int64_t window, bool restarts)
{
	int64_t pairs = 0;
	for (int64_t query = 0; query < context; query++) {
		for (int64_t key = 0; key <= query; key++) {
			bool near = restarts ? key / window == query / window : query - key < window;
			pairs += 1 + (near ? 2 : 0);
		}
	}
	int64_t flops = pairs * 2 * 2 * (4 + 4);
	return (2 * flops + context) / (2 * context);
}

START_TEST(windows_are_counted_as_brute_force_does)
{
	struct cost_shape shape = small();
	struct cost_mixer *windowed = &shape.mixer[1];
	*windowed = shape.mixer[0];
	windowed->layers = 2;
	shape.layers = 3;
	for (windowed->window = 1; windowed->window < 12; windowed->window++) {
		for (int64_t context = 1; context < 30; context++) {
			windowed->window_restarts = false;
			ck_assert_int_eq(counted(shape, context).flops[COST_SCORES],
							 brute_scores(context, windowed->window, false));
			windowed->window_restarts = true;
			ck_assert_int_eq(counted(shape, context).flops[COST_SCORES], brute_scores(context, windowed->window, true));
		}
	}
}
END_TEST

START_TEST(long_contexts_stay_exact)
{
	struct cost_shape shape = small();
	shape.mixer[0].heads = shape.mixer[0].kv_heads = 128;
	shape.mixer[0].head_dim = 128;
	shape.layers = 100;
	/* 100 layers, 128 heads, 4 x 128 FLOPs a key, (10^8 + 1) / 2 keys */
	ck_assert_int_eq(counted(shape, 100000000).flops[COST_SCORES], INT64_C(100) * 128 * 2 * 128 * 100000001);
}
END_TEST

/* ---- FFN, mixtures, ends ------------------------------------------------------------------------------------- */

START_TEST(a_dense_ffn_has_two_or_three_matrices)
{
	struct cost_shape shape = small();
	ck_assert_int_eq(counted(shape, 1).params[COST_DENSE], 3 * 48);
	ck_assert_int_eq(counted(shape, 1).flops[COST_DENSE], 2 * 3 * 48);
	shape.matrices = 2;
	ck_assert_int_eq(counted(shape, 1).params[COST_DENSE], 2 * 48);
	shape.ffn_bias = true; /* 6 inside, 8 behind */
	ck_assert_int_eq(counted(shape, 1).params[COST_DENSE], 2 * 48 + 14);
	shape.matrices = 3; /* 6 more */
	ck_assert_int_eq(counted(shape, 1).params[COST_DENSE], 3 * 48 + 20);
	ck_assert_int_eq(counted(shape, 1).flops[COST_DENSE], 2 * 3 * 48);
}
END_TEST

START_TEST(a_token_passes_k_of_the_experts)
{
	struct cost_count count = counted(small_mixture(), 1);
	ck_assert_int_eq(count.expert_params, 3 * 56);
	ck_assert_int_eq(count.params[COST_EXPERTS], 5 * 3 * 56);
	ck_assert_int_eq(count.active[COST_EXPERTS], 2 * 3 * 56);
	ck_assert_int_eq(count.flops[COST_EXPERTS], 2 * 2 * 3 * 56);
	ck_assert_int_eq(count.params[COST_ROUTER], 40);
	ck_assert_int_eq(count.flops[COST_ROUTER], 80);
	ck_assert_int_eq(count.params[COST_DENSE], 0);
	ck_assert_int_eq(count.params_total - count.params_active, 3 * 3 * 56);
}
END_TEST

START_TEST(biases_of_experts_and_router_are_no_products)
{
	struct cost_shape shape = small_mixture();
	shape.router_bias = shape.ffn_bias = true;
	struct cost_count count = counted(shape, 1);
	ck_assert_int_eq(count.expert_params, 3 * 56 + 7 + 7 + 8);
	ck_assert_int_eq(count.expert_flops, 2 * 3 * 56);
	ck_assert_int_eq(count.params[COST_ROUTER], 40 + 5);
	ck_assert_int_eq(count.flops[COST_ROUTER], 80);
}
END_TEST

START_TEST(no_router_where_nothing_reads_logits)
{
	struct cost_shape shape = small_mixture();
	shape.router = false;
	ck_assert_int_eq(counted(shape, 1).params[COST_ROUTER], 0);
	ck_assert_int_eq(counted(shape, 1).flops[COST_ROUTER], 0);
}
END_TEST

START_TEST(shared_experts_are_one_ffn_and_may_have_a_gate)
{
	struct cost_shape shape = small_mixture();
	shape.shared = 2;
	shape.shared_width = 2 * 7;
	ck_assert_int_eq(counted(shape, 1).params[COST_SHARED], 2 * 3 * 56);
	ck_assert_int_eq(counted(shape, 1).flops[COST_SHARED], 2 * 2 * 3 * 56);
	shape.shared_gate = true;
	ck_assert_int_eq(counted(shape, 1).params[COST_SHARED], 2 * 3 * 56 + 8);
}
END_TEST

START_TEST(dense_and_moe_layers_share_the_depth)
{
	struct cost_shape shape = small_mixture();
	shape.layers = 7;
	shape.moe_layers = 5;
	struct cost_count count = counted(shape, 1);
	ck_assert_int_eq(count.params[COST_EXPERTS], 5 * 5 * 3 * 56);
	ck_assert_int_eq(count.params[COST_DENSE], 2 * 3 * 48);
	ck_assert_int_eq(count.params[COST_ATTENTION], 7 * 256);
	ck_assert_int_eq(count.params[COST_NORM], (2 * 7 + 1) * 8);
}
END_TEST

START_TEST(norms_may_be_four_and_have_a_bias)
{
	struct cost_shape shape = small();
	ck_assert_int_eq(counted(shape, 1).params[COST_NORM], 3 * 8);
	shape.norms = 4;
	ck_assert_int_eq(counted(shape, 1).params[COST_NORM], 5 * 8);
	shape.norm_bias = true;
	ck_assert_int_eq(counted(shape, 1).params[COST_NORM], 2 * 5 * 8);
}
END_TEST

START_TEST(a_tied_head_costs_its_product_but_no_parameters)
{
	struct cost_shape shape = small();
	struct cost_count untied = counted(shape, 1);
	ck_assert_int_eq(untied.params[COST_EMBEDDING], 80);
	ck_assert_int_eq(untied.params[COST_HEAD], 80);
	shape.tied = true;
	struct cost_count tied = counted(shape, 1);
	ck_assert_int_eq(tied.params[COST_HEAD], 0);
	ck_assert_int_eq(tied.flops[COST_HEAD], untied.flops[COST_HEAD]);
	ck_assert_int_eq(tied.flops[COST_HEAD], 160);
	ck_assert_int_eq(tied.params_active_no_embedding, tied.params_active - 80);
	shape.head_bias = true;
	ck_assert_int_eq(counted(shape, 1).params[COST_HEAD], 10);
}
END_TEST

START_TEST(a_decoder_also_attends_to_its_encoder)
{
	struct cost_shape shape = small();
	shape.layers = 5;
	shape.encoder_layers = 2;
	shape.position_buckets = 32;
	struct cost_count count = counted(shape, 4);
	/* 5 of their own and 3 across; 32 x 2 in each stack */
	ck_assert_int_eq(count.params[COST_ATTENTION], 8 * 256 + 2 * 64);
	/* 2 a layer, 3 across, one behind each stack */
	ck_assert_int_eq(count.params[COST_NORM], (10 + 3 + 2) * 8);
	/* 2 + 3 blocks see 4 keys, 3 blocks see 2.5 of them */
	ck_assert_int_eq(count.flops[COST_SCORES], 32 * (5 * 4 + 3 * 5 / 2) + 16);
	/* keys and values of 3 layers, of both streams */
	ck_assert_int_eq(count.cache_values, 2 * 3 * 16);
}
END_TEST

/* ---- sums ---------------------------------------------------------------------------------------------------- */

START_TEST(parts_add_up)
{
	struct cost_count count = counted(small_mixture(), 3);
	ck_assert_int_eq(count.params_total, 80 + 256 + 24 + 40 + 5 * 168 + 80);
	ck_assert_int_eq(count.params_active, 80 + 256 + 24 + 40 + 2 * 168 + 80);
	ck_assert_int_eq(count.params_active_no_embedding, 256 + 24 + 40 + 2 * 168 + 80);
	ck_assert_int_eq(count.flops_forward, 2 * (256 + 2 * 16 + 40 + 2 * 168 + 80));
	ck_assert_int_eq(count.flops_training, 3 * count.flops_forward);
}
END_TEST

/* Every tensor of the simulated network, by hand: V = 128, d = 64, L = 2, E = 64, k = 2, f = 16, one shared, S = 32. */
START_TEST(the_simulated_network)
{
	struct cost_shape shape = cost_simulated((struct cost_shape){ .layers = 2,
																  .width = 64,
																  .mixer[0].heads = 4,
																  .vocabulary = 128,
																  .router = true,
																  .experts = 64,
																  .top_k = 2,
																  .expert_width = 16,
																  .shared = 1,
																  .shared_width = 16 });
	struct cost_count count = counted(shape, 32);
	ck_assert_int_eq(count.params_total, 8192 + 2 * (4 * 4096 + 2 * 64 + 4096 + 64 * 2048 + 2048) + 64 + 8192);
	ck_assert_int_eq(count.params_total - count.params_active, 2 * 62 * 2048);
	ck_assert_int_eq(count.flops[COST_ATTENTION], 2 * 2 * 4 * 4096);
	ck_assert_int_eq(count.flops[COST_SCORES], 2 * 64 * 2 * 33);
	ck_assert_int_eq(count.flops[COST_ROUTER], 2 * 2 * 4096);
	ck_assert_int_eq(count.flops[COST_EXPERTS], 2 * 2 * 2 * 2048);
	ck_assert_int_eq(count.flops[COST_SHARED], 2 * 2 * 2048);
	ck_assert_int_eq(count.flops[COST_HEAD], 2 * 8192);
	ck_assert_int_eq(count.expert_flops, 4096);
	/* 2 layers x 2 experts, no pair dropped; then a quarter of them */
	ck_assert_double_eq(cost_flops_with(&count, 4, 0), (double)count.flops_forward);
	ck_assert_double_eq(cost_flops_with(&count, 3, 0), (double)count.flops_forward - 4096);
}
END_TEST

START_TEST(the_simulated_dense_network)
{
	struct cost_shape shape = cost_simulated((struct cost_shape){ .layers = 2,
																  .width = 64,
																  .mixer[0].heads = 4,
																  .vocabulary = 128,
																  .router = true,
																  .experts = 64,
																  .expert_width = 16,
																  .shared = 1,
																  .shared_width = 3 * 16 });
	struct cost_count count = counted(shape, 32);
	ck_assert_int_eq(count.params[COST_ROUTER] + count.params[COST_EXPERTS], 0);
	ck_assert_int_eq(count.params[COST_SHARED], 2 * 2 * 64 * 48);
	ck_assert_int_eq(count.params_total, count.params_active);
}
END_TEST

START_TEST(the_dense_twin_has_as_many_parameters)
{
	struct cost_shape shape = small_mixture(), dense;
	shape.shared = shape.shared_width = 3;
	shape.shared_gate = shape.router_bias = true;
	struct error err;
	int64_t target = counted(shape, 1).params_total;
	ck_assert_int_eq(cost_dense(&shape, target, &dense, &err), 0);
	/* less what is no FFN: 80 + 256 + 24 + 80; a unit of width costs 24 */
	ck_assert_int_eq(dense.dense_width, (target - 440 + 12) / 24);
	struct cost_count count = counted(dense, 1);
	ck_assert_int_eq(count.params[COST_ROUTER] + count.params[COST_EXPERTS] + count.params[COST_SHARED], 0);
	ck_assert_int_le(llabs(count.params_total - target), 12);
	ck_assert_int_eq(cost_dense(&shape, 1, &dense, &err), 0);
	ck_assert_int_eq(dense.dense_width, 1);
}
END_TEST

START_TEST(moe_layers_are_those_that_a_loop_finds)
{
	for (int64_t layers = 1; layers < 14; layers++)
		for (int64_t first = 0; first < 16; first++)
			for (int64_t every = 1; every < 16; every++)
				for (int64_t phase = 0; phase < 4; phase++) {
					int64_t found = 0;
					for (int64_t layer = first; layer < layers; layer++)
						found += (layer + phase) % every == 0;
					ck_assert_int_eq(cost_moe_layers(layers, first, every, phase), found);
				}
}
END_TEST

/* ---- refusals ------------------------------------------------------------------------------------------------ */

static void refuses(struct cost_shape shape, int64_t context, const char *words)
{
	struct cost_count count;
	struct error err = { 0 };
	ck_assert_int_eq(cost_count(&shape, context, &count, &err), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_msg(strstr(err.text, words) != NULL, "'%s' does not say '%s'", err.text, words);
}

START_TEST(contradictions_are_refused)
{
	struct cost_shape shape = small();
	shape.mixer[0].kv_heads = 3;
	refuses(shape, 1, "divide evenly");
	shape = small();
	shape.layers = 0;
	refuses(shape, 1, "at least 1");
	shape = small();
	shape.width = -8;
	refuses(shape, 1, "network sizes must not be negative");
	refuses(small(), 0, "context");
	shape = small();
	shape.matrices = 4;
	refuses(shape, 1, "2 or 3 matrices");
	shape = small_mixture();
	shape.top_k = 6;
	refuses(shape, 1, "more experts than there are");
	shape = small_mixture();
	shape.top_k = 0;
	refuses(shape, 1, "must be given together");
	shape = small_mixture();
	shape.moe_layers = 2;
	refuses(shape, 1, "more MoE and encoder layers than layers");
	shape = small();
	shape.mixer[1] = shape.mixer[0];
	shape.mixer[1].layers = 2;
	refuses(shape, 1, "more mixer layers than layers");
	shape = latent();
	shape.mixer[0].kv_rank = 0;
	refuses(shape, 1, "dimensions of an attention head");
}
END_TEST

START_TEST(counts_never_overflow_unseen)
{
	for (int field = 0; field < 7; field++) {
		struct cost_shape shape = small_mixture();
		int64_t *const all[] = { &shape.layers,  &shape.width,        &shape.vocabulary,  &shape.mixer[0].head_dim,
								 &shape.experts, &shape.expert_width, &shape.shared_width };
		*all[field] = INT64_MAX;
		refuses(shape, 1000, "exceed 2^63 - 1");
	}
	struct cost_shape shape = small();
	shape.layers = INT64_MAX / 2;
	refuses(shape, INT64_MAX, "exceed 2^63 - 1");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cost");
	TCase *attention = tcase_create("attention");
	tcase_add_test(attention, heads_have_four_square_maps);
	tcase_add_test(attention, groups_share_keys_and_values);
	tcase_add_test(attention, biases_norms_and_sinks_of_attention_are_no_products);
	tcase_add_test(attention, latent_attention_compresses);
	tcase_add_test(attention, latent_attention_need_not_compress_queries);
	tcase_add_test(attention, a_mixture_of_attention_passes_the_chosen_maps);
	tcase_add_test(attention, an_indexer_chooses_the_keys);
	tcase_add_test(attention, recurrent_mixers_by_hand);
	tcase_add_test(attention, compressed_keys_are_counted_as_brute_force_does);
	tcase_add_test(attention, a_causal_query_sees_half_the_context);
	tcase_add_test(attention, windows_are_counted_as_brute_force_does);
	tcase_add_test(attention, long_contexts_stay_exact);
	suite_add_tcase(suite, attention);
	TCase *layers = tcase_create("layers");
	tcase_add_test(layers, a_dense_ffn_has_two_or_three_matrices);
	tcase_add_test(layers, a_token_passes_k_of_the_experts);
	tcase_add_test(layers, biases_of_experts_and_router_are_no_products);
	tcase_add_test(layers, no_router_where_nothing_reads_logits);
	tcase_add_test(layers, shared_experts_are_one_ffn_and_may_have_a_gate);
	tcase_add_test(layers, dense_and_moe_layers_share_the_depth);
	tcase_add_test(layers, norms_may_be_four_and_have_a_bias);
	tcase_add_test(layers, a_tied_head_costs_its_product_but_no_parameters);
	tcase_add_test(layers, a_decoder_also_attends_to_its_encoder);
	tcase_add_test(layers, experts_in_a_latent_space_and_beside_a_dense_ffn);
	tcase_add_test(layers, experts_that_return_a_mix);
	tcase_add_test(layers, streams_and_attention_to_earlier_blocks);
	tcase_add_test(layers, moe_layers_are_those_that_a_loop_finds);
	suite_add_tcase(suite, layers);
	TCase *sums = tcase_create("sums");
	tcase_add_test(sums, parts_add_up);
	tcase_add_test(sums, the_simulated_network);
	tcase_add_test(sums, the_simulated_dense_network);
	tcase_add_test(sums, the_dense_twin_has_as_many_parameters);
	tcase_add_test(sums, contradictions_are_refused);
	tcase_add_test(sums, counts_never_overflow_unseen);
	suite_add_tcase(suite, sums);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
