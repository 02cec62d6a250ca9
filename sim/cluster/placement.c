/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * placement.c -- which expert stands in which slot of which device.
 */
#include <config.h>

#include "sim/cluster/placement.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/base/csv.h"
#include "sim/base/text.h"
#include "sim/cluster/eplb.h"
#include "sim/cluster/hottest.h"
#include "sim/cluster/scatter.h"

/* As vLLM begins: the experts in order, then copies of them in order. */
static void place_linear(const struct placement_shape *shape, const uint64_t *load, uint32_t *expert)
{
	(void)load;
	for (size_t s = 0; s < shape->slots; s++)
		expert[s] = (uint32_t)(s % shape->experts);
}

static void place_round_robin(const struct placement_shape *shape, const uint64_t *load, uint32_t *expert)
{
	size_t room = shape->slots / shape->devices;
	(void)load;
	for (size_t i = 0; i < shape->slots; i++)
		expert[i % shape->devices * room + i / shape->devices] = (uint32_t)(i % shape->experts);
}

/* EPLB's two steps over all devices alike, whatever their nodes. */
static void place_lpt(const struct placement_shape *shape, const uint64_t *load, uint32_t *expert)
{
	struct placement_shape flat = *shape;
	flat.nodes = flat.groups = 1;
	eplb_place(&flat, load, expert);
}

const struct placement_rule placement_rules[] = {
	{ "linear", "experts in order, equally many on each device", place_linear, NULL },
	{ "round-robin", "experts dealt to the devices in turn", place_round_robin, NULL },
	{ "lpt", "longest processing time first: the heaviest expert to the lightest device, whatever its node", place_lpt,
	  NULL },
	{ "eplb", "DeepSeek's EPLB: groups of experts to nodes, then copies, then slots to devices", eplb_place, NULL },
	{ "topology",
	  "copies of an expert to different nodes: the heaviest to the lightest node, there to the lightest device",
	  scatter_place, NULL },
	{ "biased", "the hottest experts on every device, as many as there is room for; the others as lpt", biased_place,
	  biased_slots },
	{ "fastermoe", "FasterMoE's shadows: the hottest experts on every device, as many as pay; the others in order",
	  shadows_place, shadows_slots },
	{ .name = NULL },
};

const struct placement_rule *placement_rule_find(const char *name)
{
	for (const struct placement_rule *rule = placement_rules; rule->name; rule++)
		if (strcmp(rule->name, name) == 0)
			return rule;
	return NULL;
}

int placement_shape_check(const struct placement_shape *shape, struct error *err)
{
	size_t experts = shape->experts, devices = shape->devices;
	size_t fitting = experts > 0 && devices > 0 ? (experts + devices - 1) / devices * devices : 0;
	if (fitting == 0 || shape->nodes == 0 || shape->groups == 0)
		BUG("a placement of nothing");
	if (shape->slots < experts || shape->slots % devices != 0)
		return fail(err, ERROR_USER,
					"%zu slots do not hold %zu experts, equally many on each of %zu devices (--slots %zu does)",
					shape->slots, experts, devices, fitting);
	if (shape->slots > PLACEMENT_SLOTS)
		return fail(err, ERROR_USER, "%zu slots are too many (at most %d)", shape->slots, PLACEMENT_SLOTS);
	if (devices % shape->nodes != 0)
		return fail(err, ERROR_USER, "%zu devices are not equally many in each of %zu nodes", devices, shape->nodes);
	if (experts % shape->groups != 0)
		return fail(err, ERROR_USER, "%zu experts do not make %zu equal groups (give a divisor to --groups)", experts,
					shape->groups);
	return 0;
}

static struct placement placement_take(const struct placement_shape *shape, struct arena *arena)
{
	return (struct placement){
		.shape = *shape,
		.expert = ARENA_TAKE(arena, shape->slots, uint32_t),
		.copies = ARENA_TAKE(arena, shape->experts, uint32_t),
		.first = ARENA_TAKE(arena, shape->experts + 2, size_t),
		.slot = ARENA_TAKE(arena, shape->slots, uint32_t),
	};
}

/* From `expert` all the rest. */
static void index_slots(struct placement *placement)
{
	size_t experts = placement->shape.experts, slots = placement->shape.slots, *next = placement->first + 1;
	for (size_t s = 0; s < slots; s++)
		placement->copies[placement->expert[s]]++;
	/* next[e] is where the slots of expert e begin, until they are put there: then it is where they end */
	for (size_t e = 1; e < experts; e++)
		next[e] = next[e - 1] + placement->copies[e - 1];
	for (size_t s = 0; s < slots; s++)
		placement->slot[next[placement->expert[s]]++] = (uint32_t)s;
}

struct placement placement_make(const struct placement_rule *rule, const struct placement_shape *shape,
								const uint64_t *load, struct arena *arena)
{
	struct placement placement = placement_take(shape, arena);
	rule->place(shape, load, placement.expert);
	index_slots(&placement);
	return placement;
}

int placement_set(struct placement *placement, const uint32_t *expert, struct error *err)
{
	const struct placement_shape *shape = &placement->shape;
	for (size_t s = 0; s < shape->slots; s++) {
		if (expert[s] >= shape->experts)
			return fail(err, ERROR_USER, "slot %zu holds expert %" PRIu32 ", but there are %zu experts", s, expert[s],
						shape->experts);
		placement->expert[s] = expert[s];
	}
	memset(placement->copies, 0, shape->experts * sizeof *placement->copies);
	memset(placement->first, 0, (shape->experts + 2) * sizeof *placement->first);
	index_slots(placement);
	for (size_t e = 0; e < shape->experts; e++)
		if (placement->copies[e] == 0)
			return fail(err, ERROR_USER, "no slot holds expert %zu (each needs at least one)", e);
	return 0;
}

int placement_index(const struct placement_shape *shape, const uint32_t *expert, struct arena *arena,
					struct placement *placement, struct error *err)
{
	*placement = placement_take(shape, arena);
	return placement_set(placement, expert, err);
}

enum { LAYER, SLOT, DEVICE, EXPERT, CELLS };
static const char *const columns[CELLS] = { "layer", "slot", "device", "expert" };

static int read_cell(const struct csv_table *table, size_t row, int column, size_t what, int64_t *value,
					 struct error *err)
{
	const char *text = csv_cell(table, row, column);
	if (!text_to_int(text, value) || *value < 0 || *value >= PLACEMENT_SLOTS)
		return fail(err, ERROR_USER, "%s '%s' is not an integer from 0, below %d", columns[what], text,
					PLACEMENT_SLOTS);
	return 0;
}

static int read_cells(const struct csv_table *table, size_t row, const int *column, int64_t *value, struct error *err)
{
	for (size_t i = 0; i < CELLS; i++)
		if (read_cell(table, row, column[i], i, &value[i], err) != 0)
			return fail_at(err, table->path, table->line[row], 0);
	return 0;
}

/* How many rows the layer has. */
static int count_slots(const struct csv_table *table, const int *column, uint32_t layer, size_t *slots,
					   struct error *err)
{
	int64_t value[CELLS];
	*slots = 0;
	for (size_t row = 0; row < table->rows; row++) {
		TRY(read_cells(table, row, column, value, err));
		*slots += value[LAYER] == layer;
	}
	return 0;
}

static int take_slot(const struct placement_shape *shape, const int64_t *value, uint32_t *expert, struct error *err)
{
	if (value[SLOT] >= (int64_t)shape->slots)
		return fail(err, ERROR_USER,
					"slot %" PRId64 " of layer %" PRId64 ": the layer has %zu rows, so slots end at %zu", value[SLOT],
					value[LAYER], shape->slots, shape->slots - 1);
	if (expert[value[SLOT]] != UINT32_MAX)
		return fail(err, ERROR_USER, "slot %" PRId64 " of layer %" PRId64 " is given twice", value[SLOT], value[LAYER]);
	if (value[DEVICE] != (int64_t)placement_device(shape, (size_t)value[SLOT]))
		return fail(err, ERROR_USER, "slot %" PRId64 " is on device %zu of %zu, not %" PRId64, value[SLOT],
					placement_device(shape, (size_t)value[SLOT]), shape->devices, value[DEVICE]);
	expert[value[SLOT]] = (uint32_t)value[EXPERT];
	return 0;
}

static int take_slots(const struct csv_table *table, const int *column, uint32_t layer,
					  const struct placement_shape *shape, uint32_t *expert, struct error *err)
{
	int64_t value[CELLS];
	for (size_t s = 0; s < shape->slots; s++)
		expert[s] = UINT32_MAX;
	for (size_t row = 0; row < table->rows; row++) {
		TRY(read_cells(table, row, column, value, err));
		if (value[LAYER] == layer && take_slot(shape, value, expert, err) != 0)
			return fail_at(err, table->path, table->line[row], 0);
	}
	return 0;
}

static int find_columns(const struct csv_table *table, int *column, struct error *err)
{
	for (size_t i = 0; i < CELLS; i++)
		if ((column[i] = csv_column(table, columns[i])) < 0)
			return fail(err, ERROR_USER, "the header lacks the column '%s' (a placement has layer,slot,device,expert)",
						columns[i]);
	return 0;
}

static int take_layer(const struct csv_table *table, uint32_t layer, struct placement_shape *shape, struct arena *arena,
					  struct placement *placement, struct error *err)
{
	int column[CELLS];
	size_t slots;
	TRY(find_columns(table, column, err));
	TRY(count_slots(table, column, layer, &slots, err));
	if (slots == 0)
		return fail(err, ERROR_USER, "has no row of layer %" PRIu32, layer);
	if (shape->slots != 0 && shape->slots != slots)
		return fail(err, ERROR_USER, "layer %" PRIu32 " has %zu slots here, not %zu", layer, slots, shape->slots);
	shape->slots = slots;
	TRY(placement_shape_check(shape, err));
	uint32_t *expert = ARENA_TAKE(arena, slots, uint32_t);
	TRY(take_slots(table, column, layer, shape, expert, err));
	return placement_index(shape, expert, arena, placement, err);
}

/* Takes the layer from the table, which is gone afterwards. */
static int take_table(struct csv_table *table, const char *path, uint32_t layer, struct placement_shape *shape,
					  struct arena *arena, struct placement *placement, struct error *err)
{
	int status = take_layer(table, layer, shape, arena, placement, err);
	csv_table_free(table);
	return status == 0 ? 0 : fail_at(err, path, 0, 0);
}

int placement_read(const char *path, uint32_t layer, struct placement_shape *shape, struct arena *arena,
				   struct placement *placement, struct error *err)
{
	struct csv_table table;
	TRY(csv_read(path, &table, err));
	return take_table(&table, path, layer, shape, arena, placement, err);
}

int placement_read_bytes(const char *path, const void *bytes, size_t size, uint32_t layer,
						 struct placement_shape *shape, struct arena *arena, struct placement *placement,
						 struct error *err)
{
	struct csv_table table;
	TRY(csv_read_bytes(path, bytes, size, &table, err));
	return take_table(&table, path, layer, shape, arena, placement, err);
}

double placement_max_load(const struct placement_shape *shape, const uint32_t *expert, const uint64_t *load)
{
	uint32_t *copies = calloc(shape->experts, sizeof *copies);
	if (copies == NULL)
		error_no_memory("a placement");
	double most = 0;
	for (size_t s = 0; s < shape->slots; s++)
		copies[expert[s]]++;
	for (size_t s = 0, room = shape->slots / shape->devices; s < shape->slots; s += room) {
		double sum = 0;
		for (size_t i = s; i < s + room; i++)
			sum += (double)load[expert[i]] / copies[expert[i]];
		most = sum > most ? sum : most;
	}
	free(copies);
	return most;
}

double placement_mean_load(const struct placement_shape *shape, const uint64_t *load)
{
	uint64_t sum = 0;
	for (size_t e = 0; e < shape->experts; e++)
		sum += load[e];
	return (double)sum / (double)shape->devices;
}
