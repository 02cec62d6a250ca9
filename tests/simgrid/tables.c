/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tables.c -- exchanges for SimGrid to time, and the time that the model gives them.
 *
 * tables: lists the exchanges, one a line: its name, the number of devices, and the algorithm of SimGrid's that it is.
 * tables NAME: writes `table` with the bytes from each device to each other one, and `platform.xml` and `hosts` with
 * the cluster; prints the seconds of the model.  The bytes are counted here, token by token.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cluster/exchange.h"
#include "sim/cluster/load.h"
#include "sim/cluster/step.h"

enum { EXPERTS = 128, K = 8, TOKENS = 256, WIDTH = 4096 };
static const double latency = 5e-6;

static const struct scenario {
	const char *name, *load;
	size_t nodes, per_node;
	enum dedup dedup;
	int transport;
} scenarios[] = {
	{ "balanced", "balanced", 32, 1, DEDUP_NONE, TRANSPORT_ONE_LEVEL },
	{ "uniform", "uniform", 32, 1, DEDUP_DEVICE, TRANSPORT_ONE_LEVEL },
	{ "zipf", "zipf:0.8", 32, 1, DEDUP_NONE, TRANSPORT_ONE_LEVEL },
	{ "zipf-device", "zipf:1.2", 32, 1, DEDUP_DEVICE, TRANSPORT_ONE_LEVEL },
	{ "log-normal", "log-normal:1", 32, 1, DEDUP_NONE, TRANSPORT_ONE_LEVEL },
	{ "hot-rank", "hot-rank:8", 16, 1, DEDUP_DEVICE, TRANSPORT_ONE_LEVEL },
	{ "two-levels", "uniform", 4, 8, DEDUP_DEVICE, TRANSPORT_PIPELINED },
	{ "two-levels-zipf", "zipf:1.2", 4, 8, DEDUP_DEVICE, TRANSPORT_PIPELINED },
	{ "two-levels-none", "log-normal:1", 2, 8, DEDUP_NONE, TRANSPORT_PIPELINED },
	{ "one-node", "zipf:0.8", 1, 8, DEDUP_DEVICE, TRANSPORT_PIPELINED },
	{ "steps", "balanced", 32, 1, DEDUP_NONE, TRANSPORT_PAIRWISE },
	{ "steps-zipf", "zipf:0.8", 32, 1, DEDUP_NONE, TRANSPORT_PAIRWISE },
	{ .name = NULL },
};

static FILE *create(const char *path)
{
	FILE *to = fopen(path, "w");
	if (to == NULL)
		BUG("a file that cannot be written");
	return to;
}

/* Bytes of the pairs. */
static void write_table(const struct scenario *is, const struct traffic *routing, size_t devices)
{
	uint64_t *bytes = calloc(devices * devices, sizeof *bytes);
	bool *visited = calloc(devices, sizeof *visited);
	FILE *to = create("table");
	if (bytes == NULL || visited == NULL)
		error_no_memory("a table");
	for (size_t t = 0; t < routing->tokens; t++) {
		size_t source = t / TOKENS;
		memset(visited, 0, devices * sizeof *visited);
		for (size_t i = t * K; i < (t + 1) * K; i++) {
			size_t target = routing->expert[i] / (EXPERTS / devices);
			if (target != source && !(visited[target] && is->dedup == DEDUP_DEVICE))
				bytes[source * devices + target] += WIDTH;
			visited[target] = true;
		}
	}
	for (size_t i = 0; i < devices * devices; i++)
		fprintf(to, "%llu%c", (unsigned long long)bytes[i], i % devices == devices - 1 ? '\n' : ' ');
	fclose(to);
	free(bytes);
	free(visited);
}

/* A device has a link out and one in at each level; a route has one of each and so twice half the latency. */
static void write_platform(const struct topology *topology)
{
	size_t devices = topology_devices(topology);
	FILE *to = create("platform.xml"), *hosts = create("hosts");
	fputs("<?xml version=\"1.0\"?>\n<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
		  "<platform version=\"4.1\">\n<zone id=\"cluster\" routing=\"Full\">\n",
		  to);
	for (size_t d = 0; d < devices; d++) {
		fprintf(hosts, "d%zu\n", d);
		fprintf(to, "<host id=\"d%zu\" speed=\"1Gf\"/>\n", d);
	}
	for (size_t d = 0; d < devices; d++)
		for (int i = 0; i < 2 * LEVELS; i++)
			fprintf(to, "<link id=\"%s-%s-%zu\" bandwidth=\"%.0fBps\" latency=\"%.9fs\"/>\n", level_names[i / 2],
					i % 2 == 0 ? "out" : "in", d, topology->link[i / 2].bandwidth, latency / 2);
	for (size_t i = 0; i < devices * devices; i++) {
		size_t a = i / devices, b = i % devices;
		const char *level =
			level_names[topology_node(topology, a) == topology_node(topology, b) ? LEVEL_NVL : LEVEL_NIC];
		if (a != b)
			fprintf(to,
					"<route src=\"d%zu\" dst=\"d%zu\" symmetrical=\"NO\"><link_ctn id=\"%s-out-%zu\"/>"
					"<link_ctn id=\"%s-in-%zu\"/></route>\n",
					a, b, level, a, level, b);
	}
	fputs("</zone>\n</platform>\n", to);
	fclose(hosts);
	fclose(to);
}

static int model(const struct scenario *is, struct arena *arena, double *seconds, struct error *err)
{
	struct topology topology = { .nodes = is->nodes, .per_node = is->per_node, .compute = 1e15, .memory = 1e15 };
	struct work work = { .width = WIDTH,
						 .expert_width = 1,
						 .matrices = 3,
						 .travel_bytes = { 1, 1 },
						 .weight_bytes = 1,
						 .chunks = 1,
						 .slowdown = 1,
						 .transport = is->transport };
	struct exchange_rule rule = { .dedup = is->dedup };
	size_t devices = topology_devices(&topology);
	struct load_shape shape = { .experts = EXPERTS, .k = K, .tokens = TOKENS * devices, .devices = devices, .seed = 1 };
	struct placement_shape place = { EXPERTS, EXPERTS, devices, 1, 1, NULL };
	struct load_kind load;
	struct rows rows;
	struct step step;
	for (int level = 0; level < LEVELS; level++)
		topology.link[level] =
			(struct link){ .bandwidth = level == LEVEL_NVL ? 150e9 : 50e9, .latency = { latency, latency } };
	TRY(load_parse(is->load, &load, err));
	TRY(load_check(&load, &shape, err));
	struct traffic routing = load_draw(&load, &shape, 0, arena);
	struct placement placement = placement_make(placement_rule_find("linear"), &place, routing.count, arena);
	TRY(exchange_count(&routing, &placement, &topology, &rule, arena, &rows, err));
	TRY(step_time(&rows, &placement, &topology, &work, &step, err));
	write_table(is, &routing, devices);
	write_platform(&topology);
	*seconds = step_find(&step, STEP_dispatch, LEVEL_ALL)->seconds;
	return 0;
}

int main(int argc, char **argv)
{
	struct error err = { .code = ERROR_NONE };
	for (const struct scenario *is = scenarios; is->name; is++) {
		struct arena arena = { 0 };
		double seconds = 0;
		if (argc < 2) {
			printf("%s %zu %s\n", is->name, is->nodes * is->per_node,
				   is->transport == TRANSPORT_PAIRWISE ? "pair" : "ompi_basic_linear");
		} else if (strcmp(argv[1], is->name) == 0) {
			if (model(is, &arena, &seconds, &err) != 0)
				BUG("an exchange that the model does not have");
			printf("%.9f\n", seconds);
		}
		arena_free(&arena);
	}
	return 0;
}
