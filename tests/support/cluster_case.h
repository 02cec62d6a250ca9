/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cluster_case.h -- a small cluster, a routing on it, and what it costs, for tests.
 */
#ifndef TESTS_SUPPORT_CLUSTER_CASE_H
#define TESTS_SUPPORT_CLUSTER_CASE_H

#include <check.h>
#include <moesim/kit.h>

#include "sim/base/seed.h"
#include "sim/cluster/exchange.h"
#include "sim/cluster/load.h"
#include "sim/cluster/step.h"

struct cluster_case {
	struct arena arena;
	struct topology topology;
	struct traffic traffic;
	struct placement placement;
	struct exchange_rule rule;
	struct work work;
	struct rows rows;
	struct step step;
};

/* Bandwidths in GB/s, no latency; one expert slot per expert, in order; bytes of a row are exactly width. */
static inline void case_open(struct cluster_case *c, size_t nodes, size_t per_node, double nvl, double nic)
{
	*c = (struct cluster_case){ .topology = { .nodes = nodes,
											  .per_node = per_node,
											  .link = { { .bandwidth = nvl * 1e9 }, { .bandwidth = nic * 1e9 } },
											  .compute = 1e15,
											  .memory = 1e15 },
								.work = { .width = 1,
										  .expert_width = 1,
										  .matrices = 3,
										  .travel_bytes = { 1, 1 },
										  .weight_bytes = 1,
										  .gradient_bytes = 1,
										  .chunks = 1,
										  .slowdown = 1 } };
}

/* Tokens are those of one device. */
static inline void case_draw(struct cluster_case *c, const char *kind, size_t experts, size_t k, size_t tokens,
							 size_t groups, size_t group_top_k, uint64_t seed)
{
	struct error err;
	struct load_kind load;
	size_t devices = topology_devices(&c->topology);
	struct load_shape shape = { experts, k, tokens * devices, devices, groups, group_top_k, false, seed, 0 };
	ck_assert_int_eq(load_parse(kind, &load, &err), 0);
	ck_assert_int_eq(load_check(&load, &shape, &err), 0);
	c->traffic = load_draw(&load, &shape, 0, &c->arena);
}

/* A random cluster of at most 16 devices and a routing, mostly skewed; experts fill the devices, 48 at most. */
static inline void case_random(struct cluster_case *c, uint64_t seed, size_t more_k)
{
	static const char *const kinds[] = { "uniform", "zipf:1.2", "log-normal:1", "dirichlet:0.3", "hot-rank:8" };
	struct moe_rng rng = seed_stream(seed, "exchange test", 0);
	size_t nodes = 1 + moe_below(&rng, 4), per_node = 1 + moe_below(&rng, 4);
	case_open(c, nodes, per_node, 100 + (double)moe_below(&rng, 100), 10 + (double)moe_below(&rng, 40));
	size_t experts = nodes * per_node * (1 + moe_below(&rng, 3)), k = 1 + moe_below(&rng, experts < 8 ? experts : 8);
	k = k + more_k > experts ? experts : k + more_k;
	case_draw(c, kinds[moe_below(&rng, 5)], experts, k, 1 + moe_below(&rng, 20), 0, 0, seed);
}

static inline void case_place(struct cluster_case *c, const char *rule, size_t slots)
{
	struct placement_shape shape = { c->traffic.experts, slots, topology_devices(&c->topology), 1, 1, NULL };
	struct error err;
	ck_assert_int_eq(placement_shape_check(&shape, &err), 0);
	c->placement = placement_make(placement_rule_find(rule), &shape, c->traffic.count, &c->arena);
}

/* Counts the rows and times the step; the placement is linear unless one was made. */
static inline void case_run(struct cluster_case *c, enum dedup dedup)
{
	struct error err = { .code = ERROR_NONE };
	c->rule.dedup = dedup;
	if (c->placement.expert == NULL)
		case_place(c, "linear", c->traffic.experts);
	ck_assert_int_eq(exchange_count(&c->traffic, &c->placement, &c->topology, &c->rule, &c->arena, &c->rows, &err), 0);
	ck_assert_int_eq(step_time(&c->rows, &c->placement, &c->topology, &c->work, &c->step, &err), 0);
}

static inline double case_seconds(const struct cluster_case *c, enum step_phase phase, int level)
{
	const struct measure *measure = step_find(&c->step, phase, level);
	return measure ? measure->seconds : 0;
}

static inline uint64_t case_sent(const struct cluster_case *c, enum level level)
{
	uint64_t sum = 0;
	for (size_t d = 0; d < c->rows.devices; d++)
		sum += c->rows.sent[level][d];
	return sum;
}

static inline void case_close(struct cluster_case *c)
{
	arena_free(&c->arena);
}

#endif
