/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * catalog.c -- the parts and recipes that sentences may name.
 */
#include <config.h>

#include "sim/route/catalog.h"

#include <string.h>

#include "sim/base/error.h"

enum { NAMES = 128 };

static const struct moe_part *const *all_parts;
static const struct moe_recipe *all_recipes;

void catalog_use(const struct moe_part *const *parts, const struct moe_recipe *recipes)
{
	all_parts = parts;
	all_recipes = recipes;
}

const struct moe_part *const *catalog_parts(void)
{
	return all_parts;
}

const struct moe_recipe *catalog_recipes(void)
{
	return all_recipes;
}

const char *catalog_kind(enum moe_kind kind)
{
	static const char *const words[] = { "scorer", "selector", "gate", "balancer" };
	return words[kind];
}

const struct moe_part *catalog_part(enum moe_kind kind, const char *name)
{
	for (size_t i = 0; all_parts[i]; i++)
		if (all_parts[i]->kind == kind && strcmp(all_parts[i]->name, name) == 0)
			return all_parts[i];
	return NULL;
}

const struct moe_recipe *catalog_recipe(const char *name)
{
	for (const struct moe_recipe *recipe = all_recipes; recipe->name; recipe++)
		if (strcmp(recipe->name, name) == 0 || (recipe->alias && strcmp(recipe->alias, name) == 0))
			return recipe;
	return NULL;
}

const char *const *catalog_part_names(enum moe_kind kind)
{
	static const char *names[4][NAMES];
	size_t n = 0;
	for (size_t i = 0; all_parts[i] && n + 1 < NAMES; i++)
		if (all_parts[i]->kind == kind)
			names[kind][n++] = all_parts[i]->name;
	names[kind][n] = NULL;
	return names[kind];
}

const char *const *catalog_recipe_names(void)
{
	static const char *names[NAMES];
	size_t n = 0;
	for (const struct moe_recipe *recipe = all_recipes; recipe->name && n + 2 < NAMES; recipe++) {
		names[n++] = recipe->name;
		if (recipe->alias)
			names[n++] = recipe->alias;
	}
	names[n] = NULL;
	return names;
}
