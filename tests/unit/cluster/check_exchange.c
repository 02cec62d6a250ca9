/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_exchange.c -- rows that travel, and the time they take: brute force, identities, and what must not change.
 */
#include <config.h>

#include <check.h>
#include <math.h>
#include <moesim/kit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/seed.h"
#include "tests/support/cluster_case.h"

enum { CASES = 1000, MOST = 64 };

/* Rows between devices, counted from sets: visited[d] of each token, whatever order its experts stand in. */
struct brute {
	uint64_t sent[LEVELS][MOST], received[LEVELS][MOST];
};

static void brute_send(struct brute *brute, const struct cluster_case *c, size_t from, size_t to)
{
	size_t g = c->topology.per_node;
	if (from == to)
		return;
	brute->sent[from / g != to / g][from]++;
	brute->received[from / g != to / g][to]++;
}

static void brute_token(struct brute *brute, const struct cluster_case *c, size_t source, const size_t *visits,
						enum dedup dedup)
{
	size_t g = c->topology.per_node, devices = topology_devices(&c->topology);
	for (size_t node = 0; node < c->topology.nodes; node++) {
		size_t relay = node * g + source % g, there = 0;
		for (size_t d = node * g; d < (node + 1) * g; d++)
			there += visits[d];
		if (dedup == DEDUP_NODE && there > 0)
			brute_send(brute, c, source, relay);
		for (size_t d = node * g; dedup == DEDUP_NODE && d < (node + 1) * g; d++)
			if (visits[d] > 0)
				brute_send(brute, c, relay, d);
	}
	for (size_t d = 0; dedup != DEDUP_NODE && d < devices; d++)
		for (size_t i = 0; i < (dedup == DEDUP_NONE ? visits[d] : visits[d] > 0); i++)
			brute_send(brute, c, source, d);
}

static void brute_count(struct brute *brute, const struct cluster_case *c, enum dedup dedup)
{
	size_t devices = topology_devices(&c->topology), experts = c->traffic.experts;
	memset(brute, 0, sizeof *brute);
	for (size_t t = 0; t < c->traffic.tokens; t++) {
		size_t visits[MOST] = { 0 };
		for (size_t i = c->traffic.first[t]; i < c->traffic.first[t + 1]; i++)
			visits[c->traffic.expert[i] / (experts / devices)]++;
		brute_token(brute, c, t / (c->traffic.tokens / devices), visits, dedup);
	}
}

START_TEST(rows_are_those_of_brute_force)
{
	struct brute brute;
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case c;
		case_random(&c, seed, 0);
		case_run(&c, (enum dedup)_i);
		brute_count(&brute, &c, (enum dedup)_i);
		for (int level = 0; level < LEVELS; level++) {
			ck_assert_mem_eq(c.rows.sent[level], brute.sent[level], c.rows.devices * sizeof(uint64_t));
			ck_assert_mem_eq(c.rows.received[level], brute.received[level], c.rows.devices * sizeof(uint64_t));
		}
		case_close(&c);
	}
}
END_TEST

static uint64_t most_of(const uint64_t *value, size_t n)
{
	uint64_t most = 0;
	for (size_t i = 0; i < n; i++)
		most = value[i] > most ? value[i] : most;
	return most;
}

/* What is sent is received; what is computed is kept; a node is never sent more than a device, nor a device more than
 * an expert; one node has no rows between nodes. */
START_TEST(rows_add_up)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		uint64_t nic[3];
		for (int dedup = DEDUP_NONE; dedup <= DEDUP_NODE; dedup++) {
			struct cluster_case c;
			case_random(&c, seed, 0);
			case_run(&c, (enum dedup)dedup);
			uint64_t computed = 0, received[LEVELS] = { 0 };
			for (size_t d = 0; d < c.rows.devices; d++) {
				computed += c.rows.computed[d];
				received[LEVEL_NVL] += c.rows.received[LEVEL_NVL][d];
				received[LEVEL_NIC] += c.rows.received[LEVEL_NIC][d];
			}
			ck_assert_uint_eq(computed, c.traffic.assignments);
			ck_assert_uint_eq(received[LEVEL_NVL], case_sent(&c, LEVEL_NVL));
			ck_assert_uint_eq(received[LEVEL_NIC], nic[dedup] = case_sent(&c, LEVEL_NIC));
			ck_assert(c.topology.nodes > 1 || nic[dedup] == 0);
			ck_assert(c.topology.nodes > 1 || step_find(&c.step, STEP_dispatch, LEVEL_NIC) == NULL);
			case_close(&c);
		}
		ck_assert_uint_le(nic[DEDUP_NODE], nic[DEDUP_DEVICE]);
		ck_assert_uint_le(nic[DEDUP_DEVICE], nic[DEDUP_NONE]);
	}
}
END_TEST

/* A token's first choices are the same with one more: so volume never falls. */
START_TEST(another_expert_never_lowers_the_volume)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case fewer, more;
		case_random(&more, seed, 1);
		fewer = more;
		fewer.arena = (struct arena){ 0 };
		size_t k = more.traffic.first[1];
		if (k > 1) {
			fewer.traffic = traffic_room(0, more.traffic.experts, more.traffic.tokens, k - 1, &fewer.arena);
			for (size_t t = 0; t < more.traffic.tokens; t++)
				for (size_t i = 0; i + 1 < k; i++) {
					fewer.traffic.expert[t * (k - 1) + i] = more.traffic.expert[t * k + i];
					fewer.traffic.count[more.traffic.expert[t * k + i]]++;
				}
			case_run(&fewer, (enum dedup)_i);
			case_run(&more, (enum dedup)_i);
			ck_assert_uint_le(case_sent(&fewer, LEVEL_NIC), case_sent(&more, LEVEL_NIC));
			ck_assert_uint_le(case_sent(&fewer, LEVEL_NVL) + case_sent(&fewer, LEVEL_NIC),
							  case_sent(&more, LEVEL_NVL) + case_sent(&more, LEVEL_NIC));
			case_close(&fewer);
		}
		case_close(&more);
	}
}
END_TEST

static void shuffle(struct moe_rng *rng, size_t n, uint32_t *order)
{
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	for (size_t i = n; i > 1; i--) {
		size_t j = moe_below(rng, i);
		uint32_t kept = order[i - 1];
		order[i - 1] = order[j];
		order[j] = kept;
	}
}

static void check_same_times(const struct cluster_case *a, const struct cluster_case *b)
{
	ck_assert_uint_eq(a->step.n, b->step.n);
	for (size_t i = 0; i < a->step.n; i++) {
		ck_assert_double_eq(a->step.measure[i].seconds, b->step.measure[i].seconds);
		ck_assert_uint_eq(a->step.measure[i].rows_max, b->step.measure[i].rows_max);
	}
}

/* Experts get other numbers, and stand where they stood. */
START_TEST(renaming_experts_changes_nothing)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case before, after;
		uint32_t name[MOST], slot[MOST];
		struct error err;
		case_random(&before, seed, 0);
		case_random(&after, seed, 0);
		struct moe_rng rng = seed_stream(seed, "names", 0);
		shuffle(&rng, before.traffic.experts, name);
		for (uint64_t i = 0; i < after.traffic.assignments; i++)
			after.traffic.expert[i] = name[before.traffic.expert[i]];
		for (size_t e = 0; e < before.traffic.experts; e++) {
			after.traffic.count[name[e]] = before.traffic.count[e];
			slot[e] = name[e];
		}
		case_run(&before, (enum dedup)_i);
		ck_assert_int_eq(placement_index(&before.placement.shape, slot, &after.arena, &after.placement, &err), 0);
		case_run(&after, (enum dedup)_i);
		check_same_times(&before, &after);
		case_close(&before);
		case_close(&after);
	}
}
END_TEST

/* In every node the devices trade places, with their experts and tokens. */
START_TEST(relabelling_devices_in_nodes_changes_nothing)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case before, after;
		uint32_t place[MOST], slot[MOST];
		struct error err;
		case_random(&before, seed, 0);
		case_random(&after, seed, 0);
		struct moe_rng rng = seed_stream(seed, "places", 0);
		size_t g = before.topology.per_node, devices = topology_devices(&before.topology);
		size_t room = before.traffic.experts / devices, choices = (size_t)before.traffic.assignments / devices;
		shuffle(&rng, g, place);
		for (size_t d = 0; d < devices; d++) {
			size_t to = d / g * g + place[d % g];
			memcpy(after.traffic.expert + to * choices, before.traffic.expert + d * choices,
				   choices * sizeof *after.traffic.expert);
			for (size_t i = 0; i < room; i++)
				slot[to * room + i] = (uint32_t)(d * room + i);
		}
		case_run(&before, (enum dedup)_i);
		ck_assert_int_eq(placement_index(&before.placement.shape, slot, &after.arena, &after.placement, &err), 0);
		case_run(&after, (enum dedup)_i);
		check_same_times(&before, &after);
		case_close(&before);
		case_close(&after);
	}
}
END_TEST

/* Without latency, twice the bandwidth is half the time; with it, the rest stays. */
START_TEST(bandwidth_halves_its_own_term)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case c;
		case_random(&c, seed, 0);
		case_run(&c, DEDUP_NODE);
		double slow = case_seconds(&c, STEP_dispatch, LEVEL_ALL);
		for (int level = 0; level < LEVELS; level++)
			c.topology.link[level].bandwidth *= 2;
		case_run(&c, DEDUP_NODE);
		ck_assert_double_eq(case_seconds(&c, STEP_dispatch, LEVEL_ALL), slow / 2);
		for (int level = 0; level < LEVELS; level++)
			c.topology.link[level].latency[TRAVEL_DISPATCH] = 1e-3;
		case_run(&c, DEDUP_NODE);
		ck_assert_double_eq_tol(case_seconds(&c, STEP_dispatch, LEVEL_ALL), slow > 0 ? slow / 2 + 1e-3 : 0, 1e-15);
		case_close(&c);
	}
}
END_TEST

/* Every device uses every expert equally often: imbalance 1, t = T k h b (D - 1) / (D B), and nccl-tests' bus bandwidth
 * S (n - 1) / (n t) is the bandwidth of the link. */
START_TEST(perfect_balance)
{
	struct cluster_case c;
	case_open(&c, 1, 8, 155, 50);
	c.work.width = 7168;
	c.work.travel_bytes[TRAVEL_DISPATCH] = 2;
	case_draw(&c, "balanced", 64, 8, 256, 0, 0, 0);
	case_run(&c, DEDUP_NONE);
	double bytes = 256.0 * 8 * 7168 * 2, seconds = case_seconds(&c, STEP_dispatch, LEVEL_ALL);
	const struct measure *measure = step_find(&c.step, STEP_dispatch, LEVEL_NVL);
	ck_assert_double_eq((double)measure->rows_max, measure->rows_mean);
	ck_assert_double_eq_tol(seconds, bytes * 7 / 8 / 155e9, 1e-18);
	ck_assert_double_eq_tol(bytes * 7 / 8 / seconds, 155e9, 155e9 * 1e-12);
	ck_assert_uint_eq(most_of(c.rows.computed, 8), 2048);
	case_close(&c);
}
END_TEST

/* Padding: E C rows whatever is routed, of which (D - 1) / D travel; what is beyond the capacity is dropped. */
START_TEST(padding_is_independent_of_the_routing)
{
	static const char *const kinds[] = { "uniform", "zipf:1.5", "k-hot:4", "balanced" };
	for (int i = 0; i < 4; i++) {
		struct cluster_case c;
		case_open(&c, 2, 4, 100, 10);
		case_draw(&c, kinds[i], 32, 4, 64, 0, 0, 7);
		c.rule = (struct exchange_rule){ .capacity = 1.25, .pad = true };
		case_run(&c, DEDUP_NONE);
		uint64_t room = exchange_capacity(&c.traffic, 1.25), dropped = 0;
		ck_assert_uint_eq(room, 80);
		for (size_t e = 0; e < 32; e++)
			dropped += c.traffic.count[e] > room ? c.traffic.count[e] - room : 0;
		ck_assert_uint_eq(case_sent(&c, LEVEL_NVL) + case_sent(&c, LEVEL_NIC), 32 * room * 7 / 8);
		ck_assert_uint_eq(c.rows.dropped, dropped);
		ck_assert_uint_eq(c.rows.kept, c.traffic.assignments - dropped);
		ck_assert_uint_eq(most_of(c.rows.computed, 8), 4 * room);
		case_close(&c);
	}
}
END_TEST

START_TEST(padding_of_a_balanced_load_is_the_load)
{
	struct cluster_case dropless, padded;
	case_open(&dropless, 2, 4, 100, 10);
	case_draw(&dropless, "balanced", 32, 4, 64, 0, 0, 7);
	padded = dropless;
	padded.arena = (struct arena){ 0 };
	padded.rule = (struct exchange_rule){ .capacity = 1, .pad = true };
	case_run(&dropless, DEDUP_NONE);
	case_run(&padded, DEDUP_NONE);
	for (int level = 0; level < LEVELS; level++)
		ck_assert_mem_eq(dropless.rows.sent[level], padded.rows.sent[level], 8 * sizeof(uint64_t));
	ck_assert_uint_eq(padded.rows.dropped, 0);
	case_close(&padded);
	case_close(&dropless);
}
END_TEST

/* A capacity without padding keeps the first rows of each expert. */
START_TEST(dropped_rows_are_counted)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case c;
		case_random(&c, seed, 0);
		c.rule.capacity = 1;
		uint64_t room = exchange_capacity(&c.traffic, 1), dropped = 0;
		for (size_t e = 0; e < c.traffic.experts; e++)
			dropped += c.traffic.count[e] > room ? c.traffic.count[e] - room : 0;
		case_run(&c, DEDUP_NODE);
		ck_assert_uint_eq(c.rows.dropped, dropped);
		ck_assert_uint_le(most_of(c.rows.by_slot, c.traffic.experts), room);
		case_close(&c);
	}
}
END_TEST

/* As many groups allowed as there are: the same draws, row by row. */
START_TEST(a_limit_of_all_groups_is_none)
{
	struct cluster_case free_choice, limited;
	case_open(&free_choice, 4, 2, 100, 10);
	case_draw(&free_choice, "zipf:0.8", 32, 6, 50, 0, 0, 3);
	case_open(&limited, 4, 2, 100, 10);
	case_draw(&limited, "zipf:0.8", 32, 6, 50, 4, 4, 3);
	ck_assert_mem_eq(free_choice.traffic.expert, limited.traffic.expert,
					 (size_t)limited.traffic.assignments * sizeof(uint32_t));
	case_close(&free_choice);
	case_close(&limited);
}
END_TEST

/* Copies take turns: their loads differ by one row at most, and the sum stays. */
START_TEST(copies_share_evenly)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case c;
		case_random(&c, seed, 0);
		case_place(&c, "eplb", 2 * c.traffic.experts);
		c.traffic.has_tokens = seed % 2 == 0;
		case_run(&c, c.traffic.has_tokens ? DEDUP_NODE : DEDUP_NONE);
		for (size_t e = 0; e < c.traffic.experts; e++) {
			uint64_t least = UINT64_MAX, most = 0, sum = 0;
			for (size_t i = c.placement.first[e]; i < c.placement.first[e + 1]; i++) {
				uint64_t own = c.rows.by_slot[c.placement.slot[i]];
				least = own < least ? own : least;
				most = own > most ? own : most;
				sum += own;
			}
			ck_assert_uint_eq(sum, c.traffic.count[e]);
			ck_assert(!c.traffic.has_tokens || most - least <= 1);
		}
		case_close(&c);
	}
}
END_TEST

/* One chunk: one after the other; many: as long as the longer; fully hidden: computing alone. */
START_TEST(chunks_overlap)
{
	struct cluster_case c;
	case_open(&c, 2, 4, 100, 10);
	c.topology.compute = 1e10;
	case_draw(&c, "uniform", 32, 4, 64, 0, 0, 1);
	case_run(&c, DEDUP_NODE);
	double out = case_seconds(&c, STEP_dispatch, LEVEL_ALL), middle = case_seconds(&c, STEP_compute, LEVEL_DEVICE),
		   back = case_seconds(&c, STEP_combine, LEVEL_ALL);
	ck_assert_double_eq_tol(c.step.forward, out + middle + back, 1e-15);
	for (c.work.chunks = 2; c.work.chunks < 100; c.work.chunks++) {
		double n = (double)c.work.chunks;
		case_run(&c, DEDUP_NODE);
		ck_assert_double_eq_tol(c.step.forward, (out + middle + back) / n + (n - 1) / n * fmax(out + back, middle),
								1e-15);
	}
	c.work.chunks = 1;
	c.work.overlap = 1;
	c.topology.compute = 1e6;
	case_run(&c, DEDUP_NODE);
	ck_assert_double_eq(c.step.forward, case_seconds(&c, STEP_compute, LEVEL_DEVICE));
	ck_assert_double_eq(c.step.exposed, 0);
	case_close(&c);
}
END_TEST

/* Two copies of one expert in one node move its gradient once each: 2 (c - 1) / c. */
START_TEST(copies_add_up_their_gradients)
{
	static const uint32_t slot[8] = { 0, 1, 2, 3, 4, 5, 0, 6 };
	struct cluster_case c;
	struct error err;
	case_open(&c, 2, 4, 100, 10);
	case_draw(&c, "uniform", 7, 2, 8, 0, 0, 1);
	c.work.backward = true;
	c.work.width = 1000;
	c.work.gradient_bytes = 4;
	ck_assert_int_eq(
		placement_index(&(struct placement_shape){ 7, 8, 8, 1, 1, NULL }, slot, &c.arena, &c.placement, &err), 0);
	case_run(&c, DEDUP_NODE);
	ck_assert_double_eq(case_seconds(&c, STEP_reduce, LEVEL_NIC), 3 * 1000 * 4 / 10e9);
	ck_assert_ptr_null(step_find(&c.step, STEP_reduce, LEVEL_NVL));
	ck_assert_double_eq_tol(c.step.layer, c.step.forward + c.step.backward + 3 * 1000 * 4 / 10e9, 1e-18);
	case_close(&c);
}
END_TEST

/* Few rows read whole experts: bytes over memory bandwidth. */
START_TEST(touched_experts_are_read)
{
	struct cluster_case c;
	case_open(&c, 1, 4, 100, 10);
	c.work.width = 100;
	c.work.expert_width = 50;
	c.work.weight_bytes = 2;
	c.topology.memory = 1e9;
	case_draw(&c, "balanced", 16, 2, 8, 0, 0, 1);
	case_run(&c, DEDUP_NONE);
	const struct measure *measure = step_find(&c.step, STEP_compute, LEVEL_DEVICE);
	ck_assert_int_eq(measure->bound, BOUND_MEMORY);
	ck_assert_double_eq(measure->seconds, 4.0 * 3 * 100 * 50 * 2 / 1e9);
	case_close(&c);
}
END_TEST

START_TEST(what_cannot_be_counted_is_refused)
{
	struct cluster_case c;
	struct error err = { .code = ERROR_NONE };
	case_open(&c, 2, 4, 100, 10);
	case_draw(&c, "uniform", 32, 4, 64, 0, 0, 1);
	case_place(&c, "linear", 32);
	static const struct exchange_rule wrong[] = { { DEDUP_NODE, 1, true, 0 },
												  { DEDUP_NONE, 0, true, 0 },
												  { DEDUP_NODE, 0, false, 0 },
												  { DEDUP_NONE, 1e300, true, 0 } };
	static const char *const why[] = { "padded rows are sent to each expert (use --dedup none with --pad)",
									   "--pad needs a --capacity",
									   "counts do not say which experts share a token, so rows cannot be deduplicated",
									   "a capacity of 1e+300 needs more than 2^53 rows" };
	c.traffic.has_tokens = _i != 2;
	ck_assert_int_eq(exchange_count(&c.traffic, &c.placement, &c.topology, &wrong[_i], &c.arena, &c.rows, &err), -1);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_int_eq(strncmp(err.text, why[_i], strlen(why[_i])), 0);
	case_close(&c);
}
END_TEST

START_TEST(products_beyond_64_bits_are_refused)
{
	struct cluster_case c;
	struct error err = { .code = ERROR_NONE };
	case_open(&c, 2, 4, 100, 10);
	case_draw(&c, "uniform", 32, 4, 64, 0, 0, 1);
	case_run(&c, DEDUP_NODE);
	c.work.width = SIZE_MAX / 16;
	ck_assert_int_eq(step_time(&c.rows, &c.placement, &c.topology, &c.work, &c.step, &err), -1);
	double rows, bytes;
	ck_assert_int_eq(sscanf(err.text, "%lg rows of %lg bytes exceed 64 bits", &rows, &bytes), 2);
	ck_assert(rows * bytes > 0x1p62);
	case_close(&c);
}
END_TEST

static size_t device_of_copy(const struct cluster_case *c, size_t expert, size_t copy)
{
	return placement_device(&c->placement.shape, c->placement.slot[c->placement.first[expert] + copy]);
}

/* Rows that no copy near by could have kept in the node, or on the device: an expert per device and two copies more. */
START_TEST(nearest_copies_save_rows)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case c;
		case_random(&c, seed, 0);
		size_t devices = topology_devices(&c.topology), far = 0, away = 0, g = c.topology.per_node;
		case_place(&c, "round-robin", c.traffic.experts + 2 * devices);
		c.rule.copies = COPIES_NEAREST;
		case_run(&c, DEDUP_NONE);
		for (size_t t = 0; t < c.traffic.tokens; t++) {
			size_t source = t / (c.traffic.tokens / devices);
			for (size_t i = c.traffic.first[t]; i < c.traffic.first[t + 1]; i++) {
				bool is_here = false, is_near = false;
				for (size_t n = 0; n < c.placement.copies[c.traffic.expert[i]]; n++) {
					size_t device = device_of_copy(&c, c.traffic.expert[i], n);
					is_here |= device == source;
					is_near |= device / g == source / g;
				}
				far += !is_near;
				away += is_near && !is_here;
			}
		}
		ck_assert_uint_eq(case_sent(&c, LEVEL_NIC), far);
		ck_assert_uint_eq(case_sent(&c, LEVEL_NVL), away);
		case_close(&c);
	}
}
END_TEST

/* One expert with a copy on each of 3 devices, one of which has an expert of its own besides: turns give each copy a
 * third, the lightest copy evens out the devices. */
START_TEST(lightest_copies_even_out)
{
	static const uint32_t slots[6] = { 0, 1, 0, 2, 0, 3 }, chosen[12] = { 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const uint64_t by_turns[3] = { 3 + 4, 3, 2 }, evened[3] = { 4, 4, 4 };
	struct cluster_case c;
	struct error err;
	case_open(&c, 1, 3, 1, 1);
	c.traffic = traffic_room(0, 4, 12, 1, &c.arena);
	for (size_t t = 0; t < 12; t++)
		c.traffic.count[c.traffic.expert[t] = chosen[t]]++;
	const struct placement_shape shape = { .experts = 4, .slots = 6, .devices = 3, .nodes = 1, .groups = 1 };
	ck_assert_int_eq(placement_index(&shape, slots, &c.arena, &c.placement, &err), 0);
	case_run(&c, DEDUP_NONE);
	ck_assert_mem_eq(c.rows.computed, by_turns, sizeof by_turns);
	c.rule.copies = COPIES_LIGHTEST;
	case_run(&c, DEDUP_NONE);
	ck_assert_mem_eq(c.rows.computed, evened, sizeof evened);
	case_close(&c);
}
END_TEST

/* Two devices of 4 rows each, every row to both: a row away from each at 2 bytes/s, 8 rows computed each. */
static void case_local(struct cluster_case *c)
{
	case_open(c, 2, 1, 1, 2e-9);
	c->topology.compute = 12; /* FLOP/s; a row has 2 * 3 * 1 * 1 FLOP with each expert: half a second */
	c->work.shared = 2;
	c->work.attention = 18;
	case_draw(c, "balanced", 2, 2, 4, 0, 0, 1);
}

/* 4 tokens of a device: attention 4 * 18 / 12 s, shared experts 4 * 2 / 2 s; 8 rows 4 s; out and back 2 s each, which
 * the shared experts hide, slowed down or not. */
START_TEST(local_work_by_hand)
{
	struct cluster_case c;
	case_local(&c);
	case_run(&c, DEDUP_DEVICE);
	ck_assert_double_eq(case_seconds(&c, STEP_attention, LEVEL_DEVICE), 6);
	ck_assert_double_eq(case_seconds(&c, STEP_shared, LEVEL_DEVICE), 4);
	ck_assert_double_eq(case_seconds(&c, STEP_compute, LEVEL_DEVICE), 4);
	ck_assert_double_eq(case_seconds(&c, STEP_dispatch, LEVEL_ALL), 2);
	ck_assert_double_eq(c.step.exposed, 0);
	ck_assert_double_eq(c.step.layer, 6 + 4 + 4);
	c.work.slowdown = 2; /* in 4 s of shared experts 2 s of the communication are done */
	case_run(&c, DEDUP_DEVICE);
	ck_assert_double_eq(c.step.exposed, 2);
	ck_assert_double_eq(c.step.layer, 6 + 4 + 4 + 2);
	c.work.backward = true; /* twice the work, the same rows: 8 s of shared experts hide all of it */
	case_run(&c, DEDUP_DEVICE);
	ck_assert_double_eq(c.step.local, 3 * 10);
	ck_assert_double_eq(c.step.backward, 2 * 14);
	c.work.overlap = 0.25; /* of 14 s of another batch: 3.5 s, and twice that backward; 4 s of communication are 8 */
	case_run(&c, DEDUP_DEVICE);
	ck_assert_double_eq(c.step.exposed, 8 - 3.5 + 8 - 7);
	case_close(&c);
}
END_TEST

/* What stays where it is adds to the time what it takes, and to communication nothing. */
START_TEST(local_work_hides_and_adds_nothing)
{
	for (uint64_t seed = 0; seed < CASES; seed++) {
		struct cluster_case c;
		case_random(&c, seed, 0);
		c.topology.compute = 1e9;
		case_run(&c, DEDUP_NODE);
		double layer = c.step.layer, exposed = c.step.exposed, compute = c.step.compute;
		c.work.attention = 1000;
		case_run(&c, DEDUP_NODE);
		ck_assert_double_eq_tol(c.step.layer, layer + c.step.local, layer * 1e-9);
		c.work.shared = 1 + seed % 3;
		case_run(&c, DEDUP_NODE);
		ck_assert_double_le(c.step.exposed, exposed);
		ck_assert_double_eq(c.step.compute, compute);
		ck_assert_double_eq_tol(c.step.layer, c.step.compute + c.step.local + c.step.exposed, layer * 1e-9);
		case_close(&c);
	}
}
END_TEST

/* Two tokens on two devices; the first goes to device 1, the second stays there. */
START_TEST(tokens_stand_for_others)
{
	struct cluster_case c;
	struct error err;
	case_open(&c, 1, 2, 1, 1);
	c.traffic = traffic_room(0, 2, 2, 1, &c.arena);
	c.traffic.expert[0] = c.traffic.expert[1] = 1;
	c.traffic.count[1] = 2;
	case_place(&c, "linear", 2);
	ck_assert_int_eq(exchange_count(&c.traffic, &c.placement, &c.topology, &c.rule, &c.arena, &c.rows, &err), 0);
	ck_assert_int_eq(rows_scale(&c.rows, 2, 7, 2, &err), 0);
	ck_assert_uint_eq(c.rows.sent[LEVEL_NVL][0], 4);     /* 1 row for every 2 tokens of 7: rounded up */
	ck_assert_uint_eq(c.rows.received[LEVEL_NVL][1], 4); /* and none the other way */
	ck_assert_uint_eq(c.rows.sent[LEVEL_NVL][1] + c.rows.computed[0] + c.rows.by_slot[0], 0);
	ck_assert_uint_eq(c.rows.computed[1], 7);
	ck_assert_uint_eq(c.rows.by_slot[1], 7);
	ck_assert_uint_eq(c.rows.tokens, 7);
	ck_assert_uint_eq(c.rows.touched[1], 1);
	ck_assert_int_ne(rows_scale(&c.rows, 2, UINT64_MAX / 2, 1, &err), 0);
	ck_assert_int_eq(err.code, ERROR_USER);
	ck_assert_ptr_nonnull(strstr(err.text, "4 times 9.22e+18 rows exceed 64 bits"));
	arena_free(&c.arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("exchange");
	TCase *cases = tcase_create("exchange");
	tcase_add_loop_test(cases, rows_are_those_of_brute_force, DEDUP_NONE, DEDUP_NODE + 1);
	tcase_add_test(cases, rows_add_up);
	tcase_add_test(cases, tokens_stand_for_others);
	tcase_add_loop_test(cases, another_expert_never_lowers_the_volume, DEDUP_NONE, DEDUP_NODE + 1);
	tcase_add_loop_test(cases, renaming_experts_changes_nothing, DEDUP_NONE, DEDUP_NODE + 1);
	tcase_add_loop_test(cases, relabelling_devices_in_nodes_changes_nothing, DEDUP_NONE, DEDUP_NODE + 1);
	tcase_add_test(cases, bandwidth_halves_its_own_term);
	tcase_add_test(cases, perfect_balance);
	tcase_add_test(cases, padding_is_independent_of_the_routing);
	tcase_add_test(cases, padding_of_a_balanced_load_is_the_load);
	tcase_add_test(cases, dropped_rows_are_counted);
	tcase_add_test(cases, a_limit_of_all_groups_is_none);
	tcase_add_test(cases, copies_share_evenly);
	tcase_add_test(cases, chunks_overlap);
	tcase_add_test(cases, copies_add_up_their_gradients);
	tcase_add_test(cases, touched_experts_are_read);
	tcase_add_loop_test(cases, what_cannot_be_counted_is_refused, 0, 4);
	tcase_add_test(cases, products_beyond_64_bits_are_refused);
	tcase_add_test(cases, nearest_copies_save_rows);
	tcase_add_test(cases, lightest_copies_even_out);
	tcase_add_test(cases, local_work_by_hand);
	tcase_add_test(cases, local_work_hides_and_adds_nothing);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
