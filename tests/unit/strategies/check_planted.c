/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_planted.c -- planted and frozen selection: worked out by hand, and against a product and a full sort.
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
#include "sim/route/sentence.h"
#include "strategies/catalog.h"

enum { TOKENS = 24, EXPERTS = 10, WIDTH = 5, ROOM = TOKENS * EXPERTS };

static struct moe_route route;
static uint32_t id[TOKENS], guess[TOKENS], domain[TOKENS], class_of[40];
static real choice[ROOM], x[TOKENS * WIDTH];
static uint32_t expert[ROOM];
static size_t step, layer;

static void setup(void)
{
	struct moe_rng numbers = seed_stream(3, "numbers", 0);
	catalog_use(strategy_parts, strategy_recipes);
	step = 1, layer = 0;
	for (size_t i = 0; i < 40; i++)
		class_of[i] = (uint32_t)(i / 4);
	for (size_t t = 0; t < TOKENS; t++) {
		id[t] = (uint32_t)moe_below(&numbers, 40);
		guess[t] = (uint32_t)moe_below(&numbers, 4);
		domain[t] = (uint32_t)moe_below(&numbers, 4);
	}
	for (size_t i = 0; i < ROOM; i++)
		choice[i] = (real)moe_uniform(&numbers);
	for (size_t i = 0; i < TOKENS * WIDTH; i++)
		x[i] = (real)(2 * moe_uniform(&numbers) - 1);
	route = (struct moe_route){ .call = { .width = WIDTH,
										  .tokens = TOKENS,
										  .sequences = 1,
										  .length = TOKENS,
										  .experts = EXPERTS,
										  .k = 2,
										  .domains = 4,
										  .classes = 10 },
								.of = { id, domain, guess, class_of },
								.x = x,
								.choice = choice };
}

/* Runs the selector; each token's experts stand in the order of rank. */
static void run(const char *name, const char *list)
{
	const struct moe_selector *selector = (const struct moe_selector *)catalog_part(MOE_SELECTOR, name);
	const struct moe_part *part = &selector->part;
	struct error err = { .code = ERROR_NONE };
	uint32_t token[ROOM], rank[ROOM];
	struct moe_picks picks = { .max = TOKENS * route.call.k, .token = token, .expert = expert, .rank = rank };
	struct part_use use = part_use_of(part);
	struct moe_rng rng = seed_stream(5, "part/train", step), table = seed_stream(5, "part/table", layer << 32);
	ck_assert_int_eq(part_use_set(&use, list, &err), 0);
	size_t size = part->scratch_size(&route.call, use.opt);
	struct moe_self self = { .opt = use.opt, .scratch = malloc(size), .rng = &rng, .table = &table };
	memset(self.scratch, 165, size);
	selector->select(&self, &route, &picks);
	free(self.scratch);
	ck_assert_uint_eq(picks.n, TOKENS * route.call.k);
	for (size_t i = 0; i < picks.n; i++) {
		ck_assert_uint_eq(token[i], i / route.call.k);
		ck_assert_uint_eq(rank[i], i % route.call.k);
	}
}

static void expect(size_t t, uint32_t first, uint32_t second)
{
	ck_assert_msg(expert[2 * t] == first && expert[2 * t + 1] == second, "token %zu: %u and %u, not %u and %u", t,
				  expert[2 * t], expert[2 * t + 1], first, second);
}

/* Ten experts, k = 2.  By class c alone: 2c and 2c + 1, modulo 10.  Four domains own the experts 0-1, 2-4, 5-6, 7-9; in
 * a block of three, class 0 has the places 0 and 1, class 1 has 2 and 0, class 2 has 1 and 2. */
START_TEST(tables_by_hand)
{
	id[0] = 0, id[1] = 12, id[2] = 39, id[3] = 4, id[4] = 8; /* classes 0, 3, 9, 1, 2 */
	run("planted", "by=class");
	expect(0, 0, 1);
	expect(1, 6, 7);
	expect(2, 8, 9);
	guess[0] = 0, guess[1] = 1, guess[2] = 2, guess[3] = 3, guess[4] = 3;
	run("planted", "by=guess-class");
	expect(0, 0, 1);
	expect(1, 2, 3);
	expect(2, 5, 6);
	expect(3, 9, 7);
	expect(4, 8, 9);
	memcpy(domain, guess, sizeof domain);
	memset(guess, 0, sizeof guess);
	run("planted", "by=domain-class");
	expect(1, 2, 3);
	expect(4, 8, 9);
}
END_TEST

/* The best two of the block's experts, found by looking at each. */
START_TEST(the_best_of_the_block)
{
	static const uint32_t first[] = { 0, 2, 5, 7, 10 };
	for (int hidden = 0; hidden < 2; hidden++) {
		run("planted", hidden ? "by=domain" : "by=guess");
		for (size_t t = 0; t < TOKENS; t++) {
			uint32_t z = hidden ? domain[t] : guess[t], best = first[z], next;
			for (uint32_t e = first[z]; e < first[z + 1]; e++)
				best = choice[t * EXPERTS + e] > choice[t * EXPERTS + best] ? e : best;
			next = best == first[z] ? first[z] + 1 : first[z];
			for (uint32_t e = first[z]; e < first[z + 1]; e++)
				if (e != best && choice[t * EXPERTS + e] > choice[t * EXPERTS + next])
					next = e;
			expect(t, best, next);
		}
	}
}
END_TEST

/* With fewer experts than k for each domain, blocks overlap and go on from the first expert. */
START_TEST(a_block_has_at_least_k_experts)
{
	static const char *const by[] = { "by=guess", "by=guess-class", "by=class" };
	route.call.k = 4;
	for (size_t i = 0; i < 3; i++) {
		run("planted", by[i]);
		for (size_t t = 0; t < TOKENS; t++)
			for (size_t a = 0; a < 4; a++)
				for (size_t b = 0; b < a; b++)
					ck_assert_uint_ne(expert[4 * t + a], expert[4 * t + b]);
	}
	guess[0] = 3, id[0] = 0;
	run("planted", "by=guess-class");
	for (size_t rank = 0; rank < 4; rank++)
		ck_assert_uint_eq(expert[rank], (7 + rank) % 10);
}
END_TEST

START_TEST(what_a_planted_router_asks_for)
{
	static const struct {
		const char *by;
		unsigned wants;
	} cases[] = { { "class", MOE_CLASSES },
				  { "guess", MOE_GUESSES | MOE_SCORES },
				  { "guess-class", MOE_GUESSES | MOE_CLASSES },
				  { "domain", MOE_DOMAINS | MOE_SCORES },
				  { "domain-class", MOE_DOMAINS | MOE_CLASSES } };
	const struct moe_part *part = catalog_part(MOE_SELECTOR, "planted");
	for (size_t i = 0; i < 5; i++) {
		struct part_use use = part_use_of(part);
		struct error err = { .code = ERROR_NONE };
		ck_assert_int_eq(part_use_set_one(&use, "by", cases[i].by, &err), 0);
		ck_assert_uint_eq(part->wants_with(use.opt), cases[i].wants);
	}
}
END_TEST

/* The projection that a call drew, read off the choices it makes: the part's own stream, a product, and a look at all.
 */
static void check_frozen(bool redraw)
{
	double map[WIDTH][EXPERTS];
	struct moe_rng rng = redraw ? seed_stream(5, "part/train", step) : seed_stream(5, "part/table", layer << 32);
	for (size_t i = 0; i < WIDTH; i++)
		for (size_t e = 0; e < EXPERTS; e++)
			map[i][e] = 2 * moe_uniform(&rng) - 1;
	run("frozen", redraw ? "redraw=yes" : "");
	for (size_t t = 0; t < TOKENS; t++) {
		double value[EXPERTS];
		for (size_t e = 0; e < EXPERTS; e++) {
			value[e] = 0;
			for (size_t i = 0; i < WIDTH; i++)
				value[e] += (double)x[t * WIDTH + i] * map[i][e];
		}
		for (size_t e = 0; e < EXPERTS; e++)
			if (e != expert[2 * t] && e != expert[2 * t + 1])
				ck_assert_double_le(value[e], value[expert[2 * t + 1]] + 1e-6);
		ck_assert_double_le(value[expert[2 * t + 1]], value[expert[2 * t]] + 1e-6);
	}
}

START_TEST(frozen_follows_its_projection)
{
	uint32_t before[2 * TOKENS];
	check_frozen(false);
	memcpy(before, expert, sizeof before);
	step = 2;
	check_frozen(false);
	ck_assert_mem_eq(before, expert, sizeof before);
	layer = 1;
	check_frozen(false);
	ck_assert_mem_ne(before, expert, sizeof before);
}
END_TEST

START_TEST(redrawn_is_another_one_in_every_step)
{
	uint32_t before[2 * TOKENS];
	check_frozen(true);
	memcpy(before, expert, sizeof before);
	step = 2;
	check_frozen(true);
	ck_assert_mem_ne(before, expert, sizeof before);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("planted");
	TCase *cases = tcase_create("selection");
	tcase_add_checked_fixture(cases, setup, NULL);
	tcase_add_test(cases, tables_by_hand);
	tcase_add_test(cases, the_best_of_the_block);
	tcase_add_test(cases, a_block_has_at_least_k_experts);
	tcase_add_test(cases, what_a_planted_router_asks_for);
	tcase_add_test(cases, frozen_follows_its_projection);
	tcase_add_test(cases, redrawn_is_another_one_in_every_step);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
