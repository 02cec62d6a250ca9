/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * run_cluster.c -- the cluster of a run, and what the run's routing costs there.
 */
#include <config.h>

#include "experiments/clusters/run_cluster.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "experiments/clusters/price.h"
#include "sim/base/files.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/net/layer.h"

/* The options of `moesim cluster` that make sense of a run, which brings its routing, layers and experts along. */
static const char *const names[] = {
	"nodes",           "devices-per-node", "devices",         "clusters",    "nvl-gbps",     "nic-gbps",
	"tokens",          "groups",           "placement",       "slots",       "width",        "expert-width",
	"expert-matrices", "shared",           "attention-mflop", "phase",       "dedup",        "copies",
	"transport",       "dispatch-bytes",   "combine-bytes",   "scale-block", "weight-bytes", "gradient-bytes",
	"chunks",          "slowdown",         "overlap",         NULL
};
enum { NAMES = sizeof names / sizeof *names - 1, AS_THE_RUN = -1 };

const char *const *run_cluster_option_names(void)
{
	return names;
}

static const struct moe_opt *rows(void)
{
	static struct moe_opt of_runs[NAMES + 1];
	for (size_t i = 0; i < NAMES; i++)
		of_runs[i] = *options_find(cluster_option_rows, names[i]);
	return of_runs;
}

/* A file of clusters stands for the only one in it. */
static int take_file(const char *path, struct cluster_options *opt, struct error *err)
{
	struct presets presets = { .n = 0 };
	int status = presets_read(path, &presets, err);
	if (status == 0 && presets.n != 1) {
		fail(err, ERROR_USER, "has %zu clusters (write NAME,clusters=FILE)", presets.n);
		status = fail_at(err, path, 0, 0);
	}
	if (status == 0) {
		opt->preset = presets.preset[0].name;
		opt->clusters = path;
	}
	presets_free(&presets);
	return status;
}

/* "NAME|FILE[,OPTION=VALUE...]"; a mistake in an option has its column. */
static int read_setting(const char *text, struct cluster_options *opt, struct error *err)
{
	size_t length = strcspn(text, ",");
	const char *name = text_keep_n(text, length);
	options_preset(cluster_option_rows, opt);
	opt->expert_width = opt->shared = AS_THE_RUN;
	if (text[length] && options_assign_list(rows(), opt, "a cluster", text + length + 1, err) != 0) {
		err->column += err->column ? (unsigned)length + 1 : 0;
		return -1;
	}
	opt->preset = name;
	return *opt->clusters == 0 && file_exists(name) ? take_file(name, opt, err) : 0;
}

/* What the options leave to the run. */
static void follow_run(const struct config *config, struct cluster_options *opt)
{
	if (opt->expert_width == AS_THE_RUN)
		opt->expert_width =
			(int64_t)fmax(1, round((double)opt->width * (double)config->layer.expert_width / (double)config->width));
	if (opt->shared == AS_THE_RUN)
		opt->shared = config->layer.shared;
}

/* With any load: a rule that weighs loads has the same slots for all. */
static int check_placement(const struct scene *scene, size_t experts, struct error *err)
{
	const struct cluster_options *opt = scene->opt;
	struct arena arena = { .bytes = 0 };
	struct placement placement;
	struct traffic even = { .experts = experts, .count = ARENA_TAKE(&arena, experts, uint64_t) };
	for (size_t e = 0; e < experts; e++)
		even.count[e] = even.assignments = 1;
	int status = scene_placement(scene, &even, *opt->placement ? opt->placement : "linear", (size_t)opt->slots, &arena,
								 &placement, err);
	arena_free(&arena);
	return status;
}

static int check_batch(const struct scene *scene, const struct config *config, struct error *err)
{
	size_t tokens = (size_t)(config->batch * config->length);
	if (tokens >= scene->shape.devices)
		return 0;
	return fail(err, ERROR_USER, "a batch of %zu tokens is too small for %zu devices (raise --batch or --seq-length)",
				tokens, scene->shape.devices);
}

static int open_scene(const struct settings *settings, struct run_cluster *cluster, struct error *err)
{
	const struct config *config = &settings->config;
	struct cluster_options *opt = &cluster->opt;
	struct scene *scene = &cluster->scene;
	struct moe_call call = layer_call(&settings->sentence, &config->layer);
	size_t experts = call.experts - call.bare; /* the others stand on every device */
	TRY(read_setting(config->cluster, opt, err));
	follow_run(config, opt);
	TRY(cluster_options_check(opt, err));
	TRY(scene_open_empty(opt, scene, err));
	scene->times = (uint64_t)opt->tokens * scene->shape.devices;
	TRY(check_batch(scene, config, err));
	return experts > 0 ? check_placement(scene, experts, err) : 0;
}

int run_cluster_open(const struct settings *settings, struct run_cluster *cluster, struct error *err)
{
	*cluster = (struct run_cluster){ .exists = *settings->config.cluster != 0 };
	if (!cluster->exists || open_scene(settings, cluster, err) == 0)
		return 0;
	return *err->file ? -1 : fail_at(err, "--cluster", 0, err->column);
}

/* The kept pairs of a layer, by token; those of experts without a network travel nowhere. */
static struct traffic traffic_of(const struct router *router, size_t layer, struct arena *arena)
{
	const struct moe_plan *plan = router->route.plan;
	const struct moe_call *call = &router->route.call;
	size_t experts = call->experts - call->bare;
	struct traffic routing = { .layer = (uint32_t)layer,
							   .experts = experts,
							   .count = ARENA_TAKE(arena, experts, uint64_t),
							   .has_tokens = true,
							   .tokens = call->tokens,
							   .first = ARENA_TAKE(arena, call->tokens + 1, size_t),
							   .expert = ARENA_TAKE(arena, plan->pairs + 1, uint32_t) };
	for (size_t t = 0; t < call->tokens; t++) {
		for (size_t i = plan->token_first[t]; i < plan->token_first[t + 1]; i++) {
			uint32_t expert = plan->expert[plan->by_token[i]];
			if (expert >= experts)
				continue;
			routing.expert[routing.assignments++] = expert;
			routing.count[expert]++;
		}
		routing.first[t + 1] = routing.assignments;
	}
	return routing;
}

/* Where no expert has any row, none is the busiest. */
static double straggler(const struct step *step)
{
	double times = measure_imbalance(step_find(step, STEP_compute, LEVEL_DEVICE));
	return isnan(times) ? 1 : times;
}

static void add(struct run_price *price, const struct work *work, const struct rows *rows, const struct step *step,
				size_t tokens)
{
	if (price->layers == 0 || step->layer > price->slowest) {
		struct diagnosis diagnosis = diagnosis_cause(work, step);
		price->slowest = step->layer;
		price->bottleneck = cause_names[diagnosis.cause];
		price->device = diagnosis.device;
	}
	price->layers++;
	price->seconds += step->layer;
	price->exposed += step->exposed;
	price->straggler += straggler(step);
	price->nodes += (double)rows->node_visits / (double)tokens;
}

/* ---- the bill ---------------------------------------------------------------------------------------------------- */

/* Bandwidths of 1 to 512 GB/s, two to a doubling: a slow Ethernet to more than a link between nodes has now. */
enum { BANDWIDTHS = 19 };

static enum level varied_link(const struct run_cluster *cluster)
{
	return cluster->scene.shape.nodes > 1 ? LEVEL_NIC : LEVEL_NVL;
}

static void open_bill(const struct run_cluster *cluster, size_t layers, struct run_bill *bill)
{
	size_t devices = cluster->scene.shape.devices;
	if (bill->bandwidths > 0)
		return;
	bill->bandwidths = BANDWIDTHS;
	bill->bandwidth = ARENA_TAKE(&bill->arena, BANDWIDTHS, struct run_bandwidth);
	for (size_t i = 0; i < BANDWIDTHS; i++) {
		bill->bandwidth[i].link = level_names[varied_link(cluster)];
		bill->bandwidth[i].gbps = exp2((double)i / 2);
	}
	bill->phase = ARENA_TAKE(&bill->arena, layers * MEASURES, struct run_phase);
	bill->devices = layers * devices;
	bill->device = ARENA_TAKE(&bill->arena, bill->devices, struct run_device);
	for (size_t i = 0; i < bill->devices; i++)
		bill->device[i] = (struct run_device){ .layer = i / devices, .device = i % devices };
}

static int add_bandwidths(const struct run_cluster *cluster, const struct priced *layer, size_t tokens,
						  struct run_bill *bill, struct error *err)
{
	const struct scene *scene = &cluster->scene;
	struct topology topology = scene->topology;
	for (size_t i = 0; i < bill->bandwidths; i++) {
		struct step step;
		topology.link[varied_link(cluster)].bandwidth = bill->bandwidth[i].gbps * 1e9;
		TRY(step_time(&layer->rows, &layer->placement, &topology, &scene->work, &step, err));
		add(&bill->bandwidth[i].price, &scene->work, &layer->rows, &step, tokens);
	}
	return 0;
}

/* That phase of a layer at that level; a new one where it has not been met.  Those of a layer may not stand together,
 * since gradients of copies are not added up in every batch. */
static struct run_phase *phase_of(struct run_bill *bill, size_t layer, const struct measure *measure)
{
	const char *phase = step_names[measure->phase], *level = measure_levels[measure->level];
	for (size_t i = 0; i < bill->phases; i++)
		if (bill->phase[i].layer == layer && bill->phase[i].phase == phase && bill->phase[i].level == level)
			return &bill->phase[i];
	struct run_phase *added = &bill->phase[bill->phases++];
	*added = (struct run_phase){ .layer = layer, .phase = phase, .level = level };
	return added;
}

static void add_phases(const struct priced *layer, size_t number, struct run_bill *bill)
{
	for (size_t i = 0; i < layer->step.n; i++) {
		const struct measure *measure = &layer->step.measure[i];
		struct run_phase *phase = phase_of(bill, number, measure);
		phase->rows_max += (double)measure->rows_max;
		phase->rows_mean += measure->rows_mean;
		phase->seconds += measure->seconds;
	}
}

static void add_devices(const struct rows *rows, size_t number, struct run_bill *bill)
{
	struct run_device *device = &bill->device[number * rows->devices];
	for (size_t d = 0; d < rows->devices; d++) {
		device[d].computed += (double)rows->computed[d];
		for (int level = 0; level < LEVELS; level++) {
			device[d].sent[level] += (double)rows->sent[level][d];
			device[d].received[level] += (double)rows->received[level][d];
		}
	}
}

static int add_layer(const struct run_cluster *cluster, const struct router *router, size_t number,
					 struct run_price *price, struct run_bill *bill, struct error *err)
{
	struct priced layer = { .arena = { .bytes = 0 } };
	struct traffic routing = traffic_of(router, number, &layer.arena);
	bool lacks_tokens = false;
	int status = price_routing(&cluster->scene, &routing, &layer, &lacks_tokens, err);
	if (status == 0)
		add(price, &cluster->scene.work, &layer.rows, &layer.step, routing.tokens);
	if (status == 0 && bill) {
		add_phases(&layer, number, bill);
		add_devices(&layer.rows, number, bill);
		status = add_bandwidths(cluster, &layer, routing.tokens, bill, err);
	}
	arena_free(&layer.arena);
	return status;
}

int run_cluster_price(const struct run_cluster *cluster, const struct trainer *trainer, struct run_price *price,
					  struct run_bill *bill, struct error *err)
{
	size_t layers = trainer->net.call.experts ? trainer->net.shape.layers : 0;
	int status = 0;
	if (bill && layers > 0) {
		open_bill(cluster, layers, bill);
		bill->batches++;
	}
	for (size_t i = 0; status == 0 && i < layers; i++)
		status = add_layer(cluster, net_router(&trainer->net, i), i, price, bill, err);
	return status == 0 || *err->file ? status : fail_at(err, "--cluster", 0, 0);
}

const char *run_cluster_text(const struct run_cluster *cluster)
{
	const struct cluster_options *opt = &cluster->opt;
	const struct placement_shape *shape = &cluster->scene.shape;
	return text_keep_f(
		"on %s, %zu nodes of %zu devices: rows of %" PRId64 ", experts of %" PRId64 ", %" PRId64 " tokens per device",
		opt->preset, shape->nodes, shape->devices / shape->nodes, opt->width, opt->expert_width, opt->tokens);
}
