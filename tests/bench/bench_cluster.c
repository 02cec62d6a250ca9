/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_cluster.c -- how long placing experts and pricing a routing take, on one core.
 *
 * Prints what,ms: medians of processor time over 21 repeats.  Given a file, writes there the loads that it places, as
 * layer,expert,count.
 */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/cluster/eplb.h"
#include "sim/cluster/exchange.h"
#include "sim/cluster/load.h"
#include "tests/bench/clock.h"

enum { REPEATS = 21, LAYERS = 61, EXPERTS = 256 };

static void measure(const char *what, void (*work)(void *), void *with)
{
	double took[REPEATS];
	for (size_t i = 0; i < REPEATS; i++) {
		double begin = clock_busy();
		work(with);
		took[i] = clock_busy() - begin;
	}
	printf("%s,%.4g\n", what, clock_median(took, REPEATS) * 1e3);
}

struct layers {
	struct placement_shape shape;
	uint64_t load[LAYERS][EXPERTS];
	uint32_t expert[EXPERTS + 32];
};

static void place_layers(void *with)
{
	struct layers *layers = with;
	for (size_t i = 0; i < LAYERS; i++)
		eplb_place(&layers->shape, layers->load[i], layers->expert);
}

static struct load_kind kind_of(const char *text)
{
	struct load_kind load;
	struct error err;
	if (load_parse(text, &load, &err) != 0)
		BUG("a load of the benchmark is unknown");
	return load;
}

static void write_loads(const struct layers *layers, const char *path)
{
	FILE *to = fopen(path, "w");
	if (to == NULL)
		BUG("a file of loads that cannot be written");
	fputs("layer,expert,count\n", to);
	for (size_t i = 0; i < LAYERS; i++)
		for (size_t e = 0; e < EXPERTS; e++)
			fprintf(to, "%zu,%zu,%" PRIu64 "\n", i, e, layers->load[i][e]);
	if (fclose(to) != 0)
		BUG("a file of loads that cannot be written");
}

static void bench_placement(const char *loads)
{
	static struct layers layers;
	struct load_kind load = kind_of("log-normal:0.6");
	struct load_shape shape = { .experts = EXPERTS, .k = 8, .tokens = 1, .devices = 32, .seed = 1 };
	double share[EXPERTS];
	layers.shape = (struct placement_shape){ .experts = EXPERTS, .slots = EXPERTS + 32, .devices = 32 };
	for (uint32_t i = 0; i < LAYERS; i++) {
		load_shares(&load, &shape, i, share);
		for (size_t e = 0; e < EXPERTS; e++)
			layers.load[i][e] = (uint64_t)(share[e] * 1e6);
	}
	if (loads)
		write_loads(&layers, loads);
	layers.shape.nodes = layers.shape.groups = 1;
	measure("eplb of 61 layers of 256 experts on 288 slots of 32 devices", place_layers, &layers);
	layers.shape.nodes = 4;
	layers.shape.groups = 8;
	measure("the same by nodes and groups", place_layers, &layers);
}

struct routed {
	struct arena arena;
	struct traffic traffic;
	struct placement placement;
	struct topology topology;
};

static void count_rows(void *with)
{
	const struct routed *routed = with;
	struct arena arena = { 0 };
	struct rows rows;
	struct error err;
	struct exchange_rule rule = { .dedup = DEDUP_NODE };
	if (exchange_count(&routed->traffic, &routed->placement, &routed->topology, &rule, &arena, &rows, &err) != 0)
		BUG("rows that cannot be counted");
	arena_free(&arena);
}

static void bench_rows(void)
{
	struct routed routed = { .topology = { .nodes = 8, .per_node = 8 } };
	struct load_kind load = kind_of("zipf:0.8");
	struct load_shape shape = { .experts = EXPERTS, .k = 8, .tokens = 1000000, .devices = 64, .seed = 1 };
	struct placement_shape place = { .experts = EXPERTS, .slots = EXPERTS, .devices = 64, .nodes = 8, .groups = 1 };
	routed.traffic = load_draw(&load, &shape, 0, &routed.arena);
	routed.placement = placement_make(placement_rule_find("eplb"), &place, routed.traffic.count, &routed.arena);
	measure("rows of 1000000 tokens with 8 of 256 experts on 64 devices", count_rows, &routed);
	arena_free(&routed.arena);
}

int main(int argc, char **argv)
{
	puts("what,ms");
	bench_placement(argc > 1 ? argv[1] : NULL);
	bench_rows();
	return 0;
}
