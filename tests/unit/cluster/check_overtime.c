/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_overtime.c -- what moving experts costs, and placements that follow loads, against hand-worked cases and brute
 * force.
 */
#include <config.h>

#include <check.h>
#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/seed.h"
#include "sim/cluster/load.h"
#include "sim/cluster/overtime.h"

/* Two nodes of two devices with two slots each; a second for 10 bytes in a node and for 1 byte between nodes. */
static const struct placement_shape shape = { .experts = 4, .slots = 8, .devices = 4, .nodes = 2, .groups = 1 };
static const struct topology topology = { .nodes = 2,
										  .per_node = 2,
										  .link = { { .bandwidth = 10, .latency = { 1, 1 } },
													{ .bandwidth = 1, .latency = { 2, 2 } } } };

static struct rewrite counted(const uint32_t *from, const uint32_t *to, struct arena *arena)
{
	struct placement a, b;
	struct rewrite rewrite;
	struct error err;
	ck_assert_int_eq(placement_index(&shape, from, arena, &a, &err), 0);
	ck_assert_int_eq(placement_index(&shape, to, arena, &b, &err), 0);
	ck_assert_int_eq(rewrite_count(&a, &b, &topology, 20, &rewrite, &err), 0);
	return rewrite;
}

START_TEST(rewrites_by_hand)
{
	static const uint32_t from[8] = { 0, 1, 2, 3, 0, 1, 0, 1 };
	static const uint32_t same[8] = { 1, 0, 3, 2, 1, 0, 0, 1 }; /* slots of a device trade places */
	static const uint32_t near[8] = { 0, 2, 2, 3, 0, 1, 0, 1 }; /* 2 from device 1 to 0: 20 bytes in a node */
	static const uint32_t far[8] = { 0, 1, 2, 3, 2, 1, 3, 1 }; /* 2 and 3 from device 1 to 2 and 3: it sends 40 bytes */
	static const uint32_t twice[8] = { 0, 1, 2, 3, 2, 2, 0, 1 }; /* 2 to both slots of device 2: it travels once */
	struct arena arena = { 0 };
	struct rewrite rewrite = counted(from, same, &arena);
	ck_assert_uint_eq(rewrite.moved, 0);
	ck_assert_double_eq(rewrite.seconds, 0);
	rewrite = counted(from, near, &arena);
	ck_assert(rewrite.moved == 1 && rewrite.between == 0 && rewrite.bytes == 20);
	ck_assert_double_eq(rewrite.seconds, 1 + 2);
	rewrite = counted(from, far, &arena);
	ck_assert(rewrite.moved == 2 && rewrite.between == 2 && rewrite.most[LEVEL_NIC] == 2);
	ck_assert_double_eq(rewrite.seconds, 2 + 40);
	rewrite = counted(from, twice, &arena);
	ck_assert(rewrite.moved == 1 && rewrite.between == 1);
	arena_free(&arena);
}
END_TEST

START_TEST(weights_beyond_64_bits_are_refused)
{
	static const uint32_t from[8] = { 0, 1, 2, 3, 0, 1, 0, 1 }, to[8] = { 0, 1, 2, 3, 2, 1, 3, 1 };
	struct arena arena = { 0 };
	struct placement a, b;
	struct rewrite rewrite;
	struct error err = { .code = ERROR_NONE };
	ck_assert_int_eq(placement_index(&shape, from, &arena, &a, &err), 0);
	ck_assert_int_eq(placement_index(&shape, to, &arena, &b, &err), 0);
	ck_assert_int_eq(rewrite_count(&a, &b, &topology, UINT64_C(1) << 62, &rewrite, &err), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_str_eq(err.text, "2 experts of 4.61e+18 bytes exceed 64 bits");
	arena_free(&arena);
}
END_TEST

static void random_slots(struct moe_rng *rng, uint32_t *expert)
{
	for (size_t s = 0; s < 8; s++)
		expert[s] = (uint32_t)(s < 4 ? s : moe_below(rng, 4));
	for (size_t s = 7; s > 0; s--) {
		size_t other = moe_below(rng, s + 1);
		uint32_t kept = expert[s];
		expert[s] = expert[other];
		expert[other] = kept;
	}
}

/* There and back, to itself, and after relabeling: what holds whatever the placements. */
START_TEST(rewrites_obey_identities)
{
	static const uint64_t load[4] = { 7, 11, 13, 17 };
	struct moe_rng rng = seed_stream(1, "rewrite test", 0);
	for (int i = 0; i < 1000; i++) {
		uint32_t from[8], to[8], relabeled[8];
		struct arena arena = { 0 };
		random_slots(&rng, from);
		random_slots(&rng, to);
		memcpy(relabeled, to, sizeof to);
		rewrite_relabel(&shape, from, relabeled);
		struct rewrite plain = counted(from, to, &arena), less = counted(from, relabeled, &arena);
		ck_assert_uint_le(less.moved, plain.moved);
		ck_assert_uint_eq(counted(from, from, &arena).moved, 0);
		ck_assert_double_eq(placement_max_load(&shape, relabeled, load), placement_max_load(&shape, to, load));
		ck_assert_uint_le(plain.between, plain.moved);
		ck_assert_uint_eq(plain.bytes, 20 * plain.moved);
		rewrite_relabel(&shape, to, relabeled);
		ck_assert_uint_eq(counted(to, relabeled, &arena).moved, 0);
		arena_free(&arena);
	}
}
END_TEST

/* Steps of one layer with the counts of `load`, turned on by one expert every `turn` steps (0: never). */
static struct series turning(const uint64_t *load, size_t steps, size_t turn)
{
	struct series series = { .steps = steps, .layers = 1, .experts = 4 };
	series.step = calloc(steps, sizeof *series.step);
	series.layer = calloc(1, sizeof *series.layer);
	series.count = calloc(steps * 4, sizeof *series.count);
	for (size_t t = 0; t < steps; t++)
		for (size_t e = 0; e < 4; e++)
			series.count[t * 4 + (e + (turn ? t / turn : 0)) % 4] = load[e];
	return series;
}

static struct schedule schedule_of(size_t window, size_t interval)
{
	return (struct schedule){ .window = window,
							  .interval = interval,
							  .trigger = 1,
							  .rule = placement_rule_find("lpt"),
							  .shape = shape,
							  .topology = &topology,
							  .expert_bytes = 20 };
}

enum { STEPS = 24 };
static const uint64_t skewed[4] = { 500, 100, 100, 100 };

static void follow(const struct schedule *schedule, const struct series *series, struct moment *moment)
{
	struct error err;
	ck_assert_int_eq(overtime_run(schedule, series, 0, moment, &err), 0);
}

/* The same load at all times: experts move once, after the first interval, and then stand as the oracle has them. */
START_TEST(a_steady_load_moves_once)
{
	struct series series = turning(skewed, STEPS, 0);
	struct schedule schedule = schedule_of(5, 4);
	struct moment moment[STEPS];
	follow(&schedule, &series, moment);
	for (size_t t = 0; t < STEPS; t++) {
		ck_assert((moment[t].rewrite.moved > 0) == (t == 3));
		ck_assert_double_eq(moment[t].load, t < 4 ? moment[t].initial : moment[t].oracle);
		ck_assert_double_eq(moment[t].mean, 200);
		ck_assert_double_eq(moment[t].initial, 300); /* 500 / 2 and 100 / 2 */
	}
	series_free(&series);
}
END_TEST

/* A load that turns every step is followed one step late: each step stands as the oracle of the step before. */
START_TEST(a_turning_load_is_followed_late)
{
	struct series series = turning(skewed, STEPS, 1);
	struct schedule schedule = schedule_of(1, 1);
	struct moment moment[STEPS];
	follow(&schedule, &series, moment);
	for (size_t t = 1; t < STEPS; t++) {
		uint32_t expert[8];
		schedule.rule->place(&shape, series_counts(&series, t - 1, 0), expert);
		ck_assert_double_eq(moment[t].load, placement_max_load(&shape, expert, series_counts(&series, t, 0)));
		ck_assert_double_ge(moment[t].load, moment[t].oracle);
	}
	series_free(&series);
}
END_TEST

/* No look, no trigger or no gain: nothing moves.  A window of all turns sees no skew. */
START_TEST(nothing_moves_without_cause)
{
	struct series series = turning(skewed, STEPS, 1);
	struct schedule schedules[4] = { schedule_of(1, STEPS + 1), schedule_of(1, 1), schedule_of(1, 1),
									 schedule_of(4, 4) };
	schedules[1].trigger = 0;
	schedules[2].gain = 0.9;
	struct moment moment[STEPS];
	for (size_t i = 0; i < 4; i++) {
		follow(&schedules[i], &series, moment);
		for (size_t t = 0; t < STEPS; t++) {
			ck_assert_uint_eq(moment[t].rewrite.moved, 0);
			ck_assert_double_eq(moment[t].load, moment[t].initial);
		}
	}
	series_free(&series);
}
END_TEST

/* Drawn steps and layers become a series as they are. */
START_TEST(a_series_of_drawn_steps)
{
	struct load_kind load;
	struct error err;
	struct traffics traffic = { .n = 6 };
	struct series series;
	ck_assert_int_eq(load_parse("zipf:1", &load, &err), 0);
	traffic.layer = ARENA_TAKE(&traffic.arena, 6, struct traffic);
	for (uint32_t i = 0; i < 6; i++) {
		struct load_shape of = { .experts = 8, .k = 2, .tokens = 100, .devices = 4, .step = i / 2 };
		traffic.layer[i] = load_draw(&load, &of, i % 2, &traffic.arena);
	}
	ck_assert_int_eq(series_take(&traffic, &series, &err), 0);
	ck_assert(series.steps == 3 && series.layers == 2 && series.experts == 8);
	for (size_t i = 0; i < 6; i++)
		ck_assert_mem_eq(series_counts(&series, i / 2, i % 2), traffic.layer[i].count, 8 * sizeof(uint64_t));
	series_free(&series);
	traffic.n = 2;
	ck_assert_int_ne(series_take(&traffic, &series, &err), 0);
	traffic_free(&traffic);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("overtime");
	TCase *cases = tcase_create("overtime");
	tcase_add_test(cases, rewrites_by_hand);
	tcase_add_test(cases, weights_beyond_64_bits_are_refused);
	tcase_add_test(cases, rewrites_obey_identities);
	tcase_add_test(cases, a_steady_load_moves_once);
	tcase_add_test(cases, a_turning_load_is_followed_late);
	tcase_add_test(cases, nothing_moves_without_cause);
	tcase_add_test(cases, a_series_of_drawn_steps);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
