/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_borrowed.c -- flags and presets with borrowed names compute what their homes compute: every line of the table
 * in docs/borrowed-names.md against a few lines that follow the home's own code.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/seed.h"
#include "sim/route/catalog.h"
#include "sim/route/plan.h"
#include "sim/train/settings.h"
#include "strategies/catalog.h"

enum {
	TOKENS = 24,
	SEQUENCES = 3,
	LENGTH = TOKENS / SEQUENCES,
	EXPERTS = 6,
	K = 2,
	LAYERS = 4,
	CELLS = TOKENS * EXPERTS
};

static struct moe_route route;
static struct planner planner;
static struct moe_plan plan;
static struct arena arena;
static struct moe_rng numbers;
static real logits[CELLS], scores[CELLS], choice[CELLS], d_scores[CELLS], d_logits[CELLS];
static max_align_t scratch[1024], state[1024];

/* Scores of softmax or sigmoid, and choices that a bias has moved, so that what is chosen is not what scores best. */
static void draw_route(bool sigmoid)
{
	static const real bias[EXPERTS] = { 0, (real)0.3, 0, (real)-0.3, 0, (real)0.2 };
	for (size_t t = 0; t < TOKENS; t++) {
		double sum = 0;
		for (size_t i = t * EXPERTS; i < (t + 1) * EXPERTS; i++) {
			logits[i] = (real)(3 * moe_uniform(&numbers) - 1.5);
			sum += exp((double)logits[i]);
		}
		for (size_t e = 0; e < EXPERTS; e++) {
			double z = (double)logits[t * EXPERTS + e];
			scores[t * EXPERTS + e] = (real)(sigmoid ? 1 / (1 + exp(-z)) : exp(z) / sum);
			choice[t * EXPERTS + e] = scores[t * EXPERTS + e] + bias[e];
		}
	}
}

static void choose(void)
{
	uint32_t best[K];
	planner.picks.n = 0;
	for (size_t t = 0; t < TOKENS; t++) {
		moe_top_k(choice + t * EXPERTS, EXPERTS, K, best);
		for (size_t i = 0; i < K; i++)
			moe_pick(&planner.picks, t, best[i], i);
	}
	route.picks = &planner.picks;
}

static void setup(void)
{
	catalog_use(strategy_parts, strategy_recipes);
	arena = (struct arena){ 0 };
	planner_create(&planner, TOKENS, EXPERTS, TOKENS * K, &arena);
	plan_create(&plan, TOKENS, EXPERTS, TOKENS * K, &arena);
	numbers = seed_stream(11, "numbers", 0);
	route = (struct moe_route){ .call = { .tokens = TOKENS,
										  .sequences = SEQUENCES,
										  .length = LENGTH,
										  .experts = EXPERTS,
										  .k = K,
										  .layers = LAYERS,
										  .step = 1,
										  .training = true },
								.logits = logits,
								.scores = scores,
								.choice = choice };
	memset(state, 0, sizeof state);
	draw_route(false);
	choose();
}

static void teardown(void)
{
	arena_free(&arena);
}

static struct settings resolved(const char *strategy, const char *flag, const char *value)
{
	const struct assignment given[] = { { "strategy", strategy }, { flag, value } };
	struct settings settings;
	struct error err = { .code = ERROR_NONE };
	ck_assert_msg(settings_resolve(given, flag ? 2 : 1, &settings, &err) == 0, "%s", err.text);
	return settings;
}

/* The term of the last balancer of such a run, and its gradients. */
static struct moe_term term_of(const struct settings *settings)
{
	const struct part_use *use = &settings->sentence.balancer[settings->sentence.balancers - 1];
	const struct moe_balancer *balancer = (const struct moe_balancer *)use->part;
	struct moe_self self = { .opt = use->opt, .scratch = scratch, .state = state };
	struct moe_grad grad = { d_logits, d_scores };
	struct moe_term term;
	ck_assert_uint_gt(settings->sentence.balancers, 0);
	ck_assert_uint_le(use->part->scratch_size ? use->part->scratch_size(&route.call, self.opt) : 0, sizeof scratch);
	memset(d_logits, 0, sizeof d_logits);
	memset(d_scores, 0, sizeof d_scores);
	balancer->loss(&self, &route, &term, &grad);
	return term;
}

/* map[t][e]: is e among the K largest of row t of x? */
static void top_map(const real *x, double map[TOKENS][EXPERTS])
{
	for (size_t t = 0; t < TOKENS; t++)
		for (size_t e = 0; e < EXPERTS; e++) {
			size_t better = 0;
			for (size_t j = 0; j < EXPERTS; j++)
				better += x[t * EXPERTS + j] > x[t * EXPERTS + e];
			map[t][e] = better < K;
		}
}

static double share(size_t t, size_t e)
{
	double sum = 0;
	for (size_t j = 0; j < EXPERTS; j++)
		sum += (double)scores[t * EXPERTS + j];
	return (double)scores[t * EXPERTS + e] / sum;
}

/* sum_e (sum_t P[t][e]) (sum_t map[t][e]) over the tokens [first, first + n) */
static double product_of_sums(double map[TOKENS][EXPERTS], size_t first, size_t n)
{
	double all = 0;
	for (size_t e = 0; e < EXPERTS; e++) {
		double probs = 0, tokens = 0;
		for (size_t t = first; t < first + n; t++) {
			probs += share(t, e);
			tokens += map[t][e];
		}
		all += probs * tokens;
	}
	return all;
}

/* Megatron-LM, moe_utils.py, switch_load_balancing_loss_func: sum(aggregated_probs * tokens_per_expert) * num_experts *
 * coeff / (topk * T * T), with the routing map of compute_routing_scores_for_aux_loss: top-k of the normalized scores,
 * whatever the bias has chosen; one such loss a layer. */
START_TEST(aux_of_megatron)
{
	for (int sigmoid = 0; sigmoid < 2; sigmoid++) {
		double map[TOKENS][EXPERTS];
		draw_route(sigmoid);
		choose();
		top_map(scores, map);
		struct settings settings = resolved(sigmoid ? "deepseek-v3,groups=1,group-top-k=1 k=2 experts=6" : "top-k",
											"moe-aux-loss-coeff", "0.25");
		struct moe_term term = term_of(&settings);
		ck_assert_double_eq_tol(term.value * term.weight,
								0.25 * product_of_sums(map, 0, TOKENS) * EXPERTS / (K * TOKENS * TOKENS), 1e-6);
	}
}
END_TEST

/* transformers, modeling_mixtral.py, load_balancing_loss_func, of one layer: tokens_per_expert = mean over tokens of
 * the one-hot choices, [k][E]; sum(tokens_per_expert * mean probabilities) * num_experts: not divided by k.  Over
 * several layers it pools tokens; ours is the mean of the layers' losses. */
START_TEST(aux_of_transformers)
{
	double map[TOKENS][EXPERTS];
	top_map(scores, map);
	double home = EXPERTS * product_of_sums(map, 0, TOKENS) / (TOKENS * TOKENS);
	struct settings settings = resolved("top-k", "router-aux-loss-coef", "0.001");
	struct moe_term term = term_of(&settings);
	ck_assert_double_eq_tol(term.value, home, 1e-5);
	ck_assert_double_eq_tol(term.weight * LAYERS, 0.001, 1e-12);
	route.call.layers = 1;
	term = term_of(&settings);
	ck_assert_double_eq_tol(term.weight * term.value, 0.001 * home, 1e-8);
}
END_TEST

/* The same coefficient pulls k times as hard there as in Megatron-LM: 0.01 of OLMoE's config is 0.08 of Megatron's. */
START_TEST(aux_gradients_differ_by_k)
{
	static real megatron[CELLS];
	struct settings settings = resolved("top-k", "moe-aux-loss-coeff", "0.01");
	route.call.layers = 1;
	term_of(&settings);
	memcpy(megatron, d_scores, sizeof megatron);
	settings = resolved("top-k", "router-aux-loss-coef", "0.01");
	term_of(&settings);
	for (size_t i = 0; i < CELLS; i++)
		ck_assert_double_eq_tol((double)d_scores[i], K * (double)megatron[i], 1e-7);
}
END_TEST

/* DeepSeek's modeling_deepseek.py with seq_aux: ce = counts of topk_idx / (seq_len * topk / E) in each sequence, loss =
 * mean over sequences of sum_e ce * mean scores; what was chosen counts, group limits included. */
START_TEST(aux_of_deepseek_code)
{
	double map[TOKENS][EXPERTS], home = 0;
	top_map(choice, map);
	for (size_t s = 0; s < SEQUENCES; s++)
		home += product_of_sums(map, s * LENGTH, LENGTH) * EXPERTS / (LENGTH * LENGTH * K) / SEQUENCES;
	struct settings settings = resolved("top-k balance=aux,weight=0.001,scope=sequence", NULL, NULL);
	struct moe_term term = term_of(&settings);
	ck_assert_double_eq_tol(term.value, home, 1e-5);
	ck_assert_double_eq(term.weight, 0.001);
}
END_TEST

/* DeepSeek-V3, eq. 17 to 20: f counts the top k of the plain affinities s, P averages s / sum(s), both by sequence. */
START_TEST(aux_of_deepseek_v3)
{
	double map[TOKENS][EXPERTS], home = 0;
	draw_route(true);
	choose();
	top_map(scores, map);
	for (size_t s = 0; s < SEQUENCES; s++)
		home += product_of_sums(map, s * LENGTH, LENGTH) * EXPERTS / (LENGTH * LENGTH * K) / SEQUENCES;
	struct settings settings = resolved("deepseek-v3", NULL, NULL);
	struct moe_term term = term_of(&settings);
	ck_assert_double_eq_tol(term.value, home, 1e-5);
	ck_assert_double_eq(term.weight, 1e-4);
}
END_TEST

/* Mesh-TensorFlow and GShard: mean_e(density_1 * density_1_proxy) * E^2, density_1 of first choices. */
START_TEST(aux_of_gshard)
{
	double home = 0;
	for (size_t e = 0; e < EXPERTS; e++) {
		double density = 0, proxy = 0;
		for (size_t i = 0; i < planner.picks.n; i++)
			density += planner.picks.rank[i] == 0 && planner.picks.expert[i] == e ? 1.0 / TOKENS : 0;
		for (size_t t = 0; t < TOKENS; t++)
			proxy += share(t, e) / TOKENS;
		home += density * proxy / EXPERTS * EXPERTS * EXPERTS;
	}
	struct settings settings = resolved("gshard", NULL, NULL);
	struct moe_term term = term_of(&settings);
	ck_assert_double_eq_tol(term.value, home, 1e-5);
	ck_assert_double_eq(term.weight, 0.01);
}
END_TEST

/* Both homes: mean over tokens of logsumexp^2; Megatron-LM adds it in each layer, transformers' Switch once for all. */
START_TEST(z_losses)
{
	double home = 0;
	for (size_t t = 0; t < TOKENS; t++) {
		double sum = 0;
		for (size_t e = 0; e < EXPERTS; e++)
			sum += exp((double)logits[t * EXPERTS + e]);
		home += log(sum) * log(sum) / TOKENS;
	}
	struct settings settings = resolved("top-k", "moe-z-loss-coeff", "0.001");
	struct moe_term term = term_of(&settings);
	ck_assert_double_eq_tol(term.value * term.weight, 0.001 * home, 1e-8);
	settings = resolved("top-k", "router-z-loss-coef", "0.001");
	term = term_of(&settings);
	ck_assert_double_eq_tol(term.value * term.weight, 0.001 * home / LAYERS, 1e-8);
}
END_TEST

/* How often the second expert is taken whose share of the two is `share_of_second`. */
static double second_taken(const char *recipe, double share_of_second)
{
	struct settings settings = resolved(recipe, NULL, NULL);
	const struct part_use *use = &settings.sentence.selector;
	struct moe_rng rng = seed_stream(3, "selector", 0);
	struct moe_self self = { .opt = use->opt, .scratch = scratch, .state = state, .rng = &rng };
	size_t rounds = 2000, seconds = 0;
	for (size_t t = 0; t < TOKENS; t++)
		for (size_t e = 0; e < EXPERTS; e++)
			scores[t * EXPERTS + e] = choice[t * EXPERTS + e] = (real)(e == 0   ? 0.6 * (1 - share_of_second)
																	   : e == 1 ? 0.6 * share_of_second
																				: 0.01);
	for (size_t i = 0; i < rounds; i++) {
		planner.picks.n = 0;
		((const struct moe_selector *)use->part)->select(&self, &route, &planner.picks);
		seconds += planner.picks.n - TOKENS;
	}
	return (double)seconds / (double)(rounds * TOKENS);
}

/* GShard, algorithm 1: 2 g2 > uniform, with g2 = the second's share of the two; ST-MoE: g2 / 0.2.  48,000 draws: the
 * standard deviation is below 0.0023. */
START_TEST(chance_of_the_second_choice)
{
	ck_assert_double_eq_tol(second_taken("gshard", 0.15), 0.3, 0.01);
	ck_assert_double_eq_tol(second_taken("gshard", 0.4), 0.8, 0.01);
	ck_assert_double_eq_tol(second_taken("st-moe", 0.05), 0.25, 0.01);
	ck_assert_double_eq_tol(second_taken("st-moe", 0.15), 0.75, 0.01);
	ck_assert_double_eq(second_taken("st-moe", 0.25), 1);
}
END_TEST

/* The scores that a home divides by, of a token: of its K best, of those of them that chance let it choose, or of those
 * that the capacity kept. */
enum { OF_BEST, OF_CHOSEN, OF_KEPT };
static double divisor(int of, size_t token)
{
	uint32_t best[K];
	double sum = 0;
	moe_top_k(choice + token * EXPERTS, EXPERTS, K, best);
	for (size_t i = 0; of == OF_BEST && i < K; i++)
		sum += (double)scores[token * EXPERTS + best[i]];
	for (size_t i = 0; of == OF_CHOSEN && i < planner.picks.n; i++)
		if (planner.picks.token[i] == token)
			sum += (double)scores[token * EXPERTS + planner.picks.expert[i]];
	for (size_t p = 0; of == OF_KEPT && p < plan.pairs; p++)
		if (plan.token[p] == token)
			sum += (double)scores[token * EXPERTS + plan.expert[p]];
	return sum;
}

/* As chance does: every third token has no second expert. */
static void leave_out_seconds(void)
{
	struct moe_picks *picks = &planner.picks;
	size_t kept = 0;
	for (size_t i = 0; i < picks->n; i++)
		if (picks->rank[i] == 0 || picks->token[i] % 3 != 0) {
			picks->token[kept] = picks->token[i];
			picks->expert[kept] = picks->expert[i];
			picks->rank[kept++] = picks->rank[i];
		}
	picks->n = kept;
}

/* GShard's algorithm 1 divides by g1 + g2 before it asks whether the second is taken, and before a capacity drops a
 * choice; so does Mesh-TensorFlow's _top_2_gating (denom = gate_1 + gate_2), after which ST-MoE was trained.
 * Megatron-LM normalizes what was chosen, then drops; DeepSpeed drops, then normalizes. */
START_TEST(weights_before_and_after_dropping)
{
	static const struct {
		const char *sentence;
		int of;
	} homes[] = { { "gshard", OF_BEST },
				  { "st-moe", OF_BEST },
				  { "scorer=softmax selector=top-k gate=renorm,over=chosen", OF_CHOSEN },
				  { "top-k", OF_KEPT } };
	leave_out_seconds();
	plan_build(&plan, &planner, TOKENS, 6, OVERFLOW_POSITION, choice, "test");
	route.plan = &plan;
	ck_assert_uint_gt(plan.dropped, 0);
	for (size_t h = 0; h < sizeof homes / sizeof *homes; h++) {
		struct settings settings = resolved(homes[h].sentence, NULL, NULL);
		const struct part_use *use = &settings.sentence.gate;
		struct moe_self self = { .opt = use->opt, .scratch = scratch };
		((const struct moe_gate *)use->part)->forward(&self, &route, plan.weight);
		for (size_t p = 0; p < plan.pairs; p++)
			ck_assert_double_eq_tol(
				(double)plan.weight[p],
				(double)scores[plan.token[p] * EXPERTS + plan.expert[p]] / divisor(homes[h].of, plan.token[p]), 1e-6);
	}
}
END_TEST

/* GShard, section 2.2: an expert takes 2 N / (G E) tokens of a group of N / G, which is 1 with two choices a token.
 * Mesh-TensorFlow, MoE1D: capacity_factor_train=1.25, capacity_factor_eval=2.0. */
START_TEST(capacities_of_presets)
{
	static const struct {
		const char *preset;
		double training, evaluation;
	} homes[] = { { "gshard", 2.0 * TOKENS / EXPERTS, 2.0 * TOKENS / EXPERTS },
				  { "switch", 1.25 * TOKENS / EXPERTS, 2.0 * TOKENS / EXPERTS },
				  { "st-moe", 2 * 1.25 * TOKENS / EXPERTS, 2 * 2.0 * TOKENS / EXPERTS } };
	for (size_t h = 0; h < sizeof homes / sizeof *homes; h++) {
		struct settings settings = resolved(homes[h].preset, NULL, NULL);
		const struct layer_options *layer = &settings.config.layer;
		double evaluation = layer->eval_capacity > 0 ? layer->eval_capacity : layer->capacity;
		ck_assert_uint_eq(plan_capacity(layer->capacity, TOKENS, EXPERTS, (size_t)layer->k),
						  (size_t)ceil(homes[h].training));
		ck_assert_uint_eq(plan_capacity(evaluation, TOKENS, EXPERTS, (size_t)layer->k),
						  (size_t)ceil(homes[h].evaluation));
	}
}
END_TEST

/* Megatron-LM, get_updated_expert_bias: bias += sign(mean - tokens) * rate. */
START_TEST(bias_of_megatron)
{
	struct settings settings = resolved("bias", "moe-router-bias-update-rate", "0.5");
	const struct part_use *use = &settings.sentence.balancer[settings.sentence.balancers - 1];
	struct moe_self self = { .opt = use->opt, .state = state };
	plan_build(&plan, &planner, TOKENS, SIZE_MAX, OVERFLOW_POSITION, choice, "test");
	route.plan = &plan;
	use->part->settle(&self, &route);
	const real *bias = ((const struct moe_balancer *)use->part)->offsets(&self);
	for (size_t e = 0; e < EXPERTS; e++) {
		double tokens = 0;
		for (size_t i = 0; i < planner.picks.n; i++)
			tokens += planner.picks.expert[i] == e;
		double mean = (double)(TOKENS * K) / EXPERTS;
		ck_assert_double_eq_tol((double)bias[e], 0.5 * ((tokens < mean) - (tokens > mean)), 1e-7);
	}
}
END_TEST

/* Megatron-LM, get_capacity: ceil(num_tokens * topk / num_experts * factor), and by default the least probable are
 * dropped; a flag without a home keeps the tool's own rule. */
START_TEST(capacity_of_megatron)
{
	struct settings settings = resolved("top-k", "moe-expert-capacity-factor", "1.25");
	ck_assert_double_eq(settings.config.layer.capacity, 1.25);
	ck_assert_int_eq(settings.config.layer.overflow, OVERFLOW_LOWEST_WEIGHT);
	ck_assert_uint_eq(plan_capacity(1.25, TOKENS, EXPERTS, K), (size_t)ceil(1.25 * TOKENS * K / EXPERTS));
	settings = resolved("top-k", "capacity-factor", "1.25");
	ck_assert_int_eq(settings.config.layer.overflow, OVERFLOW_POSITION);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("borrowed names");
	TCase *tests = tcase_create("borrowed names");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, aux_of_megatron);
	tcase_add_test(tests, aux_of_transformers);
	tcase_add_test(tests, aux_gradients_differ_by_k);
	tcase_add_test(tests, aux_of_deepseek_code);
	tcase_add_test(tests, aux_of_deepseek_v3);
	tcase_add_test(tests, aux_of_gshard);
	tcase_add_test(tests, z_losses);
	tcase_add_test(tests, chance_of_the_second_choice);
	tcase_add_test(tests, weights_before_and_after_dropping);
	tcase_add_test(tests, bias_of_megatron);
	tcase_add_test(tests, capacity_of_megatron);
	tcase_add_test(tests, capacities_of_presets);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
