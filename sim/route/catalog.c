/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * catalog.c -- the parts and recipes that sentences may name.
 */
#include <config.h>

#include "sim/route/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "sim/base/words.h"

enum { KINDS = 5 };

static struct {
	const struct moe_part **part; /* [parts] and a NULL behind them */
	size_t parts;
	struct moe_recipe *recipe; /* [recipes] and one without a name behind them */
	size_t recipes;
	struct words part_names[KINDS], recipe_names;
	/* the lists of catalog_use(), while nothing stands behind them */
	const struct moe_part *const *own_parts;
	const struct moe_recipe *own_recipes;
} catalog;

const struct moe_part *const *catalog_parts(void)
{
	return catalog.part;
}

const struct moe_recipe *catalog_recipes(void)
{
	return catalog.recipe;
}

const char *catalog_kind(enum moe_kind kind)
{
	static const char *const words[KINDS] = { "projector", "scorer", "selector", "gate", "balancer" };
	return words[kind];
}

const struct moe_part *catalog_part(enum moe_kind kind, const char *name)
{
	for (size_t i = 0; i < catalog.parts; i++)
		if (catalog.part[i]->kind == kind && strcmp(catalog.part[i]->name, name) == 0)
			return catalog.part[i];
	return NULL;
}

static bool is_called(const struct moe_recipe *recipe, const char *name)
{
	return strcmp(recipe->name, name) == 0 || (recipe->alias && strcmp(recipe->alias, name) == 0);
}

const struct moe_recipe *catalog_recipe(const char *name)
{
	for (size_t i = 0; i < catalog.recipes; i++)
		if (is_called(&catalog.recipe[i], name))
			return &catalog.recipe[i];
	return NULL;
}

const char *const *catalog_part_names(enum moe_kind kind)
{
	return words_list(&catalog.part_names[kind]);
}

const char *const *catalog_recipe_names(void)
{
	return words_list(&catalog.recipe_names);
}

static size_t count_parts(const struct moe_part *const *parts)
{
	size_t n = 0;
	while (parts[n])
		n++;
	return n;
}

static size_t count_recipes(const struct moe_recipe *recipes)
{
	size_t n = 0;
	while (recipes[n].name)
		n++;
	return n;
}

static void *grown(void *list, size_t n, size_t size)
{
	list = realloc(list, n * size);
	if (list == NULL)
		error_no_memory("the catalog");
	return list;
}

/* Behind the others of its kind, for which there is room. */
static void insert_part(const struct moe_part *part)
{
	size_t at = catalog.parts++;
	for (; at > 0 && catalog.part[at - 1]->kind > part->kind; at--)
		catalog.part[at] = catalog.part[at - 1];
	catalog.part[at] = part;
	catalog.part[catalog.parts] = NULL;
	words_add(&catalog.part_names[part->kind], part->name);
}

static void append_recipe(const struct moe_recipe *recipe)
{
	catalog.recipe[catalog.recipes++] = *recipe;
	catalog.recipe[catalog.recipes] = (struct moe_recipe){ .name = NULL };
	words_add(&catalog.recipe_names, recipe->name);
	if (recipe->alias)
		words_add(&catalog.recipe_names, recipe->alias);
}

static void append(const struct moe_part *const *parts, const struct moe_recipe *recipes)
{
	size_t more = count_parts(parts), more_recipes = count_recipes(recipes);
	catalog.part = grown(catalog.part, catalog.parts + more + 1, sizeof *catalog.part);
	catalog.recipe = grown(catalog.recipe, catalog.recipes + more_recipes + 1, sizeof *catalog.recipe);
	for (size_t i = 0; i < more; i++)
		insert_part(parts[i]);
	for (size_t i = 0; i < more_recipes; i++)
		append_recipe(&recipes[i]);
}

static int refuse_name(const char *kind, const char *name, struct error *err)
{
	return fail(err, ERROR_USER, "there is already a %s '%s' (give the new one another name)", kind, name);
}

static int check_part(const struct moe_part *const *parts, size_t i, struct error *err)
{
	bool taken = catalog_part(parts[i]->kind, parts[i]->name) != NULL;
	for (size_t j = 0; j < i; j++)
		taken = taken || (parts[j]->kind == parts[i]->kind && strcmp(parts[j]->name, parts[i]->name) == 0);
	return taken ? refuse_name(catalog_kind(parts[i]->kind), parts[i]->name, err) : 0;
}

/* Is this name of recipe i taken: in the catalog, or by one before it in its list? */
static int check_recipe(const struct moe_recipe *recipes, size_t i, const char *name, struct error *err)
{
	bool taken = catalog_recipe(name) != NULL;
	for (size_t j = 0; j < i; j++)
		taken = taken || is_called(&recipes[j], name);
	return taken ? refuse_name("strategy", name, err) : 0;
}

int catalog_add(const struct moe_part *const *parts, const struct moe_recipe *recipes, struct error *err)
{
	for (size_t i = 0; parts[i]; i++)
		TRY(check_part(parts, i, err));
	for (size_t i = 0; recipes[i].name; i++) {
		TRY(check_recipe(recipes, i, recipes[i].name, err));
		if (recipes[i].alias)
			TRY(check_recipe(recipes, i, recipes[i].alias, err));
	}
	append(parts, recipes);
	catalog.own_parts = NULL;
	return 0;
}

void catalog_use(const struct moe_part *const *parts, const struct moe_recipe *recipes)
{
	struct error err;
	if (catalog.own_parts == parts && catalog.own_recipes == recipes)
		return; /* who walks through the lists may go on */
	catalog.parts = catalog.recipes = 0;
	for (int kind = 0; kind < KINDS; kind++)
		words_free(&catalog.part_names[kind]);
	words_free(&catalog.recipe_names);
	if (catalog_add(parts, recipes, &err) != 0)
		BUG(err.text);
	catalog.own_parts = parts;
	catalog.own_recipes = recipes;
}
