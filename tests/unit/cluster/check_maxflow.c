/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_maxflow.c -- rows shared among copies: against all ways to share them, against what no way can beat, and
 * against choosing copies row by row.
 */
#include <config.h>

#include <check.h>
#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/seed.h"
#include "sim/cluster/maxflow.h"
#include "tests/support/cluster_case.h"

enum { FEW = 300, CASES = 1000, MOST = 64 };

/* Every expert has a slot, the other slots hold any. */
static void any_placement(struct cluster_case *c, struct moe_rng *rng, size_t experts, size_t devices, size_t room)
{
	uint32_t expert[MOST];
	struct placement_shape shape = { experts, devices * room, devices, 1, 1, NULL };
	struct error err;
	for (size_t s = 0; s < shape.slots; s++)
		expert[s] = (uint32_t)(s < experts ? s : moe_below(rng, experts));
	for (size_t i = shape.slots; i > 1; i--) {
		size_t j = moe_below(rng, i);
		uint32_t kept = expert[i - 1];
		expert[i - 1] = expert[j];
		expert[j] = kept;
	}
	ck_assert_int_eq(placement_index(&shape, expert, &c->arena, &c->placement, &err), 0);
}

/* What each slot has adds up to the rows of its expert, and the fullest device has what was said. */
static void check_shares(const struct placement *placement, const uint64_t *rows, const uint64_t *by_slot,
						 uint64_t fullest)
{
	uint64_t sum[MOST] = { 0 }, load[MOST] = { 0 }, most = 0;
	for (size_t s = 0; s < placement->shape.slots; s++) {
		sum[placement->expert[s]] += by_slot[s];
		load[placement_device(&placement->shape, s)] += by_slot[s];
	}
	ck_assert_mem_eq(sum, rows, placement->shape.experts * sizeof *rows);
	for (size_t d = 0; d < placement->shape.devices; d++)
		most = load[d] > most ? load[d] : most;
	ck_assert_uint_eq(most, fullest);
}

/* The rows of each expert wished onto any of its slots. */
static void any_wish(const struct placement *placement, struct moe_rng *rng, const uint64_t *rows, uint64_t *wish)
{
	for (size_t s = 0; s < placement->shape.slots; s++)
		wish[s] = 0;
	for (size_t e = 0; e < placement->shape.experts; e++) {
		uint64_t first = moe_below(rng, rows[e] + 1);
		wish[placement->slot[placement->first[e]]] += first;
		wish[placement->slot[placement->first[e + 1] - 1]] += rows[e] - first;
	}
}

/* The least largest load over all ways to give the rows from expert `e` on to slots, one after the other. */
static uint64_t try_all(const struct placement *placement, const uint64_t *rows, size_t e, uint64_t given,
						uint64_t *load)
{
	uint64_t best = UINT64_MAX;
	while (e < placement->shape.experts && given == rows[e]) {
		e++;
		given = 0;
	}
	if (e == placement->shape.experts) {
		best = 0;
		for (size_t d = 0; d < placement->shape.devices; d++)
			best = load[d] > best ? load[d] : best;
		return best;
	}
	for (size_t i = placement->first[e]; i < placement->first[e + 1]; i++) {
		size_t device = placement_device(&placement->shape, placement->slot[i]);
		load[device]++;
		uint64_t found = try_all(placement, rows, e, given + 1, load);
		best = found < best ? found : best;
		load[device]--;
	}
	return best;
}

START_TEST(no_way_to_share_is_better)
{
	for (uint64_t seed = 0; seed < FEW; seed++) {
		struct cluster_case c;
		struct moe_rng rng = seed_stream(seed, "small flows", 0);
		uint64_t rows[MOST], wish[MOST], by_slot[MOST], load[MOST] = { 0 };
		case_open(&c, 1, 1, 1, 1);
		size_t experts = 2 + moe_below(&rng, 3);
		any_placement(&c, &rng, experts, 2 + moe_below(&rng, 3), 2);
		for (size_t e = 0, left = 8; e < experts; e++)
			left -= rows[e] = moe_below(&rng, left + 1);
		any_wish(&c.placement, &rng, rows, wish);
		uint64_t fullest = maxflow_share(&c.placement, wish, &c.arena, by_slot);
		check_shares(&c.placement, rows, by_slot, fullest);
		ck_assert_uint_eq(fullest, try_all(&c.placement, rows, 0, 0, load));
		case_close(&c);
	}
}
END_TEST

/* Some devices have at least the rows of those experts that stand on no other: for the worst of all sets of devices
 * their mean, rounded up, is the least largest load (Hall 1935). */
static uint64_t worst_set(const struct placement *placement, const uint64_t *rows)
{
	uint64_t worst = 0;
	for (unsigned set = 1; set < 1U << placement->shape.devices; set++) {
		uint64_t bound = 0, n = (uint64_t)__builtin_popcount(set);
		for (size_t e = 0; e < placement->shape.experts; e++) {
			bool inside = true;
			for (size_t i = placement->first[e]; i < placement->first[e + 1]; i++)
				inside &= set >> placement_device(&placement->shape, placement->slot[i]) & 1;
			bound += inside ? rows[e] : 0;
		}
		worst = (bound + n - 1) / n > worst ? (bound + n - 1) / n : worst;
	}
	return worst;
}

START_TEST(the_worst_set_of_devices_decides)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case c;
		struct moe_rng rng = seed_stream(seed, "flows", 0);
		uint64_t rows[MOST], wish[MOST], by_slot[MOST];
		case_open(&c, 1, 1, 1, 1);
		size_t devices = 1 + moe_below(&rng, 6), room = 1 + moe_below(&rng, 4),
			   experts = devices * room - moe_below(&rng, devices * room);
		any_placement(&c, &rng, experts, devices, room);
		for (size_t e = 0; e < experts; e++)
			rows[e] = moe_below(&rng, 2) ? moe_below(&rng, 10) : moe_below(&rng, UINT64_C(1) << 40);
		any_wish(&c.placement, &rng, rows, wish);
		uint64_t fullest = maxflow_share(&c.placement, wish, &c.arena, by_slot);
		check_shares(&c.placement, rows, by_slot, fullest);
		ck_assert_uint_eq(fullest, worst_set(&c.placement, rows));
		case_close(&c);
	}
}
END_TEST

static uint64_t fullest_with(struct cluster_case *c, enum copy_choice copies, enum dedup dedup)
{
	uint64_t most = 0, sum = 0;
	c->rule.copies = copies;
	case_run(c, dedup);
	for (size_t d = 0; d < c->rows.devices; d++) {
		most = c->rows.computed[d] > most ? c->rows.computed[d] : most;
		sum += c->rows.computed[d];
	}
	ck_assert_uint_eq(sum, c->rule.pad ? c->traffic.experts * exchange_capacity(&c->traffic, c->rule.capacity)
									   : c->rows.kept);
	return most;
}

/* A routing on any placement: by tokens, by counts, with a capacity, padded. */
static void random_case(struct cluster_case *c, uint64_t seed)
{
	static const char *const kinds[] = { "uniform", "zipf:1.2", "log-normal:1", "dirichlet:0.3" };
	struct moe_rng rng = seed_stream(seed, "batches", 0);
	case_open(c, 1 + moe_below(&rng, 3), 1 + moe_below(&rng, 3), 100, 10);
	size_t devices = topology_devices(&c->topology), room = 1 + moe_below(&rng, 4);
	size_t experts = devices * room - moe_below(&rng, devices * room), k = experts < 4 ? experts : 4;
	case_draw(c, kinds[moe_below(&rng, 4)], experts, k, 1 + moe_below(&rng, 20), 0, 0, seed);
	any_placement(c, &rng, experts, devices, room);
	c->traffic.has_tokens = seed % 4 != 0;
	c->rule.capacity = seed % 4 >= 2 ? 1.25 : 0;
	c->rule.pad = seed % 4 == 3;
}

/* Sharing the whole batch is never worse than choosing row by row, and leaves no slot more than was shared out. */
START_TEST(no_choice_of_single_rows_is_better)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case c;
		random_case(&c, seed);
		bool by_token = c.traffic.has_tokens && !c.rule.pad;
		enum dedup dedup = by_token ? (enum dedup)(seed % 3) : DEDUP_NONE;
		uint64_t fullest = fullest_with(&c, COPIES_MAX_FLOW, dedup);
		ck_assert_uint_le(fullest, fullest_with(&c, COPIES_TURNS, dedup));
		ck_assert_uint_le(fullest, fullest_with(&c, COPIES_NEAREST, dedup));
		if (by_token)
			ck_assert_uint_le(fullest, fullest_with(&c, COPIES_LIGHTEST, dedup));
		case_close(&c);
	}
}
END_TEST

/* Expert 0 on devices 0 and 1, expert 1 on 1 and 2: by turns, and row by row, device 1 has what comes last, too much;
 * of the batch as a whole 4 + 8 rows are 4, 4 and 4. */
START_TEST(shared_by_hand)
{
	static const uint32_t slots[6] = { 0, 2, 0, 1, 1, 2 }, chosen[12] = { 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1 };
	static const uint64_t turns[3] = { 2, 6, 4 }, lightest[3] = { 2, 5, 5 }, evened[3] = { 4, 4, 4 };
	struct cluster_case c;
	struct error err;
	case_open(&c, 1, 3, 1, 1);
	c.traffic = traffic_room(0, 3, 12, 1, &c.arena);
	for (size_t t = 0; t < 12; t++)
		c.traffic.count[c.traffic.expert[t] = chosen[t]]++;
	const struct placement_shape shape = { .experts = 3, .slots = 6, .devices = 3, .nodes = 1, .groups = 1 };
	ck_assert_int_eq(placement_index(&shape, slots, &c.arena, &c.placement, &err), 0);
	fullest_with(&c, COPIES_TURNS, DEDUP_NONE);
	ck_assert_mem_eq(c.rows.computed, turns, sizeof turns);
	fullest_with(&c, COPIES_LIGHTEST, DEDUP_NONE);
	ck_assert_mem_eq(c.rows.computed, lightest, sizeof lightest);
	fullest_with(&c, COPIES_MAX_FLOW, DEDUP_NONE);
	ck_assert_mem_eq(c.rows.computed, evened, sizeof evened);
	case_close(&c);
}
END_TEST

/* An expert on both devices, which have 16 rows for it each, and one on each: all stays where it is, though another
 * sharing is as even. */
START_TEST(what_is_even_stays)
{
	static const uint32_t slots[4] = { 0, 1, 0, 2 };
	static const uint64_t wish[4] = { 16, 5, 16, 5 };
	uint64_t by_slot[4];
	struct cluster_case c;
	struct error err;
	case_open(&c, 2, 1, 1, 1);
	const struct placement_shape shape = { .experts = 3, .slots = 4, .devices = 2, .nodes = 1, .groups = 1 };
	ck_assert_int_eq(placement_index(&shape, slots, &c.arena, &c.placement, &err), 0);
	ck_assert_uint_eq(maxflow_share(&c.placement, wish, &c.arena, by_slot), 21);
	ck_assert_mem_eq(by_slot, wish, sizeof wish);
	case_close(&c);
}
END_TEST

/* Two experts, each on both of two devices: every token finds its own. */
START_TEST(near_copies_come_first)
{
	static const uint32_t slots[4] = { 0, 1, 0, 1 };
	struct cluster_case c;
	struct error err;
	case_open(&c, 2, 1, 1, 1);
	case_draw(&c, "balanced", 2, 2, 16, 0, 0, 1);
	const struct placement_shape shape = { .experts = 2, .slots = 4, .devices = 2, .nodes = 1, .groups = 1 };
	ck_assert_int_eq(placement_index(&shape, slots, &c.arena, &c.placement, &err), 0);
	ck_assert_uint_eq(fullest_with(&c, COPIES_MAX_FLOW, DEDUP_NONE), 32);
	ck_assert_uint_eq(case_sent(&c, LEVEL_NIC), 0);
	case_close(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("maxflow");
	TCase *cases = tcase_create("maxflow");
	tcase_add_test(cases, no_way_to_share_is_better);
	tcase_add_test(cases, the_worst_set_of_devices_decides);
	tcase_add_test(cases, no_choice_of_single_rows_is_better);
	tcase_add_test(cases, shared_by_hand);
	tcase_add_test(cases, what_is_even_stays);
	tcase_add_test(cases, near_copies_come_first);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
