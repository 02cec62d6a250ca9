/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * placement.h -- which expert stands in which slot of which device.
 *
 * P slots stand on D devices, P / D each, in order: slot s is on device s / (P / D).  Every slot holds one expert and
 * every expert has at least one slot; one with several has its load split evenly over its copies.
 */
#ifndef SIM_CLUSTER_PLACEMENT_H
#define SIM_CLUSTER_PLACEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "sim/base/arena.h"
#include "sim/base/error.h"

struct shadow_costs;

enum { PLACEMENT_SLOTS = 1 << 20 /* at most */ };

struct placement_shape {
	size_t experts, slots, devices;
	size_t nodes, groups;             /* that EPLB keeps together; 1 where there are none */
	const struct shadow_costs *costs; /* that FasterMoE weighs; NULL: those of its code */
};

struct placement {
	struct placement_shape shape;
	uint32_t *expert; /* [slots] */
	uint32_t *copies; /* [experts] */
	size_t *first;    /* [experts + 1] into `slot` */
	uint32_t *slot;   /* [slots] those of each expert, ascending */
};

/* Fills slots from the load of each expert (which may be ignored). */
struct placement_rule {
	const char *name, *summary;
	void (*place)(const struct placement_shape *, const uint64_t *load, uint32_t *expert);
	/* Slots where the user gives no number; NULL: as many as experts. */
	size_t (*slots)(const struct placement_shape *shape, const uint64_t *load);
};
extern const struct placement_rule placement_rules[]; /* ended by a row without a name */
/* The rule of that name, or NULL. */
const struct placement_rule *placement_rule_find(const char *name);

/* Do the numbers fit together?  If not, one line that says what to change. */
int placement_shape_check(const struct placement_shape *shape, struct error *err);

/* A placement of all slots by the rule, from the arena. */
struct placement placement_make(const struct placement_rule *rule, const struct placement_shape *shape,
								const uint64_t *load, struct arena *arena);
/* The same from given slots; an expert that has no slot, or does not exist, is an error. */
int placement_index(const struct placement_shape *shape, const uint32_t *expert, struct arena *arena,
					struct placement *placement, struct error *err);

/* The same into the memory of a placement of the same shape. */
int placement_set(struct placement *placement, const uint32_t *expert, struct error *err);

/* A placement of one layer as `moesim cluster --place` prints it: the columns layer,slot,device,expert.  Slots that are
 * left out or given twice, and a device that is not the slot's, are errors.  shape->slots 0 takes the file's. */
int placement_read(const char *path, uint32_t layer, struct placement_shape *shape, struct arena *arena,
				   struct placement *placement, struct error *err);
/* The same from memory; `path` is what errors name. */
int placement_read_bytes(const char *path, const void *bytes, size_t size, uint32_t layer,
						 struct placement_shape *shape, struct arena *arena, struct placement *placement,
						 struct error *err);

static inline size_t placement_device(const struct placement_shape *shape, size_t slot)
{
	return slot / (shape->slots / shape->devices);
}

/* The load of the fullest device, with the load of each expert split evenly over its copies. */
double placement_max_load(const struct placement_shape *shape, const uint32_t *expert, const uint64_t *load);
double placement_mean_load(const struct placement_shape *shape, const uint64_t *load);

#endif
