/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * contrast.c -- which series of a contest are compared with which.
 */
#include <config.h>

#include "experiments/study/contrast.h"

#include <string.h>

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
			contrast[n++] = (struct contrast){ a, b };
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
			contrast[n++] = (struct contrast){ s, against };
	}
	return n;
}
