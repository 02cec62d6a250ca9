/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * options.c -- what a user may ask `moesim cluster` for, one row an option.
 */
#include <config.h>

#include "experiments/clusters/options.h"

#include <string.h>

#include "sim/base/options.h"
#include "sim/base/text.h"
#include "sim/cluster/exchange.h"
#include "sim/cluster/placement.h"
#include "sim/cluster/step.h"
#include "sim/trace/tally.h"

static const char *const phases[] = { "train", "prefill", "decode", NULL };
static const char *const dedups[] = { "auto", "none", "device", "node", NULL };

const char *const cache_policy_names[] = { "all", "lru", "lfu", "pin", "belady", NULL };

#define AT(member) offsetof(struct cluster_options, member)
const struct moe_opt cluster_option_rows[] = {
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
	  .help = "draw a routing by that law, such as zipf:0.8; see `moesim list loads`" },
	{ "model", MOE_OPT_TEXT, AT(model), .unit = "NAME", .help = "model of a file that has several" },
	{ "step", MOE_OPT_INT, AT(step), -1, 1e15, -1, .help = "read this step of a file alone; -1 adds up all" },
	{ "partial", MOE_OPT_FLAG, AT(partial), .help = "accept a trace whose layers differ in the number of tokens" },
	{ "experts", MOE_OPT_INT, AT(experts), 0, TALLY_IDS, 0, .zero = "auto",
	  .help = "experts of a layer; auto is as the file shows, and 256 for a drawn routing" },
	{ "tokens", MOE_OPT_INT, AT(tokens), 1, 1 << 24, 4096, .help = "drawn tokens per device" },
	{ "top-k", MOE_OPT_INT, AT(k), 1, 1024, 8, .help = "experts of a drawn token" },
	{ "layers", MOE_OPT_INT, AT(layers), 1, 1024, 1, .help = "drawn layers" },
	{ "steps", MOE_OPT_INT, AT(steps), 1, 1 << 20, 1,
	  .help = "drawn steps; each is timed, and placements are for all together" },
	{ "seed", MOE_OPT_INT, AT(seed), 0, 1e15, 1, .help = "seed of what is drawn" },
	{ "groups", MOE_OPT_INT, AT(groups), 0, TALLY_IDS, 0, .zero = "none",
	  .help = "groups of equal size that the experts stand in, for --group-top-k and eplb" },
	{ "group-top-k", MOE_OPT_INT, AT(group_top_k), 0, TALLY_IDS, 0, .zero = "all",
	  .help = "groups that a drawn token may use; without --groups each node holds one group" },
	{ "group-quota", MOE_OPT_FLAG, AT(quota), .help = "a drawn token uses equally many experts of each of its groups" },
	{ "placement", MOE_OPT_TEXT, AT(placement), .unit = "RULE|FILE",
	  .help =
		  "a rule of `moesim list placements`, or a CSV as --place prints it; none is linear, and eplb with --place" },
	{ "slots", MOE_OPT_INT, AT(slots), 0, PLACEMENT_SLOTS, 0, .zero = "auto",
	  .help = "places for experts on all devices together; those beyond the number of experts hold copies" },
	{ "place", MOE_OPT_FLAG, AT(place), .help = "print the placement: layer,slot,device,expert" },
	{ "from", MOE_OPT_TEXT, AT(from), .unit = "RULE|FILE",
	  .help = "with --place --summary: where experts stand now; what moving them costs is printed, too" },
	{ "over-time", MOE_OPT_TEXT, AT(over_time), .unit = "TRACE|drawn",
	  .help = "with --place: placements that follow the loads of this file, or of the drawn --steps" },
	{ "window", MOE_OPT_INT, AT(window), 1, 1 << 20, 10, .help = "last steps whose loads a placement is made for" },
	{ "interval", MOE_OPT_INT, AT(interval), 1, 1 << 20, 10, .help = "steps from one placement to the next" },
	{ "trigger", MOE_OPT_REAL, AT(trigger), 0, 1, 1,
	  .help = "mean over maximum of the window's loads below which a placement is made" },
	{ "min-gain", MOE_OPT_REAL, AT(min_gain), 0, 1, 0,
	  .help = "share by which a placement must lower the window's maximum to be taken" },
	{ "step-tokens", MOE_OPT_INT, AT(step_tokens), 0, 1e12, 0, .zero = "none",
	  .help = "tokens of a trace that make a step of --over-time; none takes its column step" },
	{ "summary", MOE_OPT_FLAG, AT(summary),
	  .help = "one row per layer; with --place, one per rule: the load of the fullest device and how low it can be" },
	{ "cache", MOE_OPT_INT, AT(cache), 0, TALLY_IDS, 0, .zero = "none",
	  .help = "print what a cache of so many experts per layer hits, in place of time" },
	{ "policy", MOE_OPT_CHOICE, AT(policy), .high = 4, .preset = 0, .choices = cache_policy_names,
	  .help = "what the cache keeps: most recently used, most frequently used, most used of all, or used soonest" },
	{ "cache-batch", MOE_OPT_INT, AT(cache_batch), 1, 1 << 24, 1,
	  .help = "tokens that ask for experts together, each expert once" },
	{ "width", MOE_OPT_INT, AT(width), 1, 1 << 20, 7168, .help = "elements of a row" },
	{ "expert-width", MOE_OPT_INT, AT(expert_width), 1, 1 << 20, 2048, .help = "inner width of an expert" },
	{ "expert-matrices", MOE_OPT_INT, AT(matrices), 2, 3, 3, .help = "3 for SwiGLU, 2 for an MLP" },
	{ "shared", MOE_OPT_INT, AT(shared), 0, 1024, 0, .zero = "none",
	  .help = "shared experts of that inner width, which every device computes while rows travel" },
	{ "attention-mflop", MOE_OPT_REAL, AT(attention_mflop), 0, 1e9, 0, .zero = "none", .unit = "1e6 FLOP",
	  .help = "forward FLOPs of a token in attention and whatever else comes before the experts" },
	{ "phase", MOE_OPT_CHOICE, AT(phase), .high = 2, .preset = PHASE_TRAIN, .choices = phases,
	  .help = "train has a forward and a backward pass; decode uses the kernels for decoding" },
	{ "dedup", MOE_OPT_CHOICE, AT(dedup), .high = 3, .preset = DEDUP_AUTO, .choices = dedups,
	  .help = "a row is sent to each expert (none), once to each device, or once to each node; auto is node, and none "
			  "for decode, padding and counts" },
	{ "copies", MOE_OPT_CHOICE, AT(copies), .high = 3, .preset = COPIES_TURNS, .choices = copy_choices,
	  .help = "copies of an expert take turns, or a row goes to the nearest one, or to that on the device with fewest "
			  "rows, or max-flow shares the batch so that the fullest device has as few as can be" },
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
static const char *const of_files[] = { "model", "step", "partial", "step-tokens", NULL };
static const char *const of_draws[] = { "load", "tokens",      "top-k",       "layers", "steps",
										"seed", "group-top-k", "group-quota", NULL };
static const char *const of_times[] = { "dedup",          "copies",        "transport", "capacity",        "pad",
										"chunks",         "shared",        "slowdown",  "attention-mflop", "overlap",
										"gradient-bytes", "combine-bytes", NULL };
static const char *const of_following[] = { "window", "interval", "trigger", "min-gain", "step-tokens", NULL };
/* What a placement heeds that weighs bytes and time. */
static const char *const of_costs[] = {
	"preset",          "clusters",       "nvl-gbps",    "nic-gbps",     "width", "expert-width",
	"expert-matrices", "dispatch-bytes", "scale-block", "weight-bytes", NULL
};

static int refuse_flags(const struct cluster_options *opt, const char *const *names, const char *why, struct error *err)
{
	for (size_t i = 0; names[i]; i++)
		if (!options_is_preset(options_find(cluster_option_rows, names[i]), opt)) {
			fail(err, ERROR_USER, "%s", why);
			return fail_at(err, text_keep_f("--%s", names[i]), 0, 0);
		}
	return 0;
}

const char *cluster_file(const struct cluster_options *opt)
{
	return *opt->routing ? opt->routing : opt->loads;
}

/* Does a placement that is asked for weigh bytes and time? */
static bool weighs_costs(const struct cluster_options *opt)
{
	return *opt->from || *opt->over_time || strcmp(opt->placement, "fastermoe") == 0 ||
		   (opt->summary && *opt->placement == 0);
}

bool cluster_is_drawn(const struct cluster_options *opt)
{
	return *cluster_file(opt) == 0 && (*opt->over_time == 0 || strcmp(opt->over_time, "drawn") == 0);
}

bool cluster_is_flat(const struct cluster_options *opt)
{
	return opt->transport == TRANSPORT_ONE_LEVEL || opt->transport == TRANSPORT_PAIRWISE;
}

static int check_cache(const struct cluster_options *opt, struct error *err)
{
	static const char *const of_caches[] = { "policy", "cache-batch", NULL };
	static const char *const others[] = { "placement", "slots",          "place",       "summary",  "over-time",
										  "from",      "preset",         "clusters",    "nvl-gbps", "nic-gbps",
										  "phase",     "dispatch-bytes", "scale-block", NULL };
	if (opt->cache == 0)
		return refuse_flags(opt, of_caches, "needs --cache", err);
	TRY(refuse_flags(opt, others, "has no effect on --cache", err));
	return refuse_flags(opt, of_times, "has no effect on --cache", err);
}

static int check_place(const struct cluster_options *opt, struct error *err)
{
	static const char *const of_places[] = { "over-time", "from", NULL }, *const phase[] = { "phase", NULL };
	if (*opt->over_time == 0)
		TRY(refuse_flags(opt, of_following, "needs --place --over-time", err));
	if (!opt->place)
		return refuse_flags(opt, of_places, "needs --place", err);
	if (*opt->over_time && (*cluster_file(opt) || *opt->from))
		return fail(err, ERROR_USER,
					"--over-time begins from a linear placement and has loads of its own (leave out %s)",
					*opt->from ? "--from" : "--routing and --loads");
	if (*opt->from && !opt->summary)
		return fail(err, ERROR_USER, "--from needs --summary, which prints what moving experts costs");
	if (!weighs_costs(opt))
		TRY(refuse_flags(opt, of_costs, "has no effect on this placement", err));
	if (*opt->over_time == 0)
		TRY(refuse_flags(opt, phase, "has no effect on a placement", err));
	return refuse_flags(opt, of_times, "has no effect on a placement", err);
}

int cluster_options_check(const struct cluster_options *opt, struct error *err)
{
	bool reads = !cluster_is_drawn(opt);
	if (*opt->routing && *opt->loads)
		return fail(err, ERROR_USER, "--routing and --loads are the same (give one)");
	TRY(refuse_flags(
		opt, reads ? of_draws : of_files,
		reads ? "applies to a drawn routing, but one is read from a file" : "needs a file (--routing FILE)", err));
	if (opt->quota && opt->group_top_k == 0)
		return fail(err, ERROR_USER, "--group-quota needs --group-top-k");
	if (opt->dedup == DEDUP_GIVEN + DEDUP_NODE && cluster_is_flat(opt))
		return fail(err, ERROR_USER,
					"--dedup node forwards rows within the node (use --transport pipelined or staged)");
	if (opt->chunks > 1 && opt->overlap > 0)
		return fail(err, ERROR_USER, "--overlap takes the place of --chunks (give one)");
	if (opt->slowdown > 1 && opt->chunks == 1 && opt->overlap == 0 && opt->shared == 0)
		return fail(err, ERROR_USER, "--slowdown needs something that overlaps (--chunks, --overlap or --shared)");
	TRY(check_cache(opt, err));
	return check_place(opt, err);
}
