/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_relations.c -- what must come of a change to a cluster, a routing or a placement, over a thousand random cases:
 * nothing, no more, no less, exactly the half.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cluster/maxflow.h"
#include "tests/support/cluster_case.h"

enum { CASES = 1000, MOST = 64 };

static size_t top_k(const struct cluster_case *c)
{
	return c->traffic.first[1];
}

static uint64_t most_of(const uint64_t *value, size_t n)
{
	uint64_t most = 0;
	for (size_t i = 0; i < n; i++)
		most = value[i] > most ? value[i] : most;
	return most;
}

static void check_same_rows(const struct cluster_case *a, const struct cluster_case *b)
{
	size_t bytes = a->rows.devices * sizeof(uint64_t);
	for (int level = 0; level < LEVELS; level++) {
		ck_assert_mem_eq(a->rows.sent[level], b->rows.sent[level], bytes);
		ck_assert_mem_eq(a->rows.received[level], b->rows.received[level], bytes);
	}
	ck_assert_mem_eq(a->rows.computed, b->rows.computed, bytes);
}

static void count_again(struct traffic *traffic)
{
	memset(traffic->count, 0, traffic->experts * sizeof *traffic->count);
	for (uint64_t i = 0; i < traffic->assignments; i++)
		traffic->count[traffic->expert[i]]++;
}

/* Nodes trade places, with all that is on them. */
START_TEST(renumbering_nodes_changes_nothing)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case before, after;
		case_random(&before, seed, 0);
		case_random(&after, seed, 0);
		size_t nodes = before.topology.nodes, shift = nodes > 1 ? 1 + seed % (nodes - 1) : 0;
		size_t experts = before.traffic.experts / nodes, choices = (size_t)before.traffic.assignments / nodes;
		for (size_t node = 0; node < nodes; node++) {
			size_t to = (node + shift) % nodes;
			for (size_t i = 0; i < choices; i++) {
				uint32_t expert = before.traffic.expert[node * choices + i];
				after.traffic.expert[to * choices + i] =
					(uint32_t)((expert / experts + shift) % nodes * experts + expert % experts);
			}
		}
		count_again(&after.traffic);
		case_run(&before, (enum dedup)_i);
		case_run(&after, (enum dedup)_i);
		ck_assert_double_eq(before.step.layer, after.step.layer);
		for (size_t d = 0, g = before.topology.per_node; d < before.rows.devices; d++) {
			size_t to = (d + shift * g) % before.rows.devices;
			ck_assert_uint_eq(before.rows.computed[d], after.rows.computed[to]);
			ck_assert_uint_eq(before.rows.sent[LEVEL_NIC][d], after.rows.sent[LEVEL_NIC][to]);
			ck_assert_uint_eq(before.rows.received[LEVEL_NVL][d], after.rows.received[LEVEL_NVL][to]);
		}
		case_close(&before);
		case_close(&after);
	}
}
END_TEST

/* The tokens of a device in reverse order, and the choices of each. */
START_TEST(order_changes_nothing)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case before, after;
		case_random(&before, seed, 0);
		case_random(&after, seed, 0);
		size_t devices = topology_devices(&before.topology), n = (size_t)before.traffic.assignments / devices;
		for (size_t i = 0; i < n * devices; i++)
			after.traffic.expert[i / n * n + n - 1 - i % n] = before.traffic.expert[i];
		case_run(&before, (enum dedup)_i);
		case_run(&after, (enum dedup)_i);
		check_same_rows(&before, &after);
		case_close(&before);
		case_close(&after);
	}
}
END_TEST

/* Every token twice: every row twice. */
START_TEST(two_batches_add_up)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case one, two;
		case_random(&one, seed, 0);
		two = one;
		two.arena = (struct arena){ 0 };
		size_t k = top_k(&one);
		two.traffic = traffic_room(0, one.traffic.experts, 2 * one.traffic.tokens, k, &two.arena);
		for (size_t t = 0; t < 2 * one.traffic.tokens; t++)
			memcpy(two.traffic.expert + t * k, one.traffic.expert + t / 2 * k, k * sizeof *two.traffic.expert);
		count_again(&two.traffic);
		case_run(&one, (enum dedup)_i);
		case_run(&two, (enum dedup)_i);
		for (size_t d = 0; d < one.rows.devices; d++) {
			ck_assert_uint_eq(2 * one.rows.computed[d], two.rows.computed[d]);
			for (int level = 0; level < LEVELS; level++) {
				ck_assert_uint_eq(2 * one.rows.sent[level][d], two.rows.sent[level][d]);
				ck_assert_uint_eq(2 * one.rows.received[level][d], two.rows.received[level][d]);
			}
		}
		case_close(&one);
		case_close(&two);
	}
}
END_TEST

/* A row that is not sent twice is computed all the same; a token is on no more devices than it has experts, on no fewer
 * than nodes; and what all levels carry falls, while a node forwards what it got once. */
START_TEST(fewer_rows_travel_the_more_they_share)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case c[3];
		uint64_t all[3];
		for (int dedup = DEDUP_NONE; dedup <= DEDUP_NODE; dedup++) {
			case_random(&c[dedup], seed, 0);
			c[dedup].work.backward = true;
			case_run(&c[dedup], (enum dedup)dedup);
			all[dedup] = case_sent(&c[dedup], LEVEL_NVL) + case_sent(&c[dedup], LEVEL_NIC);
			ck_assert_mem_eq(c[dedup].rows.computed, c[0].rows.computed, c[0].rows.devices * sizeof(uint64_t));
			ck_assert_double_eq(c[dedup].step.compute, c[0].step.compute);
		}
		const struct rows *rows = &c[DEDUP_NODE].rows;
		size_t k = top_k(&c[0]), nodes = c[0].topology.nodes;
		ck_assert_uint_le(all[DEDUP_DEVICE], all[DEDUP_NONE]);
		ck_assert_uint_le(rows->node_visits, rows->device_visits);
		ck_assert_uint_le(rows->device_visits, rows->tokens * k);
		ck_assert_uint_le(rows->node_visits, rows->tokens * (k < nodes ? k : nodes));
		ck_assert_uint_le(case_sent(&c[DEDUP_NODE], LEVEL_NVL), rows->device_visits);
		for (int dedup = DEDUP_NONE; dedup <= DEDUP_NODE; dedup++)
			case_close(&c[dedup]);
	}
}
END_TEST

static void all_speeds(struct cluster_case *c, double factor)
{
	for (int level = 0; level < LEVELS; level++) {
		c->topology.link[level].bandwidth *= factor;
		for (int travel = 0; travel < TRAVELS; travel++)
			c->topology.link[level].latency[travel] /= factor;
	}
	c->topology.compute *= factor;
	c->topology.memory *= factor;
}

/* Twice as fast in everything, the same layer takes half the time, whatever overlaps: seconds are in nothing else. */
START_TEST(all_twice_as_fast_is_half_the_time)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case c;
		case_random(&c, seed, 0);
		c.topology.compute = 1e12;
		c.topology.memory = 1e12;
		c.topology.link[LEVEL_NIC].latency[TRAVEL_COMBINE] = 1e-9 * (double)(seed % 5);
		c.work.backward = seed % 2 == 0;
		c.work.chunks = 1 + seed % 3;
		c.work.shared = seed % 4;
		c.work.transport = (int)(seed % 4);
		enum dedup dedup = c.work.transport >= TRANSPORT_ONE_LEVEL ? DEDUP_DEVICE : DEDUP_NODE;
		case_run(&c, dedup);
		double layer = c.step.layer, exposed = c.step.exposed;
		all_speeds(&c, 2);
		case_run(&c, dedup);
		ck_assert_double_eq_tol(c.step.layer, layer / 2, layer * 1e-12);
		ck_assert_double_eq_tol(c.step.exposed, exposed / 2, layer * 1e-12);
		case_close(&c);
	}
}
END_TEST

/* A faster link, or device, never makes a layer slower. */
START_TEST(faster_is_never_slower)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case c;
		case_random(&c, seed, 0);
		c.topology.compute = 1e11;
		c.work.chunks = 1 + seed % 4;
		c.work.backward = true;
		case_run(&c, DEDUP_NODE);
		double layer = c.step.layer;
		double *speed[] = { &c.topology.link[LEVEL_NVL].bandwidth, &c.topology.link[LEVEL_NIC].bandwidth,
							&c.topology.compute, &c.topology.memory };
		for (size_t i = 0; i < 4; i++) {
			*speed[i] *= 1.5;
			case_run(&c, DEDUP_NODE);
			ck_assert_double_le(c.step.layer, layer * (1 + 1e-12));
			layer = c.step.layer;
		}
		case_close(&c);
	}
}
END_TEST

/* One level after the other takes no less than both at a time, many steps no less than one; chunks and an overlap hide
 * something or nothing; and with one device a node there is but one level. */
START_TEST(transports_are_ordered)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case c;
		double layer[4];
		case_random(&c, seed, 0);
		for (int level = 0; level < LEVELS; level++)
			c.topology.link[level].latency[TRAVEL_DISPATCH] = 1e-9;
		c.topology.compute = 1e11;
		for (c.work.transport = 0; c.work.transport < 4; c.work.transport++) {
			case_run(&c, DEDUP_DEVICE);
			layer[c.work.transport] = c.step.layer;
		}
		ck_assert_double_ge(layer[TRANSPORT_PAIRWISE], layer[TRANSPORT_ONE_LEVEL]);
		if (c.topology.per_node == 1)
			ck_assert_double_eq(layer[TRANSPORT_PIPELINED], layer[TRANSPORT_ONE_LEVEL]);
		for (int level = 0; level < LEVELS; level++)
			c.topology.link[level].latency[TRAVEL_DISPATCH] = 0;
		for (c.work.transport = 0; c.work.transport < 2; c.work.transport++) {
			case_run(&c, DEDUP_DEVICE);
			layer[c.work.transport] = c.step.layer;
		}
		ck_assert_double_ge(layer[TRANSPORT_STAGED], layer[TRANSPORT_PIPELINED]);
		c.work.transport = TRANSPORT_PIPELINED;
		c.work.chunks = 2 + seed % 7;
		case_run(&c, DEDUP_DEVICE);
		ck_assert_double_le(c.step.layer, layer[TRANSPORT_PIPELINED] * (1 + 1e-12));
		ck_assert_double_ge(c.step.layer, c.step.compute * (1 - 1e-12));
		case_close(&c);
	}
}
END_TEST

/* The place among the choices of the first row that can go from another device to an expert of this one; assignments:
 * there is none. */
static size_t movable(const struct cluster_case *c, size_t expert, size_t device)
{
	size_t k = top_k(c), room = c->traffic.experts / c->rows.devices, n = (size_t)c->traffic.assignments;
	for (size_t i = 0; i < n; i++) {
		bool has = false;
		for (size_t j = i / k * k; j < i / k * k + k; j++)
			has |= c->traffic.expert[j] == expert;
		if (!has && c->traffic.expert[i] / room != device)
			return i;
	}
	return n;
}

/* Rows go, one by one, from other devices to the one that has most: each makes the straggler worse by one, and no layer
 * shorter. */
START_TEST(more_skew_is_never_faster)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case c;
		case_random(&c, seed, 0);
		c.topology.compute = 1e10;
		case_run(&c, DEDUP_NONE);
		size_t device = 0, room = c.traffic.experts / c.rows.devices, at;
		for (size_t d = 1; d < c.rows.devices; d++)
			device = c.rows.computed[d] > c.rows.computed[device] ? d : device;
		for (int moved = 0; moved < 3; moved++) {
			uint64_t most = most_of(c.rows.computed, c.rows.devices);
			double compute = c.step.compute;
			if ((at = movable(&c, device * room, device)) == c.traffic.assignments)
				break;
			c.traffic.expert[at] = (uint32_t)(device * room);
			count_again(&c.traffic);
			case_run(&c, DEDUP_NONE);
			ck_assert_uint_eq(most_of(c.rows.computed, c.rows.devices), most + 1);
			ck_assert_double_gt(c.step.compute, compute);
			ck_assert_double_eq_tol(c.step.even,
									c.step.compute * (double)c.traffic.assignments / (double)c.rows.devices /
										(double)(most + 1),
									c.step.compute * 1e-12);
		}
		case_close(&c);
	}
}
END_TEST

/* The steeper a law, the more the fullest device has: of Zipf's shares themselves, in order on devices. */
START_TEST(steeper_laws_are_less_even)
{
	for (size_t devices = 2; devices <= 16; devices *= 2) {
		double last = 0;
		for (int i = 0; i <= 20; i++) {
			double share[MOST], first = 0;
			struct load_kind load;
			struct error err;
			const struct load_shape shape = { .experts = MOST, .k = 1, .tokens = 1, .devices = devices, .seed = 1 };
			ck_assert_int_eq(load_parse("zipf", &load, &err), 0);
			load.number = i * 0.1;
			load_shares(&load, &shape, 0, share);
			for (size_t e = 0; e < MOST / devices; e++)
				first += share[e];
			ck_assert_double_ge(first, last);
			ck_assert_double_ge(first, (1 - 1e-12) / (double)devices);
			last = first;
		}
	}
}
END_TEST

/* Another copy, of any expert on any device: the rows of a batch, shared as well as can be, leave the fullest device no
 * fuller; and none is below the mean. */
START_TEST(another_copy_never_hurts)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case c;
		struct error err;
		case_random(&c, seed, 0);
		struct moe_rng rng = seed_stream(seed, "copies", 0);
		size_t devices = topology_devices(&c.topology), experts = c.traffic.experts, room = experts / devices;
		uint64_t wish[2 * MOST], shares[2 * MOST], most = UINT64_MAX;
		for (size_t more = 0; more < 3; more++) {
			uint32_t expert[2 * MOST];
			struct placement_shape shape = { experts, devices * (room + more), devices, 1, 1, NULL };
			for (size_t s = 0; s < shape.slots; s++) {
				size_t at = s % (room + more), device = s / (room + more);
				bool is_old = at < room + more - 1 && more > 0;
				expert[s] = at < room ? (uint32_t)(device * room + at)
							: is_old  ? c.placement.expert[device * (room + more - 1) + at]
									  : (uint32_t)moe_below(&rng, experts);
				wish[s] = at < room ? c.traffic.count[expert[s]] : 0;
			}
			ck_assert_int_eq(placement_index(&shape, expert, &c.arena, &c.placement, &err), 0);
			uint64_t fullest = maxflow_share(&c.placement, wish, &c.arena, shares);
			ck_assert_uint_le(fullest, most);
			ck_assert_uint_ge(fullest, (c.traffic.assignments + devices - 1) / devices);
			most = fullest;
		}
		case_close(&c);
	}
}
END_TEST

/* A token is in no more nodes than it may, and the more it may the more there are. */
START_TEST(a_tighter_limit_sends_less)
{
	for (uint64_t seed = 0; seed < CASES / 10; seed++) {
		uint64_t last = 0;
		for (size_t limit = 1; limit <= 4; limit++) {
			struct cluster_case c;
			case_open(&c, 4, 2, 100, 10);
			case_draw(&c, seed % 2 ? "uniform" : "zipf:1", 32, 6, 20, 4, limit, seed);
			case_run(&c, DEDUP_NODE);
			ck_assert_uint_le(c.rows.node_visits, c.rows.tokens * limit);
			ck_assert_uint_ge(c.rows.node_visits, last);
			last = c.rows.node_visits;
			case_close(&c);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("relations");
	TCase *cases = tcase_create("relations");
	tcase_add_loop_test(cases, renumbering_nodes_changes_nothing, DEDUP_NONE, DEDUP_NODE + 1);
	tcase_add_loop_test(cases, order_changes_nothing, DEDUP_NONE, DEDUP_NODE + 1);
	tcase_add_loop_test(cases, two_batches_add_up, DEDUP_NONE, DEDUP_NODE + 1);
	tcase_add_test(cases, fewer_rows_travel_the_more_they_share);
	tcase_add_test(cases, all_twice_as_fast_is_half_the_time);
	tcase_add_test(cases, faster_is_never_slower);
	tcase_add_test(cases, transports_are_ordered);
	tcase_add_test(cases, more_skew_is_never_faster);
	tcase_add_test(cases, steeper_laws_are_less_even);
	tcase_add_test(cases, another_copy_never_hurts);
	tcase_add_test(cases, a_tighter_limit_sends_less);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
