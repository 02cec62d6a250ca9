/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * contrast.c -- which series of a contest are compared with which.
 */
#include <config.h>

#include "experiments/study/contrast.h"

#include <string.h>

#include "experiments/study/sweep.h"
#include "sim/base/lookup.h"
#include "sim/base/text.h"
#include "sim/route/catalog.h"

enum moe_role contrast_role(const struct study_series *series)
{
	const struct moe_recipe *recipe = catalog_recipes() ? catalog_recipe(series->strategy) : NULL;
	return recipe ? recipe->role : MOE_CONTENDER;
}

size_t contrast_series_of(const struct study *study, enum moe_role role)
{
	size_t s = 0;
	while (s < study->n && contrast_role(&study->series[s]) != role)
		s++;
	return s;
}

static size_t named(const struct study *study, const char *name)
{
	for (size_t s = 0; s < study->n; s++)
		if (strcmp(study->series[s].label, name) == 0)
			return s;
	size_t s = 0;
	while (s < study->n && strcmp(study->series[s].strategy, name) != 0)
		s++;
	return s;
}

size_t contrast_baseline(const struct study *study, const char *against)
{
	if (*against)
		return named(study, against);
	size_t baseline = contrast_series_of(study, MOE_BASELINE);
	if (baseline == study->n)
		baseline = contrast_series_of(study, MOE_DENSE);
	return baseline < study->n ? baseline : 0;
}

static bool same_strategy(const struct study *study, size_t a, size_t b)
{
	return strcmp(study->series[a].strategy, study->series[b].strategy) == 0;
}

const size_t *contrast_counterparts(const struct study *study, size_t base, struct arena *arena)
{
	struct lookup settings = { .arena = arena };
	size_t *first = ARENA_TAKE(arena, study->n, size_t), *counterpart = ARENA_TAKE(arena, study->n, size_t);
	for (size_t s = 0; s < study->n; s++) {
		size_t known = settings.n;
		if (same_strategy(study, base, s) &&
			lookup_add(&settings, text_keep_all(study->keys, study->series[s].value)) == known)
			first[known] = s;
	}
	for (size_t s = 0; s < study->n; s++) {
		size_t at = lookup_find(&settings, text_keep_all(study->keys, study->series[s].value));
		counterpart[s] = same_strategy(study, base, s) ? s : at == SIZE_MAX ? base : first[at];
	}
	return counterpart;
}

static bool is_planted(const struct study *study, size_t series)
{
	enum moe_role role = contrast_role(&study->series[series]);
	return role == MOE_CEILING || role == MOE_ORACLE;
}

/* Room doubles; the outgrown copy stays in the arena. */
static void append(struct contrasts *into, size_t a, size_t b, bool aside)
{
	if ((into->n & (into->n - 1)) == 0) {
		struct contrast *wider = ARENA_TAKE(into->arena, into->n ? 2 * into->n : 1, struct contrast);
		if (into->n)
			memcpy(wider, into->of, into->n * sizeof *wider);
		into->of = wider;
	}
	into->of[into->n++] = (struct contrast){ a, b, aside };
}

static void append_all_pairs(const struct study *study, struct contrasts *into)
{
	for (size_t a = 0; a < study->n; a++)
		for (size_t b = a + 1; b < study->n; b++)
			append(into, a, b, false);
}

void contrast_list(const struct study *study, size_t baseline, struct contrasts *into)
{
	if (baseline >= study->n) {
		append_all_pairs(study, into);
		return;
	}
	const size_t *counterpart = contrast_counterparts(study, baseline, into->arena);
	bool planted = is_planted(study, baseline), alone = true;
	for (size_t s = 0; s < study->n; s++)
		alone &= same_strategy(study, baseline, s);
	for (size_t s = 0; s < study->n; s++) {
		size_t against = alone ? baseline : counterpart[s];
		if (against != s && (planted || !is_planted(study, s)))
			append(into, s, against, false);
	}
}

/* ---- asides */

/* Equal for a pair and the same one turned round. */
static const char *pair_of(size_t a, size_t b)
{
	return text_keep_f("%zu %zu", a < b ? a : b, a < b ? b : a);
}

static void append_aside(size_t a, size_t b, struct lookup *met, struct contrasts *into)
{
	size_t known = met->n;
	if (lookup_add(met, pair_of(a, b)) == known)
		append(into, a, b, true);
}

/* Two values are one step; of more, a line of two has left out most of them. */
static void append_steps(const struct study *study, const struct sweep_axis *axis, struct lookup *met,
						 struct contrasts *into)
{
	struct sweep_line *line;
	size_t lines = sweep_lines(study, axis, into->arena, &line), least = axis->n == 2 ? 2 : 3;
	for (size_t l = 0; l < lines; l++)
		for (size_t i = 1; i < line[l].n && line[l].n >= least && !is_planted(study, line[l].series[0]); i++)
			append_aside(line[l].series[i], line[l].series[i - 1], met, into);
}

static void append_rivals(const struct study *study, size_t baseline, struct lookup *met, struct contrasts *into)
{
	enum { FEW = 8 };
	size_t *rival = ARENA_TAKE(into->arena, study->n, size_t), rivals = 0;
	for (size_t s = 0; s < study->n; s++)
		if (s != baseline && contrast_role(&study->series[s]) == MOE_CONTENDER)
			rival[rivals++] = s;
	for (size_t a = 0; a < rivals && rivals <= FEW; a++)
		for (size_t b = a + 1; b < rivals; b++)
			append_aside(rival[a], rival[b], met, into);
}

void contrast_asides(const struct study *study, size_t baseline, struct contrasts *into)
{
	struct lookup met = { .arena = into->arena };
	struct sweep_axis *axis;
	size_t axes = sweep_axes(study, into->arena, &axis);
	for (size_t i = 0; i < into->n; i++)
		lookup_add(&met, pair_of(into->of[i].a, into->of[i].b));
	for (size_t i = 0; i < axes; i++)
		append_steps(study, &axis[i], &met, into);
	if (axes == 0)
		append_rivals(study, baseline, &met, into);
}
