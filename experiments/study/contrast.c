/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * contrast.c -- which series of a contest are compared with which.
 */
#include <config.h>

#include "experiments/study/contrast.h"

#include <string.h>

#include "experiments/study/sweep.h"
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

/* On how many swept keys do the two agree? */
static size_t likeness(const struct study *study, const struct study_series *a, const struct study_series *b)
{
	size_t same = 0;
	for (size_t k = 0; k < study->keys; k++)
		same += strcmp(a->value[k], b->value[k]) == 0;
	return same;
}

static bool same_strategy(const struct study *study, size_t a, size_t b)
{
	return strcmp(study->series[a].strategy, study->series[b].strategy) == 0;
}

size_t contrast_counterpart(const struct study *study, size_t base, size_t series)
{
	if (same_strategy(study, base, series))
		return series;
	for (size_t i = 0; i < study->n; i++)
		if (same_strategy(study, base, i) && likeness(study, &study->series[i], &study->series[series]) == study->keys)
			return i;
	return base;
}

static bool is_planted(const struct study *study, size_t series)
{
	enum moe_role role = contrast_role(&study->series[series]);
	return role == MOE_CEILING || role == MOE_ORACLE;
}

static size_t all_pairs(const struct study *study, struct contrast *contrast)
{
	size_t n = 0;
	for (size_t a = 0; a < study->n; a++)
		for (size_t b = a + 1; b < study->n; b++)
			contrast[n++] = (struct contrast){ a, b, false };
	return n;
}

size_t contrast_list(const struct study *study, size_t baseline, struct contrast *contrast)
{
	if (baseline >= study->n)
		return all_pairs(study, contrast);
	size_t n = 0;
	bool planted = is_planted(study, baseline), alone = true;
	for (size_t s = 0; s < study->n; s++)
		alone &= same_strategy(study, baseline, s);
	for (size_t s = 0; s < study->n; s++) {
		size_t against = alone ? baseline : contrast_counterpart(study, baseline, s);
		if (against != s && (planted || !is_planted(study, s)))
			contrast[n++] = (struct contrast){ s, against, false };
	}
	return n;
}

/* ---- asides */

static size_t append(size_t a, size_t b, struct contrast *contrast, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((contrast[i].a == a && contrast[i].b == b) || (contrast[i].a == b && contrast[i].b == a))
			return n;
	contrast[n] = (struct contrast){ a, b, true };
	return n + 1;
}

/* Two values are one step; of more, a line of two has left out most of them. */
static size_t append_steps(const struct study *study, const struct sweep_axis *axis, struct arena *arena,
						   struct contrast *contrast, size_t n)
{
	size_t *line = ARENA_TAKE(arena, study->n, size_t), least = axis->n == 2 ? 2 : 3;
	for (size_t s = 0; s < study->n; s++) {
		size_t length = is_planted(study, s) ? 0 : sweep_line(study, s, axis, line);
		for (size_t i = 1; i < length && length >= least; i++)
			n = append(line[i], line[i - 1], contrast, n);
	}
	return n;
}

static size_t append_rivals(const struct study *study, size_t baseline, struct arena *arena, struct contrast *contrast,
							size_t n)
{
	enum { FEW = 8 };
	size_t *rival = ARENA_TAKE(arena, study->n, size_t), rivals = 0;
	for (size_t s = 0; s < study->n; s++)
		if (s != baseline && contrast_role(&study->series[s]) == MOE_CONTENDER)
			rival[rivals++] = s;
	for (size_t a = 0; a < rivals && rivals <= FEW; a++)
		for (size_t b = a + 1; b < rivals; b++)
			n = append(rival[a], rival[b], contrast, n);
	return n;
}

size_t contrast_asides(const struct study *study, size_t baseline, struct arena *arena, struct contrast *contrast,
					   size_t n)
{
	struct sweep_axis *axis;
	size_t axes = sweep_axes(study, arena, &axis);
	for (size_t i = 0; i < axes; i++)
		n = append_steps(study, &axis[i], arena, contrast, n);
	return axes > 0 ? n : append_rivals(study, baseline, arena, contrast, n);
}
