/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scene.c -- what all layers have in common.
 */
#include <config.h>

#include "experiments/clusters/scene.h"

#include <inttypes.h>

#include "experiments/host/places.h"
#include "sim/base/files.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/cluster/load.h"

static int find_devices(const struct cluster_options *opt, struct scene *scene, struct error *err)
{
	int64_t devices = opt->devices ? opt->devices : opt->nodes * opt->per_node;
	if (devices % opt->nodes != 0)
		return fail(err, ERROR_USER, "%" PRId64 " devices are not equally many in each of %" PRId64 " nodes", devices,
					opt->nodes);
	if (opt->devices && !options_is_preset(options_find(cluster_option_rows, "devices-per-node"), opt) &&
		devices != opt->nodes * opt->per_node)
		return fail(err, ERROR_USER, "--devices %" PRId64 " is not %" PRId64 " nodes times %" PRId64 " devices",
					devices, opt->nodes, opt->per_node);
	if (devices > 65536)
		return fail(err, ERROR_USER, "%" PRId64 " devices are too many (at most 65536)", devices);
	scene->shape.devices = (size_t)devices;
	scene->shape.nodes = (size_t)opt->nodes;
	return 0;
}

int scene_presets(const char *more, struct presets *presets, struct error *err)
{
	*presets = (struct presets){ .n = 0 };
	int status = presets_read(path_join(place_clusters(), "clusters.csv"), presets, err);
	if (status == 0 && *more)
		status = presets_read(more, presets, err);
	if (status != 0)
		presets_free(presets);
	return status;
}

/* What a shadow costs and saves here. */
static void find_costs(struct scene *scene)
{
	const struct work *work = &scene->work;
	enum level level = scene->shape.nodes > 1 ? LEVEL_NIC : LEVEL_NVL;
	scene->costs = (struct shadow_costs){ .row_flops = step_expert_flops(work),
										  .row_bytes = (double)step_row_bytes(work, TRAVEL_DISPATCH),
										  .expert_bytes = (double)step_expert_bytes(work, work->weight_bytes),
										  .compute = scene->topology.compute,
										  .bandwidth = scene->topology.link[level].bandwidth };
}

static int find_topology(struct scene *scene, struct error *err)
{
	const struct cluster_options *opt = scene->opt;
	struct presets presets;
	TRY(scene_presets(opt->clusters, &presets, err));
	const struct preset *preset = presets_find(&presets, opt->preset, err);
	int status = preset == NULL ? -1
								: preset_topology(preset, scene->shape.nodes, scene->shape.devices / scene->shape.nodes,
												  opt->phase == PHASE_DECODE, &scene->topology, err);
	presets_free(&presets);
	if (opt->nvl_gbps > 0)
		scene->topology.link[LEVEL_NVL].bandwidth = opt->nvl_gbps * 1e9;
	if (opt->nic_gbps > 0)
		scene->topology.link[LEVEL_NIC].bandwidth = opt->nic_gbps * 1e9;
	if (status == 0)
		find_costs(scene);
	return status;
}

static int draw_routings(const struct cluster_options *opt, struct scene *scene, struct error *err)
{
	struct load_kind load;
	struct load_shape shape = { .experts = opt->experts ? (size_t)opt->experts : 256,
								.k = (size_t)opt->k,
								.tokens = (size_t)opt->tokens * scene->shape.devices,
								.devices = scene->shape.devices,
								.group_top_k = (size_t)opt->group_top_k,
								.quota = opt->quota,
								.seed = (uint64_t)opt->seed };
	if (opt->group_top_k > 0)
		shape.groups = opt->groups ? (size_t)opt->groups : scene->shape.nodes;
	if (load_parse(opt->load, &load, err) != 0)
		return fail_at(err, "--load", 0, 0);
	TRY(load_check(&load, &shape, err));
	size_t layers = (size_t)opt->layers, n = layers * (size_t)opt->steps;
	double choices = (double)shape.tokens * (double)shape.k * (double)n;
	if (choices > 0x1p28)
		return fail(err, ERROR_USER,
					"%.0f choices of experts are too many (at most 2^28; lower --tokens, --layers or --steps)",
					choices);
	scene->traffic.n = n;
	scene->traffic.layer = ARENA_TAKE(&scene->traffic.arena, n, struct traffic);
	for (size_t i = 0; i < n; i++) {
		shape.step = (uint32_t)(i / layers);
		scene->traffic.layer[i] = load_draw(&load, &shape, (uint32_t)(i % layers), &scene->traffic.arena);
	}
	return 0;
}

static int find_routings(const struct cluster_options *opt, struct scene *scene, struct error *err)
{
	const struct traffic_choice choice = {
		.model = opt->model, .step = opt->step, .experts = (uint32_t)opt->experts, .partial = opt->partial
	};
	if (*opt->over_time && !cluster_is_drawn(opt))
		return 0; /* the file is read step by step */
	if (*cluster_file(opt) == 0)
		return draw_routings(opt, scene, err);
	return traffic_read(cluster_file(opt), &choice, &scene->traffic, err);
}

static void find_work(const struct cluster_options *opt, struct scene *scene)
{
	bool decodes = opt->phase == PHASE_DECODE;
	scene->work = (struct work){ .width = (size_t)opt->width,
								 .expert_width = (size_t)opt->expert_width,
								 .matrices = (size_t)opt->matrices,
								 .travel_bytes = { (size_t)opt->dispatch_bytes, (size_t)opt->combine_bytes },
								 .scale_block = (size_t)opt->scale_block,
								 /* DeepEP's low-latency kernels send 16 bytes of bookkeeping with each row */
								 .row_header = decodes ? 16 : 0,
								 .weight_bytes = (size_t)opt->weight_bytes,
								 .gradient_bytes = (size_t)opt->gradient_bytes,
								 .shared = (size_t)opt->shared,
								 .attention = opt->attention_mflop * 1e6,
								 .backward = opt->phase == PHASE_TRAIN,
								 .transport = opt->transport,
								 .chunks = (size_t)opt->chunks,
								 .slowdown = opt->slowdown,
								 .overlap = opt->overlap };
	scene->rule = (struct exchange_rule){ .capacity = opt->capacity, .pad = opt->pad, .copies = opt->copies };
}

enum dedup scene_dedup(const struct scene *scene, const struct traffic *routing, bool *lacks_tokens)
{
	const struct cluster_options *opt = scene->opt;
	if (opt->dedup >= DEDUP_GIVEN)
		return (enum dedup)(opt->dedup - DEDUP_GIVEN);
	if (opt->phase == PHASE_DECODE || opt->pad)
		return DEDUP_NONE;
	*lacks_tokens |= !routing->has_tokens;
	if (!routing->has_tokens)
		return DEDUP_NONE;
	return cluster_is_flat(opt) ? DEDUP_DEVICE : DEDUP_NODE;
}

static const char *rule_names(void)
{
	const char *all = "";
	for (const struct placement_rule *rule = placement_rules; rule->name; rule++)
		all = text_keep_f("%s%s%s", all, *all ? ", " : "", rule->name);
	return all;
}

int scene_shape(const struct scene *scene, const struct placement_rule *rule, size_t experts, const uint64_t *load,
				size_t slots, struct placement_shape *shape, struct error *err)
{
	*shape = scene->shape;
	shape->experts = experts;
	shape->groups = scene->opt->groups ? (size_t)scene->opt->groups : 1;
	shape->costs = &scene->costs;
	shape->slots = slots;
	if (rule == NULL)
		return 0;
	if (slots == 0)
		shape->slots = rule->slots ? rule->slots(shape, load) : experts;
	return placement_shape_check(shape, err);
}

int scene_placement(const struct scene *scene, const struct traffic *routing, const char *name, size_t slots,
					struct arena *arena, struct placement *placement, struct error *err)
{
	struct placement_shape shape;
	const struct placement_rule *rule = placement_rule_find(name);
	if (rule == NULL && !file_exists(name))
		return fail(err, ERROR_USER, "placement '%s' is neither a rule (%s) nor a file", name, rule_names());
	TRY(scene_shape(scene, rule, routing->experts, routing->count, slots, &shape, err));
	if (rule == NULL)
		return placement_read(name, routing->layer, &shape, arena, placement, err);
	*placement = placement_make(rule, &shape, routing->count, arena);
	return 0;
}

int scene_open_empty(const struct cluster_options *opt, struct scene *scene, struct error *err)
{
	*scene = (struct scene){ .opt = opt };
	TRY(find_devices(opt, scene, err));
	find_work(opt, scene);
	return find_topology(scene, err);
}

int scene_open(const struct cluster_options *opt, struct scene *scene, struct error *err)
{
	TRY(scene_open_empty(opt, scene, err));
	return find_routings(opt, scene, err);
}

void scene_close(struct scene *scene)
{
	traffic_free(&scene->traffic);
}
