/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_placement.c -- placements: the published matrices of EPLB, what holds for all rules, and bounds against brute
 * force.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/seed.h"
#include "sim/cluster/bound.h"
#include "sim/cluster/bound_lp.h"
#include "sim/cluster/eplb.h"
#include "sim/cluster/placement.h"
#include "sim/cluster/shadow.h"

/* The example of deepseek-ai/EPLB's README: 12 experts in 4 groups, 16 slots on 8 devices of 2 nodes. */
static const struct placement_shape readme = { .experts = 12, .slots = 16, .devices = 8, .nodes = 2, .groups = 4 };
static const struct {
	uint64_t load[12];
	uint32_t expert[16], copies[12];
	double most_over_mean;
} layers[] = {
	{ { 90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86 },
	  { 5, 6, 5, 7, 8, 4, 3, 4, 10, 9, 10, 2, 0, 1, 11, 1 },
	  { 1, 2, 1, 1, 2, 2, 1, 1, 1, 1, 2, 1 },
	  1.2081 },
	{ { 20, 107, 104, 64, 19, 197, 187, 157, 172, 86, 16, 27 },
	  { 7, 10, 6, 8, 6, 11, 8, 9, 2, 4, 5, 1, 5, 0, 3, 1 },
	  { 1, 2, 1, 1, 1, 2, 2, 1, 2, 1, 1, 1 },
	  1.2422 },
};

START_TEST(eplb_gives_the_published_matrix)
{
	struct arena arena = { 0 };
	const uint64_t *load = layers[_i].load;
	struct placement placement = placement_make(placement_rule_find("eplb"), &readme, load, &arena);
	for (size_t s = 0; s < readme.slots; s++)
		ck_assert_uint_eq(placement.expert[s], layers[_i].expert[s]);
	for (size_t e = 0; e < readme.experts; e++)
		ck_assert_uint_eq(placement.copies[e], layers[_i].copies[e]);
	double ratio = placement_max_load(&readme, placement.expert, load) / placement_mean_load(&readme, load);
	ck_assert_double_eq_tol(ratio, layers[_i].most_over_mean, 5e-5);
	arena_free(&arena);
}
END_TEST

static const struct placement_shape eight = { .experts = 8, .slots = 16, .devices = 8, .nodes = 1, .groups = 1 };
static const uint64_t skewed[8] = { 600, 560, 120, 120, 20, 10, 10, 10 };

/* vllm-ascend issue 3042. */
START_TEST(eplb_on_a_skewed_load)
{
	static const uint32_t wanted[16] = { 0, 1, 2, 1, 3, 1, 0, 4, 0, 5, 0, 6, 0, 7, 1, 1 };
	uint32_t expert[16];
	eplb_place(&eight, skewed, expert);
	ck_assert_mem_eq(expert, wanted, sizeof wanted);
	ck_assert_double_eq(placement_max_load(&eight, expert, skewed), 232);
}
END_TEST

/* 196.67 = 560/3 + 10: no tool tells its users that it can be reached. */
START_TEST(the_search_finds_what_eplb_misses)
{
	uint32_t expert[16];
	eplb_place(&eight, skewed, expert);
	double best = placement_search(&eight, skewed, expert);
	ck_assert_double_eq_tol(best, 590.0 / 3, 1e-9);
	ck_assert_double_eq_tol(placement_max_load(&eight, expert, skewed), best, 1e-9);
	ck_assert_double_eq(placement_bound(&eight, skewed), 181.25);
	double bound = placement_bound_lp(&eight, skewed, 181.25, best);
#ifdef HAVE_GLPK
	ck_assert(bound > 191 && bound <= best);
#else
	ck_assert_double_eq(bound, 181.25);
#endif
}
END_TEST

/* Groups are reordered by load even where every node has all: the result is not the identity. */
START_TEST(eplb_reorders_groups)
{
	struct placement_shape shape = { .experts = 4, .slots = 4, .devices = 2, .nodes = 1, .groups = 4 };
	static const uint64_t load[4] = { 1, 2, 3, 4 };
	uint32_t expert[4];
	eplb_place(&shape, load, expert);
	ck_assert_uint_eq(expert[0], 3);
	ck_assert_double_eq(placement_max_load(&shape, expert, load), 5);
}
END_TEST

struct random_case {
	struct placement_shape shape;
	uint64_t load[64];
};

static struct random_case random_case(uint64_t seed)
{
	struct random_case c;
	struct moe_rng rng = seed_stream(seed, "placement test", 0);
	size_t nodes = 1 + moe_below(&rng, 3), per_node = 1 + moe_below(&rng, 4), groups = nodes * (1 + moe_below(&rng, 2));
	size_t experts = groups * (1 + moe_below(&rng, 5)), devices = nodes * per_node;
	size_t slots = (experts + devices - 1) / devices * devices + devices * moe_below(&rng, 3);
	c.shape = (struct placement_shape){ experts, slots, devices, nodes, groups, NULL };
	for (size_t e = 0; e < experts; e++)
		c.load[e] = moe_below(&rng, 2) ? moe_below(&rng, 1000) : moe_below(&rng, 10);
	return c;
}

static void check_complete(const struct random_case *c, const struct placement *placement)
{
	size_t slots = 0;
	for (size_t e = 0; e < c->shape.experts; e++) {
		ck_assert_uint_ge(placement->copies[e], 1);
		ck_assert_uint_eq(placement->first[e + 1] - placement->first[e], placement->copies[e]);
		slots += placement->copies[e];
		for (size_t i = placement->first[e]; i < placement->first[e + 1]; i++)
			ck_assert_uint_eq(placement->expert[placement->slot[i]], e);
	}
	ck_assert_uint_eq(slots, c->shape.slots);
}

/* Every expert has a slot, the slots add up, slots and experts are mutually inverse; and no rule is below the bound. */
START_TEST(every_rule_places_everything)
{
	for (uint64_t seed = 0; seed < 1000; seed++) {
		struct random_case c = random_case(seed);
		struct arena arena = { 0 };
		double bound = placement_bound(&c.shape, c.load);
		for (const struct placement_rule *rule = placement_rules; rule->name; rule++) {
			struct placement placement = placement_make(rule, &c.shape, c.load, &arena);
			check_complete(&c, &placement);
			ck_assert_double_ge(placement_max_load(&c.shape, placement.expert, c.load), bound * (1 - 1e-12));
		}
		arena_free(&arena);
	}
}
END_TEST

/* With as many groups as fit the nodes, all experts of a group stand in one node, copies too. */
START_TEST(eplb_keeps_groups_in_a_node)
{
	for (uint64_t seed = 0; seed < 1000; seed++) {
		struct random_case c = random_case(seed);
		uint32_t expert[256];
		size_t node_of[64], size = c.shape.experts / c.shape.groups;
		memset(node_of, 0xff, sizeof node_of);
		eplb_place(&c.shape, c.load, expert);
		for (size_t s = 0; s < c.shape.slots; s++) {
			size_t node = s / (c.shape.slots / c.shape.nodes), *known = &node_of[expert[s] / size];
			ck_assert(*known == SIZE_MAX || *known == node);
			*known = node;
		}
	}
}
END_TEST

/* The lowest maximum of all ways to fill slots s and on. */
static double optimum(const struct placement_shape *shape, const uint64_t *load, uint32_t *expert, size_t s)
{
	if (s == shape->slots || s == 8) { /* the arrays have room for 8 */
		unsigned used = 0;
		for (size_t i = 0; i < s; i++)
			used |= 1U << expert[i];
		return used == (1U << shape->experts) - 1 ? placement_max_load(shape, expert, load) : (double)INFINITY;
	}
	double best = (double)INFINITY;
	for (expert[s] = 0; expert[s] < shape->experts; expert[s]++) {
		uint32_t kept = expert[s];
		best = fmin(best, optimum(shape, load, expert, s + 1));
		expert[s] = kept;
	}
	return best;
}

/* Tiny cases, all placements tried: bound <= optimum <= what is found, and what is found is the optimum. */
START_TEST(bounds_hold_against_brute_force)
{
	static const struct placement_shape shapes[] = { { 3, 4, 2, 1, 1, NULL }, { 2, 6, 3, 1, 1, NULL },
													 { 4, 6, 2, 1, 1, NULL }, { 4, 4, 2, 1, 1, NULL },
													 { 3, 6, 3, 1, 1, NULL }, { 3, 6, 2, 1, 1, NULL } };
	size_t missed = 0, raised = 0;
	for (uint64_t seed = 0; seed < 60; seed++) {
		const struct placement_shape *shape = &shapes[seed % 6];
		struct moe_rng rng = seed_stream(seed, "optimum", 0);
		uint64_t load[4];
		uint32_t expert[8] = { 0 }, found[8];
		for (size_t e = 0; e < shape->experts; e++)
			load[e] = 1 + moe_below(&rng, 100);
		double best = optimum(shape, load, expert, 0);
		eplb_place(shape, load, found);
		double got = placement_search(shape, load, found);
		double bound = placement_bound(shape, load), by_program = placement_bound_lp(shape, load, bound, 2 * best);
		ck_assert_double_le(bound, by_program);
		ck_assert_double_le(by_program, best * (1 + 1e-12));
		raised += by_program > bound;
		ck_assert_double_ge(got, best * (1 - 1e-12));
		missed += got > best * (1 + 1e-12);
	}
	ck_assert_uint_eq(missed, 0);
#ifdef HAVE_GLPK
	ck_assert_uint_gt(raised, 5);
#else
	ck_assert_uint_eq(raised, 0);
#endif
}
END_TEST

START_TEST(numbers_that_do_not_fit_are_refused)
{
	static const struct {
		struct placement_shape shape;
		const char *says;
	} wrong[] = {
		{ { 8, 7, 7, 1, 1, NULL },
		  "7 slots do not hold 8 experts, equally many on each of 7 devices (--slots 14 does)" },
		{ { 8, 9, 2, 1, 1, NULL },
		  "9 slots do not hold 8 experts, equally many on each of 2 devices (--slots 8 does)" },
		{ { 8, 9, 3, 2, 1, NULL }, "3 devices are not equally many in each of 2 nodes" },
		{ { 8, 8, 2, 2, 3, NULL }, "8 experts do not make 3 equal groups (give a divisor to --groups)" },
	};
	struct error err;
	ck_assert_int_eq(placement_shape_check(&wrong[_i].shape, &err), -1);
	ck_assert_str_eq(err.text, wrong[_i].says);
}
END_TEST

START_TEST(experts_that_do_not_exist_or_have_no_slot_are_refused)
{
	static const uint32_t beyond[16] = { 8, 1, 2, 3, 4, 5, 6, 7, 0 }, missing[16] = { 0, 1, 2, 3, 4, 5, 6, 6 };
	struct arena arena = { 0 };
	struct placement placement;
	struct error err;
	ck_assert_int_eq(placement_index(&eight, beyond, &arena, &placement, &err), -1);
	ck_assert_str_eq(err.text, "slot 0 holds expert 8, but there are 8 experts");
	ck_assert_int_eq(placement_index(&eight, missing, &arena, &placement, &err), -1);
	ck_assert_str_eq(err.text, "no slot holds expert 7 (each needs at least one)");
	arena_free(&arena);
}
END_TEST

/* The code of laekov/fastmoe, run on these loads. */
START_TEST(shadows_are_those_of_the_published_code)
{
	static const uint64_t falling[8] = { 250, 4000, 30, 1000, 2000, 500, 60, 125 }, flat[4] = { 100, 90, 80, 70 };
	uint32_t order[8];
	const struct shadow_costs *costs = &shadow_published;
	ck_assert_uint_eq(shadow_choose(costs, falling, 8, order), 2);
	ck_assert_uint_eq(order[0], 1);
	ck_assert_uint_eq(order[1], 4);
	static const double latency[4] = { 55.985, 38.730, 35.471, 39.210 };
	for (size_t i = 0; i < 4; i++)
		ck_assert_double_eq_tol(shadow_latency(costs, 4000.0 / (1 << i), i) * 1e3, latency[i], 5e-4);
	ck_assert_uint_eq(shadow_choose(costs, flat, 4, order), 0);
	uint64_t uniform[8];
	for (size_t e = 0; e < 8; e++)
		uniform[e] = 5000;
	ck_assert_uint_eq(shadow_choose(costs, uniform, 8, order), 0);
}
END_TEST

/* 8 experts on 4 devices; two shadows need room beside the other six: 2 + 2 slots a device. */
START_TEST(shadows_stand_on_every_device)
{
	static const uint64_t load[8] = { 250, 4000, 30, 1000, 2000, 500, 60, 125 };
	static const uint32_t wanted[16] = { 0, 2, 1, 4, 3, 5, 1, 4, 6, 7, 1, 4, 0, 2, 1, 4 };
	struct placement_shape shape = { .experts = 8, .slots = 16, .devices = 4, .nodes = 1, .groups = 1 };
	uint32_t expert[16];
	const struct placement_rule *rule = placement_rule_find("fastermoe");
	ck_assert_uint_eq(rule->slots(&shape, load), 16);
	rule->place(&shape, load, expert);
	ck_assert_mem_eq(expert, wanted, sizeof wanted);
	shape.slots = 12; /* room for one: 1 + 2 slots */
	rule->place(&shape, load, expert);
	for (size_t d = 0; d < 4; d++)
		ck_assert_uint_eq(expert[d * 3 + 2], 1);
}
END_TEST

/* The hottest on every device, as many as leave room for the others: 4 slots a device of 8 experts on 4 hold 2 of them,
 * 3 slots 1; the others as by EPLB's two steps. */
START_TEST(biased_holds_the_hottest_everywhere)
{
	static const uint64_t load[8] = { 250, 4000, 30, 1000, 2000, 500, 60, 125 };
	struct placement_shape shape = { .experts = 8, .slots = 16, .devices = 4, .nodes = 1, .groups = 1 };
	uint32_t expert[16];
	const struct placement_rule *rule = placement_rule_find("biased");
	ck_assert_uint_eq(rule->slots(&shape, load), 12);
	rule->place(&shape, load, expert);
	for (size_t d = 0; d < 4; d++) {
		ck_assert_uint_eq(expert[4 * d + 2], 1);
		ck_assert_uint_eq(expert[4 * d + 3], 4);
	}
	/* of 1000, 500, 250, 125, 60, 30 in 8 slots: 1000 is split in three, 500 stands with 30 */
	ck_assert_double_eq_tol(placement_max_load(&shape, expert, load), 1500 + 1000 / 3.0 + 250, 1e-9);
}
END_TEST

/* As many copies as nodes, or more: every node has one; and no device has two while another of its node has none. */
START_TEST(topology_puts_copies_in_different_nodes)
{
	for (uint64_t seed = 0; seed < 1000; seed++) {
		struct random_case c = random_case(seed);
		struct arena arena = { 0 };
		struct placement placement = placement_make(placement_rule_find("topology"), &c.shape, c.load, &arena);
		size_t hottest = 0, nodes[4] = { 0 }, seen = 0;
		for (size_t e = 1; e < c.shape.experts; e++)
			hottest = (double)c.load[e] / placement.copies[e] > (double)c.load[hottest] / placement.copies[hottest]
						  ? e
						  : hottest;
		/* the pieces that are placed first find room everywhere */
		for (size_t i = placement.first[hottest]; i < placement.first[hottest + 1]; i++)
			nodes[placement_device(&c.shape, placement.slot[i]) / (c.shape.devices / c.shape.nodes)]++;
		for (size_t n = 0; n < c.shape.nodes; n++)
			seen += nodes[n] > 0;
		ck_assert_uint_eq(seen, placement.copies[hottest] < c.shape.nodes ? placement.copies[hottest] : c.shape.nodes);
		arena_free(&arena);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("placement");
	TCase *cases = tcase_create("placement");
	tcase_add_loop_test(cases, eplb_gives_the_published_matrix, 0, 2);
	tcase_add_test(cases, eplb_on_a_skewed_load);
	tcase_add_test(cases, the_search_finds_what_eplb_misses);
	tcase_add_test(cases, eplb_reorders_groups);
	tcase_add_test(cases, every_rule_places_everything);
	tcase_add_test(cases, eplb_keeps_groups_in_a_node);
	tcase_add_test(cases, bounds_hold_against_brute_force);
	tcase_add_loop_test(cases, numbers_that_do_not_fit_are_refused, 0, 4);
	tcase_add_test(cases, experts_that_do_not_exist_or_have_no_slot_are_refused);
	tcase_add_test(cases, shadows_are_those_of_the_published_code);
	tcase_add_test(cases, shadows_stand_on_every_device);
	tcase_add_test(cases, biased_holds_the_hottest_everywhere);
	tcase_add_test(cases, topology_puts_copies_in_different_nodes);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
