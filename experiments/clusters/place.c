/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * place.c -- placements of the experts of each layer of a scene, and how good they are.
 */
#include <config.h>

#include "experiments/clusters/place.h"

#include <string.h>

#include "sim/cluster/bound.h"
#include "sim/cluster/bound_lp.h"

static int add_placed(const struct scene *scene, const struct traffic *routing, const char *name, size_t slots,
					  struct arena *arena, struct placed *placed, struct error *err)
{
	placed->name = name;
	TRY(scene_placement(scene, routing, name, slots, arena, &placed->of, err));
	placed->load = placement_max_load(&placed->of.shape, placed->of.expert, routing->count);
	return 0;
}

/* The search begins from the best of all rules, so that none is better than what it finds. */
static int find_best(const struct scene *scene, const struct traffic *routing, struct arena *arena,
					 struct placed *placed, struct error *err)
{
	struct placed best = *placed, other;
	for (const struct placement_rule *rule = placement_rules; rule->name; rule++) {
		TRY(add_placed(scene, routing, rule->name, placed->of.shape.slots, arena, &other, err));
		if (other.load < best.load)
			best = other;
	}
	uint32_t *found = ARENA_TAKE(arena, best.of.shape.slots, uint32_t);
	memcpy(found, best.of.expert, best.of.shape.slots * sizeof *found);
	placed->bound = placement_bound(&best.of.shape, routing->count);
	placed->found = placement_search(&best.of.shape, routing->count, found);
	placed->bound = placement_bound_lp(&best.of.shape, routing->count, placed->bound, placed->found);
	return 0;
}

/* Rules that make do with as many slots have one bound. */
static int find_bests(const struct scene *scene, const struct traffic *routing, struct arena *arena,
					  struct placed_layer *layer, struct error *err)
{
	for (size_t i = 0; i < layer->n; i++) {
		struct placed *placed = &layer->placed[i];
		size_t same = 0;
		while (layer->placed[same].of.shape.slots != placed->of.shape.slots)
			same++;
		if (same == i)
			TRY(find_best(scene, routing, arena, placed, err));
		placed->bound = layer->placed[same].bound;
		placed->found = layer->placed[same].found;
	}
	return 0;
}

/* What it costs to get there from where experts stand now. */
static int find_rewrite(const struct scene *scene, const struct traffic *routing, struct arena *arena,
						struct placed *placed, struct error *err)
{
	struct placement from, to;
	size_t slots = placed->of.shape.slots;
	TRY(scene_placement(scene, routing, scene->opt->from, slots, arena, &from, err));
	uint32_t *expert = ARENA_TAKE(arena, slots, uint32_t);
	memcpy(expert, placed->of.expert, slots * sizeof *expert);
	rewrite_relabel(&placed->of.shape, from.expert, expert);
	TRY(placement_index(&placed->of.shape, expert, arena, &to, err));
	placed->moves = true;
	return rewrite_count(&from, &to, &scene->topology, step_expert_bytes(&scene->work, scene->work.weight_bytes),
						 &placed->rewrite, err);
}

int place_layer(const struct scene *scene, const struct traffic *routing, struct arena *arena,
				struct placed_layer *layer, struct error *err)
{
	const struct cluster_options *opt = scene->opt;
	const char *names[PLACED_MOST] = { *opt->placement ? opt->placement : "eplb" };
	size_t n = 1;
	if (opt->summary && *opt->placement == 0)
		for (n = 0; placement_rules[n].name; n++)
			names[n] = placement_rules[n].name;
	for (layer->n = 0; layer->n < n; layer->n++)
		TRY(add_placed(scene, routing, names[layer->n], (size_t)opt->slots, arena, &layer->placed[layer->n], err));
	for (size_t i = 0; *opt->from && i < n; i++)
		TRY(find_rewrite(scene, routing, arena, &layer->placed[i], err));
	return opt->summary ? find_bests(scene, routing, arena, layer, err) : 0;
}
