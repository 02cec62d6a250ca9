/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cmd_cluster.c -- moesim cluster: what a routing costs on a cluster, and where its experts should stand.
 */
#include <config.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "experiments/cli/cmd.h"
#include "experiments/host/places.h"
#include "experiments/host/table.h"
#include "sim/base/csv.h"
#include "sim/base/files.h"
#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/cluster/bound.h"
#include "sim/cluster/diagnosis.h"
#include "sim/cluster/load.h"
#include "sim/cluster/presets.h"
#include "sim/cluster/step.h"
#include "sim/cluster/traffic.h"
#include "sim/trace/trace.h"

enum { PHASE_TRAIN, PHASE_PREFILL, PHASE_DECODE };
static const char *const phases[] = { "train", "prefill", "decode", NULL };
enum { DEDUP_AUTO, DEDUP_GIVEN }; /* a choice from DEDUP_GIVEN on is an enum dedup */
static const char *const dedups[] = { "auto", "none", "device", "node", NULL };

struct options {
	int64_t nodes, per_node, devices;
	const char *preset, *clusters;
	double nvl_gbps, nic_gbps;
	const char *routing, *loads, *load, *model;
	int64_t step, experts, tokens, k, layers, seed, groups, group_top_k;
	bool quota, partial;
	const char *placement;
	int64_t slots;
	bool place, summary;
	int64_t width, expert_width, matrices, dispatch_bytes, combine_bytes, scale_block, weight_bytes, gradient_bytes;
	int phase, dedup, transport;
	double capacity;
	bool pad;
	int64_t chunks;
	double slowdown, overlap;
};

#define AT(member) offsetof(struct options, member)
static const struct moe_opt rows[] = {
	{ "nodes", MOE_OPT_INT, AT(nodes), 1, 65536, 2, .help = "nodes of the cluster" },
	{ "devices-per-node", MOE_OPT_INT, AT(per_node), 1, 1024, 8, .help = "devices of each node" },
	{ "devices", MOE_OPT_INT, AT(devices), 0, 65536, 0, .zero = "auto",
	  .help = "devices of all nodes together; auto is nodes times devices per node" },
	{ "preset", MOE_OPT_TEXT, AT(preset), .text = "h800", .help = "links and devices; see `moesim list clusters`" },
	{ "clusters", MOE_OPT_TEXT, AT(clusters), .unit = "FILE",
	  .help = "CSV of cluster,figure,value,source whose figures override the presets, or add to them" },
	{ "nvl-gbps", MOE_OPT_REAL, AT(nvl_gbps), 0, 1e9, 0, .zero = "preset", .unit = "1e9 B/s",
	  .help = "bandwidth of a device within its node" },
	{ "nic-gbps", MOE_OPT_REAL, AT(nic_gbps), 0, 1e9, 0, .zero = "preset", .unit = "1e9 B/s",
	  .help = "bandwidth of a device to other nodes" },
	{ "routing", MOE_OPT_TEXT, AT(routing), .unit = "FILE|DIR",
	  .help = "trace or counts, as `moesim analyze` reads them, or a run folder (its last step)" },
	{ "loads", MOE_OPT_TEXT, AT(loads), .unit = "FILE", .help = "the same; the usual word with --place" },
	{ "load", MOE_OPT_TEXT, AT(load), .text = "uniform", .unit = "KIND[:X]",
	  .help = "draw a routing: balanced, uniform, zipf:X, power:X, log-normal:X, dirichlet:X, k-hot:X, hot-rank:X or "
			  "balancedness:X" },
	{ "model", MOE_OPT_TEXT, AT(model), .unit = "NAME", .help = "model of a file that has several" },
	{ "step", MOE_OPT_INT, AT(step), -1, 1e15, -1, .help = "read this step of a file alone; -1 adds up all" },
	{ "partial", MOE_OPT_FLAG, AT(partial), .help = "accept a trace whose layers differ in the number of tokens" },
	{ "experts", MOE_OPT_INT, AT(experts), 0, TALLY_IDS, 0, .zero = "auto",
	  .help = "experts of a layer; auto is as the file shows, and 256 for a drawn routing" },
	{ "tokens", MOE_OPT_INT, AT(tokens), 1, 1 << 24, 4096, .help = "drawn tokens per device" },
	{ "top-k", MOE_OPT_INT, AT(k), 1, 1024, 8, .help = "experts of a drawn token" },
	{ "layers", MOE_OPT_INT, AT(layers), 1, 1024, 1, .help = "drawn layers" },
	{ "seed", MOE_OPT_INT, AT(seed), 0, 1e15, 1, .help = "seed of what is drawn" },
	{ "groups", MOE_OPT_INT, AT(groups), 0, TALLY_IDS, 0, .zero = "none",
	  .help = "groups of equal size that the experts stand in, for --group-top-k and eplb" },
	{ "group-top-k", MOE_OPT_INT, AT(group_top_k), 0, TALLY_IDS, 0, .zero = "all",
	  .help = "groups that a drawn token may use; without --groups each node holds one group" },
	{ "group-quota", MOE_OPT_FLAG, AT(quota), .help = "a drawn token uses equally many experts of each of its groups" },
	{ "placement", MOE_OPT_TEXT, AT(placement), .unit = "RULE|FILE",
	  .help = "linear, round-robin, lpt, eplb, or a CSV as --place prints it; none is linear, and eplb with --place" },
	{ "slots", MOE_OPT_INT, AT(slots), 0, PLACEMENT_SLOTS, 0, .zero = "auto",
	  .help = "places for experts on all devices together; those beyond the number of experts hold copies" },
	{ "place", MOE_OPT_FLAG, AT(place), .help = "print the placement: layer,slot,device,expert" },
	{ "summary", MOE_OPT_FLAG, AT(summary),
	  .help = "one row per layer; with --place, one per rule: the load of the fullest device and how low it can be" },
	{ "width", MOE_OPT_INT, AT(width), 1, 1 << 20, 7168, .help = "elements of a row" },
	{ "expert-width", MOE_OPT_INT, AT(expert_width), 1, 1 << 20, 2048, .help = "inner width of an expert" },
	{ "expert-matrices", MOE_OPT_INT, AT(matrices), 2, 3, 3, .help = "3 for SwiGLU, 2 for an MLP" },
	{ "phase", MOE_OPT_CHOICE, AT(phase), .high = 2, .preset = PHASE_TRAIN, .choices = phases,
	  .help = "train has a forward and a backward pass; decode uses the kernels for decoding" },
	{ "dedup", MOE_OPT_CHOICE, AT(dedup), .high = 3, .preset = DEDUP_AUTO, .choices = dedups,
	  .help = "a row is sent to each expert (none), once to each device, or once to each node; auto is node, and none "
			  "for decode, padding and counts" },
	{ "transport", MOE_OPT_CHOICE, AT(transport), .high = 3, .preset = TRANSPORT_PIPELINED, .choices = transport_names,
	  .help = "both levels at a time, one after the other, or all rows over the network in one step or pairwise" },
	{ "capacity", MOE_OPT_REAL, AT(capacity), 0, 1e6, 0, .zero = "none", .help = "capacity factor of an expert" },
	{ "pad", MOE_OPT_FLAG, AT(pad), .help = "send exactly the capacity, whatever was routed" },
	{ "dispatch-bytes", MOE_OPT_INT, AT(dispatch_bytes), 1, 8, 1, .help = "bytes per element on the way to experts" },
	{ "combine-bytes", MOE_OPT_INT, AT(combine_bytes), 1, 8, 2, .help = "bytes per element on the way back" },
	{ "scale-block", MOE_OPT_INT, AT(scale_block), 0, 1 << 20, 128, .zero = "none",
	  .help = "elements that share a scale of 4 bytes, where an element has 1 byte" },
	{ "weight-bytes", MOE_OPT_INT, AT(weight_bytes), 1, 8, 2, .help = "bytes per weight that an expert reads" },
	{ "gradient-bytes", MOE_OPT_INT, AT(gradient_bytes), 1, 8, 4,
	  .help = "bytes per gradient that copies of an expert add up" },
	{ "chunks", MOE_OPT_INT, AT(chunks), 1, 1024, 1,
	  .help = "pieces of a batch, so that one travels while another is computed" },
	{ "slowdown", MOE_OPT_REAL, AT(slowdown), 1, 100, 1, .help = "factor of communication time that overlaps" },
	{ "overlap", MOE_OPT_REAL, AT(overlap), 0, 1, 0, .zero = "none",
	  .help = "share of computing time that hides the communication of another batch, in place of --chunks" },
	{ .name = NULL },
};

/* What makes sense of a file alone, of a drawn routing alone, and not for a placement. */
static const char *const of_files[] = { "model", "step", "partial", NULL };
static const char *const of_draws[] = {
	"load", "tokens", "top-k", "layers", "seed", "group-top-k", "group-quota", NULL
};
static const char *const of_times[] = {
	"preset",      "clusters",     "nvl-gbps",       "nic-gbps", "width",    "expert-width",   "expert-matrices",
	"phase",       "dedup",        "transport",      "capacity", "pad",      "dispatch-bytes", "combine-bytes",
	"scale-block", "weight-bytes", "gradient-bytes", "chunks",   "slowdown", "overlap",        NULL
};

static int refuse_flags(const struct options *opt, const char *const *names, const char *why, struct error *err)
{
	for (size_t i = 0; names[i]; i++)
		if (!options_is_preset(options_find(rows, names[i]), opt)) {
			fail(err, ERROR_USER, "%s", why);
			return fail_at(err, text_keep_f("--%s", names[i]), 0, 0);
		}
	return 0;
}

static const char *file_of(const struct options *opt)
{
	return *opt->routing ? opt->routing : opt->loads;
}

static int check_flags(const struct options *opt, struct error *err)
{
	bool reads = *file_of(opt) != 0;
	if (*opt->routing && *opt->loads)
		return fail(err, ERROR_USER, "--routing and --loads are the same (give one)");
	TRY(refuse_flags(
		opt, reads ? of_draws : of_files,
		reads ? "applies to a drawn routing, but one is read from a file" : "needs a file (--routing FILE)", err));
	if (opt->quota && opt->group_top_k == 0)
		return fail(err, ERROR_USER, "--group-quota needs --group-top-k");
	if (opt->chunks > 1 && opt->overlap > 0)
		return fail(err, ERROR_USER, "--overlap takes the place of --chunks (give one)");
	if (opt->slowdown > 1 && opt->chunks == 1 && opt->overlap == 0)
		return fail(err, ERROR_USER, "--slowdown needs something that overlaps (--chunks or --overlap)");
	return opt->place ? refuse_flags(opt, of_times, "has no effect on a placement", err) : 0;
}

/* What all layers have in common. */
struct scene {
	const struct options *opt;
	struct placement_shape shape;
	struct topology topology;
	struct work work;
	struct exchange_rule rule;
	struct traffics traffic;
};

static int find_devices(const struct options *opt, struct scene *scene, struct error *err)
{
	int64_t devices = opt->devices ? opt->devices : opt->nodes * opt->per_node;
	if (devices % opt->nodes != 0)
		return fail(err, ERROR_USER, "%" PRId64 " devices are not equally many in each of %" PRId64 " nodes", devices,
					opt->nodes);
	if (opt->devices && !options_is_preset(options_find(rows, "devices-per-node"), opt) &&
		devices != opt->nodes * opt->per_node)
		return fail(err, ERROR_USER, "--devices %" PRId64 " is not %" PRId64 " nodes times %" PRId64 " devices",
					devices, opt->nodes, opt->per_node);
	if (devices > 65536)
		return fail(err, ERROR_USER, "%" PRId64 " devices are too many (at most 65536)", devices);
	scene->shape.devices = (size_t)devices;
	scene->shape.nodes = (size_t)opt->nodes;
	return 0;
}

/* The presets that come with the program, and those of a file of the user's. */
static int read_presets(const char *more, struct presets *presets, struct error *err)
{
	*presets = (struct presets){ .n = 0 };
	int status = presets_read(path_join(place_clusters(), "clusters.csv"), presets, err);
	if (status == 0 && *more)
		status = presets_read(more, presets, err);
	if (status != 0)
		presets_free(presets);
	return status;
}

static int find_topology(const struct options *opt, struct scene *scene, struct error *err)
{
	struct presets presets;
	TRY(read_presets(opt->clusters, &presets, err));
	const struct preset *preset = presets_find(&presets, opt->preset, err);
	int status = preset == NULL ? -1
								: preset_topology(preset, scene->shape.nodes, scene->shape.devices / scene->shape.nodes,
												  opt->phase == PHASE_DECODE, &scene->topology, err);
	presets_free(&presets);
	if (opt->nvl_gbps > 0)
		scene->topology.link[LEVEL_NVL].bandwidth = opt->nvl_gbps * 1e9;
	if (opt->nic_gbps > 0)
		scene->topology.link[LEVEL_NIC].bandwidth = opt->nic_gbps * 1e9;
	return status;
}

static int draw_routings(const struct options *opt, struct scene *scene, struct error *err)
{
	struct load load;
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
	size_t choices = shape.tokens * shape.k * (size_t)opt->layers;
	if (choices > UINT32_C(1) << 28)
		return fail(err, ERROR_USER, "%zu choices of experts are too many (at most 2^28; lower --tokens or --layers)",
					choices);
	scene->traffic.n = (size_t)opt->layers;
	scene->traffic.layer = ARENA_TAKE(&scene->traffic.arena, scene->traffic.n, struct traffic);
	for (uint32_t i = 0; i < scene->traffic.n; i++)
		scene->traffic.layer[i] = load_draw(&load, &shape, i, &scene->traffic.arena);
	return 0;
}

static int find_routings(const struct options *opt, struct scene *scene, struct error *err)
{
	const struct traffic_choice choice = {
		.model = opt->model, .step = opt->step, .experts = (uint32_t)opt->experts, .partial = opt->partial
	};
	if (*file_of(opt) == 0)
		return draw_routings(opt, scene, err);
	return traffic_read(file_of(opt), &choice, &scene->traffic, err);
}

static void find_work(const struct options *opt, struct scene *scene)
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
								 .backward = opt->phase == PHASE_TRAIN,
								 .transport = opt->transport,
								 .chunks = (size_t)opt->chunks,
								 .slowdown = opt->slowdown,
								 .overlap = opt->overlap };
	scene->rule = (struct exchange_rule){ .capacity = opt->capacity, .pad = opt->pad };
}

static bool is_flat(const struct options *opt)
{
	return opt->transport == TRANSPORT_ONE_LEVEL || opt->transport == TRANSPORT_PAIRWISE;
}

/* Says so where counts decide it. */
static enum dedup find_dedup(const struct options *opt, const struct traffic *routing, bool *lacks_tokens)
{
	if (opt->dedup >= DEDUP_GIVEN)
		return (enum dedup)(opt->dedup - DEDUP_GIVEN);
	if (opt->phase == PHASE_DECODE || opt->pad)
		return DEDUP_NONE;
	*lacks_tokens |= !routing->has_tokens;
	if (!routing->has_tokens)
		return DEDUP_NONE;
	return is_flat(opt) ? DEDUP_DEVICE : DEDUP_NODE;
}

static int find_placement(const struct scene *scene, const struct traffic *routing, const char *name,
						  struct arena *arena, struct placement *placement, struct error *err)
{
	struct placement_shape shape = scene->shape;
	const struct placement_rule *rule = placement_rule_find(name);
	shape.experts = routing->experts;
	shape.groups = scene->opt->groups ? (size_t)scene->opt->groups : 1;
	shape.slots = (size_t)scene->opt->slots;
	if (rule == NULL && !file_exists(name))
		return fail(err, ERROR_USER, "placement '%s' is neither linear, round-robin, lpt or eplb, nor a file", name);
	if (rule == NULL)
		return placement_read(name, routing->layer, &shape, arena, placement, err);
	if (shape.slots == 0)
		shape.slots = shape.experts;
	TRY(placement_shape_check(&shape, err));
	*placement = placement_make(rule, &shape, routing->count, arena);
	return 0;
}

/* One layer with all that is known of it. */
struct outcome {
	struct arena arena;
	struct placement placement;
	struct rows rows;
	struct step step;
	struct diagnosis diagnosis;
};

static int run_layer(const struct scene *scene, const struct traffic *routing, struct outcome *out, bool *lacks_tokens,
					 struct error *err)
{
	struct exchange_rule rule = scene->rule;
	const char *name = *scene->opt->placement ? scene->opt->placement : "linear";
	rule.dedup = find_dedup(scene->opt, routing, lacks_tokens);
	if (rule.dedup == DEDUP_NODE && is_flat(scene->opt))
		return fail(err, ERROR_USER,
					"--dedup node forwards rows within the node (use --transport pipelined or staged)");
	TRY(find_placement(scene, routing, name, &out->arena, &out->placement, err));
	if (scene->shape.devices * out->placement.shape.slots > UINT32_C(1) << 28)
		return fail(err, ERROR_USER, "%zu devices with %zu slots are too many (at most 2^28 pairs)",
					scene->shape.devices, out->placement.shape.slots);
	TRY(exchange_count(routing, &out->placement, &scene->topology, &rule, &out->arena, &out->rows, err));
	TRY(step_time(&out->rows, &out->placement, &scene->topology, &scene->work, &out->step, err));
	out->diagnosis = diagnosis_of(routing, &out->placement, &scene->topology, &scene->work, &out->rows, &out->step);
	return 0;
}

static double imbalance_of(const struct measure *measure)
{
	return measure->rows_mean > 0 ? (double)measure->rows_max / measure->rows_mean : (double)NAN;
}

static void put_number(struct csv_writer *to, double value)
{
	if (isnan(value))
		csv_empty(to);
	else
		csv_double(to, value);
}

static const char measure_header[] =
	"phase,level,rows_max,rows_mean,bytes_max,time_ms,imbalance,bound,exposed_ms,device,layer";

static void put_measure(struct csv_writer *to, const struct measure *measure, uint32_t layer)
{
	bool is_sum = measure->rows_mean == 0;
	csv_text(to, step_names[measure->phase]);
	csv_text(to, measure_levels[measure->level]);
	put_number(to, is_sum ? (double)NAN : (double)measure->rows_max);
	put_number(to, is_sum ? (double)NAN : measure->rows_mean);
	put_number(to, is_sum && measure->bytes_max == 0 ? (double)NAN : (double)measure->bytes_max);
	csv_double(to, measure->seconds * 1e3);
	put_number(to, imbalance_of(measure));
	csv_text(to, bound_names[measure->bound]);
	put_number(to, measure->level == LEVEL_ALL && is_sum ? measure->exposed * 1e3 : (double)NAN);
	put_number(to, is_sum && measure->bytes_max == 0 ? (double)NAN : (double)measure->device);
	csv_int(to, layer);
	csv_row(to);
}

static const char summary_header[] =
	"layer,time_ms,forward_ms,backward_ms,reduce_ms,compute_ms,exposed_ms,exposed_share,"
	"straggler,nodes_per_token,devices_per_token,dropped,bottleneck,device,why";

static double per_token(uint64_t visits, const struct traffic *routing)
{
	return visits > 0 ? (double)visits / (double)routing->tokens : (double)NAN;
}

static void put_summary(struct csv_writer *to, const struct traffic *routing, const struct outcome *out)
{
	const struct step *step = &out->step;
	csv_int(to, routing->layer);
	csv_double(to, step->layer * 1e3);
	csv_double(to, step->forward * 1e3);
	csv_double(to, step->backward * 1e3);
	csv_double(to, step->reduce * 1e3);
	csv_double(to, step->compute * 1e3);
	csv_double(to, step->exposed * 1e3);
	csv_double(to, step->exposed / step->layer);
	csv_double(to, imbalance_of(step_find(step, STEP_compute, LEVEL_DEVICE)));
	put_number(to, per_token(out->rows.node_visits, routing));
	put_number(to, per_token(out->rows.device_visits, routing));
	csv_int(to, (int64_t)out->rows.dropped);
	csv_text(to, cause_names[out->diagnosis.cause]);
	csv_int(to, (int64_t)out->diagnosis.device);
	csv_text(to, out->diagnosis.sentence);
	csv_row(to);
}

static void show_measure(struct table *table, const struct measure *measure)
{
	bool is_sum = measure->rows_mean == 0;
	char bytes[TEXT_NUMBER];
	table_cell(table, "%s", step_names[measure->phase]);
	table_cell(table, "%s", measure_levels[measure->level]);
	table_number(table, is_sum ? (double)NAN : (double)measure->rows_max, 0);
	table_number(table, is_sum ? (double)NAN : measure->rows_mean, 1);
	table_cell(table, "%s", measure->bytes_max == 0 ? "-" : text_of_bytes((double)measure->bytes_max, bytes));
	table_number(table, measure->seconds * 1e3, 3);
	table_number(table, imbalance_of(measure), 2);
	table_cell(table, "%s", bound_names[measure->bound]);
}

static void show_measures(const struct step *step)
{
	static const char *const header[] = { "<phase",  "<level",    "rows, most", "mean", "bytes, most",
										  "time ms", "imbalance", "<bound",     NULL };
	struct table table;
	table_begin(&table, header);
	for (size_t i = 0; i < step->n; i++)
		show_measure(&table, &step->measure[i]);
	table_end(&table, stdout);
}

static void show_layer(struct table *table, const struct traffic *routing, const struct outcome *out)
{
	const struct step *step = &out->step;
	table_cell(table, "%" PRIu32, routing->layer);
	table_number(table, step->layer * 1e3, 3);
	table_number(table, step->compute * 1e3, 3);
	table_number(table, step->exposed * 1e3, 3);
	table_number(table, 100 * step->exposed / step->layer, 1);
	table_number(table, imbalance_of(step_find(step, STEP_compute, LEVEL_DEVICE)), 2);
	table_cell(table, "%s", cause_names[out->diagnosis.cause]);
	table_cell(table, "%zu", out->diagnosis.device);
}

static const char *const layer_header[] = { "layer",     "time ms",     "computing", "exposed", "exposed %",
											"imbalance", "<bottleneck", "device",    NULL };

static void show_verdict(const struct traffic *routing, const struct outcome *out)
{
	printf("\nLayer %" PRIu32
		   " takes %.3f ms, of which %.3f ms (%.1f%%) is communication that computation does not hide.\n%s\n",
		   routing->layer, out->step.layer * 1e3, out->step.exposed * 1e3, 100 * out->step.exposed / out->step.layer,
		   out->diagnosis.sentence);
	if (out->rows.dropped > 0)
		printf("%" PRIu64 " of %" PRIu64 " choices are dropped.\n", out->rows.dropped, routing->assignments);
}

/* A terminal gets the phases of one layer, or a line per layer, and a verdict on the slowest. */
static void show_all(const struct scene *scene, const struct outcome *out)
{
	size_t slowest = 0, n = scene->traffic.n;
	struct table table;
	if (n == 1)
		show_measures(&out[0].step);
	table_begin(&table, layer_header);
	for (size_t i = 0; i < n; i++) {
		slowest = out[i].step.layer > out[slowest].step.layer ? i : slowest;
		show_layer(&table, &scene->traffic.layer[i], &out[i]);
	}
	if (n > 1)
		table_end(&table, stdout);
	else
		table_free(&table);
	show_verdict(&scene->traffic.layer[slowest], &out[slowest]);
}

static int put_all(const struct scene *scene, const struct outcome *out, struct error *err)
{
	bool summary = scene->opt->summary;
	struct csv_writer *to = csv_open_stream(stdout, summary ? summary_header : measure_header);
	for (size_t i = 0; i < scene->traffic.n; i++) {
		const struct traffic *routing = &scene->traffic.layer[i];
		if (summary)
			put_summary(to, routing, &out[i]);
		for (size_t m = 0; !summary && m < out[i].step.n; m++)
			put_measure(to, &out[i].step.measure[m], routing->layer);
	}
	return csv_close(to, false, err);
}

static int price(struct scene *scene, struct error *err)
{
	struct arena arena = { 0 };
	struct outcome *out = ARENA_TAKE(&arena, scene->traffic.n, struct outcome);
	bool lacks_tokens = false;
	int status = find_topology(scene->opt, scene, err);
	find_work(scene->opt, scene);
	for (size_t i = 0; status == 0 && i < scene->traffic.n; i++)
		status = run_layer(scene, &scene->traffic.layer[i], &out[i], &lacks_tokens, err);
	if (status == 0 && isatty(STDOUT_FILENO) && !scene->opt->summary)
		show_all(scene, out);
	else if (status == 0)
		status = put_all(scene, out, err);
	if (status == 0 && lacks_tokens)
		fputs("moesim: the file has counts, which do not say which experts share a token: every choice is a row of its "
			  "own\n",
			  stderr);
	for (size_t i = 0; i < scene->traffic.n; i++)
		arena_free(&out[i].arena);
	arena_free(&arena);
	return status;
}

static void put_slots(struct csv_writer *to, uint32_t layer, const struct placement *placement)
{
	for (size_t s = 0; s < placement->shape.slots; s++) {
		csv_int(to, layer);
		csv_int(to, (int64_t)s);
		csv_int(to, (int64_t)placement_device(&placement->shape, s));
		csv_int(to, placement->expert[s]);
		csv_row(to);
	}
}

enum { PLACED_MOST = 8 };

/* The placements of one layer that are printed, and how good one can be. */
struct placed {
	size_t n;
	const char *name[PLACED_MOST];
	struct placement of[PLACED_MOST];
	double bound, best;
};

static double max_load(const struct placement *placement, const struct traffic *routing)
{
	return placement_max_load(&placement->shape, placement->expert, routing->count);
}

/* The search begins from the best of all rules, so that none is better than what it finds. */
static int find_best(const struct scene *scene, const struct traffic *routing, struct arena *arena,
					 struct placed *placed, struct error *err)
{
	struct scene with_slots = *scene;
	struct options opt = *scene->opt;
	struct placement best = placed->of[0], other;
	opt.slots = (int64_t)best.shape.slots;
	with_slots.opt = &opt;
	for (const struct placement_rule *rule = placement_rules; rule->name; rule++) {
		TRY(find_placement(&with_slots, routing, rule->name, arena, &other, err));
		if (max_load(&other, routing) < max_load(&best, routing))
			best = other;
	}
	placed->bound = placement_bound(&best.shape, routing->count);
	uint32_t *found = ARENA_TAKE(arena, best.shape.slots, uint32_t);
	memcpy(found, best.expert, best.shape.slots * sizeof *found);
	placed->best = placement_search(&best.shape, routing->count, found);
	return 0;
}

static int place_layer(const struct scene *scene, const struct traffic *routing, struct arena *arena,
					   struct placed *placed, struct error *err)
{
	const struct options *opt = scene->opt;
	bool all = opt->summary && *opt->placement == 0;
	for (const struct placement_rule *rule = placement_rules; all && rule->name; rule++)
		placed->name[placed->n++] = rule->name;
	if (!all)
		placed->name[placed->n++] = *opt->placement ? opt->placement : "eplb";
	for (size_t i = 0; i < placed->n; i++)
		TRY(find_placement(scene, routing, placed->name[i], arena, &placed->of[i], err));
	return opt->summary ? find_best(scene, routing, arena, placed, err) : 0;
}

static void put_loads(struct csv_writer *to, const struct traffic *routing, const struct placed *placed)
{
	for (size_t i = 0; i < placed->n; i++) {
		csv_int(to, routing->layer);
		csv_text(to, placed->name[i]);
		csv_double(to, max_load(&placed->of[i], routing));
		csv_double(to, placement_mean_load(&placed->of[i].shape, routing->count));
		csv_double(to, placed->bound);
		csv_double(to, placed->best);
		csv_row(to);
	}
}

static int put_placed(const struct scene *scene, const struct placed *placed, struct error *err)
{
	bool summary = scene->opt->summary;
	struct csv_writer *to = csv_open_stream(stdout, summary ? "layer,placement,max_load,mean_load,bound,best_found"
															: "layer,slot,device,expert");
	for (size_t i = 0; i < scene->traffic.n; i++)
		if (summary)
			put_loads(to, &scene->traffic.layer[i], &placed[i]);
		else
			put_slots(to, scene->traffic.layer[i].layer, &placed[i].of[0]);
	return csv_close(to, false, err);
}

static int place(struct scene *scene, struct error *err)
{
	struct arena arena = { 0 };
	struct placed *placed = ARENA_TAKE(&arena, scene->traffic.n, struct placed);
	int status = 0;
	for (size_t i = 0; status == 0 && i < scene->traffic.n; i++)
		status = place_layer(scene, &scene->traffic.layer[i], &arena, &placed[i], err);
	if (status == 0)
		status = put_placed(scene, placed, err);
	arena_free(&arena);
	return status;
}

static int run(const void *options, int argc, char **args, struct error *err)
{
	const struct options *opt = options;
	struct scene scene = { .opt = opt };
	(void)argc;
	(void)args;
	TRY(check_flags(opt, err));
	TRY(find_devices(opt, &scene, err));
	int status = find_routings(opt, &scene, err);
	if (status == 0)
		status = (opt->place ? place : price)(&scene, err);
	traffic_free(&scene.traffic);
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
	.opts = rows,
	.opts_size = sizeof(struct options),
	.run = run,
};
