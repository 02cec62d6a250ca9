/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * options.h -- what a user may ask `moesim cluster` for, one row an option.
 */
#ifndef EXPERIMENTS_CLUSTERS_OPTIONS_H
#define EXPERIMENTS_CLUSTERS_OPTIONS_H

#include <moesim/moesim.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/base/error.h"

enum { PHASE_TRAIN, PHASE_PREFILL, PHASE_DECODE };
enum { DEDUP_AUTO, DEDUP_GIVEN }; /* a choice from DEDUP_GIVEN on is an enum dedup */

struct cluster_options {
	int64_t nodes, per_node, devices;
	const char *preset, *clusters;
	double nvl_gbps, nic_gbps;
	const char *routing, *loads, *load, *model;
	int64_t step, experts, tokens, k, layers, steps, seed, groups, group_top_k;
	bool quota, partial;
	const char *placement;
	int64_t slots;
	bool place, summary;
	int64_t cache, cache_batch;
	int policy;
	const char *over_time, *from;
	int64_t window, interval, step_tokens;
	double trigger, min_gain;
	int64_t width, expert_width, matrices, dispatch_bytes, combine_bytes, scale_block, weight_bytes, gradient_bytes;
	int64_t shared;
	double attention_mflop;
	int phase, dedup, copies, transport;
	double capacity;
	bool pad;
	int64_t chunks;
	double slowdown, overlap;
};

extern const struct moe_opt cluster_option_rows[];
extern const char *const cache_policy_names[]; /* all, and those of cache_policies[] */

/* The file of a routing or of loads; "": it is drawn. */
const char *cluster_file(const struct cluster_options *opt);

/* Is the routing drawn? */
bool cluster_is_drawn(const struct cluster_options *opt);
/* Do all rows go over one link? */
bool cluster_is_flat(const struct cluster_options *opt);

/* Do the options go together?  If not, one line that says what to change. */
int cluster_options_check(const struct cluster_options *opt, struct error *err);

#endif
