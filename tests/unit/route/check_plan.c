/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_plan.c -- plans of random picks against a brute-force reading of the rules.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <moesim/kit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/seed.h"
#include "sim/route/plan.h"
#include "tests/support/child.h"

enum { TOKENS = 24, EXPERTS = 7, K = 4, MOST = TOKENS * K, ROUNDS = 200 };

static struct moe_rng rng;
static struct arena arena;
static struct planner planner;
static struct moe_plan plan;
static real choice[TOKENS * EXPERTS];

static void setup(void)
{
	rng = seed_stream(3, "picks", 0);
	arena = (struct arena){ 0 };
	planner = (struct planner){ 0 };
	plan = (struct moe_plan){ 0 };
	planner_create(&planner, TOKENS, EXPERTS, MOST, &arena);
	plan_create(&plan, TOKENS, EXPERTS, MOST, &arena);
}

static void teardown(void)
{
	arena_free(&arena);
}

/* ---- random picks ---------------------------------------------------------------------------------------------- */

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t kept = *a;
	*a = *b;
	*b = kept;
}

/* Up to K different experts for each token; `skew` of them prefer the first expert, so that it overflows. */
static void draw_picks(size_t tokens, double skew)
{
	struct moe_picks *picks = &planner.picks;
	picks->n = 0;
	for (size_t t = 0; t < tokens; t++) {
		uint32_t deck[EXPERTS];
		size_t n = moe_below(&rng, K + 1);
		for (uint32_t e = 0; e < EXPERTS; e++)
			deck[e] = e;
		for (size_t i = moe_uniform(&rng) < skew ? 1 : 0; i < n; i++)
			swap(&deck[i], &deck[i + moe_below(&rng, EXPERTS - i)]);
		for (size_t rank = 0; rank < n; rank++)
			moe_pick(picks, t, deck[rank], rank);
	}
	for (size_t i = 0; i < TOKENS * EXPERTS; i++)
		choice[i] = (real)moe_below(&rng, 5); /* with many ties */
}

/* A selector may find its picks in any order. */
static void shuffle_picks(void)
{
	struct moe_picks *picks = &planner.picks;
	for (size_t i = 0; i + 1 < picks->n; i++) {
		size_t j = i + moe_below(&rng, picks->n - i);
		swap(&picks->token[i], &picks->token[j]);
		swap(&picks->expert[i], &picks->expert[j]);
		swap(&picks->rank[i], &picks->rank[j]);
	}
}

/* ---- the rules, read by brute force ---------------------------------------------------------------------------- */

/* Does pick a come before pick b at their expert? */
static bool goes_first(enum overflow_rule rule, size_t a, size_t b)
{
	const struct moe_picks *p = &planner.picks;
	bool by_rank = rule == OVERFLOW_POSITION || rule == OVERFLOW_NEXT_BEST || rule == OVERFLOW_RECYCLED;
	if (by_rank && p->rank[a] != p->rank[b])
		return p->rank[a] < p->rank[b];
	if (rule == OVERFLOW_LOWEST_SCORE || rule == OVERFLOW_LOWEST_WEIGHT) {
		real x = choice[p->token[a] * EXPERTS + p->expert[a]], y = choice[p->token[b] * EXPERTS + p->expert[b]];
		if (x > y || x < y)
			return x > y;
	}
	return p->token[a] < p->token[b];
}

static bool is_kept(enum overflow_rule rule, size_t capacity, size_t pick)
{
	size_t before = 0;
	for (size_t i = 0; i < planner.picks.n; i++)
		before += planner.picks.expert[i] == planner.picks.expert[pick] && goes_first(rule, i, pick);
	return before < capacity;
}

/* Is there a pair of this token, expert and rank? */
static bool has_pair(uint32_t token, uint32_t expert, uint32_t rank)
{
	for (size_t p = plan.first[expert]; p < plan.first[expert + 1]; p++)
		if (plan.token[p] == token && plan.expert[p] == expert && plan.rank[p] == rank)
			return true;
	return false;
}

static void check_against_rules(enum overflow_rule rule, size_t capacity)
{
	const struct moe_picks *picks = &planner.picks;
	size_t kept = 0, assigned[EXPERTS] = { 0 };
	for (size_t i = 0; i < picks->n; i++) {
		bool wanted = is_kept(rule, capacity, i);
		kept += wanted;
		assigned[picks->expert[i]]++;
		ck_assert(has_pair(picks->token[i], picks->expert[i], picks->rank[i]) == wanted);
	}
	ck_assert_uint_eq(plan.pairs, kept);
	ck_assert_uint_eq(plan.dropped, picks->n - kept);
	for (size_t e = 0; e < EXPERTS; e++)
		ck_assert_uint_eq(plan.assigned[e], assigned[e]);
}

/* Each token's pairs, all of them, by rising expert. */
static void check_by_token(size_t tokens)
{
	for (size_t t = 0; t < tokens; t++) {
		size_t found = 0, listed = plan.token_first[t + 1] - plan.token_first[t];
		for (size_t p = 0; p < plan.pairs; p++)
			found += plan.token[p] == t;
		ck_assert_uint_eq(found, listed);
		for (size_t i = plan.token_first[t]; i < plan.token_first[t + 1]; i++) {
			ck_assert_uint_eq(plan.token[plan.by_token[i]], t);
			if (i > plan.token_first[t])
				ck_assert_uint_lt(plan.expert[plan.by_token[i - 1]], plan.expert[plan.by_token[i]]);
		}
	}
}

static void round_of(size_t tokens, size_t capacity, enum overflow_rule rule)
{
	draw_picks(tokens, 0.6);
	shuffle_picks();
	plan_build(&plan, &planner, tokens, capacity, rule, choice, "test");
	const char *wrong = plan_check(&plan, tokens, EXPERTS, capacity);
	ck_assert_msg(wrong == NULL, "%s", wrong);
	check_against_rules(rule, capacity);
	check_by_token(tokens);
}

START_TEST(random_picks_without_a_limit)
{
	for (int i = 0; i < ROUNDS; i++)
		round_of(TOKENS, SIZE_MAX, OVERFLOW_POSITION);
}
END_TEST

START_TEST(random_picks_by_position)
{
	for (int i = 0; i < ROUNDS; i++)
		round_of(TOKENS, moe_below(&rng, TOKENS), OVERFLOW_POSITION);
}
END_TEST

START_TEST(random_picks_by_score)
{
	for (int i = 0; i < ROUNDS; i++)
		round_of(TOKENS, moe_below(&rng, TOKENS), OVERFLOW_LOWEST_SCORE);
}
END_TEST

START_TEST(random_picks_in_batch_order)
{
	for (int i = 0; i < ROUNDS; i++)
		round_of(TOKENS, moe_below(&rng, TOKENS), OVERFLOW_BATCH_ORDER);
}
END_TEST

START_TEST(smaller_batches)
{
	for (int i = 0; i < ROUNDS; i++)
		round_of(1 + moe_below(&rng, TOKENS), 3, (enum overflow_rule)(i % 2));
}
END_TEST

START_TEST(nothing_picked)
{
	planner.picks.n = 0;
	plan_build(&plan, &planner, TOKENS, 2, OVERFLOW_POSITION, NULL, "test");
	ck_assert_ptr_null(plan_check(&plan, TOKENS, EXPERTS, 2));
	ck_assert_uint_eq(plan.pairs, 0);
	ck_assert_uint_eq(plan.dropped, 0);
}
END_TEST

/* GShard's rule: a late token's first choice goes before an early token's second one. */
START_TEST(first_choices_go_first)
{
	planner.picks.n = 0;
	for (size_t t = 0; t < 4; t++) {
		moe_pick(&planner.picks, t, t < 2 ? 1 : 0, 0);
		moe_pick(&planner.picks, t, t < 2 ? 0 : 1, 1);
	}
	plan_build(&plan, &planner, 4, 3, OVERFLOW_POSITION, NULL, "test");
	ck_assert_uint_eq(plan.pairs, 6);
	static const uint32_t tokens[] = { 0, 2, 3, 0, 1, 2 }, ranks[] = { 1, 0, 0, 0, 0, 1 };
	for (size_t p = 0; p < 6; p++) {
		ck_assert_uint_eq(plan.expert[p], p / 3);
		ck_assert_uint_eq(plan.token[p], tokens[p]);
		ck_assert_uint_eq(plan.rank[p], ranks[p]);
	}
}
END_TEST

/* Experts from `limited` on have room for all: what the rule keeps of the others is what it keeps beside them. */
START_TEST(some_experts_have_no_limit)
{
	static const enum overflow_rule rules[] = { OVERFLOW_POSITION, OVERFLOW_LOWEST_SCORE, OVERFLOW_BATCH_ORDER };
	for (size_t i = 0; i < 3 * 20; i++) {
		size_t kept = 0;
		draw_picks(TOKENS, 0.6);
		shuffle_picks();
		planner.limited = EXPERTS - 2;
		plan_build(&plan, &planner, TOKENS, 2, rules[i % 3], choice, "test");
		planner.limited = EXPERTS;
		for (size_t j = 0; j < planner.picks.n; j++) {
			uint32_t e = planner.picks.expert[j];
			bool wanted = e >= EXPERTS - 2 || is_kept(rules[i % 3], 2, j);
			ck_assert(has_pair(planner.picks.token[j], e, planner.picks.rank[j]) == wanted);
			kept += wanted;
		}
		ck_assert_uint_eq(plan.pairs, kept);
		check_by_token(TOKENS);
	}
}
END_TEST

/* Whoever finds no room goes on to those, unless it is there already; a place to be recycled to is one that is counted.
 */
START_TEST(places_without_a_limit)
{
	for (size_t i = 0; i < 2; i++) {
		planner.picks.n = 0;
		for (size_t t = 0; t < TOKENS; t++)
			moe_pick(&planner.picks, t, 0, 0);
		planner.limited = EXPERTS - 1;
		planner.rng = rng;
		plan_build(&plan, &planner, TOKENS, 1, i ? OVERFLOW_RECYCLED : OVERFLOW_NEXT_BEST, choice, "test");
		planner.limited = EXPERTS;
		ck_assert_uint_eq(plan.pairs, i ? EXPERTS - 1 : TOKENS);
		for (size_t e = 0; e < EXPERTS - 1; e++)
			ck_assert_uint_le(plan.first[e + 1] - plan.first[e], 1);
		ck_assert(i == 1 || plan.first[EXPERTS] > plan.first[EXPERTS - 1]);
	}
}
END_TEST

/* ---- other places ---------------------------------------------------------------------------------------------- */

/* Who has which expert: what is_kept() says of each pick, before any moves. */
static bool has[TOKENS][EXPERTS];
static size_t load[EXPERTS];

static size_t keep_own(size_t capacity, uint32_t *homeless)
{
	const struct moe_picks *p = &planner.picks;
	size_t n = 0;
	memset(has, 0, sizeof has);
	memset(load, 0, sizeof load);
	for (uint32_t rank = 0; rank < K; rank++)
		for (uint32_t t = 0; t < TOKENS; t++)
			for (uint32_t i = 0; i < p->n; i++) {
				if (p->token[i] != t || p->rank[i] != rank)
					continue;
				bool kept = is_kept(OVERFLOW_POSITION, capacity, i);
				if (!kept)
					homeless[n++] = i;
				has[t][p->expert[i]] |= kept;
				load[p->expert[i]] += kept;
			}
	return n;
}

/* How many experts this one is worse than; the lower one wins a tie. */
static size_t place_of(size_t t, size_t e)
{
	size_t better = 0;
	for (size_t j = 0; j < EXPERTS; j++) {
		real x = choice[t * EXPERTS + j], y = choice[t * EXPERTS + e];
		better += x > y || (!(x < y) && j < e);
	}
	return better;
}

/* In round r those without a place ask their r-th best expert, in the order of the list. */
static void ask_around(size_t capacity, uint32_t *homeless, size_t n)
{
	for (size_t round = 0; round < EXPERTS; round++)
		for (size_t i = 0; i < n; i++)
			for (size_t t = planner.picks.token[homeless[i] % MOST], e = 0; homeless[i] < MOST && e < EXPERTS; e++)
				if (place_of(t, e) == round && load[e] < capacity && !has[t][e]) {
					has[t][e] = true;
					load[e]++;
					homeless[i] = MOST;
				}
}

static void check_who_has_what(void)
{
	size_t pairs = 0;
	for (size_t t = 0; t < TOKENS; t++)
		for (size_t e = 0; e < EXPERTS; e++)
			pairs += has[t][e];
	ck_assert_uint_eq(plan.pairs, pairs);
	for (size_t p = 0; p < plan.pairs; p++)
		ck_assert(has[plan.token[p]][plan.expert[p]]);
}

START_TEST(the_next_best_with_room)
{
	uint32_t homeless[MOST];
	size_t moved = 0;
	for (int i = 0; i < ROUNDS; i++) {
		size_t capacity = moe_below(&rng, TOKENS / 2);
		draw_picks(TOKENS, 0.6);
		shuffle_picks();
		plan_build(&plan, &planner, TOKENS, capacity, OVERFLOW_NEXT_BEST, choice, "test");
		ck_assert_ptr_null(plan_check(&plan, TOKENS, EXPERTS, capacity));
		size_t n = keep_own(capacity, homeless);
		ask_around(capacity, homeless, n);
		check_who_has_what();
		check_by_token(TOKENS);
		moved += n - plan.dropped;
	}
	ck_assert_uint_gt(moved, ROUNDS);
}
END_TEST

/* Those kept are kept; of the others nobody is without a place while there is one that it could have. */
START_TEST(recycled_to_free_places)
{
	uint32_t homeless[MOST];
	size_t moved = 0;
	planner.rng = seed_stream(3, "overflow", 0);
	for (int i = 0; i < ROUNDS; i++) {
		size_t capacity = moe_below(&rng, TOKENS / 2);
		draw_picks(TOKENS, 0.6);
		shuffle_picks();
		plan_build(&plan, &planner, TOKENS, capacity, OVERFLOW_RECYCLED, NULL, "test");
		ck_assert_ptr_null(plan_check(&plan, TOKENS, EXPERTS, capacity));
		size_t n = keep_own(capacity, homeless), found = 0;
		for (size_t t = 0; t < TOKENS; t++)
			for (size_t e = 0; e < EXPERTS; e++)
				found += has[t][e];
		for (size_t p = 0; p < plan.pairs; p++) {
			found -= has[plan.token[p]][plan.expert[p]];
			load[plan.expert[p]] += !has[plan.token[p]][plan.expert[p]];
			has[plan.token[p]][plan.expert[p]] = true;
		}
		ck_assert_uint_eq(found, 0);
		for (size_t j = 0; plan.dropped > 0 && j < n; j++) {
			uint32_t t = planner.picks.token[homeless[j]];
			size_t wanted = 0, got = plan.token_first[t + 1] - plan.token_first[t];
			for (size_t k = 0; k < planner.picks.n; k++)
				wanted += planner.picks.token[k] == t;
			for (size_t e = 0; got < wanted && e < EXPERTS; e++)
				ck_assert(load[e] == capacity || has[t][e]);
		}
		moved += n - plan.dropped;
	}
	ck_assert_uint_gt(moved, ROUNDS);
}
END_TEST

/* Expert 0 has room for one of two; expert 1 has three free places, expert 2 has one: it is moved to 1 three times in
 * four. */
START_TEST(all_free_places_are_alike)
{
	static const uint32_t expert[] = { 0, 0, 0, 0, 0, 2, 2, 2 };
	size_t first = 0, rounds = 4000;
	planner.rng = seed_stream(3, "overflow", 0);
	for (size_t i = 0; i < rounds; i++) {
		planner.picks.n = 0;
		for (size_t t = 0; t < 8; t++)
			moe_pick(&planner.picks, t, expert[t], 0);
		for (uint32_t e = 3; e < EXPERTS; e++) /* the others are full */
			for (size_t t = 8; t < 12; t++)
				moe_pick(&planner.picks, t, e, e - 3);
		for (size_t t = 12; t < 13; t++)
			moe_pick(&planner.picks, t, 1, 0);
		plan_build(&plan, &planner, TOKENS, 4, OVERFLOW_RECYCLED, NULL, "test");
		ck_assert_uint_eq(plan.dropped, 0);
		uint32_t pair = plan.by_token[plan.token_first[4]];
		ck_assert(plan.expert[pair] == 1 || plan.expert[pair] == 2);
		first += plan.expert[pair] == 1;
	}
	ck_assert_double_eq_tol((double)first / (double)rounds, 0.75, 4 * sqrt(0.75 * 0.25 / (double)rounds));
}
END_TEST

/* ---- capacity -------------------------------------------------------------------------------------------------- */

START_TEST(capacity_by_hand)
{
	ck_assert_uint_eq(plan_capacity(0, 2048, 64, 2), SIZE_MAX);
	ck_assert_uint_eq(plan_capacity(1, 2048, 64, 2), 64);
	ck_assert_uint_eq(plan_capacity(1.25, 2048, 64, 2), 80);
	ck_assert_uint_eq(plan_capacity(1, 10, 3, 1), 4);
	ck_assert_uint_eq(plan_capacity(1e-9, 10, 3, 1), 1);
	ck_assert_uint_eq(plan_capacity(2, 10, 0, 1), SIZE_MAX);
	ck_assert_uint_ge(plan_capacity(1e6, (size_t)1 << 40, 1, 65536), (size_t)1 << 62);
}
END_TEST

/* A decimal factor times a whole number may come out a last bit too large: that is no reason for one row more. */
START_TEST(capacity_of_decimal_factors)
{
	ck_assert_uint_eq(plan_capacity(1.1, 100, 10, 2), 22);
	for (size_t hundredths = 1; hundredths <= 400; hundredths++)
		for (size_t tokens = 100; tokens <= 5000; tokens += 700) {
			size_t exact = (hundredths * 2 * tokens + 799) / 800; /* ceil(hundredths / 100 * 2 * tokens / 8) */
			ck_assert_uint_eq(plan_capacity((double)hundredths / 100, tokens, 8, 2), exact);
		}
}
END_TEST

/* ---- what must not be ------------------------------------------------------------------------------------------ */

static void pick_twice(void)
{
	planner.picks.n = 0;
	moe_pick(&planner.picks, 1, 2, 0);
	moe_pick(&planner.picks, 1, 2, 1);
	plan_build(&plan, &planner, TOKENS, SIZE_MAX, OVERFLOW_POSITION, NULL, "twice");
}

static void pick_no_expert(void)
{
	planner.picks.n = 0;
	moe_pick(&planner.picks, 1, EXPERTS, 0);
	plan_build(&plan, &planner, TOKENS, SIZE_MAX, OVERFLOW_POSITION, NULL, "beyond");
}

static void pick_no_token(void)
{
	planner.picks.n = 0;
	moe_pick(&planner.picks, 5, 0, 0);
	plan_build(&plan, &planner, 5, SIZE_MAX, OVERFLOW_POSITION, NULL, "beyond");
}

static void pick_too_many(void)
{
	planner.picks.n = 0;
	for (size_t i = 0; i <= MOST; i++)
		moe_pick(&planner.picks, i % TOKENS, i % EXPERTS, 0);
	plan_build(&plan, &planner, TOKENS, SIZE_MAX, OVERFLOW_POSITION, NULL, "too-many");
}

START_TEST(wrong_selectors_are_named)
{
	static const struct {
		void (*work)(void);
		const char *name;
	} wrong[] = { { pick_twice, "'twice'" },
				  { pick_no_expert, "'beyond'" },
				  { pick_no_token, "'beyond'" },
				  { pick_too_many, "'too-many'" } };
	struct ending ending = child_run(wrong[_i].work);
	ck_assert_int_eq(ending.signal, SIGABRT);
	ck_assert_ptr_nonnull(strstr(ending.words, wrong[_i].name));
}
END_TEST

/* plan_check() must itself be able to fail. */
START_TEST(damage_is_seen)
{
	uint32_t *const places[] = { &plan.token[3],    &plan.expert[0],   &plan.first[1],
								 &plan.by_token[2], &plan.assigned[0], &plan.token_first[1] };
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		do
			round_of(TOKENS, 10, OVERFLOW_POSITION);
		while (plan.first[1] < 4);
		*places[i] += 1;
		ck_assert_msg(plan_check(&plan, TOKENS, EXPERTS, 10) != NULL, "damage %zu was not seen", i);
	}
	round_of(TOKENS, 10, OVERFLOW_POSITION);
	plan.dropped++;
	ck_assert_ptr_nonnull(plan_check(&plan, TOKENS, EXPERTS, 10));
	plan.dropped--;
	size_t fullest = 0;
	for (size_t e = 0; e < EXPERTS; e++)
		if (plan.first[e + 1] - plan.first[e] > fullest)
			fullest = plan.first[e + 1] - plan.first[e];
	ck_assert_ptr_null(plan_check(&plan, TOKENS, EXPERTS, fullest));
	ck_assert_ptr_nonnull(plan_check(&plan, TOKENS, EXPERTS, fullest - 1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");
	TCase *rules = tcase_create("rules");
	tcase_add_checked_fixture(rules, setup, teardown);
	tcase_add_test(rules, random_picks_without_a_limit);
	tcase_add_test(rules, random_picks_by_position);
	tcase_add_test(rules, random_picks_by_score);
	tcase_add_test(rules, random_picks_in_batch_order);
	tcase_add_test(rules, smaller_batches);
	tcase_add_test(rules, nothing_picked);
	tcase_add_test(rules, first_choices_go_first);
	tcase_add_test(rules, some_experts_have_no_limit);
	tcase_add_test(rules, places_without_a_limit);
	tcase_add_test(rules, the_next_best_with_room);
	tcase_add_test(rules, recycled_to_free_places);
	tcase_add_test(rules, all_free_places_are_alike);
	tcase_add_test(rules, capacity_by_hand);
	tcase_add_test(rules, capacity_of_decimal_factors);
	tcase_add_loop_test(rules, wrong_selectors_are_named, 0, 4);
	tcase_add_test(rules, damage_is_seen);
	suite_add_tcase(suite, rules);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
