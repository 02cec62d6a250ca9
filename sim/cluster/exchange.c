/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * exchange.c -- the rows that devices send to each other, counted.
 */
#include <config.h>

#include "sim/cluster/exchange.h"

#include <inttypes.h>
#include <math.h>

#include "sim/cluster/maxflow.h"

const char *const copy_choices[] = { "turns", "nearest", "lightest", "max-flow", NULL };

/* Copies of an expert that a device may choose among: those at places [first, first + n) of placement->slot. */
struct choice {
	size_t first, n;
};

/* What was found for a device, and holds until another one asks: tokens come device by device. */
struct found {
	size_t asked; /* 1 + the device */
	struct choice choice;
	size_t uses; /* left, with `share`: as many as there were copies to search */
};

struct counter {
	const struct traffic *routing;
	const struct placement *placement;
	const struct topology *topology;
	const struct exchange_rule *rule;
	struct rows *rows;
	uint64_t room;          /* of an expert */
	uint64_t *used, *turn;  /* [experts] rows taken so far; turns of its copies */
	uint64_t *filled;       /* [devices] rows to compute so far, to find the lightest */
	uint64_t *share;        /* [slots] rows that each is to take yet; NULL: not shared out beforehand */
	struct found *found;    /* [experts] near copies, or with `share` one of them */
	uint64_t *device_marks; /* [devices] 1 + the last token that went there */
	uint64_t *node_marks;   /* [nodes] */
	size_t token, source;   /* under way, and the device it is on */
};

double exchange_expected_groups(size_t experts, size_t groups, size_t k)
{
	size_t others = experts - experts / groups;
	double none = 1; /* chance that a group has none of the k */
	for (size_t i = 0; i < k; i++)
		none *= i < others ? (double)(others - i) / (double)(experts - i) : 0;
	return (double)groups * (1 - none);
}

uint64_t exchange_capacity(const struct traffic *routing, double factor)
{
	return (uint64_t)ceil(factor * (double)routing->assignments / (double)routing->experts);
}

static void send(struct counter *at, size_t from, size_t to, uint64_t n)
{
	if (from == to)
		return;
	bool same_node = topology_node(at->topology, from) == topology_node(at->topology, to);
	enum level level = same_node ? LEVEL_NVL : LEVEL_NIC;
	at->rows->sent[level][from] += n;
	at->rows->received[level][to] += n;
}

static bool mark(uint64_t *marks, size_t at, size_t token)
{
	bool is_new = marks[at] != token + 1;
	marks[at] = token + 1;
	return is_new;
}

/* The row of a token to one of its devices, which it has not gone to before. */
static void visit_device(struct counter *at, size_t device)
{
	const struct topology *topology = at->topology;
	size_t node = topology_node(topology, device), relay = node * topology->per_node + at->source % topology->per_node;
	at->rows->device_visits++;
	bool is_new = mark(at->node_marks, node, at->token);
	at->rows->node_visits += is_new;
	if (at->rule->dedup == DEDUP_DEVICE)
		send(at, at->source, device, 1);
	if (at->rule->dedup != DEDUP_NODE)
		return;
	if (is_new)
		send(at, at->source, relay, 1);
	send(at, relay, device, 1);
}

static size_t copy_device(const struct placement *placement, size_t i)
{
	return placement_device(&placement->shape, placement->slot[i]);
}

/* Those on the device, else those in its node, else all.  Slots ascend, so that each of these stand together. */
static struct choice near_copies(const struct counter *at, size_t expert, size_t source)
{
	const struct placement *placement = at->placement;
	size_t node = topology_node(at->topology, source), end = placement->first[expert + 1];
	struct choice own = { 0, 0 }, here = { 0, 0 };
	for (size_t i = end; i-- > placement->first[expert];) {
		size_t device = copy_device(placement, i);
		if (device == source)
			own = (struct choice){ i, own.n + 1 };
		if (topology_node(at->topology, device) == node)
			here = (struct choice){ i, here.n + 1 };
	}
	if (own.n > 0)
		return own;
	return here.n > 0 ? here : (struct choice){ placement->first[expert], placement->copies[expert] };
}

static struct choice copies_for(const struct counter *at, size_t expert, size_t source)
{
	const struct placement *placement = at->placement;
	struct found *found = &at->found[expert];
	if (at->rule->copies != COPIES_NEAREST || placement->copies[expert] == 1)
		return (struct choice){ placement->first[expert], placement->copies[expert] };
	if (found->asked != source + 1)
		*found = (struct found){ source + 1, near_copies(at, expert, source), 0 };
	return found->choice;
}

static size_t lightest_copy(const struct counter *at, size_t expert)
{
	const struct placement *placement = at->placement;
	size_t best = placement->first[expert];
	for (size_t i = best + 1; i < placement->first[expert + 1]; i++)
		if (at->filled[copy_device(placement, i)] < at->filled[copy_device(placement, best)])
			best = i;
	return best;
}

static int nearness(const struct counter *at, size_t device, size_t source)
{
	return (device == source) + (topology_node(at->topology, device) == topology_node(at->topology, source));
}

/* The nearest copy that has rows to take yet; of equally near ones that with most to take. */
static size_t near_share(const struct counter *at, size_t expert, size_t source)
{
	const struct placement *placement = at->placement;
	size_t end = placement->first[expert + 1], best = end;
	int best_near = -1;
	for (size_t i = placement->first[expert]; i < end; i++) {
		uint64_t share = at->share[placement->slot[i]];
		int near = nearness(at, copy_device(placement, i), source);
		if (share == 0 || near < best_near || (near == best_near && share <= at->share[placement->slot[best]]))
			continue;
		best = i;
		best_near = near;
	}
	if (best == end)
		BUG("more rows of an expert than were shared out");
	return best;
}

/* The slot for up to n rows of an expert, and how many of them it takes. */
static size_t take_share(struct counter *at, size_t expert, size_t source, uint64_t *n)
{
	struct found *found = &at->found[expert];
	if (found->asked != source + 1 || found->uses == 0 || at->share[at->placement->slot[found->choice.first]] == 0)
		*found = (struct found){ source + 1, { near_share(at, expert, source), 1 }, at->placement->copies[expert] };
	found->uses--;
	size_t slot = at->placement->slot[found->choice.first];
	*n = *n < at->share[slot] ? *n : at->share[slot];
	at->share[slot] -= *n;
	return slot;
}

/* The slot that the next row of an expert goes to. */
static size_t next_slot(struct counter *at, size_t expert)
{
	uint64_t one = 1;
	if (at->share)
		return take_share(at, expert, at->source, &one);
	if (at->rule->copies == COPIES_LIGHTEST)
		return at->placement->slot[lightest_copy(at, expert)];
	struct choice choice = copies_for(at, expert, at->source);
	return at->placement->slot[choice.first + at->turn[expert]++ % choice.n];
}

static void visit_expert(struct counter *at, uint32_t expert)
{
	const struct placement *placement = at->placement;
	if (at->used[expert] == at->room) {
		at->rows->dropped++;
		return;
	}
	at->used[expert]++;
	size_t slot = next_slot(at, expert), device = placement_device(&placement->shape, slot);
	at->filled[device]++;
	at->rows->by_slot[slot]++;
	if (at->rule->dedup == DEDUP_NONE)
		send(at, at->source, device, 1);
	if (mark(at->device_marks, device, at->token))
		visit_device(at, device);
}

static void count_tokens(struct counter *at)
{
	const struct traffic *routing = at->routing;
	size_t devices = at->rows->devices;
	for (at->token = at->source = 0; at->token < routing->tokens; at->token++) {
		while (at->token >= routing->tokens * (at->source + 1) / devices)
			at->source++;
		for (size_t i = routing->first[at->token]; i < routing->first[at->token + 1]; i++)
			visit_expert(at, routing->expert[i]);
	}
}

/* The part of n that falls to the i-th of `parts`, whoever is first to get one more. */
static uint64_t part_of(uint64_t n, size_t parts, size_t i, size_t first)
{
	return n / parts + ((i + parts - first % parts) % parts < n % parts);
}

static void send_to_slot(struct counter *at, size_t source, size_t slot, uint64_t n)
{
	at->rows->by_slot[slot] += n;
	send(at, source, placement_device(&at->placement->shape, slot), n);
}

/* n rows from one device over the copies, as the batch is shared out, or equally. */
static void spread_shared(struct counter *at, size_t expert, size_t source, uint64_t n)
{
	for (uint64_t part = n; n > 0; n -= part, part = n) {
		size_t slot = take_share(at, expert, source, &part);
		send_to_slot(at, source, slot, part);
	}
}

static void spread_equally(struct counter *at, size_t expert, size_t source, uint64_t n)
{
	struct choice choice = copies_for(at, expert, source);
	for (size_t c = 0; c < choice.n; c++)
		send_to_slot(at, source, at->placement->slot[choice.first + c], part_of(n, choice.n, c, source));
}

/* n rows of an expert from all devices equally. */
static void spread(struct counter *at, size_t expert, uint64_t n)
{
	for (size_t source = 0; source < at->rows->devices; source++) {
		uint64_t own = part_of(n, at->rows->devices, source, expert);
		(at->share ? spread_shared : spread_equally)(at, expert, source, own);
	}
}

static void count_spread(struct counter *at)
{
	const struct traffic *routing = at->routing;
	for (size_t e = 0; e < routing->experts; e++) {
		uint64_t n = routing->count[e] < at->room ? routing->count[e] : at->room;
		at->rows->dropped += routing->count[e] - n;
		spread(at, e, at->rule->pad ? at->room : n);
	}
}

/* From the rows of each slot those of its device. */
static void sum_slots(struct rows *rows, const struct placement *placement)
{
	for (size_t s = 0; s < placement->shape.slots; s++) {
		size_t device = placement_device(&placement->shape, s);
		rows->computed[device] += rows->by_slot[s];
		rows->touched[device] += rows->by_slot[s] > 0;
	}
}

static int scale(uint64_t *rows, size_t n, uint64_t times, uint64_t of, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t product;
		if (__builtin_mul_overflow(rows[i], times, &product) || product > UINT64_MAX - of)
			return fail(err, ERROR_USER, "%.3g times %.3g rows exceed 64 bits", (double)rows[i], (double)times);
		rows[i] = (product + of - 1) / of;
	}
	return 0;
}

int rows_scale(struct rows *rows, size_t slots, uint64_t times, uint64_t of, struct error *err)
{
	for (int level = 0; level < LEVELS; level++) {
		TRY(scale(rows->sent[level], rows->devices, times, of, err));
		TRY(scale(rows->received[level], rows->devices, times, of, err));
	}
	TRY(scale(rows->computed, rows->devices, times, of, err));
	TRY(scale(rows->by_slot, slots, times, of, err));
	return scale(&rows->tokens, 1, times, of, err);
}

static int check(const struct counter *at, struct error *err)
{
	if (at->rule->pad && at->rule->capacity <= 0)
		return fail(err, ERROR_USER, "--pad needs a --capacity");
	if (at->rule->pad && at->rule->dedup != DEDUP_NONE)
		return fail(err, ERROR_USER, "padded rows are sent to each expert (use --dedup none with --pad)");
	if (!at->routing->has_tokens && at->rule->dedup != DEDUP_NONE)
		return fail(err, ERROR_USER,
					"counts do not say which experts share a token, so rows cannot be deduplicated (use --dedup none, "
					"or a trace of tokens)");
	if ((at->rule->pad || !at->routing->has_tokens) && at->rule->copies == COPIES_LIGHTEST)
		return fail(err, ERROR_USER,
					"the lightest copy is chosen token by token (use --copies turns, nearest or max-flow with counts "
					"and --pad)");
	if ((double)at->routing->assignments * at->rule->capacity > 0x1p53)
		return fail(err, ERROR_USER, "a capacity of %g needs more than 2^53 rows", at->rule->capacity);
	if (at->placement->shape.experts != at->routing->experts ||
		at->placement->shape.devices != topology_devices(at->topology))
		BUG("a placement for another layer or cluster");
	return 0;
}

static void take_rows(struct rows *rows, size_t devices, size_t slots, struct arena *arena)
{
	*rows = (struct rows){ .devices = devices,
						   .computed = ARENA_TAKE(arena, devices, uint64_t),
						   .touched = ARENA_TAKE(arena, devices, uint64_t),
						   .by_slot = ARENA_TAKE(arena, slots, uint64_t) };
	for (int level = 0; level < LEVELS; level++) {
		rows->sent[level] = ARENA_TAKE(arena, devices, uint64_t);
		rows->received[level] = ARENA_TAKE(arena, devices, uint64_t);
	}
}

/* Shares out the batch, beginning with the nearest copies. */
static int share_out(struct counter *at, struct arena *arena, struct error *err)
{
	struct exchange_rule nearest = *at->rule;
	struct rows wish;
	nearest.dedup = DEDUP_NONE;
	nearest.copies = COPIES_NEAREST;
	TRY(exchange_count(at->routing, at->placement, at->topology, &nearest, arena, &wish, err));
	at->share = ARENA_TAKE(arena, at->placement->shape.slots, uint64_t);
	maxflow_share(at->placement, wish.by_slot, arena, at->share);
	return 0;
}

int exchange_count(const struct traffic *routing, const struct placement *placement, const struct topology *topology,
				   const struct exchange_rule *rule, struct arena *arena, struct rows *rows, struct error *err)
{
	size_t devices = topology_devices(topology);
	struct counter at = { .routing = routing,
						  .placement = placement,
						  .topology = topology,
						  .rule = rule,
						  .rows = rows,
						  .room = rule->capacity > 0 ? exchange_capacity(routing, rule->capacity) : UINT64_MAX,
						  .used = ARENA_TAKE(arena, routing->experts, uint64_t),
						  .turn = ARENA_TAKE(arena, routing->experts, uint64_t),
						  .filled = ARENA_TAKE(arena, devices, uint64_t),
						  .found = ARENA_TAKE(arena, routing->experts, struct found),
						  .device_marks = ARENA_TAKE(arena, devices, uint64_t),
						  .node_marks = ARENA_TAKE(arena, topology->nodes, uint64_t) };
	TRY(check(&at, err));
	take_rows(rows, devices, placement->shape.slots, arena);
	if (rule->copies == COPIES_MAX_FLOW)
		TRY(share_out(&at, arena, err));
	if (routing->has_tokens && !rule->pad)
		count_tokens(&at);
	else
		count_spread(&at);
	rows->tokens = routing->has_tokens ? routing->tokens : 0;
	rows->kept = routing->assignments - rows->dropped;
	sum_slots(rows, placement);
	return 0;
}
