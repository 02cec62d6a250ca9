/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_strategies.c -- each part against an independent reference of a few lines: sorting, counting, sums by hand,
 * chance.
 */
#include <config.h>

#include <check.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/options.h"
#include "sim/base/seed.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"
#include "sim/route/plan.h"
#include "strategies/catalog.h"

enum { TOKENS = 48, LENGTH = 12, EXPERTS = 10, K = 3, ROOM = TOKENS * EXPERTS, SCRATCH = 1 << 16 };

/* One layer's worth of everything that parts see, to call them by hand. */
static struct moe_route route;
static struct planner planner;
static struct moe_plan plan;
static struct arena arena;
static struct moe_rng rng, table_rng, numbers;
static uint64_t seed = 9;
static uint32_t id[TOKENS];
static real logits[ROOM], scores[ROOM], choice[ROOM], d_logits[ROOM], d_scores[ROOM];
static max_align_t scratch[SCRATCH / sizeof(max_align_t)], state[SCRATCH / sizeof(max_align_t)];
static max_align_t options[256 / sizeof(max_align_t)];

static void setup(void)
{
	catalog_use(strategy_parts, strategy_recipes);
	arena = (struct arena){ 0 };
	planner = (struct planner){ 0 };
	plan = (struct moe_plan){ 0 };
	planner_create(&planner, TOKENS, EXPERTS, ROOM, &arena);
	plan_create(&plan, TOKENS, EXPERTS, ROOM, &arena);
	route = (struct moe_route){ .call = { .tokens = TOKENS,
										  .sequences = TOKENS / LENGTH,
										  .length = LENGTH,
										  .experts = EXPERTS,
										  .k = K,
										  .vocabulary = 100,
										  .step = 1,
										  .training = true },
								.of.id = id,
								.logits = logits,
								.scores = scores,
								.choice = choice };
	numbers = seed_stream(5, "numbers", 0);
	memset(state, 0, sizeof state);
	for (size_t i = 0; i < TOKENS; i++)
		id[i] = (uint32_t)moe_below(&numbers, 100);
}

static void teardown(void)
{
	arena_free(&arena);
}

/* The part of that kind and name, with options as in a sentence. */
static const struct moe_part *part_with(enum moe_kind kind, const char *name, const char *list)
{
	const struct moe_part *part = catalog_part(kind, name);
	struct error err;
	ck_assert_ptr_nonnull(part);
	options_preset(part->opts, options);
	ck_assert_int_eq(options_assign_list(part->opts, options, name, list, &err), 0);
	ck_assert(part->state_size == NULL || part->state_size(&route.call, options) <= sizeof state);
	ck_assert(part->scratch_size == NULL || part->scratch_size(&route.call, options) <= sizeof scratch);
	memset(scratch, 165, sizeof scratch); /* has no meaning between two calls */
	return part;
}

static const struct moe_self *self(void)
{
	static struct moe_self now;
	rng = seed_stream(9, "part", route.call.step);
	table_rng = seed_stream(seed, "part/table", (uint64_t)route.call.layer << 32);
	now = (struct moe_self){ options, state, scratch, &rng, &table_rng };
	return &now;
}

static void draw(real *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (real)(4 * moe_uniform(&numbers) - 2);
}

/* Values with many ties. */
static void draw_coarse(real *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (real)moe_below(&numbers, 4);
}

/* Scores that are shares, as softmax gives them. */
static void draw_shares(void)
{
	for (size_t t = 0; t < TOKENS; t++) {
		double sum = 0;
		for (size_t e = 0; e < EXPERTS; e++)
			sum += scores[t * EXPERTS + e] = (real)(0.01 + moe_uniform(&numbers));
		for (size_t e = 0; e < EXPERTS; e++)
			scores[t * EXPERTS + e] /= (real)sum;
	}
	memcpy(choice, scores, sizeof choice);
}

static void choose(const char *name, const char *list)
{
	const struct moe_selector *selector = (const struct moe_selector *)part_with(MOE_SELECTOR, name, list);
	planner.picks.n = 0;
	selector->select(self(), &route, &planner.picks);
	size_t most = selector->max_picks ? selector->max_picks(&route.call, options) : route.call.tokens * route.call.k;
	ck_assert_uint_le(planner.picks.n, most);
	route.picks = &planner.picks;
}

static void plan_within(size_t capacity)
{
	plan_build(&plan, &planner, TOKENS, capacity, OVERFLOW_POSITION, choice, "test");
	route.plan = &plan;
}

/* rank + 1 of each token's pick of each expert; 0: not picked. */
static size_t picked[TOKENS][EXPERTS];
static void spread_picks(void)
{
	memset(picked, 0, sizeof picked);
	for (size_t i = 0; i < planner.picks.n; i++) {
		size_t *cell = &picked[planner.picks.token[i]][planner.picks.expert[i]];
		ck_assert_uint_eq(*cell, 0);
		*cell = planner.picks.rank[i] + 1;
	}
}

/* ---- selectors ------------------------------------------------------------------------------------------------- */

/* How many of n values, `stride` apart, are better than value i; the lower index wins a tie. */
static size_t better_than(const real *x, size_t n, size_t stride, size_t i)
{
	size_t better = 0;
	for (size_t j = 0; j < n; j++)
		better += x[j * stride] > x[i * stride] || (!(x[j * stride] < x[i * stride]) && j < i);
	return better;
}

START_TEST(top_k_of_a_row_is_its_sorted_front)
{
	real row[40];
	uint32_t best[40];
	for (int round = 0; round < 300; round++) {
		size_t n = 1 + moe_below(&numbers, 40), k = 1 + moe_below(&numbers, n);
		if (round % 2)
			draw(row, n);
		else
			draw_coarse(row, n);
		moe_top_k(row, n, k, best);
		for (size_t i = 0; i < k; i++)
			ck_assert_uint_eq(better_than(row, n, 1, best[i]), i);
	}
}
END_TEST

/* The first k of all places, by falling values and then by rising places; what is no number comes last. */
static void check_top_k(const real *row, size_t n, size_t k)
{
	static uint32_t best[600];
	moe_top_k(row, n, k, best);
	for (size_t i = 0; i < k; i++) {
		size_t before = 0;
		real own = row[best[i]];
		for (size_t j = 0; j < n; j++)
			before += isnan(own) ? !isnan(row[j]) || j < best[i] : row[j] > own || (row[j] == own && j < best[i]);
		ck_assert_uint_eq(before, i);
	}
}

START_TEST(top_k_of_many_is_their_sorted_front)
{
	static const size_t k[] = { 1, 2, 3, 8, 63, 64, 65, 599, 600 };
	real row[600];
	for (size_t i = 0; i < sizeof k / sizeof *k; i++) {
		draw(row, 600);
		check_top_k(row, 600, k[i]);
		draw_coarse(row, 600);
		check_top_k(row, 600, k[i]);
	}
}
END_TEST

START_TEST(top_k_of_equal_endless_and_missing_values_follows_their_places)
{
	real row[20];
	for (size_t k = 1; k <= 20; k++) {
		for (size_t i = 0; i < 20; i++)
			row[i] = 1;
		check_top_k(row, 20, k);
		for (size_t i = 0; i < 20; i++)
			row[i] = i % 2 ? -(real)0 : 0;
		check_top_k(row, 20, k);
		for (size_t i = 0; i < 20; i++)
			row[i] = i % 3 == 0 ? -(real)INFINITY : i % 3 == 1 ? (real)INFINITY : (real)i;
		check_top_k(row, 20, k);
		for (size_t i = 0; i < 20; i++)
			row[i] = i % 3 == 0 ? (real)NAN : i % 3 == 1 ? -(real)INFINITY : (real)i;
		check_top_k(row, 20, k);
		for (size_t i = 0; i < 20; i++)
			row[i] = (real)NAN;
		check_top_k(row, 20, k);
	}
}
END_TEST

START_TEST(top_k_takes_the_best_choices)
{
	draw(scores, ROOM);
	draw_coarse(choice, ROOM); /* what decides is the choice, not the score */
	choose("top-k", "");
	ck_assert_uint_eq(planner.picks.n, TOKENS * K);
	spread_picks();
	for (size_t t = 0; t < TOKENS; t++)
		for (size_t e = 0; e < EXPERTS; e++) {
			size_t place = better_than(choice + t * EXPERTS, EXPERTS, 1, e);
			ck_assert_uint_eq(picked[t][e], place < K ? place + 1 : 0);
		}
}
END_TEST

/* GShard: a second choice whose share of the two is s goes with probability min(1, s / second). */
START_TEST(second_choices_by_chance)
{
	static const double share[] = { 0.05, 0.1, 0.19999, 0.20001, 0.4 };
	double second = 0.2, n = 0;
	size_t taken[5] = { 0 };
	route.call.k = 2;
	for (size_t t = 0; t < TOKENS; t++)
		for (size_t e = 0; e < EXPERTS; e++)
			scores[t * EXPERTS + e] = (real)(e == 3 ? 1 - share[t % 5] : e == 7 ? share[t % 5] : 0);
	memcpy(choice, scores, sizeof choice);
	for (route.call.step = 1; route.call.step <= 600; route.call.step++) {
		choose("top-k", "second=0.2");
		spread_picks();
		for (size_t t = 0; t < TOKENS - TOKENS % 5; t++) {
			ck_assert_uint_eq(picked[t][3], 1);
			taken[t % 5] += picked[t][7] == 2;
			n += t % 5 == 0;
		}
	}
	for (size_t i = 0; i < 5; i++) {
		double p = fmin(1, share[i] / second);
		ck_assert_double_eq_tol((double)taken[i] / n, p, 5 * sqrt(p * (1 - p) / n) + 1e-3);
	}
	ck_assert_double_eq((double)taken[4], n);
}
END_TEST

/* Each expert's sorted front among the tokens of a group. */
static void check_expert_top(size_t group, size_t take)
{
	spread_picks();
	ck_assert_uint_eq(planner.picks.n, TOKENS / group * EXPERTS * take);
	for (size_t e = 0; e < EXPERTS; e++)
		for (size_t t = 0; t < TOKENS; t++) {
			const real *column = choice + t / group * group * EXPERTS + e;
			bool wanted = better_than(column, group, EXPERTS, t % group) < take;
			ck_assert_uint_eq(picked[t][e], wanted ? 1 : 0);
		}
}

START_TEST(expert_top_is_each_experts_sorted_front)
{
	for (int round = 0; round < 40; round++) {
		if (round % 2)
			draw(choice, ROOM);
		else
			draw_coarse(choice, ROOM);
		route.call.k = 1 + moe_below(&numbers, EXPERTS);
		choose("expert-top", "");
		check_expert_top(TOKENS, (route.call.k * TOKENS + EXPERTS - 1) / EXPERTS);
		choose("expert-top", "group=sequence");
		check_expert_top(LENGTH, (route.call.k * LENGTH + EXPERTS - 1) / EXPERTS);
	}
}
END_TEST

/* Sorted, reversed and equal rows are what a quickselect may stumble over. */
START_TEST(expert_top_of_ordered_choices)
{
	for (int kind = 0; kind < 4; kind++) {
		for (size_t i = 0; i < ROOM; i++) {
			real t = (real)(i / EXPERTS);
			choice[i] = kind == 0 ? t : kind == 1 ? -t : kind == 2 ? 1 : (real)fabs((double)t - TOKENS / 2.0);
		}
		choose("expert-top", "");
		check_expert_top(TOKENS, (K * TOKENS + EXPERTS - 1) / EXPERTS);
	}
}
END_TEST

static void check_distinct(size_t k)
{
	spread_picks(); /* fails on a doubled pick */
	for (size_t t = 0; t < TOKENS; t++) {
		size_t ranks = 0;
		for (size_t e = 0; e < EXPERTS; e++)
			ranks += picked[t][e];
		ck_assert_uint_eq(ranks, k * (k + 1) / 2);
	}
}

START_TEST(hash_depends_on_the_id_alone)
{
	static size_t table[100][EXPERTS], seen[100];
	memset(seen, 0, sizeof seen);
	for (route.call.step = 0; route.call.step < 50; route.call.step++) {
		route.call.training = route.call.step % 2;
		for (size_t t = 0; t < TOKENS; t++)
			id[t] = (uint32_t)moe_below(&numbers, 100);
		choose("hash", "");
		check_distinct(K);
		for (size_t t = 0; t < TOKENS; t++) {
			if (seen[id[t]]++)
				ck_assert_mem_eq(table[id[t]], picked[t], sizeof picked[t]);
			memcpy(table[id[t]], picked[t], sizeof picked[t]);
		}
	}
}
END_TEST

START_TEST(hash_of_another_layer_differs)
{
	size_t first[TOKENS][EXPERTS];
	choose("hash", "");
	spread_picks();
	memcpy(first, picked, sizeof first);
	route.call.layer = 1;
	choose("hash", "");
	spread_picks();
	ck_assert_int_ne(memcmp(first, picked, sizeof first), 0);
}
END_TEST

START_TEST(hash_of_another_seed_differs)
{
	size_t first[TOKENS][EXPERTS];
	choose("hash", "");
	spread_picks();
	memcpy(first, picked, sizeof first);
	seed++;
	choose("hash", "");
	spread_picks();
	ck_assert_int_ne(memcmp(first, picked, sizeof first), 0);
}
END_TEST

START_TEST(hash_and_random_take_any_k)
{
	for (route.call.k = 1; route.call.k <= EXPERTS; route.call.k++) {
		choose("hash", "");
		check_distinct(route.call.k);
		choose("random", "");
		check_distinct(route.call.k);
	}
}
END_TEST

/* The chance of a chi-square this large, for counts that should all be equal. */
static double chance_of(const double *count, size_t n)
{
	double sum = 0, chi = 0;
	for (size_t i = 0; i < n; i++)
		sum += count[i];
	for (size_t i = 0; i < n; i++)
		chi += (count[i] - sum / (double)n) * (count[i] - sum / (double)n) / (sum / (double)n);
	return gsl_cdf_chisq_Q(chi, (double)n - 1);
}

/* Ordered first two choices of `rounds` batches: all E (E - 1) pairs should come alike. */
static double chance_of_pairs(const char *selector)
{
	double count[EXPERTS * (EXPERTS - 1)] = { 0 };
	route.call.k = 2;
	for (route.call.step = 1; route.call.step <= 400; route.call.step++) {
		for (size_t t = 0; t < TOKENS; t++)
			id[t] = (uint32_t)(route.call.step * TOKENS + t);
		choose(selector, "");
		for (size_t i = 0; i < planner.picks.n; i += 2) {
			size_t a = planner.picks.expert[i], b = planner.picks.expert[i + 1];
			count[a * (EXPERTS - 1) + b - (b > a)]++;
		}
	}
	return chance_of(count, EXPERTS * (EXPERTS - 1));
}

START_TEST(random_and_hash_are_uniform)
{
	ck_assert_double_gt(chance_of_pairs("random"), 1e-4);
	ck_assert_double_gt(chance_of_pairs("hash"), 1e-4);
}
END_TEST

START_TEST(random_draws_anew_in_every_step)
{
	size_t first[TOKENS][EXPERTS];
	choose("random", "");
	spread_picks();
	memcpy(first, picked, sizeof first);
	choose("random", "");
	spread_picks();
	ck_assert_mem_eq(first, picked, sizeof first);
	route.call.step = 2;
	choose("random", "");
	spread_picks();
	ck_assert_int_ne(memcmp(first, picked, sizeof first), 0);
}
END_TEST

/* ---- scorers --------------------------------------------------------------------------------------------------- */

static void score(const char *name)
{
	const struct moe_scorer *scorer = (const struct moe_scorer *)part_with(MOE_SCORER, name, "");
	scorer->forward(self(), &route, scores);
}

START_TEST(softmax_by_the_formula)
{
	draw(logits, ROOM);
	score("softmax");
	for (size_t t = 0; t < TOKENS; t++) {
		double sum = 0;
		for (size_t e = 0; e < EXPERTS; e++)
			sum += exp((double)logits[t * EXPERTS + e]);
		for (size_t e = 0; e < EXPERTS; e++)
			ck_assert_double_eq_tol((double)scores[t * EXPERTS + e], exp((double)logits[t * EXPERTS + e]) / sum, 1e-6);
	}
}
END_TEST

START_TEST(sigmoid_by_the_formula)
{
	draw(logits, ROOM);
	score("sigmoid");
	for (size_t i = 0; i < ROOM; i++)
		ck_assert_double_eq_tol((double)scores[i], 1 / (1 + exp(-(double)logits[i])), 1e-6);
}
END_TEST

START_TEST(relu_and_sqrt_softplus_by_the_formula)
{
	draw(logits, ROOM);
	for (size_t i = 0; i < ROOM; i++)
		logits[i] *= (real)(i % 3 ? 1 : 20);
	score("relu");
	for (size_t i = 0; i < ROOM; i++)
		ck_assert_double_eq((double)scores[i], fmax((double)logits[i], 0));
	score("sqrt-softplus");
	for (size_t i = 0; i < ROOM; i++) {
		double wanted = sqrt(log1p(exp((double)logits[i])));
		ck_assert_double_eq_tol((double)scores[i] / wanted, 1, 1e-6);
	}
}
END_TEST

START_TEST(scores_bear_huge_logits)
{
	static const char *const names[] = { "softmax", "sigmoid" };
	for (size_t i = 0; i < ROOM; i++)
		logits[i] = (real)((i % 3 == 0 ? -1 : 1) * (i % 2 ? 1e4 : 1e30));
	for (size_t j = 0; j < 2; j++) {
		score(names[j]);
		for (size_t i = 0; i < ROOM; i++)
			ck_assert(scores[i] >= 0 && scores[i] <= 1);
	}
}
END_TEST

/* The polynomial against the library, over all that it is used for. */
START_TEST(exponential_is_exact_to_single_precision)
{
	ck_assert_double_eq((double)moe_exp(0), 1);
	ck_assert_double_lt((double)moe_exp(-200), 1e-37);
	ck_assert_double_lt((double)moe_exp((real)-INFINITY), 1e-37);
	ck_assert(moe_exp(200) >= moe_exp((real)87.9) || sizeof(real) == sizeof(double));
	for (double x = -86.9; x < 87.9; x += 0.0137)
		ck_assert_double_eq_tol((double)moe_exp((real)x) / exp((double)(real)x), 1, 3e-7);
	for (double x = 1e-30; x < 1e30; x *= 1.001)
		ck_assert_double_eq_tol((double)moe_log((real)x), log((double)(real)x), 2e-7 * fmax(1, fabs(log(x))));
}
END_TEST

/* ---- gates ----------------------------------------------------------------------------------------------------- */

static void weigh(const char *name, const char *list)
{
	const struct moe_gate *gate = (const struct moe_gate *)part_with(MOE_GATE, name, list);
	for (size_t p = 0; p < plan.pairs; p++)
		plan.weight[p] = -99;
	gate->forward(self(), &route, plan.weight);
}

static double score_of(size_t pair)
{
	return (double)scores[plan.token[pair] * EXPERTS + plan.expert[pair]];
}

START_TEST(gates_by_the_formula)
{
	draw_shares();
	draw(choice, ROOM); /* weights come from the scores, whatever decided */
	choose("top-k", "");
	plan_within(12);
	ck_assert_uint_gt(plan.dropped, 0);
	weigh("unit", "");
	for (size_t p = 0; p < plan.pairs; p++)
		ck_assert_double_eq((double)plan.weight[p], 1);
	weigh("score", "scale=2.5");
	for (size_t p = 0; p < plan.pairs; p++)
		ck_assert_double_eq_tol((double)plan.weight[p], 2.5 * score_of(p), 1e-6);
	weigh("renorm", "scale=2.5");
	for (size_t p = 0; p < plan.pairs; p++) {
		double sum = 0; /* over what was kept of this token */
		for (size_t q = 0; q < plan.pairs; q++)
			sum += plan.token[q] == plan.token[p] ? score_of(q) : 0;
		ck_assert_double_eq_tol((double)plan.weight[p], 2.5 * score_of(p) / sum, 1e-5);
	}
}
END_TEST

START_TEST(sigmoid_gate_by_the_formula)
{
	draw_shares(); /* of another law than the logits */
	draw(logits, ROOM);
	choose("top-k", "");
	plan_within(12);
	ck_assert_uint_gt(plan.dropped, 0);
	weigh("sigmoid", "scale=0.5");
	for (size_t p = 0; p < plan.pairs; p++) {
		double z = (double)logits[plan.token[p] * EXPERTS + plan.expert[p]];
		ck_assert_double_eq_tol((double)plan.weight[p], 0.5 / (1 + exp(-z)), 1e-6);
	}
}
END_TEST

/* What a gate adds to the gradients of the scores, for gradients of the weights that differ from pair to pair. */
static void gate_backward(const char *name, real *to)
{
	const struct moe_gate *gate = (const struct moe_gate *)part_with(MOE_GATE, name, "");
	struct moe_grad grad = { d_logits, to };
	for (size_t p = 0; p < plan.pairs; p++)
		plan.d_weight[p] = (real)p - 20;
	for (size_t i = 0; i < ROOM; i++)
		to[i] = 3; /* hooks add */
	gate->forward(self(), &route, plan.weight);
	gate->backward(self(), &route, &grad);
}

/* Weight 1 as gate=unit, learning as gate=score; and the part says that this is no derivative. */
START_TEST(straight_through_is_unit_and_learns_as_score)
{
	static real d_plain[ROOM];
	draw_shares();
	choose("top-k", "");
	plan_within(12);
	weigh("straight-through", "");
	for (size_t p = 0; p < plan.pairs; p++)
		ck_assert_double_eq((double)plan.weight[p], 1);
	gate_backward("score", d_plain);
	gate_backward("straight-through", d_scores);
	ck_assert_mem_eq(d_scores, d_plain, sizeof d_plain);
	ck_assert_uint_ne(catalog_part(MOE_GATE, "straight-through")->gives & MOE_ESTIMATE, 0);
	ck_assert_uint_eq(catalog_part(MOE_GATE, "score")->gives & MOE_ESTIMATE, 0);
}
END_TEST

/* The share of a choice by its definition, with token t's logits moved by `by` at expert j. */
static double near_share(const struct moe_picks *picks, size_t i, size_t j, double by, bool *best)
{
	size_t t = picks->token[i];
	double z[EXPERTS], top = -INFINITY, sum = 0, own = (double)logits[t * EXPERTS + picks->expert[i]];
	bool left[EXPERTS];
	for (size_t e = 0; e < EXPERTS; e++) {
		z[e] = (double)logits[t * EXPERTS + e];
		left[e] = true;
	}
	for (size_t p = 0; p < picks->n; p++)
		if (picks->token[p] == t && picks->rank[p] < picks->rank[i])
			left[picks->expert[p]] = false;
	for (size_t e = 0; e < EXPERTS; e++)
		top = left[e] ? fmax(top, z[e]) : top;
	*best = own >= top;
	for (size_t e = 0; e < EXPERTS; e++) /* who is near is no matter of the slope */
		left[e] = e == picks->expert[i] || (left[e] && (top - z[e]) / fmax(fabs(z[e]), top) <= 0.6);
	z[j] += by;
	for (size_t e = 0; e < EXPERTS; e++)
		sum += left[e] ? exp(z[e]) : 0;
	return exp(z[picks->expert[i]]) / sum;
}

/* Choices of other selectors are compared as well: by experts without ranks, or far from the best. */
static const char *const near_selectors[] = { "near-best", "top-k", "expert-top", "hash" };

START_TEST(sparsemixer_by_the_formula)
{
	size_t others = 0, whole = 0;
	draw_shares();
	draw(logits, ROOM);
	for (int training = 0; training < 2; training++) {
		route.call.training = training;
		choose(near_selectors[_i], _i == 0 ? "noise=0.3" : "");
		plan_within(12);
		weigh("sparsemixer", "noise=0.3");
		for (size_t p = 0; p < plan.pairs; p++)
			for (size_t i = 0; i < planner.picks.n; i++) {
				bool best;
				if (planner.picks.token[i] != plan.token[p] || planner.picks.expert[i] != plan.expert[p])
					continue;
				double part = (double)plan.weight[p] / near_share(&planner.picks, i, 0, 0, &best);
				bool third = part < 0.5;
				ck_assert_double_eq_tol(part, third ? 1.0 / 3 : 1, 1e-5);
				ck_assert(!third || (training && !best));
				others += training && !best;
				whole += training && !best && !third;
			}
	}
	ck_assert_uint_gt(others, 15);
	ck_assert_uint_gt(whole, 0);
	ck_assert_uint_lt(whole, others * 2 / 3); /* a quarter of them, by chance */
}
END_TEST

START_TEST(sparsemixer_learns_from_the_whole_share)
{
	static double wanted[ROOM];
	const double step = 1e-5;
	draw_shares();
	draw(logits, ROOM);
	memset(wanted, 0, sizeof wanted);
	choose(near_selectors[_i], _i == 0 ? "noise=0.3" : "");
	plan_within(SIZE_MAX);
	const struct moe_gate *gate = (const struct moe_gate *)part_with(MOE_GATE, "sparsemixer", "noise=0.3");
	struct moe_grad grad = { d_logits, d_scores };
	for (size_t p = 0; p < plan.pairs; p++)
		plan.d_weight[p] = (real)plan.expert[p] - 4;
	memset(d_logits, 0, sizeof d_logits);
	gate->forward(self(), &route, plan.weight);
	memset(scratch, 165, sizeof scratch);
	gate->backward(self(), &route, &grad);
	for (size_t i = 0; i < planner.picks.n; i++)
		for (size_t e = 0; e < EXPERTS; e++) {
			bool best;
			double up = near_share(&planner.picks, i, e, step, &best),
				   down = near_share(&planner.picks, i, e, -step, &best);
			wanted[planner.picks.token[i] * EXPERTS + e] +=
				((double)planner.picks.expert[i] - 4) * (up - down) / (2 * step);
		}
	for (size_t i = 0; i < ROOM; i++)
		ck_assert_double_eq_tol((double)d_logits[i], wanted[i], 1e-5);
	ck_assert_uint_ne(gate->part.gives & MOE_ESTIMATE, 0);
}
END_TEST

/* Equal logits, also of 0, are as near as can be, and the first is the best. */
START_TEST(sparsemixer_of_equals)
{
	for (int zero = 0; zero < 2; zero++) {
		for (size_t i = 0; i < ROOM; i++)
			logits[i] = zero ? 0 : -(real)0.5;
		route.call.training = false;
		choose("near-best", "noise=0");
		plan_within(SIZE_MAX);
		weigh("sparsemixer", "noise=0");
		for (size_t p = 0; p < plan.pairs; p++) { /* of ten, nine and eight that are left */
			ck_assert_uint_eq(plan.expert[p], plan.rank[p]);
			ck_assert_double_eq_tol((double)plan.weight[p], 1.0 / (double)(EXPERTS - plan.rank[p]), 1e-6);
		}
	}
}
END_TEST

START_TEST(renorm_of_one_choice_is_one)
{
	route.call.k = 1;
	draw_shares();
	choose("top-k", "");
	plan_within(SIZE_MAX);
	weigh("renorm", "");
	for (size_t p = 0; p < plan.pairs; p++)
		ck_assert_double_eq_tol((double)plan.weight[p], 1, 1e-6);
}
END_TEST

/* ---- balancers ------------------------------------------------------------------------------------------------- */

/* The term of a balancer; gradients go to d_scores and d_logits. */
static struct moe_term term_of(const char *name, const char *list)
{
	const struct moe_balancer *balancer = (const struct moe_balancer *)part_with(MOE_BALANCER, name, list);
	struct moe_grad grad = { d_logits, d_scores };
	struct moe_term term, again;
	memset(d_scores, 0, sizeof d_scores);
	memset(d_logits, 0, sizeof d_logits);
	balancer->loss(self(), &route, &term, &grad);
	balancer->loss(self(), &route, &again, NULL);
	ck_assert_double_eq(term.value, again.value);
	return term;
}

static void settle(const char *name, const char *list)
{
	part_with(MOE_BALANCER, name, list)->settle(self(), &route);
}

/* A few tokens with given scores and given picks, one a token unless more are added. */
static void small_case(size_t tokens, size_t experts, const double *shares, const size_t *expert)
{
	route.call.tokens = route.call.length = tokens;
	route.call.sequences = 1;
	route.call.experts = experts;
	for (size_t i = 0; i < tokens * experts; i++)
		scores[i] = (real)shares[i];
	planner.picks.n = 0;
	for (size_t t = 0; expert && t < tokens; t++)
		moe_pick(&planner.picks, t, expert[t], 0);
	route.picks = &planner.picks;
}

/* The smallest case that lies below 1: f = (0, 1/2, 1/2), P = (.4, .3, .3), 3 (.15 + .15) = 0.9. */
START_TEST(aux_is_not_bounded_by_one)
{
	static const double shares[] = { .4, .6, 0, .4, 0, .6 };
	static const size_t expert[] = { 1, 2 };
	small_case(2, 3, shares, expert);
	ck_assert_double_eq_tol(term_of("aux", "").value, 0.9, 1e-6);
}
END_TEST

START_TEST(aux_of_collapse_is_the_number_of_experts)
{
	static const double shares[] = { 1, 0, 0, 1, 0, 0 };
	static const size_t expert[] = { 0, 0 };
	small_case(2, 3, shares, expert);
	struct moe_term term = term_of("aux", "weight=0.5");
	ck_assert_double_eq_tol(term.value, 3, 1e-6);
	ck_assert_double_eq(term.weight, 0.5);
}
END_TEST

START_TEST(aux_in_balance_is_one_whatever_the_scores)
{
	static const char *const lists[] = {
		"", "scope=sequence", "scope=micro-batch,sequences=3", "scope=global", "scope=running", "count=first"
	};
	route.call.experts = 4;
	route.call.k = 1;
	draw(scores, ROOM);
	for (size_t i = 0; i < TOKENS * 4; i++)
		scores[i] = (real)fabs((double)scores[i]) + (real)0.1; /* no shares yet: sigmoid's need not sum to 1 */
	planner.picks.n = 0;
	for (size_t t = 0; t < TOKENS; t++)
		moe_pick(&planner.picks, t, t % 4, 0);
	route.picks = &planner.picks;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		ck_assert_double_eq_tol(term_of("aux", lists[i]).value, 1, 1e-6);
		for (size_t j = 0; j < TOKENS * 4; j++) /* and there is nothing to pull */
			ck_assert_double_eq_tol((double)d_scores[j], 0, 1e-7);
	}
}
END_TEST

/* E sum_e f_e P_e, straight from the definition; count holds the assignments that f is made of. */
static double aux_by_definition(const double *count, size_t first, size_t n)
{
	double all = 0, sum = 0;
	for (size_t e = 0; e < EXPERTS; e++)
		all += count[e];
	for (size_t e = 0; e < EXPERTS; e++) {
		double mean = 0;
		for (size_t t = first; t < first + n; t++) {
			double row = 0;
			for (size_t j = 0; j < EXPERTS; j++)
				row += (double)scores[t * EXPERTS + j];
			mean += (double)scores[t * EXPERTS + e] / row / (double)n;
		}
		sum += EXPERTS * count[e] / all * mean;
	}
	return sum;
}

static void count_picks(double *count, size_t first, size_t n, bool first_only)
{
	for (size_t i = 0; i < planner.picks.n; i++)
		if (planner.picks.token[i] >= first && planner.picks.token[i] < first + n &&
			(!first_only || planner.picks.rank[i] == 0))
			count[planner.picks.expert[i]]++;
}

static void draw_batch(void)
{
	for (size_t i = 0; i < ROOM; i++)
		scores[i] = (real)exp(3 * moe_uniform(&numbers)) * (i % EXPERTS < 2 ? 3 : 1); /* the first two are popular */
	memcpy(choice, scores, sizeof choice);
	choose("top-k", "");
}

START_TEST(aux_over_batch_and_sequence)
{
	for (int first = 0; first < 2; first++) {
		double count[EXPERTS] = { 0 }, mean = 0;
		draw_batch();
		count_picks(count, 0, TOKENS, first);
		double value = term_of("aux", first ? "count=first" : "").value;
		ck_assert_double_eq_tol(value, aux_by_definition(count, 0, TOKENS), 1e-6);
		for (size_t s = 0; s < TOKENS; s += LENGTH) {
			double own[EXPERTS] = { 0 };
			count_picks(own, s, LENGTH, first);
			mean += aux_by_definition(own, s, LENGTH) * LENGTH / TOKENS;
		}
		value = term_of("aux", first ? "count=first,scope=sequence" : "scope=sequence").value;
		ck_assert_double_eq_tol(value, mean, 1e-6);
	}
}
END_TEST

/* Three of the four sequences, then the one that is left, each with the weight of its tokens; all of them together are
 * the batch, and so is the global batch. */
START_TEST(aux_over_micro_batches)
{
	double three[EXPERTS] = { 0 }, last[EXPERTS] = { 0 };
	draw_batch();
	count_picks(three, 0, 3 * LENGTH, false);
	count_picks(last, 3 * LENGTH, LENGTH, false);
	double wanted = 0.75 * aux_by_definition(three, 0, 3 * LENGTH) + 0.25 * aux_by_definition(last, 3 * LENGTH, LENGTH);
	ck_assert_double_eq_tol(term_of("aux", "scope=micro-batch,sequences=3").value, wanted, 1e-6);
	double batch = term_of("aux", "").value;
	ck_assert_double_eq(term_of("aux", "scope=global").value, batch);
	ck_assert_double_eq(term_of("aux", "scope=micro-batch,sequences=4").value, batch);
	ck_assert_double_eq(term_of("aux", "scope=micro-batch,sequences=65536").value, batch);
	ck_assert_double_ne(wanted, batch);
	wanted = term_of("aux", "scope=sequence").value;
	ck_assert_double_eq(term_of("aux", "scope=micro-batch,sequences=1").value, wanted);
}
END_TEST

/* f over this step and the last three, P over this one. */
START_TEST(aux_over_a_running_buffer)
{
	static const char list[] = "scope=running,buffer=3";
	double count[12][EXPERTS] = { { 0 } };
	for (size_t step = 0; step < 12; step++) {
		double sum[EXPERTS] = { 0 };
		draw_batch();
		count_picks(count[step], 0, TOKENS, false);
		for (size_t s = step < 3 ? 0 : step - 3; s <= step; s++)
			for (size_t e = 0; e < EXPERTS; e++)
				sum[e] += count[s][e];
		ck_assert_double_eq_tol(term_of("aux", list).value, aux_by_definition(sum, 0, TOKENS), 1e-6);
		settle("aux", list);
	}
}
END_TEST

/* The counts are those before the capacity: what was dropped had been asked for. */
START_TEST(aux_counts_what_is_dropped)
{
	draw_batch();
	double before = term_of("aux", "").value;
	plan_within(2);
	ck_assert_uint_gt(plan.dropped, 0);
	ck_assert_double_eq(term_of("aux", "").value, before);
}
END_TEST

START_TEST(z_by_the_formula)
{
	double wanted = 0;
	memset(logits, 0, sizeof logits);
	struct moe_term term = term_of("z", "weight=0.25");
	ck_assert_double_eq_tol(term.value, log(EXPERTS) * log(EXPERTS), 1e-9);
	ck_assert_double_eq(term.weight, 0.25);
	draw(logits, ROOM);
	for (size_t t = 0; t < TOKENS; t++) {
		double sum = 0;
		for (size_t e = 0; e < EXPERTS; e++)
			sum += exp((double)logits[t * EXPERTS + e]);
		wanted += log(sum) * log(sum) / TOKENS;
	}
	ck_assert_double_eq_tol(term_of("z", "").value / wanted, 1, sizeof(real) == sizeof(double) ? 1e-12 : 1e-6);
}
END_TEST

/* Loads 3, 1, 2, 2 around a mean of 2. */
static void settle_bias(const char *list)
{
	static const size_t expert[] = { 0, 0, 0, 1, 2, 2, 3, 3 };
	static const double shares[32] = { 1 };
	small_case(8, 4, shares, expert);
	planner.experts = 4;
	plan_build(&plan, &planner, 8, 1, OVERFLOW_POSITION, choice, "test"); /* a capacity hides no load */
	route.plan = &plan;
	settle("bias", list);
}

static void check_bias(const double *wanted)
{
	const struct moe_balancer *bias = (const struct moe_balancer *)part_with(MOE_BALANCER, "bias", "");
	real moved[32];
	const real *offsets = bias->offsets(self());
	for (size_t i = 0; i < 32; i++)
		moved[i] = (real)i;
	bias->adjust(self(), &route, moved);
	for (size_t e = 0; e < 4; e++)
		ck_assert_double_eq_tol((double)offsets[e], wanted[e], 1e-7);
	for (size_t i = 0; i < 32; i++)
		ck_assert_double_eq_tol((double)moved[i], (double)i + wanted[i % 4], 1e-5);
}

START_TEST(bias_moves_by_the_sign_of_the_shortfall)
{
	static const double none[4] = { 0 }, once[] = { -0.01, 0.01, 0, 0 }, thrice[] = { -0.03, 0.03, 0, 0 };
	route.call.tokens = 8;
	route.call.experts = 4;
	check_bias(none);
	settle_bias("rate=0.01");
	check_bias(once);
	settle_bias("rate=0.01");
	settle_bias("rate=0.01");
	check_bias(thrice);
}
END_TEST

START_TEST(bias_can_be_centred)
{
	static const size_t expert[] = { 0, 0, 0, 0, 0, 0, 0, 0 };
	static const double shares[32] = { 1 }, wanted[] = { -0.015, 0.005, 0.005, 0.005 };
	small_case(8, 4, shares, expert);
	planner.experts = 4;
	plan_build(&plan, &planner, 8, SIZE_MAX, OVERFLOW_POSITION, choice, "test");
	route.plan = &plan;
	settle("bias", "rate=0.01,centre");
	check_bias(wanted); /* -0.01, 0.01, 0.01, 0.01 less their mean 0.005 */
}
END_TEST

/* ---- all parts ------------------------------------------------------------------------------------------------- */

START_TEST(parts_say_what_they_are)
{
	const struct moe_part *const *parts = catalog_parts();
	for (size_t i = 0; parts[i]; i++) {
		ck_assert_str_ne(parts[i]->summary, "");
		ck_assert_str_ne(parts[i]->formula, "");
		ck_assert_str_ne(parts[i]->cite, "");
		ck_assert_uint_le(parts[i]->opts_size, sizeof options);
		ck_assert_ptr_eq(catalog_part(parts[i]->kind, parts[i]->name), parts[i]);
		if (i > 0 && parts[i]->kind == parts[i - 1]->kind)
			ck_assert_str_lt(parts[i - 1]->name, parts[i]->name);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("strategies");
	TCase *cases = tcase_create("parts");
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, top_k_of_a_row_is_its_sorted_front);
	tcase_add_test(cases, top_k_of_many_is_their_sorted_front);
	tcase_add_test(cases, top_k_of_equal_endless_and_missing_values_follows_their_places);
	tcase_add_test(cases, top_k_takes_the_best_choices);
	tcase_add_test(cases, second_choices_by_chance);
	tcase_add_test(cases, expert_top_is_each_experts_sorted_front);
	tcase_add_test(cases, expert_top_of_ordered_choices);
	tcase_add_test(cases, hash_depends_on_the_id_alone);
	tcase_add_test(cases, hash_of_another_layer_differs);
	tcase_add_test(cases, hash_of_another_seed_differs);
	tcase_add_test(cases, hash_and_random_take_any_k);
	tcase_add_test(cases, random_and_hash_are_uniform);
	tcase_add_test(cases, random_draws_anew_in_every_step);
	tcase_add_test(cases, softmax_by_the_formula);
	tcase_add_test(cases, sigmoid_by_the_formula);
	tcase_add_test(cases, relu_and_sqrt_softplus_by_the_formula);
	tcase_add_test(cases, scores_bear_huge_logits);
	tcase_add_test(cases, exponential_is_exact_to_single_precision);
	tcase_add_test(cases, gates_by_the_formula);
	tcase_add_test(cases, sigmoid_gate_by_the_formula);
	tcase_add_test(cases, straight_through_is_unit_and_learns_as_score);
	tcase_add_loop_test(cases, sparsemixer_by_the_formula, 0, 4);
	tcase_add_loop_test(cases, sparsemixer_learns_from_the_whole_share, 0, 4);
	tcase_add_test(cases, sparsemixer_of_equals);
	tcase_add_test(cases, renorm_of_one_choice_is_one);
	tcase_add_test(cases, aux_is_not_bounded_by_one);
	tcase_add_test(cases, aux_of_collapse_is_the_number_of_experts);
	tcase_add_test(cases, aux_in_balance_is_one_whatever_the_scores);
	tcase_add_test(cases, aux_over_batch_and_sequence);
	tcase_add_test(cases, aux_over_micro_batches);
	tcase_add_test(cases, aux_over_a_running_buffer);
	tcase_add_test(cases, aux_counts_what_is_dropped);
	tcase_add_test(cases, z_by_the_formula);
	tcase_add_test(cases, bias_moves_by_the_sign_of_the_shortfall);
	tcase_add_test(cases, bias_can_be_centred);
	tcase_add_test(cases, parts_say_what_they_are);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
