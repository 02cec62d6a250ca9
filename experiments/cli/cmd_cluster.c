/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_cluster.c -- moesim cluster: what a routing costs on a cluster, and where its experts should stand.
 */
#include <config.h>

#include <inttypes.h>
#include <unistd.h>

#include "experiments/cli/cmd.h"
#include "experiments/clusters/columns.h"
#include "sim/base/text.h"

static int put_prices(const struct scene *scene, const struct prices *prices, struct error *err)
{
	enum cluster_file file = scene->opt->summary ? CLUSTER_LAYERS : CLUSTER_PHASES;
	struct csv_writer *to = cluster_csv_open(file);
	for (size_t i = 0; i < scene->traffic.n; i++) {
		struct cluster_row row = { .routing = &scene->traffic.layer[i], .priced = &prices->layer[i] };
		size_t n = scene->opt->summary ? 1 : row.priced->step.n;
		for (size_t m = 0; m < n; m++) {
			row.measure = &row.priced->step.measure[m];
			cluster_csv_row(file, to, &row);
		}
	}
	return csv_close(to, false, err);
}

static int price(struct scene *scene, struct error *err)
{
	struct prices prices;
	int status = price_scene(scene, &prices, err);
	if (status == 0 && isatty(STDOUT_FILENO) && !scene->opt->summary)
		price_show(scene, &prices);
	else if (status == 0)
		status = put_prices(scene, &prices, err);
	if (status == 0 && prices.lacks_tokens)
		fputs("moesim: the file has counts, which do not say which experts share a token: every choice is a row of its "
			  "own\n",
			  stderr);
	price_free(scene, &prices);
	return status;
}

static void put_placed(struct csv_writer *to, enum cluster_file file, const struct traffic *routing,
					   const struct placed_layer *layer)
{
	struct cluster_row row = { .routing = routing };
	for (size_t i = 0; i < layer->n; i++) {
		row.placed = &layer->placed[i];
		size_t n = file == CLUSTER_SLOTS ? row.placed->of.shape.slots : 1;
		for (row.slot = 0; row.slot < n; row.slot++)
			cluster_csv_row(file, to, &row);
	}
}

static int place(struct scene *scene, struct error *err)
{
	enum cluster_file file = scene->opt->summary ? CLUSTER_PLACED : CLUSTER_SLOTS;
	struct arena arena = { 0 };
	size_t n;
	const struct traffic *sum = traffic_sum(&scene->traffic, &arena, &n);
	struct placed_layer *layer = ARENA_TAKE(&arena, n, struct placed_layer);
	int status = 0;
	for (size_t i = 0; status == 0 && i < n; i++)
		status = place_layer(scene, &sum[i], &arena, &layer[i], err);
	if (status == 0) {
		struct csv_writer *to = cluster_csv_open(file);
		for (size_t i = 0; i < n; i++)
			put_placed(to, file, &sum[i], &layer[i]);
		status = csv_close(to, false, err);
	}
	arena_free(&arena);
	return status;
}

static void put_moments(struct csv_writer *to, const struct follow *follow)
{
	struct cluster_row row = { .follow = follow };
	for (row.step = 0; row.step < follow->series.steps; row.step++)
		for (size_t i = 0; i < follow->series.layers; i++) {
			row.followed = &follow->layer[i];
			row.moment = &row.followed->moment[row.step];
			cluster_csv_row(CLUSTER_MOMENTS, to, &row);
		}
}

/* A row for each layer, and one for all where there are several. */
static void put_followed(struct csv_writer *to, const struct scene *scene, const struct follow *follow)
{
	size_t n = follow->series.layers;
	for (size_t i = 0; i < (n > 1 ? n + 1 : n); i++) {
		struct followed_sum sum = i < n ? follow_sum(scene, follow, i, i + 1) : follow_sum(scene, follow, 0, n);
		const char *label = i < n ? text_keep_f("%" PRIu32, follow->layer[i].layer) : "all";
		cluster_csv_row(CLUSTER_FOLLOWED, to, &(struct cluster_row){ .follow = follow, .sum = &sum, .label = label });
	}
}

static int follow(struct scene *scene, struct error *err)
{
	struct follow follow;
	int status = follow_scene(scene, &follow, err);
	if (status == 0) {
		struct csv_writer *to = cluster_csv_open(scene->opt->summary ? CLUSTER_FOLLOWED : CLUSTER_MOMENTS);
		if (scene->opt->summary)
			put_followed(to, scene, &follow);
		else
			put_moments(to, &follow);
		status = csv_close(to, false, err);
	}
	follow_free(&follow);
	return status;
}

static int cache(struct scene *scene, struct error *err)
{
	struct caches caches;
	int status = caches_scene(scene, &caches, err);
	if (status == 0) {
		struct csv_writer *to = cluster_csv_open(CLUSTER_CACHED);
		struct cluster_row row = { .opt = scene->opt };
		for (size_t i = 0; i < scene->traffic.n * caches.policies; i++) {
			row.routing = &scene->traffic.layer[i / caches.policies];
			row.cached = &caches.cached[i];
			cluster_csv_row(CLUSTER_CACHED, to, &row);
		}
		status = csv_close(to, false, err);
	}
	caches_free(&caches);
	return status;
}

static int run(const void *options, int argc, char **args, struct error *err)
{
	const struct cluster_options *opt = options;
	struct scene scene;
	(void)argc;
	(void)args;
	TRY(cluster_options_check(opt, err));
	int status = scene_open(opt, &scene, err);
	if (status == 0)
		status = (opt->cache ? cache : *opt->over_time ? follow : opt->place ? place : price)(&scene, err);
	scene_close(&scene);
	return status;
}

const struct command command_cluster = {
	.name = "cluster",
	.summary = "step time of a routing on a cluster, and placement of its experts",
	.arguments = "",
	.about =
		"Computes the time that one MoE layer takes on a cluster of devices that share its experts: rows that travel "
		"to experts and back, the experts on the busiest device, and the communication that computation does not hide. "
		"The routing is a trace or counts (--routing), or generated (--load). Prints CSV (phase,level,rows_max,"
		"rows_mean,bytes_max,time_ms,imbalance,bound,exposed_ms,device,layer), or on a terminal a table and the "
		"bottleneck; --summary prints a row per layer. With --place it prints a placement of experts, "
		"layer,slot,device,expert, which --placement "
		"reads, and with --summary the load of the fullest device under each rule, beside a bound that no placement "
		"can "
		"be below, and the best that a search finds. GB/s are 1e9 B/s, of one device in one direction. docs/cluster.md "
		"says what is modeled, and how well it fits published measurements.",
	.opts = cluster_option_rows,
	.opts_size = sizeof(struct cluster_options),
	.run = run,
};
